"""What was shown: bounded, carried outside, and no mind's but its own."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from cognition.engine import shown as module
from cognition.engine.shown import Shown
from cognition.errors import UnavailableError
from schemas.cue import Cue
from schemas.memory import Memory
from schemas.recollection import Recalled, Recollection


class Ring:
    """A ring in memory that can be away."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.away = False

    async def put(self, mind: str, records: Mapping[str, bytes]) -> None:
        if self.away:
            raise UnavailableError("away")
        self.kept |= records

    async def get(self, mind: str, cue_id: str) -> bytes | None:
        return self.kept.get(cue_id)


def answer(cue_id: str, *keys: str, mind: str = "ana") -> tuple[Cue, Recollection]:
    memories = [Memory(id=key, mind=mind, key=key, entry="1-0", content="") for key in keys]
    recalled = [Recalled(memory=memory, score=0.5) for memory in memories]
    return (
        Cue(id=cue_id, mind=mind, content="Where are the keys?"),
        Recollection(cue_id=cue_id, mind=mind, recalled=recalled),
    )


async def test_what_was_shown_is_known_to_its_own_mind_alone() -> None:
    ring = Ring()
    known = Shown(ring)
    known.remember(*answer("q", "a", "b"))
    await known.flush()
    for each in (known, Shown(ring)):
        found = await each.find("ana", "q")
        assert found is not None
        assert (found.cue, found.shown) == ("Where are the keys?", ["a", "b"])
        assert await each.find("bo", "q") is None
        assert await each.find("ana", "other") is None


async def test_an_answer_of_nothing_is_not_kept() -> None:
    known = Shown()
    known.remember(*answer("q"))
    assert await known.find("ana", "q") is None


async def test_it_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT_MAX", 2)
    known = Shown()
    for name in ("q1", "q2", "q3"):
        known.remember(*answer(name, "a"))
    assert [await known.find("ana", q) is None for q in ("q1", "q2", "q3")] == [True, False, False]


async def test_what_could_not_be_carried_is_carried_the_next_time() -> None:
    ring = Ring()
    known = Shown(ring)
    known.remember(*answer("q1", "a"))
    ring.away = True
    with pytest.raises(UnavailableError):
        await known.flush()
    known.remember(*answer("q2", "a"))
    ring.away = False
    await known.flush()
    assert list(ring.kept) == ["q1", "q2"]


async def test_a_record_that_cannot_be_read_is_as_good_as_none() -> None:
    ring = Ring()
    ring.kept["q"] = b"\xff"
    assert await Shown(ring).find("ana", "q") is None
