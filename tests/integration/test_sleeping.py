"""A night in real processes: asked for on the command line, killed again and again, watched, taken back."""

from __future__ import annotations

import random
import re
import shutil
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from cognition import Settings, open_engine
from cognition.ports.stores import Scope
from cognition.settings import EmbeddingSettings
from schemas.episode import EpisodeScale
from tests.integration.support import Daemon, cognition, daemon_on, until

ANA = "ana"
MEMORIES = 120
EPISODE = 30
"""Memories of an episode; the last one is open."""

MOVED = {"valence": 1.0, "arousal": 1.0, "importance": 1.0, "relevance": 1.0, "connection_relevance": 1.0}
MOVING = 130
"""A hundred memories that moved a mind make it tired enough to fall asleep (`pressure.TAGGED`)."""

SUBJECTS = ("Aldo Brenner", "Lake Merrow", "The Long Ferry", "Ida Colm", "Port Anselm")
EAGER = ("--set", "sleep.check_s=0.1")
IN_SLEEP = ("--set", "sleep.while_awake=false")
"""What is displaced depends on what was linked when the night began: all is linked in it."""

WHOLE = ("--set", "sleep.also=abstract,supersede,co_replay", "--set", "sleep.memory_max=100", *IN_SLEEP)
"""All that a night can do, displacement too."""

WATCHED = (*EAGER, *WHOLE, "--set", "sleep.turn=4", "--set", "log.level=debug")
"""Between two steps there is time to see which stage it is."""

STAGES = ("canary before", "working", "light", "deep", "dreaming", "waking", "canary after")
KILLS = 6
UNDO_KILLS = 3
"""Parts of undoing at least: what was archived comes back, and a hundred memories get back what they were."""

SPREAD_S = 0.8
WITHOUT_MODEL = Settings(embedding=EmbeddingSettings(enabled=False))
SLEPT = ("consolidation_strength", "replay_count", "consolidation_tag", "content", "episode_id", "position")


def live(daemon: Daemon) -> None:
    """Everything that is slept on."""
    client = daemon.client()
    for n in range(MEMORIES):
        boundary = "begin" if n % EPISODE == 0 else None
        content = f"note {n} about {SUBJECTS[n % 5]} and {SUBJECTS[(n + 1) % 5]}, number {n * 7919}"
        subject = SUBJECTS[n % 5] if n < 5 else ""
        entry = client.perceive(ANA, content, key=f"k{n}", subject=subject, importance=n % 10 / 10,
                                boundary=boundary)  # fmt: skip
    client.receipt(ANA, entry)


def log(directory: Path) -> list[dict[str, Any]]:
    """The cycles of the mind, the newest first."""
    told = cognition("sleep", "log", "--mind", ANA, "--data", str(directory), "--json")
    assert told.code == 0, told.err
    cycles: list[dict[str, Any]] = told.json["cycles"]
    return cycles


def ended(directory: Path, count: int, status: str = "completed") -> list[dict[str, Any]]:
    """The cycles, once so many have ended so."""

    def look() -> list[dict[str, Any]]:
        cycles = log(directory)
        return cycles if [c["status"] for c in cycles] == [status] * count else []

    found: list[dict[str, Any]] = until(look, f"{count} cycles that are {status}", within_s=90.0)
    return found


async def kept(directory: Path) -> dict[str, Any]:
    """What is stored of every memory, but for moments, and how episodes are called."""
    async with open_engine(data=directory, settings=WITHOUT_MODEL) as session:
        assert session.daemon is not None
        stores = session.daemon.stores
        ids = await stores.memories.select(ANA, Scope(), limit=1_000)
        memories = await stores.memories.get(ANA, ids)
        episodes = [e for s in EpisodeScale for e in await stores.episodes.latest(ANA, limit=100, scale=s)]
    names = {e.id: (e.label, e.gist) for e in episodes if e.ended_at is not None}
    return names | {
        m.key: (
            [round(getattr(m, name), 6) if name == SLEPT[0] else getattr(m, name) for name in SLEPT],
            sorted((a.target_id, a.type.value, a.coactivation_count) for a in m.associations),
        )
        for m in memories.values()
    }


