"""Qdrant servers on loopback, for tests and measurements: one node, or a cluster; killed and started again.

They are started from the `qdrant` binary on PATH, over folders and free ports of their own, and ended with
the block. Must not know what is stored on them.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio
import anyio.to_thread

HOST = "127.0.0.1"
BINARY = "qdrant"
READY_WITHIN_S = 60.0
STOP_WITHIN_S = 30.0
POLL_S = 0.05
LOG_TAIL = 2_000
PORTS = 3
"""Of HTTP, of gRPC, between nodes."""


class NodeError(RuntimeError):
    """A node ended by itself or did not become ready; the message holds the end of its log."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a node shows over HTTP and gRPC, as PEM, and its private key."""

    chain: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes in memory: a process's own, and of mapped files."""

    anonymous: int
    mapped: int


class Node:
    """One server process and its folder."""

    def __init__(
        self,
        binary: str,
        folder: Path,
        *,
        first: str | None = None,
        clustered: bool = False,
        environment: Mapping[str, str] | None = None,
        certificate: Certificate | None = None,
    ) -> None:
        """`first`: the address between nodes of a node that is there already, to join it. With a
        `certificate` it speaks TLS, but for what is between nodes."""
        self.folder = folder
        self._binary = binary
        self._http, self._grpc, self._between = free_ports(PORTS)
        self._first = first
        self._clustered = clustered
        self._extra = dict(environment or {})
        self._certificate = certificate
        self._log = folder.with_name(folder.name + ".log")
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """As `store.url` names it."""
        return f"{self.http}?grpc_port={self._grpc}"

    @property
    def http(self) -> str:
        """Its address over HTTP."""
        return f"{'https' if self._certificate else 'http'}://{HOST}:{self._http}"

    @property
    def grpc_port(self) -> int:
        return self._grpc

    @property
    def between(self) -> str:
        """Its address between nodes."""
        return f"http://{HOST}:{self._between}"

    def is_given(self, **environment: str) -> None:
        """From its next start on these variables, too."""
        self._extra.update(environment)

    def joins(self, first: str) -> None:
        """Where it finds an empty folder it joins over this node from now on."""
        self._first = first

    def start(self) -> None:
        """Spawn it over its folder, what is there included; returns at once."""
        self.folder.mkdir(parents=True, exist_ok=True)
        command = [self._binary, "--disable-telemetry"]
        if self._clustered:
            command += ["--uri", self.between]
            command += ["--bootstrap", self._first] if self._first else []
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                cwd=self.folder,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                env={**os.environ, **self._environment(), **self._extra},
            )

    async def ready(self, within_s: float = READY_WITHIN_S) -> None:
        """Wait until it serves. Raises `NodeError`."""
        assert self.process is not None
        with anyio.move_on_after(within_s):
            while self.process.poll() is None:
                if await anyio.to_thread.run_sync(self._answers):
                    return
                await anyio.sleep(POLL_S)
        raise NodeError(f"qdrant did not become ready: {self.log_tail()}")

    def signal(self, number: signal.Signals) -> None:
        """SIGSTOP and SIGCONT, for a node that stalls."""
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        """SIGKILL: no handler runs, nothing is flushed."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def stop(self) -> None:
        """SIGTERM, as a service manager does."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=STOP_WITHIN_S)
            except subprocess.TimeoutExpired:
                self.kill()

    def memory(self) -> Memory:
        """What it holds in memory now. Linux."""
        assert self.process is not None
        status = Path(f"/proc/{self.process.pid}/status").read_text("ascii", "replace")
        fields = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
        kib = {name: int(fields[name].split()[0]) for name in ("RssAnon", "RssFile")}
        return Memory(kib["RssAnon"] * 1024, kib["RssFile"] * 1024)

    def disk_bytes(self) -> int:
        """What its folder takes on disk, holes not counted."""
        return sum(f.stat().st_blocks * 512 for f in self.folder.rglob("*") if f.is_file())

    def log_tail(self) -> str:
        """The end of what it wrote."""
        return self._log.read_text(errors="replace")[-LOG_TAIL:] if self._log.exists() else "(no log)"

    def _environment(self) -> dict[str, str]:
        return self._secured() | {
            "QDRANT__SERVICE__HOST": HOST,
            "QDRANT__SERVICE__HTTP_PORT": str(self._http),
            "QDRANT__SERVICE__GRPC_PORT": str(self._grpc),
            "QDRANT__STORAGE__STORAGE_PATH": str(self.folder / "storage"),
            "QDRANT__STORAGE__SNAPSHOTS_PATH": str(self.folder / "snapshots"),
            "QDRANT__CLUSTER__ENABLED": "true" if self._clustered else "false",
            "QDRANT__CLUSTER__P2P__PORT": str(self._between),
            "QDRANT__LOG_LEVEL": "WARN",
        }

    def _secured(self) -> dict[str, str]:
        if self._certificate is None:
            return {}
        return {
            "QDRANT__SERVICE__ENABLE_TLS": "true",
            "QDRANT__TLS__CERT": str(self._certificate.chain.resolve()),
            "QDRANT__TLS__KEY": str(self._certificate.key.resolve()),
        }

    def _answers(self) -> bool:
        """Whether it says that it is ready; its HTTP port is asked without a client library."""
        try:
            plain = socket.create_connection((HOST, self._http), timeout=1.0)
            with self._within(plain) as connection:
                connection.settimeout(2.0)
                connection.sendall(f"GET /readyz HTTP/1.0\r\nHost: {HOST}\r\n\r\n".encode())
                return b" 200 " in connection.recv(64)
        except OSError:
            return False

    def _within(self, plain: socket.socket) -> socket.socket:
        """The connection that its HTTP is spoken over."""
        if self._certificate is None:
            return plain
        trusted = ssl.create_default_context(cafile=str(self._certificate.chain))
        return trusted.wrap_socket(plain, server_hostname=HOST)


def binary() -> str | None:
    """The `qdrant` on PATH, if there is one."""
    return shutil.which(BINARY)


@asynccontextmanager
async def running_nodes(
    folder: Path,
    count: int = 1,
    *,
    environment: Mapping[str, str] | None = None,
    certificate: Certificate | None = None,
    clustered: bool | None = None,
) -> AsyncIterator[list[Node]]:
    """One node, or a cluster of so many, ready, while the block runs; one node is in a cluster only where
    that is said. Raises `NodeError`."""
    together = count > 1 if clustered is None else clustered
    found = binary()
    if found is None:
        raise NodeError("no `qdrant` is on PATH: put the server's binary there, or name a server by its URL")
    nodes: list[Node] = []
    try:
        for number in range(count):
            first = nodes[0].between if nodes else None
            node = Node(
                found,
                folder / f"node-{number}",
                first=first,
                clustered=together,
                environment=environment,
                certificate=certificate,
            )
            nodes.append(node)
            node.start()
            await node.ready()
        yield nodes
    finally:
        for node in reversed(nodes):
            node.kill()


def free_ports(count: int) -> list[int]:
    """Ports of loopback that nobody listens on now."""
    with_sockets = [socket.socket() for _ in range(count)]
    try:
        for each in with_sockets:
            each.bind((HOST, 0))
        return [each.getsockname()[1] for each in with_sockets]
    finally:
        for each in with_sockets:
            each.close()
