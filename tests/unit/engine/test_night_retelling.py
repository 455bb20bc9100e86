"""Retelling: a night names the episodes that it touched by the members that are left, and takes that back."""

from __future__ import annotations

import base64

import msgspec
import pytest

from cognition.engine.assembly import Options
from cognition.engine.night_retelling import MEMBERS_MAX
from cognition.engine.options import MindOptions
from cognition.engine.sleep_options import EXTRA, SleepOptions
from cognition.errors import ErasingError, StoreUnavailableError
from cognition.mechanisms.episodes import GIST_PARTED
from schemas.episode import Episode, EpisodeScale
from schemas.identifiers import memory_id, sleep_cycle_id
from schemas.percept import BoundaryMark, Forget, Mark, Percept
from schemas.sleep import SleepReport, SleepStatus, SleepWork
from schemas.sleeping import SleepUndoInquiry
from tests.unit.engine.bench import ANA, BO, Bench, bench, vector

pytestmark = pytest.mark.anyio

YEAR_S = 365 * 86_400.0
MINDS = MindOptions(without=("temporal",))
LAPSING = Options(
    sleep=SleepOptions(archived_a_year=1.0, protected=1.0, canary=0, without=("replay",)), minds=MINDS
)
"""Everything that lapses may be archived at once."""

SECRET = "zanzibar rendezvous at midnight"


async def told(options: Options = LAPSING, *, label: str = "", mind: str = ANA) -> Bench:
    """An episode of four that has ended, the secret in the middle of them, and one that is open; both in a
    coarse one each."""
    found = await bench(options=options)
    await lived(found, label=label, mind=mind)
    return found


async def lived(found: Bench, *, label: str = "", mind: str = ANA) -> None:
    await found.take(
        Percept(mind=mind, content=f"{SECRET}.", key="secret", importance=1.0, vector=vector(0)),
        *(
            Percept(
                mind=mind,
                content=f"The {what} is worth keeping for good.",
                key=what,
                metadata={"protected": True},
                vector=vector(0, place),
            )
            for place, what in enumerate(("kettle", "garden", "violin"), start=1)
        ),
        Mark(mind=mind, boundary=BoundaryMark.END, label=label),
        Percept(mind=mind, content="Something else begins here and now.", metadata={"protected": True}),
    )


async def ended(found: Bench, mind: str = ANA, scale: EpisodeScale = EpisodeScale.FINE) -> Episode:
    """The episode that has ended."""
    known = await found.stores.episodes.latest(mind, limit=10, scale=scale)
    (episode,) = [each for each in known if each.ended_at is not None]
    return episode


def bytes_of(episode: Episode) -> bytes:
    """All that is stored of it but for who wrote it last."""
    return msgspec.json.encode(msgspec.structs.replace(episode, epoch=0))


async def undone(found: Bench, cycle: str) -> SleepReport:
    asked = await found.engine.sleep.answer(SleepUndoInquiry(id="undo", mind=ANA, cycle=cycle))
    return await found.engine.sleep.slept(asked.report)  # type: ignore[union-attr]


def everything(found: Bench) -> str:
    """All that is stored, as text, what is packed too."""
    points = [p for c in found.backend._collections.values() for p in c.points.values()]
    packed = [base64.b64decode(p.payload["body"]) for p in points if isinstance(p.payload.get("body"), str)]
    return repr([points, packed]).lower()


async def test_what_leaves_awake_memory_names_its_episode_no_longer() -> None:
    found = await told()
    before = await ended(found)
    assert before.label == SECRET
    found.clock.advance(5 * YEAR_S)
    report = await found.sleep()
    assert (report.archived, report.retold) == (1, 2)
    after = await ended(found)
    assert after.label.startswith("The ")
    assert SECRET not in after.gist
    assert len(after.gist.split(GIST_PARTED)) == 3
    assert msgspec.structs.replace(after, label=before.label, gist=before.gist) == before


async def test_all_that_leave_name_their_episodes_no_longer_however_many() -> None:
    found = await bench(options=LAPSING)
    for n in range(70):
        await found.take(
            Percept(mind=ANA, content=f"{SECRET} {n}.", importance=1.0, boundary=BoundaryMark.BEGIN),
            Percept(mind=ANA, content=f"The kettle {n} sings.", metadata={"protected": True}),
        )
    await found.take(Percept(mind=ANA, content="Something else begins.", boundary=BoundaryMark.BEGIN))
    found.clock.advance(5 * YEAR_S)
    assert (await found.sleep()).archived == 71
    known = await found.stores.episodes.latest(ANA, limit=100, scale=EpisodeScale.FINE)
    assert len(known) == 71
    assert [each.label for each in known if each.ended_at and SECRET in each.label + each.gist] == []


async def test_undoing_gives_it_its_name_back_byte_for_byte() -> None:
    found = await told()
    before = await ended(found)
    found.clock.advance(5 * YEAR_S)
    report = await found.sleep()
    back = await undone(found, report.id)
    assert (back.status, back.left) == (SleepStatus.UNDONE, [])
    assert bytes_of(await ended(found)) == bytes_of(before)


async def test_a_cycle_keeps_no_word_of_it() -> None:
    found = await told()
    found.clock.advance(5 * YEAR_S)
    await found.sleep()
    cycles = repr([p.payload for p in found.backend._collections["sleep_cycles"].points.values()])
    pages = await found.stores.cycles.latest(ANA, limit=1)
    kept = await found.stores.cycles.pages(ANA, pages[0].id, range(pages[0].cursor.step + 1))
    assert [len(p.retold) for p in kept.values() if p.retold] == [2]
    assert "zanzibar" not in cycles + repr(kept)


