"""Opening a Qdrant server or cluster: addresses, keys, certificates, versions, readiness.

Every node that answers is asked for its version before anything is written. gRPC is spoken where it answers,
HTTP elsewhere. Must not know what collections hold.
"""

from __future__ import annotations

import importlib.metadata
import random
import re
import ssl
import warnings
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any, Final
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import anyio
import anyio.to_thread
from qdrant_client import AsyncQdrantClient

from cognition.errors import (
    SettingsError,
    StoreDeniedError,
    StoreRefusedError,
    StoreUnavailableError,
    StoreVersionError,
    problem_of,
)
from cognition.stores.qdrant_server import ServerBackend
from cognition.stores.server_addresses import Address, addresses_of, authority_of, key_of
from cognition.stores.server_key import Key
from cognition.stores.server_nodes import SAID_MAX, Nodes, Told, translated, unvouched
from cognition.stores.server_options import Mark, ServerOptions

OLDEST: Final = (1, 16)
"""The first with conditions on upserts and with metadata of collections."""

GAP_MAX: Final = 1
"""Minor versions between client and server that the vendor supports."""

SURE: Final = (1, 19)
"""The first that resolves conditions before it writes its log (qdrant#9678, ADR 36)."""

ASK_AGAIN_S: Final = 1.0
"""How often a server that is away is looked for."""

IDENTITY: Final = {"grpc.compression_enabled_algorithms_bitset": 1}
"""A server compresses its answers for whoever can read that: 120 KB of payloads took 6.0 ms so and 3.1 ms as
they are. What is saved on the way, some 80 KB, is worth it below some 200 Mbit/s."""

RECONNECT_MS: Final = {"grpc.initial_reconnect_backoff_ms": 100, "grpc.max_reconnect_backoff_ms": 1_000}
"""A server that is back is noticed within a second; the library's own bound is two minutes."""


@dataclass(frozen=True, slots=True)
class Node:
    """One node that answered."""

    address: Address
    version: str
    grpc: bool
    client: AsyncQdrantClient

    @property
    def name(self) -> str:
        return f"{self.address.url} ({self.version}, {'gRPC' if self.grpc else 'HTTP'})"


@dataclass(frozen=True, slots=True)
class Opened:
    """A backend over the nodes that there are. `notes`: what is worth knowing of them."""

    backend: ServerBackend
    nodes: list[str]
    notes: list[str]


@asynccontextmanager
async def open_server(
    options: ServerOptions, mark: Mark, *, chance: random.Random, told: Told | None = None
) -> AsyncIterator[Opened]:
    """The server that the options name, while the block runs. One that is away is waited for, up to
    `wait_s`; `told` is called with each failure and the pause after it, and later with each node that refuses
    our key, and with a key that was exchanged.

    Raises `SettingsError`, `StoreVersionError`, `StoreDeniedError`, and `StoreUnavailableError` when nobody
    answered in time.
    """
    addresses = addresses_of(options)
    key, authority = Key(options), authority_of(options)
    async with AsyncExitStack() as stack:
        deadline = anyio.current_time() + options.wait_s
        while True:
            try:
                found, missing = await _find(addresses, options, key, authority, stack)
                break
            except StoreUnavailableError as error:
                if not _passes(error):
                    raise
                if anyio.current_time() + ASK_AGAIN_S > deadline:
                    raise away(error, options) from error
                if told is not None:
                    told(error, ASK_AGAIN_S)
            await anyio.sleep(ASK_AGAIN_S)
        grpc = any(node.grpc for node in found)
        clients = [node.client for node in found]
        for address in missing:
            clients.append(_client(address, options, key, authority, grpc=grpc))
            stack.push_async_callback(clients[-1].close)
        version = min(_numbers(node.version) for node in found)
        nodes = Nodes(clients, attempts_max=options.attempts_max, chance=chance, key=key, told=told)
        notes = _gaps(found) + _unsure(found) + [f"{address.url} does not answer" for address in missing]
        fast = all(node.grpc for node in found)
        backend = ServerBackend(nodes, options=options, mark=mark, version=version, grpc=fast, told=told)
        yield Opened(backend, [node.name for node in found], notes)


def away(error: StoreUnavailableError, options: ServerOptions) -> StoreUnavailableError:
    """What to say where nobody has answered for so long."""
    return StoreUnavailableError(
        f"{problem_of(error)}; looked for {options.wait_s:g} s",
        remedy="Start the server, or correct store.url: https:// where it speaks TLS, http:// where not.",
    )


async def readiness(options: ServerOptions) -> list[tuple[str, str]]:
    """(node, "" or what keeps it from serving) of each node, by its own probe: whether it has caught up with
    its cluster since it was started. How many replicas serve later on it does not say (`drifts` does)."""
    key, authority = key_of(options), authority_of(options)
    return [
        (each.url, await anyio.to_thread.run_sync(_unready, each.url, key, authority, options.timeout_s))
        for each in addresses_of(options)
    ]


