"""What a person is told of how episodes are cut: every figure has its meaning."""

from cognition.commands.minds import held
from cognition.commands.segmenting import MEANINGS, told
from cognition.mechanisms.prediction import SIZE_MAX
from cognition.mechanisms.segmentation import Segmenter
from tests.unit.mechanisms.test_segmentation import BOTH


def test_every_figure_is_explained_and_nothing_else_is() -> None:
    figures = Segmenter(BOTH).figures()
    assert figures.keys() == MEANINGS.keys()
    lines = told(figures)
    assert len(lines) == len(figures)
    assert all(MEANINGS[name] in line and name in line for name, line in zip(figures, lines, strict=True))


def test_n_d_and_b_are_named() -> None:
    said = "\n".join(told(Segmenter(BOTH).figures()))
    assert all(word in said for word in ("n: percepts", "d: directions", "b = n / (n + 1000)"))


def test_what_is_held_for_it_is_told_with_its_bound() -> None:
    said = held(Segmenter(BOTH).figures())
    assert f"at most {SIZE_MAX:,}" in said
    assert "profile conversation" in said
