"""Words of the command line become values of the schema, and values become words."""

from __future__ import annotations

import argparse

import pytest

from cognition.cli import build_parser
from cognition.commands.running import UsageError
from cognition.commands.words import (
    episode_of,
    feeling_of,
    filter_of,
    moment,
    mood,
    pairs,
    short,
    show_recollection,
    when,
)
from schemas.base import SchemaError
from schemas.cue import CueFilter, EpisodeFilter, FilterMode, Mood
from schemas.memory import Memory
from schemas.percept import MOMENT_MAX, MOMENT_MIN, ContentType, MemoryKind
from schemas.recollection import Recalled, Recollection, ScorePart


def recall_options(*words: str) -> argparse.Namespace:
    return build_parser().parse_args(["recall", "--mind", "ana", "a cue", *words])


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1767225600", 1_767_225_600.0),
        ("1767225600.5", 1_767_225_600.5),
        ("2026-01-01T00:00:00Z", 1_767_225_600.0),
        ("2026-01-01T01:00:00+01:00", 1_767_225_600.0),
        (None, None),
    ],
)
def test_a_moment_is_seconds_or_rfc_3339(text: str | None, seconds: float | None) -> None:
    assert moment(text) == seconds


@pytest.mark.parametrize(
    "text", ["yesterday", "2026-01-01T00:00:00", "2026-13-01T00:00:00Z", "", "nan", "inf"]
)
def test_another_moment_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="Write 1767225600, 2026-01-01T00:00:00Z"):
        moment(text)


def test_a_moment_may_be_given_as_it_is_shown() -> None:
    assert when(moment("2026-11-21 18:04")) == "2026-11-21 18:04"


def test_pairs_keep_what_follows_the_first_equals_sign() -> None:
    assert pairs(["place=kitchen", "sum=1+1=2", "empty="], "--context") == {
        "place": "kitchen", "sum": "1+1=2", "empty": "",
    }  # fmt: skip


@pytest.mark.parametrize("item", ["kitchen", "=kitchen"])
def test_what_is_no_pair_is_refused(item: str) -> None:
    with pytest.raises(UsageError, match="Write --context place=kitchen"):
        pairs([item], "--context")


def test_without_options_there_is_no_filter() -> None:
    assert filter_of(recall_options()) == CueFilter()
    assert episode_of(recall_options()) is None


def test_every_filter_has_its_option() -> None:
    chosen = filter_of(
        recall_options(
            "--from", "2026-01-01T00:00:00Z", "--to", "1767225601", "--kind", "semantic",
            "--content-type", "fact",
            "--source", "a", "--source", "b", "--actor", "Ana", "--subject", "pots", "--session", "s",
            "--agent", "g",
            "--run-id", "r", "--user", "u", "--context", "place=kitchen", "--metadata", "page=7",
            "--mood", "0.5,0.25,0.3",
        )
    )  # fmt: skip
    assert chosen == CueFilter(
        occurred_from=1_767_225_600.0, occurred_to=1_767_225_601.0, kinds=[MemoryKind.SEMANTIC],
        content_types=[ContentType.FACT],
        sources=["a", "b"], actors=["Ana"], subjects=["pots"], session="s", agent="g", run="r", user="u",
        context={"place": "kitchen"}, metadata={"page": "7"},
        mood=Mood(valence=0.5, arousal=0.25, radius=0.3),
    )  # fmt: skip


def test_the_first_moment_of_the_epoch_is_a_filter_too() -> None:
    assert filter_of(recall_options("--from", "0")).occurred_from == 0.0


@pytest.mark.parametrize("text", ["happy", "1,2", "0.1,0.2,0.3,0.4", "a,b,c"])
def test_a_mood_is_three_numbers(text: str) -> None:
    with pytest.raises(UsageError, match=r"Write --mood 0\.8,0\.6,0\.3"):
        mood(text)


def test_a_feeling_is_a_mood_that_prefers() -> None:
    assert feeling_of(recall_options()) is None
    felt = feeling_of(recall_options("--feeling", "0.5,0.25,0.3"))
    assert felt == Mood(valence=0.5, arousal=0.25, radius=0.3)
    with pytest.raises(UsageError, match=r"Write --feeling 0\.8"):
        feeling_of(recall_options("--feeling", "glad"))


def test_a_mood_outside_the_plane_is_refused() -> None:
    with pytest.raises(SchemaError, match="valence"):
        filter_of(recall_options("--mood", "7,0.5,0.3"))


def test_episodes_are_kept_to_or_preferred() -> None:
    assert episode_of(recall_options("--episode", "e")) == EpisodeFilter(ids=["e"], mode=FilterMode.SOFT)
    assert episode_of(recall_options("--episode", "e", "--strict")) == EpisodeFilter(
        ids=["e"], mode=FilterMode.STRICT
    )
    assert episode_of(recall_options("--here")) == EpisodeFilter()


def test_how_far_an_episode_is_preferred_may_be_said() -> None:
    assert episode_of(recall_options("--here", "--factor", "0.25")) == EpisodeFilter(factor=0.25)
    with pytest.raises(UsageError, match="Give one of them"):
        episode_of(recall_options("--here", "--strict", "--factor", "0.25"))
    with pytest.raises(SchemaError, match="factor"):
        episode_of(recall_options("--here", "--factor", "1.5"))


def test_a_long_text_is_one_short_line() -> None:
    assert short("two\n lines") == "two lines"
    assert short("x" * 11, 10) == "x" * 9 + "…"


def test_an_answer_is_a_page(capsys: pytest.CaptureFixture[str]) -> None:
    memory = Memory(id="m", mind="ana", key="k", entry="1-0", content="It rains.", actor="Ana")
    part = ScorePart(name="dense", value=0.7, z=0.5, weight=0.6, contribution=0.3)
    recalled = Recalled(memory=memory, score=0.75, why="meaning 0.50", parts=[part])
    show_recollection(Recollection(cue_id="c", mind="ana", recalled=[recalled], candidates=1), explain=True)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(" 1. 0.750  ")
    assert lines[0].endswith("  Ana: It rains.")
    assert lines[1].split() == ["meaning", "0.50", "[k]"]
    assert " ".join(lines[2].split()) == "dense value 0.7000 z 0.5000 weight 0.600 contributes 0.3000"
    show_recollection(Recollection(cue_id="c", mind="ana", abstained="no memories yet"))
    assert capsys.readouterr().out == "Nothing: no memories yet.\n"
    show_recollection(Recollection(cue_id="c", mind="ana", abstained="none", notes=["read as 2023"]))
    assert capsys.readouterr().out == "Nothing: none.\nnote: read as 2023\n"


@pytest.mark.parametrize("moment", [MOMENT_MIN, MOMENT_MAX])
def test_the_first_and_the_last_moment_there_are_can_be_shown(moment: float) -> None:
    assert ":" in when(moment)
