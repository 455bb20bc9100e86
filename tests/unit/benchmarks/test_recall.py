"""What is left out by name goes to where it acts."""

from __future__ import annotations

import pytest

from benchmarks.recall import parted, session_hits
from benchmarks.report import Answer


def test_mechanisms_are_parted_by_where_they_act() -> None:
    assert parted(["actor", "conservation", "lexical"]) == (["actor", "lexical"], ["conservation"])
    assert parted([]) == ([], [])


def test_an_unknown_mechanism_is_named_with_those_that_there_are() -> None:
    with pytest.raises(SystemExit, match=r"--without gravity: no such mechanism\. Use any of .*conservation"):
        parted(["actor", "gravity"])


def test_a_session_is_hit_by_any_of_its_memories_among_the_first_five_sessions() -> None:
    sessions = {("m", f"{session}:{n}"): session for session in range(7) for n in range(2)}

    def asked(ranked: list[str], gold: list[str]) -> Answer:
        return Answer("m", "?", "", gold, ranked, 1.0)

    first = [f"{session}:{n}" for session in range(5) for n in range(2)]
    assert session_hits([asked([*first, "5:0"], ["4:1"])], sessions) == {"session_hit@5": 1.0}
    assert session_hits([asked([*first, "5:0"], ["5:1"])], sessions) == {"session_hit@5": 0.0}
    both = [asked(["1:0"], ["1:1"]), asked(["1:0"], ["2:0"]), asked(["1:0"], [])]
    assert session_hits(both, sessions) == {"session_hit@5": 0.5}
    assert session_hits(both, dict.fromkeys(sessions, 1)) == {}
