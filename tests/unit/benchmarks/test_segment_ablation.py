"""What a part of segmentation is worth, paired over dialogues or over blocks of one recording."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pytest

from benchmarks.data import Dataset, Sensed
from benchmarks.segment import recording, settings_of
from benchmarks.segment_ablation import BLOCK, Pairs, differences, figures, markdown, units, worthless
from benchmarks.segmenting import PARTS, End, Told, idle, settings_without
from schemas.percept import Percept

SEED = 1


def dialogues(count: int, *, hit: bool) -> Pairs:
    """Dialogues of twelve percepts with a boundary in the middle, found or not."""
    gold = np.zeros(11, dtype=np.bool_)
    gold[5] = True
    return [(gold, gold if hit else np.zeros_like(gold)) for _ in range(count)]


def said(*fields: dict[str, object]) -> list[Sensed]:
    return [Sensed(Percept(mind="m", content="x", **f), False) for f in fields]  # type: ignore[arg-type]


def test_a_dialogue_is_a_unit_and_a_film_is_cut_into_blocks() -> None:
    assert len(units(dialogues(12, hit=True))) == 12
    film = np.zeros(1_000, dtype=np.bool_)
    film[::50] = True
    rows = units([(film, film)])
    assert len(rows) == -(-(1_000 - 25 + 1) // BLOCK)
    assert figures(rows) == {"Pk": 0.0, "WindowDiff": 0.0, "F1": 1.0}


def test_what_finds_half_of_the_boundaries_is_worse_beyond_noise() -> None:
    whole, half = dialogues(20, hit=True), dialogues(10, hit=True) + dialogues(10, hit=False)
    found = differences(units(whole), units(half), SEED)
    assert figures(units(half))["F1"] == pytest.approx(2 / 3, abs=1e-4)
    assert found["Pk"][0] > 0.0 < found["Pk"][1]
    assert found["F1"][2] < 0.0
    assert differences(units(whole), units(whole), SEED)["F1"] == [0.0, 0.0, 0.0]


def test_the_table_says_what_is_spare_and_what_was_not_asked() -> None:
    rows = units(dialogues(20, hit=True))
    less = units(dialogues(20, hit=False))
    parts = {
        "learned": {**figures(less), "difference": differences(rows, less, SEED)},
        "cue": {**figures(rows), "difference": differences(rows, rows, SEED)},
    }
    found = {"whole": figures(rows), "parts": parts, "idle": ["gap"], "percepts": 240, "units": 20,
             "settings": ["episodes.late=2"], "sha256": ""}  # fmt: skip
    shown = markdown({"sets": {"made": found}})
    assert "| without learned | " in shown
    assert "(**-1.000**)" in shown
    assert "(+.000)" in shown
    assert "Nothing in this set speaks of gap." in shown
    assert worthless(found) == ["cue"]
    assert "No figure is worse beyond noise without cue." in shown


def test_what_a_set_does_not_speak_of_is_idle() -> None:
    silent = said({}, {})
    assert idle(silent) == {"gap", "place", "task", "people", "source"}
    told = said({"context": {"place": "a"}, "source": "x", "occurred_at": 1.0}, {"source": "y"})
    assert idle(told) == {"task", "people"}


def test_causes_are_left_out_by_one_setting() -> None:
    assert settings_without(["place", "cue", "gap"]) == ["episodes.cue=false", "episodes.without=gap,place"]
    assert all(settings_without([name]) for name in PARTS)
    with pytest.raises(SystemExit, match="--without weather is unknown; there are learned"):
        settings_without(["weather"])


def test_a_film_is_cut_on_the_coarse_scale_unless_another_is_asked_for() -> None:
    options = argparse.Namespace(late=None, scale=None, without="")
    assert settings_of(options, "sherlock-events") == ["episodes.scale=both"]
    assert settings_of(options, "tiage") == ["episodes.scale=fine"]
    chosen = argparse.Namespace(late=4, scale="fine", without="cue")
    assert settings_of(chosen, "sherlock-events") == [
        "episodes.late=4", "episodes.scale=fine", "episodes.cue=false"]  # fmt: skip


def test_a_recording_is_named_by_its_number() -> None:
    sensed = said({"boundary": "begin"}, {}, {}, {"boundary": "begin"}, {})
    assert (recording(sensed, 1), recording(sensed, 2)) == (range(3), range(3, 5))
    with pytest.raises(SystemExit, match="there are 1 to 2"):
        recording(sensed, 3)


@pytest.mark.parametrize("count", [12, 200])
def test_a_recording_is_drawn(tmp_path: Path, count: int) -> None:
    pytest.importorskip("matplotlib")
    from benchmarks.segment_plot import draw

    sensed = [Sensed(Percept(mind="m", content=f"turn ${n}$"), n % 5 == 4) for n in range(count)]
    errors = [None if n == 0 else float(n % 9) for n in range(count)]
    told = Told(["e"] * count, errors, {4: End("prediction_error", 2.0), 7: End("context_shift", 99.0)})
    draw(Dataset(name="made", sensed=sensed), told, range(count), str(tmp_path / "drawn.png"))
    assert (tmp_path / "drawn.png").read_bytes()[:4] == b"\x89PNG"
