"""A sender and a receiver of HL7 v2 made of python-hl7 (`hl7.client`, `hl7.mllp`).

    mllp.py send PORT FILE      each message of a file, one after the other
    mllp.py receive PORT FILE   answers each message with its own acknowledgment, and notes it
"""

import asyncio
import sys

import hl7
from hl7.client import MLLPClient
from hl7.mllp import start_hl7_server


def send(port, name):
    with open(name, encoding="utf-8") as file:
        messages = file.read().strip().split("\n\n")
    with MLLPClient("127.0.0.1", port) as client:
        for message in messages:
            answer = client.send_message(message.replace("\n", "\r") + "\r")
            msa = hl7.parse(answer.strip(b"\x0b\x1c\r").decode()).segment("MSA")
            if str(msa[1]) != "AA":
                sys.exit(f"python-hl7 was told {msa}")
    print(f"python-hl7 sent {len(messages)} messages")


async def receive(port, name):
    async def serve(reader, writer):
        try:
            while True:
                message = await reader.readmessage()
                with open(name, "a", encoding="utf-8") as file:
                    line = message.segment("FT1")
                    print(line[2], line[7][0][0], message.segment("PID")[18], file=file)
                writer.writemessage(message.create_ack())
                await writer.drain()
        except asyncio.IncompleteReadError:
            writer.close()

    server = await start_hl7_server(serve, "127.0.0.1", port, encoding="utf-8")
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    what, port, name = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    if what == "send":
        send(port, name)
    else:
        asyncio.run(receive(port, name))
