"""What integration tests share: a daemon as a process, a bare client, given vectors, waiting.

Processes are real and so are the engines. Waiting means asking again until it is so, within a bound.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import redis

from cognition.data_directory import Holder, find_holder
from cognition.testing.embedder import hash_vectors
from schemas.events import Receipt
from streams.codec import decode_fields
from streams.keys import StreamKeys

ROOT = Path(__file__).parents[2]
READY_WITHIN_S = 60.0
STOP_WITHIN_S = 40.0
RECEIPT_WITHIN_S = 30.0
POLL_S = 0.01
DIMENSION = 768


def environment(**more: str) -> dict[str, str]:
    """The environment without anything that would reach the settings, and with `more`."""
    ours = ("COGNITION_", "REDIS_URL", "QDRANT_", "EMBEDDING_MODEL", "LOG_LEVEL", "NOTIFY_SOCKET")
    return {k: v for k, v in os.environ.items() if not k.startswith(ours)} | more


def vector_of(text: str) -> bytes:
    """A vector for this text: texts that share words are near each other."""
    body: bytes = hash_vectors([text])[0].astype("<f4").tobytes()
    return body


def bad_vector(kind: str) -> bytes:
    """A vector that cannot be compared with others."""
    values = np.ones(DIMENSION, dtype="<f4")
    if kind == "nan":
        values[7] = np.nan
    elif kind == "inf":
        values[7] = np.inf
    elif kind == "zero":
        values[:] = 0.0
    elif kind == "short":
        values = values[:767]
    return values.tobytes()


def until(true: Callable[[], Any], what: str, *, within_s: float = RECEIPT_WITHIN_S) -> Any:
    """The first true answer; fails, saying what was waited for, when none comes in time."""
    deadline = time.monotonic() + within_s
    while True:
        found = true()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"within {within_s:g} s there was no {what}")
        time.sleep(POLL_S)


def processes_of(directory: Path) -> dict[int, str]:
    """Living processes that name this directory on their command line: pid -> command line."""
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            words = (entry / "cmdline").read_bytes().decode(errors="replace").replace("\0", " ")
            zombie = "\nState:\tZ" in (entry / "status").read_text()
        except OSError:
            continue
        if str(directory) in words and not zombie:
            found[int(entry.name)] = words
    return found


@dataclass
class Client:
    """An agent in another language: plain commands to the stream server, nothing of ours."""

    server: redis.Redis
    keys: StreamKeys = field(default_factory=StreamKeys)

    def awake(self, mind: str) -> str:
        """The stream of this mind."""
        return self.keys.stream(self.keys.partition_of(mind), "awake")

    def xadd(self, mind: str, fields: Mapping[Any, Any]) -> str:
        """Publish these raw fields on the mind's line."""
        entry = self.server.xadd(self.awake(mind), dict(fields))
        return bytes(entry).decode()

    def perceive(self, mind: str, content: str, **fields: Any) -> str:
        """Publish a percept with a vector in MessagePack form."""
        body = {"mind": mind, "content": content, "vector": vector_of(content), **fields}
        return self.xadd(mind, {"t": "percept/1", "m": msgspec.msgpack.encode(body)})

    def receipt(self, mind: str, entry: str, *, within_s: float = RECEIPT_WITHIN_S) -> Receipt:
        """The receipt of this entry, from the stream where anybody may read it."""
        key = self.keys.stream(self.keys.partition_of(mind), "salience")

        def look() -> Receipt | None:
            for _, fields in self.server.xrevrange(key, count=500):
                if fields[b"to"] == entry.encode():
                    receipt = decode_fields("salience", fields)
                    assert isinstance(receipt, Receipt)
                    return receipt
            return None

        found: Receipt = until(look, f"receipt of {entry} of {mind!r}", within_s=within_s)
        return found

    def dead(self, mind: str) -> list[dict[bytes, bytes]]:
        """The dead letters of the mind's partition."""
        key = self.keys.stream(self.keys.partition_of(mind), "dead")
        return [fields for _, fields in self.server.xrange(key)]

    def settled(self) -> bool:
        """Whether all that is on any line was read and acknowledged. A line that nobody reads yet is not."""
        keys = [self.keys.stream(partition, "awake") for partition in range(self.keys.partitions)]
        return all(self._settled(key) for key in keys if self.server.exists(key))

    def _settled(self, key: str) -> bool:
        last = self.server.xinfo_stream(key)["last-generated-id"]
        groups = self.server.xinfo_groups(key)
        done = [g for g in groups if g["pending"] == 0 and g["last-delivered-id"] == last]
        return bool(groups) and len(done) == len(groups)


