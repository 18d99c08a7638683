// A sender and a receiver of HL7 v2 made of @medplum/hl7:
//     mllp.cjs send PORT FILE      each message of a file, one after the other
//     mllp.cjs receive PORT FILE   answers each message with its own acknowledgment, and notes it
const fs = require("fs");
const { Hl7Message } = require("@medplum/core");
const { Hl7Client, Hl7Server } = require("@medplum/hl7");

async function send(port, name) {
  const messages = fs.readFileSync(name, "utf8").trim().split("\n\n");
  const client = new Hl7Client({ host: "127.0.0.1", port });
  for (const message of messages) {
    const answer = await client.sendAndWait(Hl7Message.parse(message.replaceAll("\n", "\r")));
    const code = answer.getSegment("MSA").getField(1).toString();
    if (code !== "AA") throw new Error(`@medplum/hl7 was told ${code}`);
  }
  await client.close();
  console.log(`@medplum/hl7 sent ${messages.length} messages`);
}

async function receive(port, name) {
  const server = new Hl7Server((connection) => {
    connection.addEventListener("message", ({ message }) => {
      const [line, patient] = [message.getSegment("FT1"), message.getSegment("PID")];
      const noted = [line.getField(2), line.getComponent(7, 1), patient.getField(18)];
      fs.appendFileSync(name, `${noted.join(" ")}\n`);
      connection.send(message.buildAck());
    });
    connection.addEventListener("error", ({ error }) => console.error(error.message));
  });
  await server.start(port);
}

const [what, port, name] = process.argv.slice(2);
(what === "send" ? send : receive)(Number(port), name).catch((error) => {
  console.error(error);
  process.exit(1);
});
