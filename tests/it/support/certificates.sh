#!/bin/sh
# Makes a root, an authority below it, server keys in the three forms that hospitals hand out, and a client's. Everything is
# written into the current folder. Needs the openssl program.
set -e
openssl req -x509 -newkey rsa:2048 -nodes -keyout root.key -out root.pem -days 30 -subj "/CN=test root"
openssl req -newkey rsa:2048 -nodes -keyout inter.key -out inter.csr -subj "/CN=test authority"
printf 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n' > inter.ext
openssl x509 -req -in inter.csr -CA root.pem -CAkey root.key -CAcreateserial -days 30 -extfile inter.ext -out inter.pem
printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\n' > leaf.ext
openssl genrsa -traditional -out rsa-pkcs1.key 2048
openssl ecparam -name prime256v1 -genkey -noout -out ec-sec1.key
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:prime256v1 -out ec-pkcs8.key
for k in rsa-pkcs1 ec-sec1 ec-pkcs8; do
  openssl req -new -key $k.key -out $k.csr -subj "/CN=localhost"
  openssl x509 -req -in $k.csr -CA inter.pem -CAkey inter.key -CAcreateserial -days 30 -extfile leaf.ext -out $k.leaf.pem
  # Text before the certificate, CR LF line ends, leaf first, then the authority: as exported from a Windows store.
  { printf 'Bag Attributes\n    friendlyName: test\nsubject=CN = localhost\n'; cat $k.leaf.pem inter.pem; } | sed 's/$/\r/' > $k.chain.pem
done
printf 'keyUsage=critical,digitalSignature\nextendedKeyUsage=clientAuth\n' > client.ext
openssl req -newkey rsa:2048 -nodes -keyout client.key -out client.csr -subj "/CN=client"
openssl x509 -req -in client.csr -CA inter.pem -CAkey inter.key -CAcreateserial -days 30 -extfile client.ext -out client.leaf.pem
openssl x509 -req -in client.csr -CA inter.pem -CAkey inter.key -CAcreateserial -days 30 -out version-1.pem
cat client.leaf.pem inter.pem > client.pem
openssl req -x509 -newkey rsa:2048 -nodes -keyout stranger.key -out stranger.pem -days 30 -subj "/CN=stranger"
# What `check` must name.
cat inter.pem rsa-pkcs1.leaf.pem > wrong-order.pem
cat rsa-pkcs1.leaf.pem root.pem > gap.pem
openssl x509 -req -in ec-pkcs8.csr -CA inter.pem -CAkey inter.key -CAcreateserial -days -1 -extfile leaf.ext -out expired.pem
head -c 600 rsa-pkcs1.leaf.pem > cut.pem
openssl x509 -in rsa-pkcs1.leaf.pem -outform der -out binary.pem
openssl pkcs8 -topk8 -in ec-pkcs8.key -passout pass:invented -out encrypted.key
printf 'nothing here\n' > empty.pem
# Keys that sign for a token service.
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:secp384r1 -out p384.key
openssl ecparam -name secp384r1 -genkey -noout -out p384-sec1.key
openssl pkey -in p384.key -pubout -out p384.pub
openssl pkey -in p384-sec1.key -pubout -out p384-sec1.pub
openssl pkey -in rsa-pkcs1.key -pubout -out rsa-pkcs1.pub
