"""What cannot be stored is refused by name."""

import pytest

from cognition.errors import BadPerceptError, StoreRefusedError
from cognition.stores import payloads, times
from schemas.memory import Memory


def memory(**fields: object) -> Memory:
    return Memory(id="i", mind="m", key="k", entry="0-0", **{"content": "c", **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize("moment", [float("nan"), float("inf"), 1e15, -1e15])
def test_a_moment_that_no_calendar_has_is_refused(moment: float) -> None:
    with pytest.raises(BadPerceptError, match=r"Memory\.occurred_at: .* years 1 and 9999"):
        payloads.encode(memory(occurred_at=moment))


@pytest.mark.parametrize("value", [float("nan"), 2**64, b"bytes", {1: 2}])
def test_metadata_that_is_not_json_is_refused(value: object) -> None:
    with pytest.raises(BadPerceptError, match=r"metadata\.a"):
        payloads.encode(memory(metadata={"a": value}))


def test_text_that_is_not_unicode_is_refused() -> None:
    with pytest.raises(BadPerceptError, match="not Unicode"):
        payloads.encode(memory(content="half a \ud83d pair"))


def test_control_characters_are_text_like_any_other() -> None:
    odd = memory(content="a\x00b\x1f\u2028")
    assert payloads.decode(Memory, "i", payloads.encode(odd)) == odd


def test_fields_of_a_newer_version_are_skipped() -> None:
    payload = {**payloads.encode(memory()), "invented_later": [1]}
    assert payloads.decode(Memory, "i", payload) == memory()


@pytest.mark.parametrize("name", ["id", "mind", "epoch", "no_such_field"])
def test_a_patch_sets_fields_and_never_keys(name: str) -> None:
    with pytest.raises(StoreRefusedError, match=name):
        payloads.encode_patch(Memory, {name: "x"})


def test_a_patch_writes_moments_as_they_are_stored() -> None:
    assert payloads.encode_patch(Memory, {"last_replayed": 0.5, "superseded_by": None}) == {
        "last_replayed": "1970-01-01T00:00:00.500000Z",
        "superseded_by": None,
    }


def test_a_time_without_zone_is_utc() -> None:
    assert times.from_text("1970-01-01T00:00:10") == 10.0
    assert times.from_text("1970-01-01T02:00:10+02:00") == 10.0


def test_a_bound_that_is_not_a_number_is_refused() -> None:
    assert times.clamped(float("-inf")) == times.EARLIEST
    with pytest.raises(ValueError, match="not a number"):
        times.clamped(float("nan"))
