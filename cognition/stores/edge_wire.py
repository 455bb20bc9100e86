"""What passes between a daemon and its edge host: MessagePack frames, vectors as raw float32.

A frame is its length (4 bytes, big-endian) and ``[number, body]``. Replies come in the order
of the requests and carry their numbers. This module must not know the engine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
import numpy as np

from cognition import errors
from cognition.stores.backend import (
    Ahead,
    CollectionInfo,
    CollectionSpec,
    Condition,
    Gather,
    Gathered,
    Hit,
    Payload,
    Point,
    Query,
    Search,
    Sparse,
    Vector,
    Within,
    WriteMode,
)
from schemas.quantization import Quantization

FRAME_BYTES_MAX: Final = 256 * 2**20
"""Largest frame; far above any batch, so that a broken length is noticed and not waited for."""

HEADER_BYTES: Final = 4

READY: Final = "ready"
COPIED: Final = "copied"
OPTIMISED: Final = "optimised"
"""What a process that builds indexes says on its standard output, a line each."""

GO: Final = b"go\n"
"""What it waits for before it copies."""

WireSparse = tuple[bytes, bytes]


class WirePoint(msgspec.Struct, array_like=True, gc=False):
    id: str
    payload: Payload
    dense: dict[str, bytes]
    sparse: dict[str, WireSparse]


class WireHit(msgspec.Struct, array_like=True, gc=False):
    id: str
    score: float
    payload: Payload | None
    dense: dict[str, bytes] | None
    sparse: dict[str, WireSparse] | None


class WireQuery(msgspec.Struct, array_like=True):
    using: str
    dense: bytes | None
    sparse: WireSparse | None
    limit: int
    condition: Condition | None
    exact: bool
    with_payload: bool | tuple[str, ...]
    with_vectors: tuple[str, ...]
    uncompressed: bool = False


class _Body(msgspec.Struct, array_like=True, tag=True):
    """Base of every request and reply."""


class Ensure(_Body):
    """Open a collection; with a generation that one, which is not live yet."""

    spec: CollectionSpec
    generation: str | None = None


class Upsert(_Body):
    collection: str
    points: list[WirePoint]
    mode: WriteMode
    condition: Condition | None


class SetPayload(_Body):
    collection: str
    ids: list[str]
    payload: Payload
    condition: Condition | None


class SetPayloads(_Body):
    collection: str
    patches: dict[str, Payload]
    condition: Condition | None


class UpdateVectors(_Body):
    """The points bring no payload."""

    collection: str
    points: list[WirePoint]
    condition: Condition | None


class Delete(_Body):
    collection: str
    ids: list[str]
    condition: Condition | None = None


class Retrieve(_Body):
    collection: str
    ids: list[str]
    with_payload: bool
    with_vectors: tuple[str, ...]


class Queries(_Body):
    collection: str
    queries: list[WireQuery]


class WireGather(_Body):
    """With `ahead` two replies follow: what was found, and under the next number, made after the first one
    is sent, the points that are likely to be read next (`Hits`)."""

    collection: str
    dense: dict[str, bytes]
    sparse: dict[str, WireSparse]
    searches: list[tuple[str, int, Condition | None]]
    within: Within
    with_payload: tuple[str, ...]
    ahead: Ahead | None = None


class Scroll(_Body):
    collection: str
    condition: Condition | None
    limit: int
    offset: str | None
    order_by: str | None
    descending: bool
    with_payload: bool | tuple[str, ...]
    with_vectors: tuple[str, ...]


class Count(_Body):
    collection: str
    condition: Condition | None


class Info(_Body):
    collection: str


class Flush(_Body):
    collection: str


class Quantize(_Body):
    collection: str
    quantization: Quantization


class Drop(_Body):
    """Let go of a collection and remove its shard: another generation is live."""

    collection: str


class Close(_Body):
    """Flush and release everything; the host ends after its reply."""


class Done(_Body):
    pass


class Hits(_Body):
    hits: list[WireHit]
    next_offset: str | None = None


class Answers(_Body):
    answers: list[list[WireHit]]


class WireGathered(_Body):
    ids: list[str]
    scores: dict[str, bytes]
    payloads: list[Payload] | None


class Number(_Body):
    number: int


class Described(_Body):
    info: CollectionInfo


class Failure(_Body):
    """An error of `cognition.errors` by its name; any other one is a fault of the host itself."""

    error: str
    message: str


Single = (
    Ensure
    | Upsert
    | SetPayload
    | SetPayloads
    | UpdateVectors
    | Delete
    | Retrieve
    | Queries
    | Scroll
    | Count
    | Info
    | Flush
    | Quantize
    | Drop
    | Close
)
"""A request with one reply."""

Request = Single | WireGather
Reply = Done | Hits | Answers | WireGathered | Number | Described | Failure

_ENCODER: Final = msgspec.msgpack.Encoder()
_REQUESTS: Final = msgspec.msgpack.Decoder(tuple[int, Request])
_REPLIES: Final = msgspec.msgpack.Decoder(tuple[int, Reply])


def frame(number: int, body: Request | Reply) -> bytes:
    """A body as bytes on the wire; raises `StoreRefusedError` for what MessagePack cannot carry."""
    try:
        content = _ENCODER.encode((number, body))
    except (TypeError, UnicodeEncodeError, OverflowError) as error:
        raise errors.StoreRefusedError(f"The request cannot be sent: {error}") from error
    if len(content) > FRAME_BYTES_MAX:
        raise errors.StoreRefusedError(
            f"The request has {len(content):,} bytes, at most {FRAME_BYTES_MAX:,} are sent",
            remedy="Write in smaller batches.",
        )
    return len(content).to_bytes(HEADER_BYTES, "big") + content


def request_of(content: bytes) -> tuple[int, Request]:
    return _REQUESTS.decode(content)


def reply_of(content: bytes | memoryview) -> tuple[int, Reply]:
    return _REPLIES.decode(content)


# --- values -----------------------------------------------------------------------------------


def point_out(point: Point) -> WirePoint:
    dense, sparse = _split(point.vectors)
    return WirePoint(point.id, point.payload, dense, sparse)


def point_in(point: WirePoint) -> Point:
    return Point(point.id, point.payload, _joined(point.dense, point.sparse))


def point_of(hit: WireHit) -> WirePoint:
    """What was read, as it is written elsewhere."""
    return WirePoint(hit.id, hit.payload or {}, hit.dense or {}, hit.sparse or {})


def hit_out(hit: Hit) -> WireHit:
    if hit.vectors is None:
        return WireHit(hit.id, hit.score, hit.payload, None, None)
    return WireHit(hit.id, hit.score, hit.payload, *_split(hit.vectors))


def hit_in(hit: WireHit) -> Hit:
    vectors = None if hit.dense is None else _joined(hit.dense, hit.sparse or {})
    return Hit(hit.id, hit.score, hit.payload, vectors)


def query_out(asked: Query) -> WireQuery:
    dense, sparse = _split({"q": asked.vector})
    return WireQuery(
        asked.using,
        dense.get("q"),
        sparse.get("q"),
        asked.limit,
        asked.condition,
        asked.exact,
        asked.with_payload,
        asked.with_vectors,
        asked.uncompressed,
    )


def gather_out(collection: str, asked: Gather) -> WireGather:
    dense, sparse = _split(asked.vectors)
    searches = [(s.using, s.limit, s.condition) for s in asked.searches]
    return WireGather(collection, dense, sparse, searches, asked.within, asked.with_payload, asked.ahead)


def gather_in(asked: WireGather) -> Gather:
    searches = [Search(*each) for each in asked.searches]
    vectors = _joined(asked.dense, asked.sparse)
    return Gather(vectors, searches, asked.within, asked.with_payload, asked.ahead)


def gathered_out(found: Gathered) -> WireGathered:
    scores = {name: np.asarray(by, np.float32).tobytes() for name, by in found.scores.items()}
    return WireGathered(found.ids, scores, found.payloads)


def gathered_in(found: WireGathered) -> Gathered:
    return Gathered(found.ids, {name: _dense(raw) for name, raw in found.scores.items()}, found.payloads)


def query_in(asked: WireQuery) -> Query:
    vector = _dense(asked.dense) if asked.dense is not None else _sparse(asked.sparse or (b"", b""))
    return Query(
        asked.using,
        vector,
        asked.limit,
        asked.condition,
        asked.exact,
        asked.with_payload,
        asked.with_vectors,
        asked.uncompressed,
    )


def _split(vectors: Mapping[str, Vector]) -> tuple[dict[str, bytes], dict[str, WireSparse]]:
    dense: dict[str, bytes] = {}
    sparse: dict[str, WireSparse] = {}
    for name, vector in vectors.items():
        if isinstance(vector, Sparse):
            sparse[name] = (
                vector.indices.astype(np.uint32, copy=False).tobytes(),
                vector.values.astype(np.float32, copy=False).tobytes(),
            )
        else:
            dense[name] = vector.astype(np.float32, copy=False).tobytes()
    return dense, sparse


def _joined(dense: Mapping[str, bytes], sparse: Mapping[str, WireSparse]) -> dict[str, Vector]:
    vectors: dict[str, Vector] = {name: _dense(raw) for name, raw in dense.items()}
    for name, raw in sparse.items():
        vectors[name] = _sparse(raw)
    return vectors


def _dense(raw: bytes) -> Any:
    return np.frombuffer(raw, np.float32)


def _sparse(raw: WireSparse) -> Sparse:
    return Sparse(np.frombuffer(raw[0], np.uint32), np.frombuffer(raw[1], np.float32))


# --- errors -----------------------------------------------------------------------------------


def failure_of(error: Exception) -> Failure:
    """An error as it travels."""
    known = isinstance(error, errors.CognitionError)
    name = type(error).__name__ if known else errors.StoreUnavailableError.__name__
    return Failure(name, str(error) if known else f"The edge host failed: {error!r}")


def raised(failure: Failure) -> errors.CognitionError:
    """The error that travelled, as one of ours."""
    kind = getattr(errors, failure.error, errors.StoreUnavailableError)
    error: errors.CognitionError = kind(failure.message)
    return error


def hits_in(hits: Sequence[WireHit]) -> list[Hit]:
    return [hit_in(hit) for hit in hits]
