"""Laws of the times that a cue names: any text is read or let be, and nearness falls with days."""

from __future__ import annotations

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from cognition.dating import DateParser
from cognition.mechanisms.asking import heard
from cognition.mechanisms.dates import DAY_S, SPANS_MAX, Span, hinted, named, time_match, window
from cognition.mechanisms.languages import LANGUAGES

READ = DateParser().read
MOMENTS = st.floats(0.0, 4e9)
LANGUAGE = st.sampled_from(sorted(LANGUAGES))
WORDS = """in last since between and from to vor seit am letzten hace el la entre y il a le dernier 3 31 12 0
2023 1999 May March mai mayo mars Monday lunes lundi Montag weeks Wochen semanas semaines ago pasada week year
2023-02-30 2023年 5月 先週 weekend today ? , . - – ("""
SAID = st.lists(st.sampled_from(WORDS.split()), max_size=9).map(" ".join)
SPAN = st.builds(
    lambda start, days, bound: Span(start, start + days * DAY_S, bound),
    st.floats(-1e10, 1e10),
    st.floats(0.0, 400.0),
    st.sampled_from([None, "before", "after", "since", "until"]),
)


@settings(max_examples=200)
@given(SAID | st.text(max_size=60), LANGUAGE, MOMENTS)
def test_any_text_is_read_or_let_be(text: str, name: str, at: float) -> None:
    language = LANGUAGES[name]
    spans = named(text, language, at, READ)
    assert len(spans) <= SPANS_MAX
    for span in spans:
        assert math.isfinite(span.start)
        assert span.start < span.end
    if spans:
        assert hinted(text, heard(text, language).words, language.calendar)


@given(st.lists(SPAN, min_size=1, max_size=4), st.floats(-1e10, 1e10))
def test_what_a_span_allows_lies_in_the_window(spans: list[Span], at: float) -> None:
    low, high = window(spans)
    for span in spans:
        allowed = {
            "before": at < span.start,
            "until": at < span.end,
            "since": at >= span.start,
            "after": at >= span.end,
        }.get(span.bound or "", span.start <= at < span.end)
        if allowed:
            assert low is None or low <= at
            assert high is None or at <= high


@given(SPAN, st.floats(0.0, 300.0), st.floats(0.0, 300.0))
def test_nearness_is_one_inside_and_falls_with_days_twice_as_fast_before(
    span: Span, near: float, far: float
) -> None:
    assert time_match((span.start + span.end) / 2, [span]) == 1.0
    near, far = sorted((near, far))
    after = [time_match(span.end + days * DAY_S, [span]) for days in (near, far)]
    before = [time_match(span.start - days * DAY_S, [span]) for days in (near, far)]
    assert 0.0 <= after[1] <= after[0] <= 1.0
    assert 0.0 <= before[1] <= before[0] <= 1.0
    assert math.isclose(before[0], after[0] ** 2, rel_tol=1e-6, abs_tol=1e-12)
