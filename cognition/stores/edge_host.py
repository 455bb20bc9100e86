"""The edge host: ``python -m cognition.stores.edge_host DIR PARENT``, a child of the daemon.

The engine keeps the interpreter to itself while it works, so it works here, and the daemon's
event loop goes on. Requests come on standard input and are answered in order on standard
output. It ends when its parent does. Few imports: a daemon waits for it when it starts.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final

from cognition.stores import edge_wire as wire
from cognition.stores.backend import Ahead, Gathered
from cognition.stores.qdrant_edge import EdgeShards

BUFFER_BYTES: Final = 2**20
"""Read-ahead on standard input, the size of a large batch."""

_PR_SET_PDEATHSIG: Final = 1


def end_with_parent(parent: int) -> None:
    """Ask the kernel to kill this process when its parent ends, also when that is killed itself.

    Where there is no such request (not Linux) the end of standard input does it, a little later.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(0)


def serve(shards: EdgeShards, requests: BinaryIO, replies: BinaryIO) -> None:
    """Answer until the parent closes its end, or asks to."""
    while True:
        header = requests.read(wire.HEADER_BYTES)
        content = requests.read(int.from_bytes(header, "big"))
        if len(header) < wire.HEADER_BYTES or not content:
            return
        number, body = wire.request_of(content)
        for reply in _answers(shards, number, body):
            replies.write(reply)
            replies.flush()
        if isinstance(body, wire.Close):
            return


def _answers(shards: EdgeShards, number: int, body: wire.Request) -> Iterator[bytes]:
    """The reply, framed; two where what is likely to be asked next is read while the daemon weighs."""
    if not isinstance(body, wire.WireGather):
        yield _framed(number, partial(handle, shards, body))
        return
    found: list[Gathered] = []
    yield _framed(number, partial(_gather, shards, body, found))
    if body.ahead is not None:
        yield _framed(number + 1, partial(_ahead, shards, body.collection, body.ahead, found))


def _framed(number: int, make: Callable[[], wire.Reply]) -> bytes:
    try:
        return wire.frame(number, make())
    except Exception as error:
        return wire.frame(number, wire.failure_of(error))


def _gather(shards: EdgeShards, body: wire.WireGather, found: list[Gathered]) -> wire.Reply:
    found.append(shards.gather(body.collection, wire.gather_in(body)))
    return wire.gathered_out(found[0])


def _ahead(shards: EdgeShards, collection: str, ahead: Ahead, found: Sequence[Gathered]) -> wire.Reply:
    return wire.Hits([wire.hit_out(hit) for each in found for hit in shards.ahead(collection, each, ahead)])


def handle(shards: EdgeShards, body: wire.Single) -> wire.Reply:
    """Do what is asked."""
    match body:
        case wire.Upsert(name, points, mode, condition):
            shards.upsert(name, [wire.point_in(p) for p in points], mode=mode, condition=condition)
        case wire.SetPayload(name, ids, payload, condition):
            shards.set_payload(name, ids, payload, condition=condition)
        case wire.SetPayloads(name, patches, condition):
            shards.set_payloads(name, patches, condition=condition)
        case wire.UpdateVectors(name, points, condition):
            changes = {p.id: wire.point_in(p).vectors for p in points}
            shards.update_vectors(name, changes, condition=condition)
        case wire.Delete(name, ids, condition):
            shards.delete(name, ids, condition)
        case wire.Ensure(spec, generation):
            shards.ensure(spec, generation=generation)
        case wire.Flush(name):
            shards.flush(name)
        case wire.Quantize(name, quantization):
            shards.quantize(name, quantization)
        case wire.Drop(name):
            shards.drop(name)
        case wire.Close():
            shards.close()
        case _:
            return _read(shards, body)
    return wire.Done()


def _read(
    shards: EdgeShards,
    body: wire.Retrieve | wire.Queries | wire.Scroll | wire.Count | wire.Info,
) -> wire.Reply:
    match body:
        case wire.Retrieve(name, ids, with_payload, with_vectors):
            hits = shards.retrieve(name, ids, with_payload=with_payload, with_vectors=with_vectors)
            return wire.Hits([wire.hit_out(hit) for hit in hits])
        case wire.Queries(name, queries):
            answers = shards.query(name, [wire.query_in(asked) for asked in queries])
            return wire.Answers([[wire.hit_out(hit) for hit in answer] for answer in answers])
        case wire.Scroll(name):
            page = shards.scroll(
                name,
                condition=body.condition,
                limit=body.limit,
                offset=body.offset,
                order_by=body.order_by,
                descending=body.descending,
                with_payload=body.with_payload,
                with_vectors=body.with_vectors,
            )
            return wire.Hits([wire.hit_out(hit) for hit in page.hits], page.next_offset)
        case wire.Count(name, condition):
            return wire.Number(shards.count(name, condition=condition))
        case wire.Info(name):
            return wire.Described(shards.info(name))


def main() -> None:
    directory, parent = Path(sys.argv[1]), int(sys.argv[2])
    end_with_parent(parent)
    for asked in (signal.SIGINT, signal.SIGTERM):  # the daemon is asked too, and ends this in order
        signal.signal(asked, signal.SIG_IGN)
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever else prints must not end up among the replies
    requests = os.fdopen(0, "rb", buffering=BUFFER_BYTES)
    serve(EdgeShards(directory), requests, replies)


if __name__ == "__main__":
    main()
