"""Associations as users have them: a daemon as a process links what speaks of what, also after kill -9."""

from __future__ import annotations

from pathlib import Path

import anyio

from cognition import Mind, Ticket, open_engine
from schemas.percept import BoundaryMark
from tests.integration.support import daemon_on

FILM, DIRECTOR, PLACE = "The Ferry Keeper", "Aldo Brenner", "Trieste"
PASSAGES = {
    FILM: f"{FILM}. A film that was made by {DIRECTOR}.",
    DIRECTOR: f"{DIRECTOR}. Born in {PLACE}, died young.",
    PLACE: f"{PLACE}. A harbour on the northern sea.",
}
CUE = "who made the film The Ferry Keeper?"


async def perceived(mind: Mind, *subjects: str) -> list[Ticket]:
    tickets = []
    for subject in subjects:
        ticket = await mind.perceive(
            PASSAGES[subject], key=subject, subject=subject, boundary=BoundaryMark.BEGIN
        )
        await ticket.wait()
        tickets.append(ticket)
    return tickets


async def linked(mind: Mind) -> None:
    """Return once the daemon says that nothing is left to link."""
    with anyio.fail_after(30.0):
        while (await mind.status()).unlinked:  # noqa: ASYNC110 - another process says so
            await anyio.sleep(0.05)


async def names(mind: Mind) -> dict[str, set[str]]:
    """Who names whom, by key."""
    found = {}
    for subject in PASSAGES:
        memory = (await mind.memory(key=subject)).memory
        if memory is not None:
            found[memory.id] = (subject, memory.associations)
    return {
        subject: {found[a.target_id][0] for a in held if a.type == "semantic" and a.target_id in found}
        for subject, held in found.values()
    }


async def test_a_daemon_links_what_comes_in_any_order_and_goes_on_after_kill_nine(tmp_path: Path) -> None:
    with daemon_on(tmp_path / "data", texts=True) as daemon:
        async with open_engine(data=daemon.directory) as session:
            mind = session.mind("ana")
            await perceived(mind, FILM, PLACE)
            await linked(mind)
            assert await names(mind) == {FILM: set(), PLACE: set()}
            (ticket,) = await perceived(mind, DIRECTOR)
        daemon.kill()
        daemon.start()
        daemon.ready()
        async with open_engine(data=daemon.directory) as session:
            mind = session.mind("ana")
            await mind.recall(CUE, after=ticket)  # what was not written down is delivered again first
            await linked(mind)
            assert await names(mind) == {FILM: {DIRECTOR}, DIRECTOR: {PLACE}, PLACE: set()}
            answer = await mind.recall(CUE, explain=True)
            best, second = answer.recalled[:2]
            assert (best.memory.key, second.memory.key) == (FILM, DIRECTOR)
            part = next(p for p in second.parts if p.name == "spreading")
            assert part.paths == [[best.memory.id]]
            assert part.contribution > 0.0
            erased = await mind.forget([second.memory.id])
            assert erased == 1
            assert DIRECTOR not in [r.memory.key for r in (await mind.recall(CUE)).recalled]
