"""A path is told in the order in which it is gone."""

from cognition.commands.learning import walked
from schemas.association import AssociationType
from schemas.learning import Neighbour


def step(source: str, target: str) -> Neighbour:
    return Neighbour(
        source=source,
        target=target,
        weight=0.5,
        type=AssociationType.TEMPORAL,
        age_s=0.0,
        preview=f"of {target}",
    )


def ends(steps: list[Neighbour], start: str) -> list[str]:
    return [" ".join(line.split()[:3]) for line in walked(steps, start)]


def test_what_is_gone_backwards_points_back() -> None:
    steps = [step("a", "b"), step("c", "b"), step("c", "d")]
    assert ends(steps, "a") == ["a -> b", "b <- c", "c -> d"]
    assert ends([step("b", "a"), step("b", "c")], "key of a") == ["a <- b", "b -> c"]
    assert ends([step("a", "b")], "key of a") == ["a -> b"]


def test_a_preview_is_of_what_one_comes_to() -> None:
    there, back = walked([step("a", "b"), step("c", "b")], "a")
    assert there.endswith("of b")
    assert "of b" not in back
