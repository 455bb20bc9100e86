"""`cognition quantize`: how the searched vectors are kept: advice from one's own, change, and back."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import anyio
import msgspec
import numpy as np
from numpy.typing import NDArray

from cognition.cli import DONE, NO
from cognition.client import Session
from cognition.commands.minds import the_engine
from cognition.commands.running import UsageError, loaded_settings, mind_of, print_json
from cognition.ports.embedder import DIMENSION
from cognition.stores.edge import open_inline
from cognition.stores.fidelity import INDEXED_FROM, Figures, Measuring, cheapest, widened
from schemas.quantization import (
    FLOORS,
    Kept,
    Quantization,
    QuantizationAnswer,
    QuantizationInquiry,
    QuantizationKind,
    SampleAnswer,
    SampleInquiry,
)

POLL_S = 0.5
ASKED = 200
"""Cues that are asked: what the mind was really asked lately, the rest memories left out of the sample."""

Rows = NDArray[np.float32]
Left = Mapping[str, QuantizationKind | None]
"""Of each collection the kind that a change has left."""

UNMOVED: Final[Left] = {}


async def quantize_show(options: argparse.Namespace) -> int:
    """How each collection is kept."""
    async with the_engine(options) as session:
        kept = await _asked(session)
    _print(kept, options)
    return DONE


async def quantize_apply(options: argparse.Namespace) -> int:
    """Keep them so, and wait until they are."""
    chosen = loaded_settings(options).settings.store.quantization
    wanted = Quantization(
        kind=QuantizationKind(options.kind),
        always_ram=chosen.always_ram,
        quantile=chosen.quantile,
        rescore=chosen.rescore and not options.no_rescore,
        oversampling=chosen.oversampling if options.oversampling is None else options.oversampling,
    )
    if wanted.oversampling and not 1.0 <= wanted.oversampling <= 64.0:
        raise UsageError(
            f"--oversampling {wanted.oversampling:g} is not within 1 to 64", remedy="Write --oversampling 4."
        )
    return await _changed(options, [(wanted, options.collection)])


async def quantize_rollback(options: argparse.Namespace) -> int:
    """Keep them as before the last change, which may have been a rollback: each row says what was left for
    what. 1 when nothing was ever changed."""
    async with the_engine(options) as session:
        kept = await _asked(session)
    back = [
        (msgspec.structs.replace(each.quantization, kind=each.before, oversampling=0.0), [each.collection])
        for each in kept
        if each.before is not None and each.before is not each.quantization.kind
    ]
    if not back:
        print("Nothing was changed: there is nothing to go back to.", file=sys.stderr)
        return NO
    left = {each.collection: each.quantization.kind for each in kept}
    return await _changed(options, back, left)


async def quantize_advise(options: argparse.Namespace) -> int:
    """Measure each kind on the mind's own vectors; recommend the cheapest that holds its floor."""
    name = mind_of(options)
    if options.floor is not None and not 0.0 < options.floor <= 1.0:
        raise UsageError(f"--floor {options.floor:g} is no share", remedy="Write --floor 0.99.")
    if options.sample < INDEXED_FROM:
        raise UsageError(
            f"--sample {options.sample:,}: up to {INDEXED_FROM:,} vectors nothing is compressed",
            remedy="Write --sample 10000.",
        )
    async with the_engine(options) as session:
        vectors, cues = await _sampled(session, name, options.sample + ASKED)
    vectors, cues = _apart(vectors, cues)
    if len(vectors) < INDEXED_FROM:
        return _too_few(name, len(vectors), options)
    kept = loaded_settings(options).settings.store.quantization
    floor = options.floor if options.floor is not None else kept.floor
    floors = {kind: floor or usual for kind, usual in FLOORS.items()}
    base = kept.of("memories", large=True)
    found = await _measured(vectors, cues, base, floors)
    best = cheapest(found, floors)
    if options.json:
        print_json(
            {
                "mind": name,
                "vectors": len(vectors),
                "cues": len(cues),
                "measured": [_row(each, floors) for each in found],
                "recommended": best.kind,
                "oversampling": best.quantization.factor,
            }
        )
        return DONE
    print(f"{len(vectors):,} vectors of {name!r}, {len(cues)} cues, recall@10 against exact search")
    print("kind     oversampled recall@10  of none floor  p50 ms  p99 ms B/vector")
    for each in found:
        print(
            f"{each.kind:8} {each.quantization.factor:11g} {each.recall:9.3f} "
            f"{each.recall / found[0].recall:8.3f} {floors[each.kind]:5.2f} "
            f"{each.p50_ms:7.2f} {each.p99_ms:7.2f} {each.bytes_a_vector:8,.0f}"
        )
    print(f"recommended: cognition quantize apply {best.kind} --oversampling {best.quantization.factor:g}")
    return DONE


