"""What speed is measured with: lifelike, bounded, the same under its seed."""

import io

import numpy as np
import pytest

from benchmarks.progress import Progress
from benchmarks.timing import segmenting
from benchmarks.timing.figures import figure, figure_table, percentile
from benchmarks.timing.materials import Materials


def test_materials_repeat_under_their_seed_and_go_on() -> None:
    one, other = Materials(3, minds=4), Materials(3, minds=4)
    first = one.percepts(20)
    assert first == other.percepts(20)
    following = one.percepts(5)
    assert [p.key for p in following] == [f"percept-{n}" for n in range(20, 25)]
    assert not {p.content for p in first} & {p.content for p in following}
    assert len({p.mind for p in first}) == 4


def test_vectors_are_of_unit_length_and_cluster() -> None:
    rows = Materials(1, minds=1).vectors(3_000)
    assert np.allclose(np.linalg.norm(rows, axis=1), 1.0, atol=1e-5)
    cosines = rows[:50] @ rows[50:].T
    assert 0.4 < np.median(cosines.max(axis=1)) < 0.8
    assert abs(float(np.median(cosines))) < 0.05


def test_percepts_without_vectors_have_text_alone() -> None:
    assert all(p.vector is None and p.content for p in Materials(1, minds=2).percepts(5, with_vectors=False))


def test_a_figure_is_held_against_its_bare_part() -> None:
    row = figure("ingest", 800.0, 1_000.0, "memories/s", "upsert")
    assert (row["ratio"], row["ours"], row["bare"], row["unit"]) == (0.8, 800.0, 1000.0, "memories/s")
    assert figure("x", 1.0, 0.0, "s", "nothing")["ratio"] is None
    assert "0.800" in figure_table([row])
    assert percentile([1.0, 2.0, 3.0], 50) == 2.0


def test_progress_off_a_terminal_is_a_line_a_tenth() -> None:
    out = io.StringIO()
    progress = Progress("percepts", 1_000, out)
    for _ in range(1_000):
        progress.step()
    lines = out.getvalue().splitlines()
    assert len(lines) == 10
    assert lines[-1].startswith("percepts: 1,000/1,000 (100%)")


@pytest.mark.slow
async def test_cutting_into_episodes_is_timed_with_and_without_lessons() -> None:
    rows = {row["name"]: row for row in await segmenting.segmentation(1_100, seed=3)}
    assert {"segmenter_p99", "encoding_p99", "encoding_worst_solves_in_the_way"} <= rows.keys()
    worst, beside = rows["encoding_worst_solves_in_the_way"], rows["encoding_p99"]
    assert worst["ours"] > beside["ours"] > 0.0
    assert rows["lesson_beside_worst"]["ours"] > 0.0