async def test_what_is_erased_after_a_night_is_nowhere_and_undoing_leaves_its_episode_and_says_so() -> None:
    found = await told()
    named = [(await ended(found, scale=scale)).id for scale in EpisodeScale]
    found.clock.advance(5 * YEAR_S)
    report = await found.sleep()
    assert "zanzibar" in everything(found)
    secret = memory_id(ANA, "secret")
    await found.take(Forget(mind=ANA, memory_ids=[secret]))
    assert "zanzibar" not in everything(found)
    back = await undone(found, report.id)
    assert sorted(back.left) == sorted([secret, *named])
    assert "zanzibar" not in everything(found)


async def test_what_is_erased_from_the_archive_is_gone_from_an_episode_that_nobody_told_anew() -> None:
    options = Options(
        sleep=SleepOptions(archived_a_year=1.0, protected=1.0, canary=0, without=("replay", "retell")),
        minds=MINDS,
    )
    found = await told(options)
    found.clock.advance(5 * YEAR_S)
    assert (await found.sleep()).archived == 1
    assert (await ended(found)).label == SECRET
    await found.take(Forget(mind=ANA, memory_ids=[memory_id(ANA, "secret")]))
    assert "zanzibar" not in everything(found)
    assert (await ended(found)).label.startswith("The ")


async def test_what_was_superseded_names_it_no_longer() -> None:
    options = Options(sleep=SleepOptions(also=EXTRA, canary=0), minds=MINDS)
    found = await bench(options=options)
    await found.take(
        Percept(mind=ANA, content="Ana's city is Porto", key="old", subject="Ana", importance=1.0),
        Percept(mind=ANA, content="Ana likes to look at boats.", key="boats", subject="Ana"),
        Mark(mind=ANA, boundary=BoundaryMark.END),
        Percept(mind=ANA, content="Ana's city is Lisbon", key="new", subject="Ana"),
    )
    assert (await ended(found)).label == "Ana's city is Porto"
    report = await found.sleep()
    assert (report.superseded, report.retold) == (1, 2)
    assert (await ended(found)).label == "Ana likes to look at boats"


async def test_what_a_caller_called_it_stays() -> None:
    found = await told(label="The midnight plan")
    found.clock.advance(5 * YEAR_S)
    await found.sleep()
    after = await ended(found)
    assert after.label == "The midnight plan"
    assert SECRET not in after.gist


async def test_the_coarse_episode_is_told_anew_with_the_fine_one() -> None:
    found = await told()
    coarse = await ended(found, scale=EpisodeScale.COARSE)
    assert coarse.label == SECRET
    found.clock.advance(5 * YEAR_S)
    report = await found.sleep()
    after = await ended(found, scale=EpisodeScale.COARSE)
    assert "zanzibar" not in after.label + after.gist
    assert after.label.startswith("The ")
    assert (await undone(found, report.id)).left == []
    assert bytes_of(await ended(found, scale=EpisodeScale.COARSE)) == bytes_of(coarse)


async def test_what_is_open_and_what_is_too_long_keeps_its_name() -> None:
    found = await told()
    long = {"memory_count": MEMBERS_MAX + 1}
    longer = {(await ended(found, scale=scale)).id: long for scale in EpisodeScale}
    await found.stores.episodes.patch(ANA, longer, epoch=found.epoch)
    found.clock.advance(5 * YEAR_S)
    report = await found.sleep()
    assert report.plan is not None
    assert SleepWork.RETELL not in [work.work for work in report.plan.works]
    assert (await ended(found)).label == SECRET


async def test_it_can_be_left_out_and_another_night_changes_nothing_more() -> None:
    found = await told(Options(sleep=SleepOptions(canary=0, also=EXTRA), minds=MINDS))
    await found.sleep()
    once = bytes_of(await ended(found))
    found.clock.advance(1_000.0)
    assert (await found.sleep()).retold == 0
    assert bytes_of(await ended(found)) == once


async def test_nobody_is_told_what_another_mind_lived() -> None:
    found = await told()
    await lived(found, mind=BO)
    before = bytes_of(await ended(found, BO))
    found.clock.advance(5 * YEAR_S)
    assert (await found.sleep()).retold == 2
    assert bytes_of(await ended(found, BO)) == before
    assert await found.stores.cycles.get(BO, sleep_cycle_id(BO, "night", 1)) is None


async def test_while_an_erasure_is_begun_and_not_done_a_night_waits_and_no_word_comes_back() -> None:
    found = await told()
    found.clock.advance(5 * YEAR_S)
    erasure = found.entry(Forget(mind=ANA, memory_ids=[memory_id(ANA, "secret")]))
    broken = True

    async def gate(verb: str, collection: str) -> None:
        if broken and verb == "delete":
            raise StoreUnavailableError("the store went away")

    found.backend.gate = gate
    with pytest.raises(StoreUnavailableError, match="went away"):
        await found.commit(erasure)
    broken = False
    found.again()
    with pytest.raises(ErasingError, match=f"entry {erasure.id}"):
        await found.sleep()
    assert SECRET not in (await ended(found)).label
    await found.commit(erasure)
    await found.engine.minds.checkpoint()
    assert "zanzibar" not in everything(found)
    assert (await found.sleep()).status is SleepStatus.COMPLETED
    assert "zanzibar" not in everything(found)
