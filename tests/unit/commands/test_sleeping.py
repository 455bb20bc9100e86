"""What does not go together in `cognition sleep` is refused before anything is opened."""

from __future__ import annotations

from pathlib import Path

import pytest

from cognition.cli import main


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
