"""What a mind knows of the entries that it has folded in, also after it was written down."""

from __future__ import annotations

import msgspec
import pytest

from cognition.engine import usage
from cognition.engine.usage import SavedUsage, Usage


def restored(known: Usage) -> Usage:
    body = msgspec.msgpack.encode(known.saved())
    return Usage.restore(msgspec.msgpack.decode(body, type=SavedUsage))


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage, "FOLDED_KEPT", 3)


def test_an_entry_is_folded_in_passed_by_or_too_old_to_say() -> None:
    known = Usage(through="9-0")
    known.take_in(["1-0", "3-0", "5-1", "9-0"])
    for each in (known, restored(known), known.copy()):
        assert [e for e in ("1-0", "2-0", "3-0", "4-0", "5-0", "5-1", "9-0") if each.passed_by(e)] == [
            "2-0", "4-0", "5-0",
        ]  # fmt: skip
        assert [e for e in ("0-5", "1-0", "1-1", "3-0") if each.too_old(e)] == ["0-5", "1-0"]


def test_a_copy_goes_its_own_way() -> None:
    known = Usage(through="1-0")
    other = known.copy()
    other.take_in(["2-0"])
    assert (known.passed_by("2-0"), other.passed_by("2-0")) == (True, False)


def test_of_a_mind_that_was_written_down_without_them_all_before_counts_as_folded_in() -> None:
    saved = SavedUsage("7-3", 1, Usage().words.snapshot(), [])
    known = Usage.restore(saved)
    assert known.too_old("7-3")
    assert not known.passed_by("5-0")
    assert not known.too_old("7-4")


def test_entries_beyond_all_numbers_are_taken_as_folded_in() -> None:
    known = Usage()
    known.take_in([f"{2**64 - 1}-{2**64 - 1}", "4-0"])
    assert not restored(known).passed_by(f"{2**64 - 1}-5")
    assert restored(known).passed_by("5-0")
