"""Laws of what is stored: it comes back as it was, whatever it was."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cognition.stores import edge_wire as wire
from cognition.stores import payloads, times
from cognition.stores.backend import Condition, Hit, Point, Query, Sparse, WriteMode
from schemas.association import Association, AssociationType
from schemas.episode import BoundaryType, EmotionalSummary, Episode, Pause
from schemas.identity import ConnectionDrive, Identity, Law, Lifetime, Revision, SelfModel
from schemas.memory import Memory, Tombstone
from schemas.percept import ContentType, MemoryKind
from tests.congruence import generated as g

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
moments = st.integers(-62_135_596_800 * 10**6, 253_402_300_799 * 10**6).map(lambda n: n / 1e6)
rounded = moments.map(lambda t: times.from_text(times.to_text(t)))
numbers = st.floats(allow_nan=False, allow_infinity=False)
units = st.floats(0.0, 1.0)
counts = st.integers(0, 2**53)
json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | numbers | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
maps = st.dictionaries(texts, json, max_size=3)
associations = st.builds(
    Association,
    target_id=st.uuids().map(str),
    weight=units,
    type=st.sampled_from(AssociationType),
    last_coactivated=numbers,
    coactivation_count=counts,
)
memories = st.builds(
    Memory,
    id=texts,
    mind=texts,
    key=texts,
    entry=texts,
    content=texts,
    data=st.none() | maps,
    kind=st.sampled_from(MemoryKind),
    content_type=st.sampled_from(ContentType),
    context=st.dictionaries(texts, texts, max_size=3),
    metadata=maps,
    session=st.none() | texts,
    valence=numbers,
    position=counts,
    occurred_at=rounded,
    encoded_at=rounded,
    last_accessed=rounded,
    last_replayed=st.none() | rounded,
    consolidation_tag=st.booleans(),
    associations=st.lists(associations, max_size=3),
    derived_from=st.lists(texts, max_size=3),
    superseded_by=st.none() | texts,
    epoch=counts,
)
episodes = st.builds(
    Episode,
    id=texts,
    mind=texts,
    label=texts,
    started_at=rounded,
    ended_at=st.none() | rounded,
    boundary_type=st.none() | st.sampled_from(BoundaryType),
    emotional_summary=st.builds(EmotionalSummary, peak_valence=numbers, dominant_emotion=texts),
    consolidated_at=st.none() | rounded,
    attributes=maps,
    pauses=st.lists(st.builds(Pause, started_at=numbers, ended_at=st.none() | numbers), max_size=2),
)
identities = st.builds(
    Identity,
    id=texts,
    mind=texts,
    born_at=rounded,
    self_model=st.builds(SelfModel, traits=st.dictionaries(texts, numbers, max_size=2)),
    connection_drive=st.builds(ConnectionDrive, level=numbers, last_event=st.none() | numbers),
    laws=st.lists(st.builds(Law, name=texts, text=texts), max_size=2),
    revisions=st.lists(
        st.builds(Revision, number=counts, at=numbers, event=texts, previous_hash=texts, hash=texts),
        max_size=2,
    ),
    lifetime=st.builds(Lifetime, percepts=counts),
    first_percept_at=st.none() | rounded,
    last_sleep_at=st.none() | rounded,
)
tombstones = st.builds(Tombstone, id=texts, mind=texts, forgotten_at=rounded, entry=texts, reason=texts)


@given(st.one_of(memories, episodes, identities, tombstones))
def test_what_is_encoded_decodes_to_itself(value: Any) -> None:
    payload = payloads.encode(value)
    assert payloads.decode(type(value), value.id, payload) == value
    assert None not in payload.values()
    assert "id" not in payload


@given(st.one_of(memories, episodes, identities))
def test_a_patch_of_every_field_is_the_whole(value: Any) -> None:
    fields = [n for n in value.__struct_fields__ if n not in ("id", "mind", "epoch")]
    patch = payloads.encode_patch(type(value), {name: getattr(value, name) for name in fields})
    whole = {"mind": value.mind, **({"epoch": value.epoch} if hasattr(value, "epoch") else {}), **patch}
    assert payloads.decode(type(value), value.id, whole) == value


@given(moments)
def test_a_moment_keeps_its_microseconds(moment: float) -> None:
    text = times.to_text(moment)
    assert text.endswith("Z")
    assert times.to_text(times.from_text(text)) == text
    assert abs(times.from_text(text) - moment) <= max(1e-6, abs(moment) * 2**-52)


@given(moments, moments)
def test_text_keeps_the_order_of_moments(one: float, other: float) -> None:
    first, last = sorted((one, other))
    assert times.microseconds(times.to_text(first)) <= times.microseconds(times.to_text(last))


# --- on the wire to the host --------------------------------------------------------------------


def same_vectors(ours: Any, theirs: Any) -> bool:
    def plain(vector: Any) -> Any:
        if isinstance(vector, Sparse):
            return [vector.indices.tolist(), vector.values.tolist()]
        return vector.tolist()

    return {n: plain(v) for n, v in ours.items()} == {n: plain(v) for n, v in theirs.items()}


@given(g.points, g.conditions)
def test_points_and_conditions_travel_unchanged(bodies: Any, condition: Condition) -> None:
    points = g.placed("m", bodies)
    sent = wire.Upsert("c", [wire.point_out(p) for p in points], WriteMode.UPDATE_ONLY, condition)
    number, got = wire.request_of(wire.frame(7, sent)[wire.HEADER_BYTES :])
    assert number == 7
    assert isinstance(got, wire.Upsert)
    assert got.condition == condition
    assert got.mode is WriteMode.UPDATE_ONLY
    for before, after in zip(points, map(wire.point_in, got.points), strict=True):
        assert (after.id, after.payload) == (before.id, before.payload)
        assert same_vectors(after.vectors, before.vectors)


@given(g.queries())
def test_a_query_travels_unchanged(query: Query) -> None:
    sent = wire.frame(1, wire.Queries("c", [wire.query_out(query)]))
    _, got = wire.request_of(sent[wire.HEADER_BYTES :])
    assert isinstance(got, wire.Queries)
    after = wire.query_in(got.queries[0])
    assert same_vectors({"q": after.vector}, {"q": query.vector})
    assert (after.using, after.limit, after.condition, after.exact) == (
        query.using,
        query.limit,
        query.condition,
        query.exact,
    )


@given(g.points, st.booleans())
def test_a_hit_travels_unchanged(bodies: Any, vectors: bool) -> None:
    def hit(point: Point) -> Hit:
        return Hit(point.id, 0.5, point.payload, point.vectors if vectors else None)

    hits = [hit(p) for p in g.placed("m", bodies)]
    sent = wire.frame(3, wire.Hits([wire.hit_out(h) for h in hits], "next"))
    _, got = wire.reply_of(sent[wire.HEADER_BYTES :])
    assert isinstance(got, wire.Hits)
    assert got.next_offset == "next"
    for before, after in zip(hits, wire.hits_in(got.hits), strict=True):
        assert (after.id, after.score, after.payload) == (before.id, before.score, before.payload)
        assert (after.vectors is None) == (before.vectors is None)
        assert same_vectors(after.vectors or {}, before.vectors or {})
