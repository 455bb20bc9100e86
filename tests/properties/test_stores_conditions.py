"""Laws of conditions: they are a Boolean algebra, and a cue's filters only ever narrow."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cognition.ports.stores import Scope
from cognition.stores import payloads
from cognition.stores.backend import Both, Condition, Either, Match, MatchAny, Not
from cognition.stores.conditions import matches, of_scope
from schemas.cue import CueFilter, Mood
from schemas.memory import Memory
from schemas.percept import MemoryKind
from tests.congruence import generated as g

bodies = st.tuples(g.payloads, g.conditions, g.conditions)


@given(bodies)
def test_conditions_are_a_boolean_algebra(drawn: tuple[dict[str, Any], Condition, Condition]) -> None:
    payload, a, b = drawn

    def holds(condition: Condition) -> bool:
        return matches(payload, condition, "1")

    assert holds(Not(Not(a))) == holds(a)
    assert holds(Not(Both((a, b)))) == holds(Either((Not(a), Not(b))))
    assert holds(Not(Either((a, b)))) == holds(Both((Not(a), Not(b))))
    assert holds(Both((a, b))) == (holds(a) and holds(b))
    assert holds(Both(())) is True
    assert holds(Either(())) is False


@given(g.payloads, g.texts, st.lists(g.words, max_size=3))
def test_any_of_several_is_either_of_each(payload: dict[str, Any], key: str, values: list[str]) -> None:
    each = Either(tuple(Match(key, value) for value in values))
    assert matches(payload, MatchAny(key, tuple(values))) == matches(payload, each)


labels = st.sampled_from(["ana", "bo", ""])
units = st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0])
memories = st.builds(
    Memory,
    id=st.just("i"),
    mind=st.just("m"),
    key=st.just("k"),
    entry=st.just("0-0"),
    content=st.just("c"),
    kind=st.sampled_from(MemoryKind),
    actor=labels,
    source=labels,
    session=st.none() | labels,
    context=st.dictionaries(g.names, g.words, max_size=2),
    metadata=st.dictionaries(g.names, g.words | st.booleans() | g.whole, max_size=2),
    valence=units,
    arousal=units,
    occurred_at=g.moments,
)
filters: dict[str, st.SearchStrategy[Any]] = {
    "occurred_from": g.moments,
    "occurred_to": g.moments,
    "kinds": st.lists(st.sampled_from(MemoryKind), max_size=2),
    "actors": st.lists(labels, max_size=2),
    "sources": st.lists(labels, max_size=2),
    "session": labels,
    "context": st.dictionaries(g.names, g.words, max_size=1),
    "metadata": st.dictionaries(g.names, g.words | st.booleans() | g.whole, max_size=1),
    "mood": st.builds(Mood, valence=units, arousal=units, radius=st.sampled_from([0.1, 0.25, 0.5])),
}


def satisfied(memory: Memory, cue: CueFilter) -> bool:
    """What the filter says, read off the memory itself."""
    moment = memory.occurred_at
    return all(
        (
            cue.occurred_from is None or moment >= cue.occurred_from,  # type: ignore[operator]
            cue.occurred_to is None or moment <= cue.occurred_to,  # type: ignore[operator]
            not cue.kinds or memory.kind in cue.kinds,
            not cue.actors or memory.actor in cue.actors,
            not cue.sources or memory.source in cue.sources,
            cue.session is None or memory.session == cue.session,
            all(memory.context.get(k) == v for k, v in cue.context.items()),
            all(
                type(memory.metadata.get(k)) is type(v) and memory.metadata[k] == v
                for k, v in cue.metadata.items()
            ),
        )
    )


@given(memories, st.fixed_dictionaries({}, optional=filters))
def test_a_pushed_down_filter_says_what_the_cue_says(memory: Memory, chosen: dict[str, Any]) -> None:
    cue, payload = CueFilter(**chosen), payloads.encode(memory)
    pushed = matches(payload, Both(tuple(of_scope(Scope(cue)))))
    if cue.mood is None:
        assert pushed == satisfied(memory, cue)
    else:
        assert pushed or not (
            satisfied(memory, cue) and cue.mood.holds(payload["valence"], payload["arousal"])
        ), "the box holds the disc"
        assert satisfied(memory, cue) or not pushed
