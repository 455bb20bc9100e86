"""The self: born once, revised only by appending, verifiable."""

import math
from typing import Any

import pytest

from cognition.mechanisms import laws
from cognition.mechanisms.identity import CONNECTION_MIN, REVISIONS_MAX, born, revise, verify
from cognition.mechanisms.laws import DEFAULT_LAWS, canonical, laws_hash
from schemas.identity import ConnectionDrive, Identity, Law, Revision


def changed(value: Any, **fields: Any) -> Any:
    """A copy as a tamperer would make it."""
    return type(value)(**{**{f: getattr(value, f) for f in value.__struct_fields__}, **fields})


@pytest.fixture
def ana() -> Identity:
    return revise(revise(born("ana", 10.0), 20.0, "first sleep"), 30.0, "milestone")


def test_a_mind_is_born_whole() -> None:
    ana = born("ana", 10.0, name="Ana")
    assert (ana.mind, ana.name, ana.born_at, ana.laws) == ("ana", "Ana", 10.0, list(DEFAULT_LAWS))
    assert [r.event for r in ana.revisions] == ["born"]
    assert verify(ana, DEFAULT_LAWS) == []


def test_revisions_chain(ana: Identity) -> None:
    assert [r.number for r in ana.revisions] == [1, 2, 3]
    assert ana.revisions[2].previous_hash == ana.revisions[1].hash
    assert verify(ana, DEFAULT_LAWS) == []


def test_a_changed_law_is_named(ana: Identity) -> None:
    forged = [changed(ana.laws[0], text="All minds share."), *ana.laws[1:]]
    problems = verify(changed(ana, laws=forged), DEFAULT_LAWS)
    assert problems[0] == "law 'solitude' was changed to 'All minds share.'"
    assert "do not match their hash" in problems[1]


def test_a_law_changed_with_its_hash_still_breaks_the_history(ana: Identity) -> None:
    forged = [changed(ana.laws[0], text="All minds share."), *ana.laws[1:]]
    tampered = changed(ana, laws=forged, laws_hash=laws_hash(forged))
    assert verify(tampered) == ["revision 1 does not match its hash or the one before it"]


def test_missing_and_added_laws_are_named(ana: Identity) -> None:
    forged = [*ana.laws[1:], Law(name="greed", text="More.")]
    problems = verify(changed(ana, laws=forged), DEFAULT_LAWS)
    assert problems[:2] == ["law 'solitude' is missing", "law 'greed' was added"]


@pytest.mark.parametrize("field", ["at", "event", "hash", "previous_hash", "number"])
def test_a_forged_revision_is_named(ana: Identity, field: str) -> None:
    false = {"at": 21.0, "event": "nothing", "hash": "f" * 64, "previous_hash": "f" * 64, "number": 9}
    revisions: list[Revision] = list(ana.revisions)
    revisions[1] = changed(revisions[1], **{field: false[field]})
    assert verify(changed(ana, revisions=revisions)) == [
        "revision 2 does not match its hash or the one before it"
    ]


def test_removed_revisions_are_noticed(ana: Identity) -> None:
    first, _, third = ana.revisions
    assert verify(changed(ana, revisions=[first, third])) == [
        "revision 2 does not match its hash or the one before it"
    ]
    assert verify(changed(ana, revisions=[third])) == ["the history before revision 3 is missing"]
    assert verify(changed(ana, revisions=[])) == ["the history is empty; not even a birth is recorded"]


def test_a_history_of_another_mind_does_not_fit(ana: Identity) -> None:
    problems = verify(changed(ana, mind="bob"))
    assert problems[0].endswith("is not that of mind 'bob'")
    assert problems[1].startswith("revision 1")


def test_a_long_history_keeps_its_end() -> None:
    ana = born("ana", 0.0)
    for number in range(REVISIONS_MAX + 10):
        ana = revise(ana, float(number), f"step {number}")
    assert len(ana.revisions) == REVISIONS_MAX
    assert ana.revisions[-1].number == REVISIONS_MAX + 11
    assert verify(ana, DEFAULT_LAWS) == []


@pytest.mark.parametrize("at", [1795072154.0032341, 1795049581.2241383, 1795085994.6528795, 0.0005])
def test_a_store_that_changes_the_last_bit_of_a_time_is_not_taken_for_tampering(at: float) -> None:
    ana = born("ana", at)
    for direction in (-math.inf, math.inf):
        shifted = [changed(r, at=math.nextafter(r.at, direction)) for r in ana.revisions]
        assert verify(changed(ana, revisions=shifted)) == []
    earlier = [changed(r, at=r.at - 0.001) for r in ana.revisions]
    assert verify(changed(ana, revisions=earlier)) != []


def test_the_drive_to_connect_has_a_floor(ana: Identity) -> None:
    lifted = revise(ana, 40.0, "hurt", connection_drive=ConnectionDrive(level=0.0))
    assert lifted.connection_drive.level == CONNECTION_MIN
    sunk = changed(ana, connection_drive=ConnectionDrive(level=0.0))
    assert verify(sunk) == ["the drive to connect is 0, below 0.001"]


def test_laws_are_for_life(ana: Identity) -> None:
    with pytest.raises(ValueError, match="for life"):
        revise(ana, 40.0, "reform", laws=[])


def test_the_hash_of_the_laws_depends_on_what_they_say_alone() -> None:
    assert laws_hash(reversed(DEFAULT_LAWS)) == laws_hash(DEFAULT_LAWS)
    assert laws_hash([Law(name="café", text="x")]) == laws_hash([Law(name="cafe\u0301", text="x")])
    assert canonical([Law(name="ab", text="c")]) != canonical([Law(name="a", text="bc")])
    assert laws.differences(DEFAULT_LAWS, DEFAULT_LAWS) == []


def test_the_default_laws_are_those_that_minds_were_born_with() -> None:
    """Changing a default law stops every mind born with it: do it with a migration, then here."""
    assert laws_hash(DEFAULT_LAWS).startswith("8bd30fb6e49fb812")
