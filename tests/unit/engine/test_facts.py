"""What is kept of memories between cues is bounded and never older than the store."""

from cognition.engine.facts import FactsCache
from cognition.ports.stores import Facts


def facts(*names: str) -> dict[str, Facts]:
    return {name: Facts(actor=name) for name in names}


def test_what_was_added_is_known_until_it_changes() -> None:
    cache = FactsCache(10)
    cache.add("ana", facts("a", "b"), since=cache.changes)
    cache.drop("ana", ["a", "unknown"])
    assert dict(cache.of("ana")) == facts("b")
    cache.forget("ana")
    assert (dict(cache.of("ana")), len(cache)) == ({}, 0)


def test_what_was_read_while_something_changed_is_not_kept() -> None:
    cache = FactsCache(10)
    since = cache.changes
    cache.drop("ana", ["a"])
    cache.add("ana", facts("a"), since=since)
    assert dict(cache.of("ana")) == {}


def test_minds_that_were_asked_longest_ago_go_first() -> None:
    cache = FactsCache(4)
    for mind in ("ana", "ben"):
        cache.add(mind, facts("a", "b"), since=cache.changes)
    assert cache.of("ana")
    cache.add("eve", facts("a"), since=cache.changes)
    assert (dict(cache.of("ben")), len(cache)) == ({}, 3)
    assert dict(cache.of("ana")) == facts("a", "b")


def test_a_mind_larger_than_the_cache_keeps_what_fits() -> None:
    cache = FactsCache(2)
    cache.add("ana", facts("a", "b", "c"), since=cache.changes)
    assert dict(cache.of("ana")) == facts("a", "b")
    assert len(cache) == 2


def test_a_cue_that_found_what_was_not_at_hand_is_remembered_as_long_as_its_mind_is() -> None:
    cache = FactsCache(2)
    assert cache.sufficed("ana") is None
    cache.found("ana", 0)
    assert cache.sufficed("ana") is None, "of minds of which nothing is held nothing is noted"
    for missing in (1, 0):
        cache.add("ana", facts("a"), since=cache.changes)
        cache.found("ana", missing)
        assert cache.sufficed("ana") is (missing == 0)
    cache.add("ben", facts("a", "b"), since=cache.changes)
    assert cache.sufficed("ana") is None
    cache.found("ben", 0)
    cache.forget("ben")
    assert cache.sufficed("ben") is None
