"""What stands in for an unused module is empty, harmless, and gone afterwards."""

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from cognition.embedding.stand_ins import forget, standing_in


@pytest.fixture(autouse=True)
def heavy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A package with a heavy part, and one that uses it at import."""
    (tmp_path / "heavy" / "part").mkdir(parents=True)
    (tmp_path / "heavy" / "__init__.py").touch()
    (tmp_path / "heavy" / "part" / "__init__.py").write_text("class Kind: pass\ndef twice(x): return 2 * x\n")
    (tmp_path / "heavy" / "part" / "deep.py").write_text("ANSWER = 42\n")
    (tmp_path / "user.py").write_text(
        "import heavy.part.deep\nfrom heavy.part import Kind, later, twice\n"
        "@twice\ndef one(): return 1\n"
        "@later(fast=True)\ndef two(): return 2\n"
        "table = {Kind.name: Kind(3)}\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    yield
    forget("heavy", "user")


def test_names_of_a_stand_in_do_nothing_and_nothing_is_one_of_them() -> None:
    with standing_in(["heavy.part"]):
        user = import_module("user")
    assert (user.one(), user.two()) == (1, 2)
    assert list(user.table.values()) == [3]
    assert not isinstance(3, user.Kind)
    assert not issubclass(int, user.Kind)


def test_afterwards_the_real_one_is_imported() -> None:
    with standing_in(["heavy.part"]):
        import_module("user")
        assert not hasattr(sys.modules["heavy.part"], "__all__")
    assert not any(name.startswith("heavy.part") for name in sys.modules)
    assert not hasattr(sys.modules["heavy"], "part")
    assert import_module("heavy.part.deep").ANSWER == 42
    assert import_module("heavy.part").twice(4) == 8


def test_what_is_imported_already_stays() -> None:
    real = import_module("heavy.part")
    with standing_in(["heavy.part"]):
        assert import_module("heavy.part") is real
    assert import_module("heavy.part") is real


def test_a_failure_inside_leaves_nothing_behind() -> None:
    finders = list(sys.meta_path)
    with pytest.raises(ModuleNotFoundError), standing_in(["heavy.part"]):
        import_module("heavy.part.other") and import_module("heavy.absent")
    assert sys.meta_path == finders
    with pytest.raises(ModuleNotFoundError):
        import_module("heavy.part.other")


def test_forgotten_packages_are_imported_anew() -> None:
    first = import_module("heavy.part")
    forget("heavy")
    assert import_module("heavy.part") is not first
