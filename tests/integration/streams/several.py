"""Real servers of several nodes for tests: a primary with a replica and a sentinel; a cluster of four."""

import contextlib
import socket
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis

from streams.binaries import find_binary
from tests.integration.support import until

HOST = "127.0.0.1"
WITHIN_S = 60.0
DOWN_AFTER_MS = 1_000
SERVICE = "memories"


class Server:
    """One process over a folder of its own."""

    def __init__(self, folder: Path, port: int, *words: str) -> None:
        folder.mkdir(parents=True)
        self.port = port
        self._folder = folder
        self._words = words
        self.start()

    def start(self) -> None:
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [str(find_binary()), *self._words], cwd=self._folder, stdout=log, stderr=log
            )
        until(self._answers, f"server on port {self.port}", within_s=WITHIN_S)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def client(self) -> redis.Redis:
        return redis.Redis(host=HOST, port=self.port, protocol=2, socket_timeout=10)

    def _answers(self) -> bool:
        with contextlib.suppress(redis.ConnectionError), self.client() as client:
            return bool(client.ping())
        return False


def free_ports(count: int) -> list[int]:
    """Below 55,000: a cluster's bus listens 10,000 above."""
    found: list[int] = []
    for port in range(21_000, 55_000):
        if len(found) == count:
            return found
        with socket.socket() as one, socket.socket() as two, contextlib.suppress(OSError):
            one.bind((HOST, port))
            two.bind((HOST, port + 10_000))
            found.append(port)
    raise AssertionError("no free ports")


def data_server(folder: Path, port: int, *more: str) -> Server:
    words = ("--port", str(port), "--bind", HOST, "--appendonly", "yes", "--repl-diskless-sync-delay", "0")
    return Server(folder, port, *words, *more)


@dataclass(frozen=True)
class Place:
    """A URL; a primary that may fail, and its replica; the other servers; whether another has its place."""

    url: str
    primary: Server
    replica: Server
    others: Sequence[Server]
    replaced: Callable[[], bool]


@contextmanager
def sentinels(folder: Path) -> Iterator[Place]:
    """A primary with one replica, watched by one sentinel."""
    one, two, watch = free_ports(3)
    servers: list[Server] = []
    try:
        servers.append(data_server(folder / "one", one))
        servers.append(data_server(folder / "two", two, "--replicaof", f"{HOST} {one}"))
        until(lambda: linked(servers[1]), "replica in step", within_s=WITHIN_S)
        config = folder / "sentinel.conf"
        config.write_text(
            f"port {watch}\nbind {HOST}\nsentinel monitor {SERVICE} {HOST} {one} 1\n"
            f"sentinel down-after-milliseconds {SERVICE} {DOWN_AFTER_MS}\n"
            f"sentinel failover-timeout {SERVICE} 5000\n"
        )
        servers.append(Server(folder / "sentinel", watch, str(config), "--sentinel"))
        until(lambda: _known(servers[2]), "sentinel that knows the replica", within_s=WITHIN_S)
        address = ("SENTINEL", "GET-MASTER-ADDR-BY-NAME", SERVICE)
        url = f"redis+sentinel://{HOST}:{watch}/{SERVICE}"
        yield Place(url, servers[0], servers[1], (), lambda: int(asked(servers[2], *address)[1]) != one)
    finally:
        for server in servers:
            server.kill()


@contextmanager
def cluster(folder: Path, slot: int) -> Iterator[Place]:
    """Three primaries, each with a replica; the one that may fail has this slot."""
    ports = free_ports(6)
    servers: list[Server] = []
    more = ("--cluster-enabled", "yes", "--cluster-node-timeout", "1500")
    try:
        servers += [data_server(folder / f"node-{port}", port, *more) for port in ports]
        _join(servers)
        url = "redis+cluster://" + ",".join(f"{HOST}:{port}" for port in ports)
        number = next(n for n, last in enumerate(LAST_SLOTS) if slot <= last)
        primary, replica = servers[number], servers[number + 3]
        others = [server for server in servers if server not in (primary, replica)]
        yield Place(url, primary, replica, others, lambda: primary_of(others[0], slot) != primary.port)
    finally:
        for server in servers:
            server.kill()


LAST_SLOTS = (5_460, 10_922, 16_383)


def _join(servers: Sequence[Server]) -> None:
    first = 0
    for server, last in zip(servers[:3], LAST_SLOTS, strict=True):
        asked(server, "CLUSTER", "ADDSLOTSRANGE", first, last)
        first = last + 1
    for number, server in enumerate(servers, 1):
        asked(server, "CLUSTER", "SET-CONFIG-EPOCH", number)
    for server in servers[1:]:
        asked(server, "CLUSTER", "MEET", HOST, servers[0].port)
    count = len(servers)
    until(lambda: all(_sees(each, count) for each in servers), "nodes in touch", within_s=WITHIN_S)
    for primary, replica in zip(servers[:3], servers[3:], strict=True):
        asked(replica, "CLUSTER", "REPLICATE", asked(primary, "CLUSTER", "MYID"))
    until(lambda: all(linked(server) for server in servers[3:]), "replicas in step", within_s=WITHIN_S)
    until(
        lambda: all(b"cluster_state:ok" in asked(server, "CLUSTER", "INFO") for server in servers),
        "cluster that serves", within_s=WITHIN_S,
    )  # fmt: skip


def asked(server: Server, *words: Any) -> Any:
    with server.client() as client:
        connection = client.connection_pool.get_connection()
        try:
            connection.send_command(*words)
            return connection.read_response()
        finally:
            client.connection_pool.release(connection)


def primary_of(server: Server, slot: int) -> int:
    rows = asked(server, "CLUSTER", "SLOTS")
    return next(int(primary[1]) for first, last, primary, *_ in rows if first <= slot <= last)


def _sees(server: Server, count: int) -> bool:
    return f"cluster_known_nodes:{count}".encode() in asked(server, "CLUSTER", "INFO")


def linked(server: Server) -> bool:
    with server.client() as client:
        found = client.info("replication")
    return found["role"] == "slave" and found["master_link_status"] == "up"


def _known(server: Server) -> bool:
    rows = asked(server, "SENTINEL", "REPLICAS", SERVICE)
    return len(rows) == 1