def test_a_mind_that_nobody_told_to_sleep_does_when_it_is_idle_and_tired_and_wakes(tmp_path: Path) -> None:
    directory = tmp_path / "data"
    with daemon_on(directory, *EAGER, "--set", "sleep.idle_s=1") as daemon:
        client = daemon.client()
        for n in range(MOVING):
            entry = client.perceive(ANA, f"what moved {n * 7919}", key=f"m{n}", **MOVED)
        client.receipt(ANA, entry)
        until(lambda: log(directory), "a night", within_s=60.0)
        until(lambda: not asleep(directory), "the end of the night", within_s=90.0)
        cycles = log(directory)
        assert {c["trigger"] for c in cycles} == {"pressure"}
        assert {c["status"] for c in cycles} == {"completed"}
        assert sum(c["replayed"] for c in cycles) >= 35
        assert cycles[0]["pressure_after"] < 0.67 <= cycles[-1]["pressure_before"]
        last = client.perceive(ANA, "It is morning.")
        assert client.receipt(ANA, last).memory_id


def asleep(directory: Path) -> bool:
    """Whether a cycle is being slept."""
    return any(c["status"] == "in_progress" for c in log(directory))


@pytest.mark.anyio
@pytest.mark.timeout(400)
async def test_a_night_that_is_killed_again_and_again_ends_as_one_that_is_not(tmp_path: Path) -> None:
    calm, killed = tmp_path / "calm", tmp_path / "killed"
    with daemon_on(calm, *EAGER) as daemon:
        live(daemon)
    shutil.copytree(calm, killed)
    for lock in killed.glob("*.lock"):
        lock.unlink()
    with daemon_on(calm, *EAGER):
        assert cognition("sleep", "--mind", ANA, "--cycles", "2", "--data", str(calm)).code == 0
    cycles = slept_with_kills(killed)
    assert [c["replayed"] for c in cycles] == [35, 35]
    assert await kept(killed) == await kept(calm)


def slept_with_kills(directory: Path) -> list[dict[str, Any]]:
    """Ask for a night of two cycles once, and kill the daemon again and again until it must be over."""
    chance, daemon = random.Random(20_260_301), Daemon(directory, *EAGER)
    try:
        daemon.start().ready()
        asked = cognition("sleep", "--mind", ANA, "--cycles", "2", "--data", str(directory), "--no-wait")
        assert asked.code == 0, asked.err
        for _ in range(KILLS):
            time.sleep(chance.uniform(0.0, SPREAD_S))
            daemon.kill()
            daemon = Daemon(directory, *EAGER)
            daemon.start().ready()
        return ended(directory, 2)
    finally:
        daemon.stop()


def killed_in(directory: Path, stages: Sequence[str], *words: str) -> None:
    """Ask for something once, and kill the daemon in each of these stages of it."""
    daemon = Daemon(directory, *WATCHED).start()
    try:
        daemon.ready()
        told = cognition(*words, "--mind", ANA, "--data", str(directory), "--no-wait")
        assert told.code == 0, told.err
        for stage in stages:
            until(partial(reached, daemon, stage), f"the stage {stage!r}", within_s=60.0)
            daemon.kill()
            daemon.log.unlink()
            daemon = Daemon(directory, *WATCHED).start()
            daemon.ready()
    finally:
        daemon.stop()


def reached(daemon: Daemon, stage: str) -> bool:
    """Whether a cycle has come to this stage since this process began."""
    told = [line for line in daemon.lines() if line["type"] == "SleepProgressed"]
    return any(line["stage"] == stage for line in told)


@pytest.mark.anyio
@pytest.mark.timeout(900)
async def test_a_night_that_is_killed_in_each_of_its_stages_ends_as_one_that_is_not(tmp_path: Path) -> None:
    calm, killed = tmp_path / "calm", tmp_path / "killed"
    with daemon_on(calm, *WATCHED) as daemon:
        live(daemon)
    before = await kept(calm)
    shutil.copytree(calm, killed, ignore=shutil.ignore_patterns("*.lock"))
    with daemon_on(calm, *EAGER, *WHOLE):
        assert cognition("sleep", "--mind", ANA, "--cycles", "1", "--data", str(calm)).code == 0
    killed_in(killed, STAGES, "sleep", "--cycles", "1")
    with daemon_on(killed, *EAGER, *WHOLE):
        (cycle,) = ended(killed, 1)
        assert (cycle["replayed"], cycle["archived"]) == (35, 20)
    slept = await kept(killed)
    assert slept == await kept(calm) != before
    assert len(slept) == len(before) - cycle["archived"]


