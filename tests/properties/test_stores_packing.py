"""Law of packing: packed or not, a payload that is written and patched reads the same."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cognition.stores.packing import pack, pack_patch, selected, unpack

names = st.sampled_from(["a", "b", "c", "d"])
values = (
    st.none() | st.integers(-9, 9) | st.text(max_size=3) | st.lists(st.none() | st.booleans(), max_size=2)
)
maps = st.dictionaries(names, values, max_size=4)


def patched(payload: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """What an engine does with a patch: fields set to None are removed."""
    merged = {**payload, **patch}
    return {k: v for k, v in merged.items() if k not in patch or v is not None}


@given(maps, st.lists(maps, max_size=3), st.frozensets(names), st.booleans())
def test_packing_changes_nothing_that_is_read(
    payload: dict[str, Any], patches: list[dict[str, Any]], opaque: frozenset[str], packed: bool
) -> None:
    """Of a point that was written field by field as of one that was packed."""
    plain, stored = payload, pack(payload, opaque) if packed else payload
    for patch in patches:
        plain, stored = patched(plain, patch), patched(stored, pack_patch(patch, opaque))
    assert unpack(stored) == plain
    for name in names_of(plain):
        chosen = {k: v for k, v in stored.items() if k in selected([name], opaque)}
        assert unpack(chosen).get(name) == plain[name]


@given(st.sampled_from(["{oops", "[1]", "", "7", 7, None, [1]]))
def test_a_text_that_a_hand_has_spoiled_hides_nothing_else(spoiled: Any) -> None:
    stored = {**pack({"a": 1, "b": 2, "c": 3}, {"a", "b"}), **pack_patch({"b": 4}, {"a", "b"})}
    assert unpack({**stored, "_": spoiled}) == {"b": 4, "c": 3}
    left = unpack({**stored, "__b": spoiled})
    assert (left.pop("a"), left.pop("c")) == (1, 3)
    assert left in ({}, {"b": [1]}, {"b": 7})


def names_of(payload: dict[str, Any]) -> list[str]:
    return sorted(payload)
