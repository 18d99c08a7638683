"""A server and a client of SFTP made of asyncssh.

    sftp.py serve PORT FOLDER       serves a folder, which its user sees as the root; writes keys and
                                    known_hosts for those who come into the folder above it
    sftp.py drop PORT FOLDER FILE   brings a file into `in` of that server
    sftp.py count FILE...           says how many lines batch files hold, and how many numbers and
                                    charges differ
"""

import asyncio
import os
import pathlib
import sys

import asyncssh
import hl7


def key(folder, name):
    made = asyncssh.generate_private_key("ssh-ed25519")
    path = folder.parent / name
    made.write_private_key(path)
    path.chmod(0o600)
    made.write_public_key(f"{path}.pub")
    return made


async def serve(port, folder):
    folder = pathlib.Path(folder)
    host, ours = key(folder, "host"), key(folder, "ours")
    known = host.export_public_key().decode()
    (folder.parent / "known_hosts").write_text(f"[127.0.0.1]:{port} {known}")
    await asyncssh.listen(
        "127.0.0.1",
        port,
        server_host_keys=[host],
        authorized_client_keys=asyncssh.import_authorized_keys(ours.export_public_key().decode()),
        sftp_factory=lambda channel: asyncssh.SFTPServer(channel, chroot=os.fsencode(folder)),
    )
    await asyncio.Event().wait()


async def drop(port, folder, name):
    folder = pathlib.Path(folder)
    connection = asyncssh.connect(
        "127.0.0.1",
        port,
        username="peer",
        client_keys=[str(folder.parent / "ours")],
        known_hosts=str(folder.parent / "known_hosts"),
    )
    async with connection as opened, opened.start_sftp_client() as client:
        await client.put(name, "/in/" + pathlib.Path(name).name)
    print("asyncssh brought a file")


def count(names):
    numbers, charges = [], []
    for name in names:
        text = pathlib.Path(name).read_bytes().decode()
        (batch,) = hl7.parse_file(text)
        for message in batch:
            line = message.segment("FT1")
            numbers.append(str(line[2]))
            charges.append((str(line[4]), str(line[7][0][0]), str(message.segment("PID")[18])))
    print(len(numbers), len(set(numbers)), len(set(charges)))


if __name__ == "__main__":
    what, *rest = sys.argv[1:]
    if what == "serve":
        asyncio.run(serve(int(rest[0]), rest[1]))
    elif what == "drop":
        asyncio.run(drop(int(rest[0]), rest[1], rest[2]))
    else:
        count(rest)
