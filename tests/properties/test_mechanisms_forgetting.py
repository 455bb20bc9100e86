"""Laws of forgetting: time takes, use gives, and how often anybody looks changes nothing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cognition.mechanisms.retrievability import (
    STABILITY_MAX_S,
    retrievability,
    stability_after,
)

DAY = 86_400.0
SPAN = st.floats(0.0, 40 * 365 * DAY)
STABILITY = st.floats(60.0, STABILITY_MAX_S)
UNIT = st.floats(0.0, 1.0)


@given(SPAN, SPAN, STABILITY)
def test_retrievability_falls_with_time_within_its_bounds(one: float, other: float, stability: float) -> None:
    early, late = sorted((one, other))
    assert 0.0 < retrievability(late, stability) <= retrievability(early, stability) <= 1.0


@given(SPAN, STABILITY, STABILITY)
def test_what_is_more_stable_is_never_less_retrievable(span: float, one: float, other: float) -> None:
    less, more = sorted((one, other))
    assert retrievability(span, less) <= retrievability(span, more)


@given(STABILITY, SPAN, SPAN, UNIT, UNIT, UNIT, SPAN)
def test_use_never_makes_a_memory_less_retrievable(
    stability: float, gap: float, delay: float, arousal: float, strength: float, share: float, more: float
) -> None:
    """After a use it is at least as retrievable as it would be without, at any time thereafter."""
    after = stability_after(stability, gap, arousal=arousal, strength=strength, share=share)
    assert stability <= after <= STABILITY_MAX_S
    assert retrievability(delay, after) >= retrievability(gap + delay, stability)
    assert stability_after(stability, gap + more, arousal=arousal, strength=strength, share=share) >= after


@given(STABILITY, SPAN, UNIT, UNIT, UNIT, UNIT)
def test_feeling_and_consolidation_only_help(
    stability: float, gap: float, calm: float, moved: float, weak: float, strong: float
) -> None:
    (calm, moved), (weak, strong) = sorted((calm, moved)), sorted((weak, strong))
    least = stability_after(stability, gap, arousal=calm, strength=weak)
    assert least <= stability_after(stability, gap, arousal=moved, strength=weak)
    assert least <= stability_after(stability, gap, arousal=calm, strength=strong)
