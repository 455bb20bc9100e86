"""One life, and a process that dies at each place where the write path waits, one place after the other."""

from __future__ import annotations

from functools import lru_cache

import pytest

from schemas.association import AssociationType, Relation
from schemas.base import Message
from schemas.identifiers import memory_id
from schemas.percept import BoundaryMark, Forget, Mark, Percept, Rebuild
from tests.simulation.account import Account, account, differences
from tests.simulation.faults import Fault, at
from tests.simulation.life import STARTS_MS, UNEMBEDDABLE, Lived
from tests.simulation.world import World, lived

ANA, BO = "ana", "bo"
STRIDE = 16
"""Gates that one test takes, one crash each."""
GATES = 896
"""More than an undisturbed life has; the last ones crash nobody."""


def said(mind: str, content: str, **fields: object) -> Percept:
    return Percept(mind=mind, content=content, **fields)  # type: ignore[arg-type]


def causes(target: str) -> Relation:
    return Relation(type=AssociationType.CAUSES, target=target)


def fixed_life() -> list[Lived]:
    """Thirty entries with everything in them that the engine tells apart."""
    keys = {name: memory_id(ANA, name) for name in ("tea", "pot", "boat", "late")}
    messages: list[Message] = [
        said(ANA, "garden green tea in the morning.", key="tea"),
        said(BO, "harbour the boat is blue, is it?", key="boat", actor="clara"),
        said(ANA, "garden the blue pot stands outside.", key="pot", context={"place": "garden"}),
        said(ANA, "garden green tea in the morning."),
        said(ANA, "garden green tea, again by key.", key="tea"),
        said(BO, "harbour sails are white.", actor="dan", relations=[causes("boat")]),
        said(ANA, "engine oil on the floor.", context={"place": "garage"}),
        Mark(mind=BO, boundary=BoundaryMark.END, label="at the harbour"),
        said(BO, "kitchen soup is on.", valence=0.9, arousal=0.9),
        said(ANA, "  "),
        said(ANA, f"{UNEMBEDDABLE} noise"),
        Forget(mind=ANA, memory_ids=[keys["pot"], keys["late"]]),
        said(ANA, "engine the belt is new.", key="belt"),
        said(ANA, "garden the blue pot stands outside.", key="pot"),
        said(ANA, "garden the blue pot stands outside.", key="new pot"),
        said(BO, "kitchen soup is on."),
        Mark(mind=ANA, boundary=BoundaryMark.BEGIN, label="lessons"),
        said(ANA, "violin when is the first lesson?", key="late", actor="clara"),
        said(ANA, "violin second lesson."),
        Forget(mind=ANA, memory_ids=[keys["late"], keys["tea"]]),
        Forget(mind=BO, memory_ids=[memory_id(BO, "boat"), keys["tea"]]),
        said(BO, "kitchen plates.", boundary=BoundaryMark.BEGIN, boundary_label="dishes"),
        said(BO, "kitchen cups.", boundary=BoundaryMark.END),
        said(BO, "harbour at night.", subject="harbour"),
        said(ANA, "violin third lesson.", data={"bow": "new"}),
        said(ANA, "violin second lesson."),
        Mark(mind=ANA, boundary=BoundaryMark.END),
        said(BO, "harbour fog.", key="fog"),
        said(BO, "harbour fog.", key="fog"),
        Rebuild(mind=BO),
        Rebuild(mind=ANA),
        said(BO, "harbour who rings the bell?", actor="clara"),
    ]
    life = [Lived(f"{STARTS_MS + 2_000 * i}-0", _mind(m), m) for i, m in enumerate(messages)]
    return [*life[:10], Lived(f"{STARTS_MS + 19_000}-0", BO, None, "not a message"), *life[10:]]


def _mind(message: Message) -> str:
    assert isinstance(message, Percept | Mark | Forget | Rebuild)
    return message.mind


@lru_cache(maxsize=1)
def undisturbed() -> tuple[World, Account]:
    world = lived(fixed_life())
    return world, account(world)


def test_the_life_has_fewer_awaits_than_are_tried() -> None:
    world, kept = undisturbed()
    assert world.processes == 1
    assert world.gates.passed < GATES
    assert [mind.lifetime.memories for mind in kept.minds.values()] == [8, 8]
    assert [mind.lifetime.repeats for mind in kept.minds.values()] == [3, 2]
    assert [mind.lifetime.forgotten for mind in kept.minds.values()] == [3, 1]
    assert len(kept.dead) == 3


@pytest.mark.parametrize("first", range(1, GATES, STRIDE))
def test_a_crash_at_any_await_changes_nothing(first: int) -> None:
    world, expected = undisturbed()
    for gate in range(first, min(first + STRIDE, world.gates.passed + 1)):
        crashed = lived(fixed_life(), plan=at({gate: Fault.CRASH}))
        assert crashed.processes == 2
        found = list(differences(expected, account(crashed)))
        assert not found, f"crash at {gate}: " + "\n".join(found[:10])


@pytest.mark.nightly
@pytest.mark.parametrize("fault", [Fault.AMNESIA, Fault.FAILS, Fault.SLOW, Fault.CLOCK, Fault.AGAIN])
@pytest.mark.parametrize("first", range(1, GATES, STRIDE))
def test_any_fault_at_any_await_changes_nothing(first: int, fault: Fault) -> None:
    world, expected = undisturbed()
    for gate in range(first, min(first + STRIDE, world.gates.passed + 1)):
        found = list(differences(expected, account(lived(fixed_life(), plan=at({gate: fault})))))
        assert not found, f"{fault} at {gate}: " + "\n".join(found[:10])


@pytest.mark.nightly
@pytest.mark.parametrize("first", range(1, GATES, STRIDE))
def test_a_second_crash_while_the_first_is_healed_changes_nothing(first: int) -> None:
    world, expected = undisturbed()
    for gate in range(first, min(first + STRIDE, world.gates.passed + 1)):
        for later in (gate + 3, gate + 31, gate + 47, gate + 60, gate + 75):
            plan = at({gate: Fault.CRASH, later: Fault.AMNESIA})
            found = list(differences(expected, account(lived(fixed_life(), plan=plan))))
            assert not found, f"crash at {gate}, then at {later}: " + "\n".join(found[:10])
