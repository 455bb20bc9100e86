"""What does not go together in `cognition sleep` is refused before anything is opened."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from cognition.cli import main
from cognition.commands.sleeping import page, show_plan
from schemas.sleep import PlannedWork, SleepPlan, SleepReport, SleepStage, SleepWork
from schemas.sleeping import SleepPlanAnswer


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--simulate", "30d", "--cycles", "2"), "Write --set sleep.cycles=2"),
        (("--simulate", "30d", "--plan"), "--simulate and --plan exclude each other"),
        (("--simulate", "30d", "--no-wait"), "--simulate and --no-wait exclude each other"),
        (("--plan", "--cycles", "2"), "--plan is of one cycle"),
        (("--plan", "--no-wait"), "--plan is of one cycle"),
        (("--cycles", "-1"), "--cycles -1 is not within 0 to"),
    ],
)
def test_what_does_not_go_together_is_refused(
    words: tuple[str, ...], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    directory = tmp_path / "data"
    assert main(["sleep", "--mind", "ana", "--data", str(directory), *words]) == 2
    assert said in capsys.readouterr().err
    assert not directory.exists()


def test_a_plan_says_of_how_many_memories_or_episodes_each_piece_is(
    capsys: pytest.CaptureFixture[str],
) -> None:
    works = [
        PlannedWork(work=SleepWork.FORGET, stage=SleepStage.WAKING, memory_ids=["a", "b"], why="decay"),
        PlannedWork(work=SleepWork.RETELL, stage=SleepStage.DREAMING, episode_ids=["e"] * 3, why="names"),
        PlannedWork(work=SleepWork.INDEX, stage=SleepStage.WAKING, why="if behind"),
    ]
    answer = SleepPlanAnswer(inquiry_id="i", mind="ana", plan=SleepPlan(mind="ana", works=works), previews={})
    assert show_plan(answer, argparse.Namespace(json=False)) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "waking   forget of 2 memories: decay" in lines
    assert "dreaming retell of 3 episodes: names" in lines
    assert "waking   index: if behind" in lines


def test_a_page_says_by_how_much_what_was_learned_is_scaled_down() -> None:
    report = SleepReport(id="c", mind="ana", started_at=0.0, downscaled=0.9)
    assert "  what was learned is scaled to 0.90 of what it was" in list(page(report))
    assert not any("scaled" in line for line in page(SleepReport(id="c", mind="ana", started_at=0.0)))