async def _measured(
    vectors: Rows, cues: Rows, base: Quantization, floors: dict[QuantizationKind, float]
) -> list[Figures]:
    """On the embedded engine, in a folder that is gone afterwards: what is served is not touched."""

    def told(each: Figures) -> None:
        print(f"measured {each.kind}: {each.recall:.3f}", file=sys.stderr)

    with tempfile.TemporaryDirectory(prefix="cognition-quantize-") as folder:
        async with open_inline(Path(folder), started_at=time.monotonic()) as backend:
            measuring = Measuring(backend, vectors, cues)
            await measuring.load()
            return await widened(measuring, base, floors, told)


async def _sampled(session: Session, mind: str, limit: int) -> tuple[Rows, Rows]:
    pages: list[Rows] = []
    cues = np.zeros((0, DIMENSION), np.float32)
    offset, count = "", 0
    while count < limit:
        request = SampleInquiry(id=session.next_id(mind), mind=mind, offset=offset, deadline_s=60.0)
        page = await session.ask(request, SampleAnswer)
        pages.append(np.frombuffer(page.vectors, "<f4").reshape(-1, DIMENSION))
        count += len(pages[-1])
        if page.cues:
            cues = np.frombuffer(page.cues, "<f4").reshape(-1, DIMENSION)
        offset = page.offset
        if not offset:
            break
    return np.concatenate(pages)[:limit], cues


def _apart(vectors: Rows, cues: Rows) -> tuple[Rows, Rows]:
    """What is stored, and what is asked: kept cues, and where they are few memories that are left out."""
    missing = max(0, ASKED - len(cues))
    left_out = vectors[len(vectors) - missing :] if missing < len(vectors) else vectors[:0]
    stored = vectors[: len(vectors) - len(left_out)]
    return stored, np.concatenate([cues[:ASKED], left_out])


def _too_few(name: str, count: int, options: argparse.Namespace) -> int:
    """A mind whose every search is a scan."""
    if options.json:
        print_json(
            {
                "mind": name,
                "vectors": count,
                "cues": 0,
                "measured": [],
                "recommended": "none",
                "oversampling": 1.0,
            }
        )
    else:
        print(
            f"{name!r} has {count:,} memories: below {INDEXED_FROM:,} every search looks at all of them, and "
            "nothing is compressed, whatever is applied. recommended: none"
        )
    return DONE


async def _asked(session: Session, **fields: object) -> list[Kept]:
    request = QuantizationInquiry(id=session.next_id(""), deadline_s=30.0, **fields)  # type: ignore[arg-type]
    return (await session.ask(request, QuantizationAnswer)).kept


async def _changed(
    options: argparse.Namespace, wanted: Sequence[tuple[Quantization, list[str]]], left: Left = UNMOVED
) -> int:
    async with the_engine(options) as session:
        for quantization, collections in wanted:
            kept = await _asked(session, apply=quantization, collections=collections)
        if not options.no_wait:
            with anyio.move_on_after(options.within) as scope:
                while any(each.due for each in kept):
                    await anyio.sleep(POLL_S)
                    kept = await _asked(session)
            if scope.cancelled_caught:
                print(f"not done within {options.within:g} s; it goes on in the daemon", file=sys.stderr)
    _print(kept, options, left)
    return NO if not options.no_wait and any(each.due for each in kept) else DONE


def _row(each: Figures, floors: dict[QuantizationKind, float]) -> dict[str, object]:
    return {
        "kind": each.kind,
        "oversampling": each.quantization.factor,
        "recall": round(each.recall, 4),
        "floor": floors[each.kind],
        "p50_ms": round(each.p50_ms, 3),
        "p99_ms": round(each.p99_ms, 3),
        "bytes_a_vector": each.bytes_a_vector,
    }


def _print(kept: Sequence[Kept], options: argparse.Namespace, left: Left = UNMOVED) -> None:
    if options.json:
        print_json(list(kept))
        return
    for each in kept:
        how = each.quantization
        was = left.get(each.collection, how.kind)
        said = f"{how.kind}" if was is how.kind else f"{was} -> {how.kind}"
        if how.kind is not QuantizationKind.NONE:
            said += f", oversampled {how.factor:g}, " + ("scored anew" if how.rescore else "not scored anew")
        if each.due:
            said += f" (still {each.before}: the indexes are to be built)"
        elif each.before is not None and was is how.kind:
            said += f" (before: {each.before})"
        print(f"{each.collection:14} {each.points:10,} points  {said}")