@pytest.mark.anyio
@pytest.mark.timeout(900)
async def test_an_undo_that_is_killed_in_each_of_its_parts_gives_back_what_was_there(tmp_path: Path) -> None:
    directory = tmp_path / "data"
    with daemon_on(directory, *EAGER, *WHOLE) as daemon:
        live(daemon)
    before = await kept(directory)
    with daemon_on(directory, *EAGER, *WHOLE):
        assert cognition("sleep", "--mind", ANA, "--cycles", "1", "--data", str(directory)).code == 0
    slept = await kept(directory)
    assert slept != before
    assert await undone_with_kills(directory) >= UNDO_KILLS
    with daemon_on(directory, *EAGER, *WHOLE):
        (cycle,) = ended(directory, 1, "undone")
        assert cycle["left"] == []
    assert await kept(directory) == before


async def undone_with_kills(directory: Path) -> int:
    """Ask once for the night to be taken back, and kill the daemon after each part of that; how often."""
    daemon, kills = Daemon(directory, *WATCHED).start(), 0
    try:
        daemon.ready()
        async with open_engine(data=directory, settings=WITHOUT_MODEL) as session:
            await session.mind(ANA).undo_sleep("1", wait=False)
        while True:
            stage = until(partial(first_stage, daemon), "the next part of undoing", within_s=60.0)
            daemon.kill()
            kills += 1
            if stage == "ended":
                return kills
            daemon.log.unlink()
            daemon = Daemon(directory, *WATCHED).start()
            daemon.ready()
    finally:
        daemon.stop()


def first_stage(daemon: Daemon) -> str:
    """The stage that a cycle came to first since this process began; nothing where it came to none."""
    told = [line["stage"] or "ended" for line in daemon.lines() if line["type"] == "SleepProgressed"]
    return told[0] if told else ""


@pytest.mark.anyio
@pytest.mark.timeout(400)
async def test_a_night_is_planned_slept_shown_and_undone_on_the_command_line(tmp_path: Path) -> None:
    directory = tmp_path / "data"
    where = ("--mind", ANA, "--data", str(directory))
    with daemon_on(directory, *EAGER) as daemon:
        live(daemon)
        until(lambda: "0 not linked" in cognition("sleep", "log", *where).out, "linked mind")
    before = await kept(directory)
    with daemon_on(directory, *EAGER):
        plan = cognition("sleep", "--plan", *where)
        assert "replay of" in plan.out
        assert "most urgent" in plan.out
        assert "note 1" in plan.out
        slept = cognition("sleep", *where)
        assert slept.code == 0, slept.err
        assert "was slept to its end" in slept.out
        assert "brought back what they should" in slept.out
        assert "replayed 35" in slept.err
        assert "Nothing to do" in cognition("sleep", *where).out
        assert "35 memories were gone through" in cognition("sleep", "show", "1", *where).out
        assert cognition("sleep", "show", "9", *where).code == 1
        assert "It stays awake" in cognition("sleep", "pause", *where).out
        assert "It sleeps when it is time" in cognition("sleep", "resume", *where).out
        assert "All minds stay awake" in cognition("sleep", "pause", "--all", *where[2:]).out
        assert "all minds are paused" in cognition("sleep", "log", *where).out
        assert "sleep when it is time" in cognition("sleep", "resume", "--all", *where[2:]).out
        assert "all minds are paused" not in cognition("sleep", "log", *where).out
        undone = cognition("sleep", "undo", "1", *where)
        restored = re.search(r"(\d+) memories are as they were before", undone.out)
        assert restored, undone.out
        assert int(restored[1]) >= 35
        assert "was undone before" in cognition("sleep", "undo", "1", *where).out
    assert await kept(directory) == before


def test_a_schedule_that_cannot_be_read_ends_the_daemon_with_what_to_do(tmp_path: Path) -> None:
    told = cognition("daemon", "--no-model", "--data", str(tmp_path), "--set", "sleep.schedule=at dawn")
    assert told.code == 2
    assert "sleep.schedule = 'at dawn'" in told.err
    assert "crontab" in told.err


@pytest.mark.timeout(400)
def test_a_mind_sleeps_by_the_hour_and_once_for_hours_that_were_missed(tmp_path: Path) -> None:
    directory = tmp_path / "data"
    hourly = (
        *EAGER,
        "--set",
        "sleep.schedule=every 2s",
        "--set",
        "sleep.rest_s=3600",
        "--set",
        "sleep.cycles=1",
    )
    with daemon_on(directory, *EAGER) as daemon:
        live(daemon)
    with daemon_on(directory, *hourly):
        (cycle,) = ended(directory, 1)
        assert cycle["trigger"] == "schedule"
    with daemon_on(directory, *hourly):
        assert len(log(directory)) == 1
