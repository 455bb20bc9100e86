"""`cognition quantize` against a running daemon: shown, advised, changed while it serves, and back."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import numpy as np
import pytest

from cognition.stores.fidelity import INDEXED_FROM
from tests.integration.support import Daemon, Told, cognition, daemon_on


def asked(daemon: Daemon, *words: str, timeout: float = 60.0) -> Told:
    return cognition(*words, "--data", str(daemon.directory), timeout=timeout)


def kinds(told: Told) -> dict[str, tuple[str, str | None]]:
    """Of each collection the kind now, and before."""
    assert told.code == 0, told
    return {row["collection"]: (row["quantization"]["kind"], row["before"]) for row in json.loads(told.out)}


def lines(count: int) -> str:
    """Percepts with vectors, as `import` takes them."""
    rng = np.random.default_rng(20_260_101)
    rows = rng.standard_normal((count, 768)).astype("<f4")
    return "\n".join(
        json.dumps(
            {
                "mind": "ana",
                "content": f"fact {number}",
                "key": f"fact-{number}",
                "occurred_at": 1_770_000_000 + number,
                "vector": base64.b64encode(row.tobytes()).decode(),
            }
        )
        for number, row in enumerate(rows)
    )


def test_a_daemon_changes_how_vectors_are_kept_and_goes_back_and_a_restart_keeps_it(tmp_path: Path) -> None:
    file = tmp_path / "percepts.jsonl"
    file.write_text(lines(30), "utf-8")
    with daemon_on(tmp_path / "data") as daemon:
        assert asked(daemon, "import", str(file)).code == 0
        assert kinds(asked(daemon, "quantize", "show", "--json"))["memories"] == ("none", None)
        nothing = asked(daemon, "quantize", "rollback")
        assert (nothing.code, nothing.out) == (1, "")
        assert "nothing to go back to" in nothing.err
        changed = kinds(asked(daemon, "quantize", "apply", "int8", "--json"))
        assert changed["memories"] == changed["unconscious"] == ("int8", "none")
        assert changed["episodes"] == ("none", None)
        shown = asked(daemon, "quantize", "show")
        assert "30 points  int8, oversampled 2, scored anew (before: none)" in shown.out
        slept = asked(daemon, "sleep", "--mind", "ana", "--json", timeout=120.0)
        assert slept.code == 0, slept
        [report] = json.loads(slept.out)
        assert "int8 vectors find 100.0% of what originals find, 99% at least" in report["notes"]
    with daemon_on(tmp_path / "data") as daemon:
        assert kinds(asked(daemon, "quantize", "show", "--json"))["memories"] == ("int8", "none")
        back = kinds(asked(daemon, "quantize", "rollback", "--json"))
        assert back["memories"] == ("none", "int8")
        again = asked(daemon, "quantize", "rollback")
        assert "30 points  none -> int8, oversampled 2, scored anew\n" in again.out
        assert "30 points  int8 -> none\n" in asked(daemon, "quantize", "rollback").out


def test_what_the_deployment_files_have_made_int8_goes_back_to_its_originals_and_on_to_another_kind(
    tmp_path: Path,
) -> None:
    made = {"COGNITION_STORE__QUANTIZATION__KIND": "int8"}
    with daemon_on(tmp_path / "data", **made) as daemon:
        assert kinds(asked(daemon, "quantize", "show", "--json"))["memories"] == ("int8", "none")
        back = kinds(asked(daemon, "quantize", "rollback", "--json"))
        assert back["memories"] == back["unconscious"] == ("none", "int8")
        changed = kinds(asked(daemon, "quantize", "apply", "binary", "--json"))
        assert changed["memories"] == ("binary", "none")
    with daemon_on(tmp_path / "data", **made) as daemon:
        assert kinds(asked(daemon, "quantize", "show", "--json"))["memories"] == ("binary", "none")


def test_a_small_mind_is_told_that_there_is_nothing_to_gain(tmp_path: Path) -> None:
    file = tmp_path / "percepts.jsonl"
    file.write_text(lines(5), "utf-8")
    with daemon_on(tmp_path / "data") as daemon:
        assert asked(daemon, "import", str(file)).code == 0
        told = asked(daemon, "quantize", "advise", "--mind", "ana")
        assert told.code == 0
        assert f"below {INDEXED_FROM:,} every search looks at all of them" in told.out


def test_what_makes_no_sense_is_refused_with_what_to_write(tmp_path: Path) -> None:
    data = ("--data", str(tmp_path))
    for words, said in (
        (("apply", "int4"), "invalid choice: 'int4'"),
        (("apply", "int8", "--oversampling", "0.5"), "--oversampling 0.5 is not within 1 to 64"),
        (("advise",), "no mind is named"),
        (("advise", "--mind", "ana", "--floor", "7"), "--floor 7 is no share"),
        (("advise", "--mind", "ana", "--sample", "10"), "nothing is compressed"),
    ):
        told = cognition("quantize", *words, *data)
        assert told.code == 2, told
        assert said in told.err


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_advice_measures_each_kind_on_the_minds_own_vectors_while_the_daemon_serves(tmp_path: Path) -> None:
    file = tmp_path / "percepts.jsonl"
    file.write_text(lines(INDEXED_FROM + 400), "utf-8")
    with daemon_on(tmp_path / "data") as daemon:
        assert asked(daemon, "import", str(file), timeout=600.0).code == 0
        told = asked(daemon, "quantize", "advise", "--mind", "ana", "--json", timeout=600.0)
        assert told.code == 0, told
        advice = json.loads(told.out)
        assert advice["vectors"] >= INDEXED_FROM
        assert [row["kind"] for row in advice["measured"]] == ["none", "int8", "turbo", "binary"]
        sizes = {row["kind"]: row["bytes_a_vector"] for row in advice["measured"]}
        plain = advice["measured"][0]["recall"]
        holding = [r["kind"] for r in advice["measured"] if r["recall"] >= r["floor"] * plain]
        assert advice["recommended"] == min(holding, key=lambda kind: sizes[kind])