def client_of(url: str) -> Client:
    """A client for this URL."""
    return Client(redis.Redis.from_url(url, protocol=2))


class Daemon:
    """`cognition daemon` as a process over a data directory, without the model.

    With `texts` it takes texts, too (see `texts_daemon`).
    """

    def __init__(self, directory: Path, *arguments: str, texts: bool = False, **more: str) -> None:
        self.directory = directory
        self.log = directory.with_name(directory.name + ".log")
        plain = ["cognition", "daemon", "--data", str(directory), "--no-model", *arguments]
        self._module = ["tests.integration.texts_daemon", str(directory)] if texts else plain
        self._environment = environment(**more)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, **options: Any) -> Daemon:
        """Spawn it; returns at once."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *self._module],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self._environment, cwd=ROOT, **options,
            )  # fmt: skip
        return self

    def ready(self) -> Holder:
        """Wait until it says that it is ready, and where it listens."""
        process = self.running()

        def look() -> Holder | None:
            assert process.poll() is None, f"it ended with {process.returncode}: {self.tail()}"
            holder = find_holder(self.directory)
            return holder if holder is not None and holder.ready and holder.pid == process.pid else None

        found: Holder = until(look, f"ready daemon on {self.directory}", within_s=READY_WITHIN_S)
        return found

    def client(self) -> Client:
        """A client of its streams."""
        return client_of(self.ready().url)

    def stop(self) -> int:
        """SIGTERM as a service manager sends it; the exit code."""
        self.running().send_signal(signal.SIGTERM)
        return self.ended()

    def kill(self) -> None:
        """SIGKILL: no handler runs, nothing is flushed."""
        self.running().kill()
        self.running().wait()

    def ended(self) -> int:
        """Wait for its end; the exit code."""
        return self.running().wait(timeout=STOP_WITHIN_S)

    def running(self) -> subprocess.Popen[bytes]:
        """The process."""
        assert self.process is not None, "it was started"
        return self.process

    def lines(self) -> list[dict[str, Any]]:
        """Its log: one JSON object a line."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def tail(self) -> str:
        """The end of its log."""
        return self.log.read_text(errors="replace")[-3_000:] if self.log.exists() else "(no log)"


@contextmanager
def daemon_on(directory: Path, *arguments: str, texts: bool = False, **more: str) -> Iterator[Daemon]:
    """A ready daemon while the block runs; whatever happens, none is left behind."""
    daemon = Daemon(directory, *arguments, texts=texts, **more)
    try:
        daemon.start().ready()
        yield daemon
    finally:
        if daemon.process is not None and daemon.process.poll() is None:
            daemon.stop()


def cognition(*words: str, stdin: str | None = None, timeout: float = 60.0, **more: str) -> Told:
    """Run the command line as a user does, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "cognition", *words],
        input=stdin if stdin is not None else "", capture_output=True, text=True, check=False,
        env=environment(**more), timeout=timeout,
    )  # fmt: skip
    return Told(done.returncode, done.stdout, done.stderr)


@dataclass(frozen=True)
class Told:
    """What a command said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as the one JSON document that it is."""
        return json.loads(self.out)
