"""An agent that is not ours: publishes percepts with plain XADD, over a bare socket.

Only the standard library is used, as a program in any language could do it. It knows two
things of the documentation: how a mind finds its partition, and that field ``j`` holds JSON.
Prints one line a percept, its mind and its place in the stream.

    python -m cognition.samples.agent unix:///path/to/socket tmi 16 < percepts.jsonl
"""

from __future__ import annotations

import hashlib
import json
import socket
import sys
from collections.abc import Iterable, Iterator
from typing import BinaryIO
from urllib.parse import urlsplit

WINDOW = 64
"""Commands on their way at once."""


def partition_of(mind: str, partitions: int) -> int:
    """First 8 bytes of BLAKE2b over the name, big-endian, modulo the number of partitions."""
    digest = hashlib.blake2b(mind.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % partitions


def xadd(key: str, body: bytes) -> bytes:
    """The command ``XADD key * t percept/1 j BODY`` as the Redis protocol spells it."""
    words = [b"XADD", key.encode(), b"*", b"t", b"percept/1", b"j", body]
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words)


def reply(stream: BinaryIO) -> str:
    """The next reply; raises `RuntimeError` with the server's own words if it is an error."""
    head = stream.readline().rstrip()
    if head.startswith(b"$"):
        return stream.read(int(head[1:]) + 2)[:-2].decode()
    if head.startswith(b"-") or not head:
        raise RuntimeError(head[1:].decode() or "the server closed the connection")
    return head[1:].decode()


def connect(url: str) -> socket.socket:
    """A socket to ``unix:///path`` or ``redis://host:port``."""
    parts = urlsplit(url)
    if parts.scheme == "unix":
        server = socket.socket(socket.AF_UNIX)
        server.connect(parts.path)
        return server
    return socket.create_connection((parts.hostname or "localhost", parts.port or 6379))


def publish(url: str, namespace: str, partitions: int, lines: Iterable[bytes]) -> Iterator[tuple[str, str]]:
    """Publish each line; yields (mind, entry id) as the server accepts them."""
    with connect(url) as server, server.makefile("rb") as replies:
        waiting: list[str] = []
        for line in filter(None, map(bytes.strip, lines)):
            mind = json.loads(line)["mind"]
            key = f"{{{namespace}:{partition_of(mind, partitions)}}}:awake"
            server.sendall(xadd(key, line))
            waiting.append(mind)
            if len(waiting) == WINDOW:
                yield waiting.pop(0), reply(replies)
        for mind in waiting:
            yield mind, reply(replies)


def main() -> None:
    """Publish standard input."""
    url, namespace, partitions = sys.argv[1:4]
    for mind, entry in publish(url, namespace, int(partitions), sys.stdin.buffer):
        print(mind, entry, flush=True)


if __name__ == "__main__":
    main()
