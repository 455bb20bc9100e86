"""Settings and data directories that cannot be served: one message with what to do; nothing is touched."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.support import Told, cognition, daemon_on


def daemon(*words: str, **more: str) -> Told:
    return cognition("daemon", "--no-model", *words, **more)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "[recall]\ncandidate = 5\n",
            ["unknown setting recall.candidate", "Did you mean recall.candidates?"],
        ),
        ("[recall\n", ["is not TOML", "line 1", "Correct the line that it names"]),
    ],
)
def test_a_config_file_that_is_wrong_is_wrong_use(tmp_path: Path, text: str, words: list[str]) -> None:
    file = tmp_path / "c.toml"
    file.write_text(text)
    for told in (
        daemon("--data", str(tmp_path / "data"), "--config", str(file)),
        daemon("--data", str(tmp_path / "data"), COGNITION_CONFIG=str(file)),
    ):
        assert told.code == 2
        assert [word for word in [str(file), *words] if word not in told.err] == []
        assert told.err.count("\n") == 1
    assert not (tmp_path / "data").exists()


def test_what_a_newer_version_wrote_is_refused_and_left_alone(tmp_path: Path) -> None:
    with daemon_on(tmp_path / "data") as running:
        assert running.stop() == 0
    for file in ("store/FORMAT", "VERSION"):
        newer = tmp_path / "data" / file
        newer.write_text("99")
        told = daemon("--data", str(tmp_path / "data"))
        assert told.code == 3
        assert "has format '99', this version reads" in told.err
        assert "Use the version that wrote it" in told.err or "Use the version of cognition" in told.err
        assert "that wrote it" in told.err
        assert told.err.count("\n") == 1
        assert newer.read_text() == "99"


def test_each_value_is_shown_with_where_it_came_from_and_no_secret(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text('name = "filed"\n[recall]\ncandidates = 11\nlexical_weight = 0.7\n')
    words = (
        "config",
        "show",
        "--config",
        str(file),
        "--set",
        "recall.candidates=33",
        "--url",
        "redis://u:pw@h",
    )
    given = {"COGNITION_RECALL__CANDIDATES": "22", "QDRANT_API_KEY": "s3cret", "LOG_LEVEL": "debug"}
    rows = {row["key"]: (row["value"], row["origin"]) for row in cognition(*words, "--json", **given).json}
    assert rows["recall.candidates"] == (33, "flag")
    assert rows["recall.lexical_weight"] == (0.7, str(file))
    assert rows["log.level"] == ("debug", "environment")
    assert rows["store.api_key"] == ("***", "environment")
    assert rows["streams.url"] == ("redis://u:***@h", "flag")
    assert rows["shutdown_s"] == (20.0, "default")
    human = cognition(*words, **given).out
    assert "s3cret" not in human
    assert "pw" not in human
    assert [line.split()[-1] for line in human.splitlines() if line.startswith("recall.candidates ")] == [
        "flag"
    ]


def test_a_directory_that_is_no_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    told = daemon("--data", str(tmp_path / "file"))
    assert told.code == 3
    assert "choose another with --data" in told.err
    assert (tmp_path / "file").read_text() == "mine"


def test_a_changed_number_of_partitions_is_told_with_what_to_set(tmp_path: Path) -> None:
    data = ("--data", str(tmp_path / "data"))
    changed = cognition("schema", "migrate", "--partitions", "32", *data)
    assert changed.code == 0, changed
    assert "there are 32 now. Set streams.partitions = 32 for every daemon and publisher.\n" in changed.out


def test_partitions_that_a_daemon_holds_are_not_changed_and_the_answer_is_no(tmp_path: Path) -> None:
    with daemon_on(tmp_path / "data") as running:
        url = running.ready().url
        words = ("--partitions", "32", "--data", str(tmp_path / "other"), "--url", url)
        refused = cognition("schema", "migrate", *words)
    assert refused.code == 1, refused
    assert "the partitions cannot be changed: " in refused.err
    assert "stop every daemon" in refused.err