def _unready(url: str, key: str | None, authority: bytes | None, timeout_s: float) -> str:
    context = ssl.create_default_context(cadata=authority.decode("ascii") if authority else None)
    request = Request(f"{url}/readyz", headers={"api-key": key} if key else {})
    try:
        with urlopen(request, timeout=timeout_s, context=context):
            return ""
    except HTTPError as error:
        with error:
            return f"{error.code}: {error.read(SAID_MAX).decode(errors='replace').strip()}"
    except HTTPException as error:
        return f"answers with what is no HTTP ({type(error).__name__}), as one does that speaks TLS"
    except OSError as error:
        return str(getattr(error, "reason", error))


def _client(
    address: Address, options: ServerOptions, key: Key, authority: bytes | None, *, grpc: bool
) -> AsyncQdrantClient:
    channel: dict[str, Any] = {**RECONNECT_MS, **IDENTITY}
    more: dict[str, Any] = {"auth_token_provider": key.now} if key.file else {"api_key": key.now() or None}
    if authority is not None:
        channel["root_certificates"] = authority
        more["verify"] = ssl.create_default_context(cadata=authority.decode("ascii"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of a key over plain HTTP: RUNBOOK says it better
        return AsyncQdrantClient(
            url=address.url,
            grpc_port=address.grpc_port,
            prefer_grpc=grpc,
            timeout=round(options.timeout_s),
            grpc_options=channel,
            check_compatibility=False,
            pool_size=options.connections,
            **more,
        )


async def _find(
    addresses: list[Address],
    options: ServerOptions,
    key: Key,
    authority: bytes | None,
    stack: AsyncExitStack,
) -> tuple[list[Node], list[Address]]:
    """The nodes that answer, at least one, and the addresses of the others."""
    found: list[Node] = []
    missing: list[Address] = []
    problem: StoreUnavailableError | None = None
    for address in addresses:
        try:
            node = await _look(address, options, key, authority)
        except StoreUnavailableError as error:
            problem = error
            missing.append(address)
            if not _passes(error):
                break
            continue
        stack.push_async_callback(node.client.close)
        _require(node)
        found.append(node)
    if not found or (problem is not None and not _passes(problem)):
        assert problem is not None, "there is at least one address"
        raise problem
    return found, missing


async def _look(address: Address, options: ServerOptions, key: Key, authority: bytes | None) -> Node:
    """Ask over HTTP, which says most when it fails; then over gRPC, which is faster where it is there."""
    plain = _client(address, options, key, authority, grpc=False)
    said, failure = await _version(plain, address)
    if address.grpc_port and (said or _passes(failure)):
        fast = _client(address, options, key, authority, grpc=True)
        try:
            answered, problem = await _version(fast, address)
        except StoreRefusedError as error:
            await fast.close()
            await plain.close()
            raise _no_grpc(address, error) from error
        if answered:
            await plain.close()
            return Node(address, answered, True, fast)
        await fast.close()
        failure = failure or (None if _passes(problem) else problem)
    if said and failure is None:
        return Node(address, said, False, plain)
    await plain.close()
    assert failure is not None, "one of both has failed"
    raise failure


def _no_grpc(address: Address, error: StoreRefusedError) -> SettingsError:
    """What to say where something answers that is not Qdrant's gRPC: behind TLS its HTTP does so."""
    return SettingsError(
        f"setting store.url: port {address.grpc_port} of {address.url} does not speak Qdrant's gRPC "
        f"({problem_of(error)})",
        remedy="Name its port of gRPC, 6334 unless it was changed, with ?grpc_port= or store.grpc_port; or "
        "grpc_port=0 for HTTP alone.",
    )


async def _version(client: AsyncQdrantClient, address: Address) -> tuple[str, StoreUnavailableError | None]:
    try:
        with translated(address.url):
            return (await client.info()).version, None
    except StoreUnavailableError as error:
        return "", error


def _passes(error: StoreUnavailableError | None) -> bool:
    """Whether waiting may heal it: a key that is refused and an authority that nobody knows stay so."""
    if isinstance(error, StoreDeniedError):
        return False
    return error is None or not unvouched(str(error))


def _numbers(version: str) -> tuple[int, int]:
    found = re.match(r"(\d+)\.(\d+)", version)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _require(node: Node) -> None:
    """Refuse a server that is too old, or of another major version than the client."""
    server, client = _numbers(node.version), _numbers(importlib.metadata.version("qdrant-client"))
    if server < OLDEST or server[0] != client[0]:
        raise StoreVersionError(
            f"{node.address.url} is Qdrant {node.version}",
            remedy=f"Use a Qdrant server of {client[0]}.{OLDEST[1]} or newer, below {client[0] + 1}.0; "
            "or unset store.url for the embedded engine.",
        )


def _unsure(found: list[Node]) -> list[str]:
    """Where a kill may lose what was acknowledged."""
    return [
        f"{node.address.url} is Qdrant {node.version}: killed in the middle of a flush it may pass over "
        f"writes in its log. Upgrade it to {SURE[0]}.{SURE[1]}."
        for node in found
        if _numbers(node.version) < SURE
    ]


def _gaps(found: list[Node]) -> list[str]:
    """Where the vendor supports client and server together no more."""
    client = importlib.metadata.version("qdrant-client")
    return [
        f"{node.address.url} is Qdrant {node.version}, qdrant-client is {client}: the vendor supports a "
        f"distance of {GAP_MAX} minor version. Upgrade the older of them."
        for node in found
        if abs(_numbers(node.version)[1] - _numbers(client)[1]) > GAP_MAX
    ]
