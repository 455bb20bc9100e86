"""The command line as a person uses it, against a running daemon: words in, words or JSON out, exit codes."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import numpy as np
import pytest

from cognition.cli import main
from cognition.client import Recent
from cognition.commands.demo import Lived
from cognition.commands.doctor import Finding
from schemas.episode import Episode
from schemas.events import Outcome, Receipt
from schemas.identifiers import memory_id
from schemas.inquiry import IdentityAnswer, MemoryAnswer, StatusAnswer
from schemas.recollection import Recollection
from tests.integration.support import Daemon, Told, cognition, daemon_on, environment, vector_of

T = TypeVar("T")
Say = Callable[..., Told]
KEYS = "The keys are under the blue pot."


@pytest.fixture
def say(texts: Daemon, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Say:
    """Run a command in this process, against the daemon that takes texts."""
    for name in os.environ.keys() - environment().keys():
        monkeypatch.delenv(name)

    def said(*words: str) -> Told:
        capsys.readouterr()
        code = main([*words, "--data", str(texts.directory)])
        told = capsys.readouterr()
        return Told(code, told.out, told.err)

    return said


def typed(told: Told, kind: type[T]) -> T:
    """The JSON that was printed, as what the help text says it is."""
    assert told.code == 0, told
    return msgspec.json.decode(told.out, type=kind)


def perceived(say: Say, mind: str, *words: str) -> Receipt:
    return typed(say("perceive", "--mind", mind, *words, "--json"), Receipt)


# --- every command, for people and for programs --------------------------------------------


def test_what_is_perceived_is_recalled(say: Say) -> None:
    receipt = perceived(say, "cli", KEYS, "--actor", "Ana", "--context", "place=kitchen", "--key", "keys-1")
    assert (receipt.outcome, receipt.key) == (Outcome.ENCODED, "keys-1")
    answer = typed(say("recall", "--mind", "cli", "Where are the keys?", "--explain", "--json"), Recollection)
    assert answer.recalled[0].memory.id == receipt.memory_id
    assert answer.recalled[0].memory.context == {"place": "kitchen"}
    assert {part.name for part in answer.recalled[0].parts} >= {"dense", "lexical"}
    human = say("recall", "--mind", "cli", "Where are the keys?", "--explain")
    assert human.code == 0
    assert re.search(rf"^ 1\. 0\.\d+ .* Ana: {re.escape(KEYS)}$", human.out, flags=re.MULTILINE)
    assert "[keys-1]" in human.out
    assert "contributes" in human.out


def test_perceiving_says_what_became_of_it(say: Say) -> None:
    first = say("perceive", "--mind", "cli-words", "It rains on the roof.")
    assert re.match(r"encoded [0-9a-f-]{36} salience 0\.\d\d\n", first.out)
    again = say("perceive", "--mind", "cli-words", "It rains on the roof.")
    assert re.match(r"strengthened .* \(the same content as ", again.out)
    later = say("perceive", "--mind", "cli-words", "It rains no more.", "--no-wait")
    assert re.match(r"accepted as \d+-\d+\n", later.out)


def test_a_vector_is_given_in_a_file_or_in_words_and_a_relation_by_name(say: Say, tmp_path: Path) -> None:
    rows = np.eye(2, 768, dtype="<f4")
    for number, row in enumerate(rows):
        (tmp_path / str(number)).write_bytes(row.tobytes())
    here = ("--mind", "cli-vectors")
    say("perceive", *here, "It leaks.", "--key", "leak", "--vector", str(tmp_path / "0"))
    mended = ("It is mended.", "--key", "ring", "--relation", "fixes:leak:0.5")
    say("perceive", *here, *mended, "--vector", base64.b64encode(rows[1].tobytes()).decode())
    for number, said in enumerate(("It leaks.", "It is mended.")):
        for vector in (str(tmp_path / str(number)), base64.b64encode(rows[number].tobytes()).decode()):
            answer = typed(say("recall", *here, "--vector", vector, "--json"), Recollection)
            assert answer.recalled[0].memory.content == said
    assert "0.500 fixes given" in say("associations", *here, "ring").out


def test_content_may_come_from_standard_input(
    say: Say, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "text").write_text("A letter came.")
    with (tmp_path / "text").open() as text:
        monkeypatch.setattr(sys, "stdin", text)
        receipt = perceived(say, "cli-stdin", "-", "--key", "letter")
    shown = typed(say("memory", "show", "--mind", "cli-stdin", "letter", "--json"), MemoryAnswer)
    assert shown.memory is not None
    assert (shown.memory.id, shown.memory.content) == (receipt.memory_id, "A letter came.")


def test_what_a_mind_is_can_be_looked_at(say: Say) -> None:
    receipt = perceived(say, "cli-looked", KEYS, "--key", "keys-2")
    here = ("--mind", "cli-looked")
    recent = typed(say("recent", *here, "--json"), Recent)
    assert [m.memory_id for m in recent.memories] == [receipt.memory_id]
    assert KEYS in say("recent", *here).out
    (episode,) = typed(say("episodes", *here, "--json"), list[Episode])
    assert (episode.id, episode.memory_count, episode.ended_at) == (receipt.episode_id, 1, None)
    assert re.search(r"\.\. open +1 memory ", say("episodes", *here).out)
    for name in ("keys-2", receipt.memory_id):
        assert json.loads(say("memory", "show", *here, name).out)["id"] == receipt.memory_id
    identity = typed(say("identity", "show", *here, "--json"), IdentityAnswer).identity
    assert identity is not None
    assert identity.lifetime.memories == 1
    assert "1 percepts, 1 memories, 1 episodes" in say("identity", "show", *here).out
    assert typed(say("identity", "verify", *here, "--json"), IdentityAnswer).verified
    assert say("identity", "verify", *here).out.startswith("sound: ")
    status = typed(say("status", *here, "--json"), StatusAnswer)
    assert (status.memories, status.lifetime.episodes, status.stopped) == (1, 1, "")
    assert status.open_episode is not None
    assert status.open_episode.id == receipt.episode_id
    assert "cli-looked: 1 memories" in say("status", *here).out


def test_a_mind_without_a_past_is_answered_with_no(say: Say) -> None:
    here = ("--mind", "nobody")
    for words in (
        ("recall", "Who am I?", *here), ("recent", *here), ("episodes", *here), ("identity", "show", *here),
        ("identity", "verify", *here), ("memory", "show", "none", *here),
        ("forget", memory_id("nobody", "none"), *here, "--yes"),
    ):  # fmt: skip
        assert say(*words).code == 1, words
        told = say(*words, "--json")
        assert told.code == 1, words
        assert told.json is not None
    assert "no memories yet" in say("recall", "Who am I?", *here).out
    missing = say("memory", "show", "none", *here, "--json").json
    assert {**missing, "inquiry_id": ""} == {
        "inquiry_id": "", "mind": "nobody", "memory": None, "archived": False, "tombstone": None,
        "base_level": 0.0, "retrievability": 0.0, "abstraction": None,
    }  # fmt: skip
    unborn = say("identity", "verify", *here, "--json").json
    assert {**unborn, "inquiry_id": ""} == {
        "inquiry_id": "", "mind": "nobody", "identity": None, "verified": False, "problems": [],
    }  # fmt: skip


def test_without_a_mind_the_daemon_alone_is_told(say: Say, texts: Daemon) -> None:
    told = say("status", "--json")
    assert told.code == 0
    assert told.json.keys() == {"daemon", "dead_letters", "mechanisms"}
    assert told.json["daemon"]["streams"] == texts.ready().url
    assert told.json["dead_letters"] == 0
    human = say("status")
    assert human.code == 0
    assert re.search(r"^  uptime_s +\d", human.out, flags=re.MULTILINE)


def test_where_no_daemon_is_none_is_started_to_be_asked(tmp_path: Path) -> None:
    told = cognition("status", "--data", str(tmp_path / "data"))
    assert told.code == 3
    assert f"no daemon holds {tmp_path / 'data'}. Start one with `cognition daemon --data" in told.err
    assert not (tmp_path / "data").exists()


def test_a_percept_may_bring_everything_that_the_schema_knows(say: Say, tmp_path: Path) -> None:
    vector = tmp_path / "vector"
    vector.write_bytes(vector_of("elsewhere"))
    listed = tmp_path / "vector.json"
    listed.write_text(json.dumps(np.frombuffer(vector_of("elsewhere"), "<f4").tolist()))
    for number, file in enumerate((vector, listed)):
        perceived(
            say, "cli-whole", f"Page {number}.", "--key", f"page-{number}", "--metadata", "page=7",
            "--connection-relevance", "0.75", "--boundary", "begin", "--boundary-label", f"reading {number}",
            "--vector", str(file),
        )  # fmt: skip
    shown = typed(say("memory", "show", "--mind", "cli-whole", "page-0", "--json"), MemoryAnswer).memory
    assert shown is not None
    assert (shown.metadata, shown.connection_relevance) == ({"page": "7"}, 0.75)
    episodes = typed(say("episodes", "--mind", "cli-whole", "--json"), list[Episode])
    assert [episode.label for episode in episodes] == ["reading 1", "reading 0"]
    answer = typed(say("recall", "--mind", "cli-whole", "elsewhere", "--metadata", "page=7", "--json"),
                   Recollection)  # fmt: skip
    assert answer.recalled[0].memory.key in {"page-0", "page-1"}


def test_a_cue_may_say_how_it_is_to_be_answered(say: Say) -> None:
    first = perceived(say, "cli-how", KEYS, "--boundary", "begin")
    perceived(say, "cli-how", "The boat is blue.", "--boundary", "begin")
    asked = ("recall", "--mind", "cli-how", "Where are the keys?", "--explain", "--json")

    def score(*words: str) -> float:
        answer = typed(say(*asked, *words), Recollection)
        return next(r.score for r in answer.recalled if r.memory.id == first.memory_id)

    assert score("--here", "--factor", "0.25") < score("--here", "--factor", "1.0")
    answer = typed(say(*asked, "--without", "lexical", "--deadline", "30"), Recollection)
    assert [part.weight for part in answer.recalled[0].parts if part.name == "lexical"] == [0.0]
    unknown = say(*asked, "--without", "magic")
    assert unknown.code == 2
    assert "names no mechanism" in unknown.err


def test_a_time_in_the_cue_filters_where_it_is_to(say: Say) -> None:
    for month in ("03", "05"):
        perceived(say, "cli-when", f"Boats came in 2023-{month}.", "--at", f"2023-{month}-15T12:00:00Z")
    asked = (
        "recall",
        "--mind",
        "cli-when",
        "What boats came last month?",
        "--at",
        "2023-06-14T12:00:00Z",
        "--json",
    )
    for mode, count in (("soft", 2), ("off", 2), ("filter", 1)):
        answer = typed(say(*asked, "--dates", mode), Recollection)
        assert len(answer.recalled) == count
    assert answer.recalled[0].memory.content == "Boats came in 2023-05."
    with pytest.raises(SystemExit) as refused:
        say(*asked, "--dates", "hard")
    assert refused.value.code == 2


def test_the_installation_is_examined(say: Say) -> None:
    told = say("doctor", "--json", "--set", "embedding.enabled=false")
    findings = {f.check: f for f in msgspec.json.decode(told.out, type=list[Finding])}
    assert {"packages", "data directory", "daemon", "streams", "model"} <= findings.keys()
    assert "valkey" in findings["streams"].found
    assert {"dense", "spreading", "drift", "routes learned"} <= findings.keys()
    assert told.code == (0 if all(f.ok for f in findings.values()) else 1)
    assert "packages" in say("doctor", "--set", "embedding.enabled=false").out


def test_the_doctor_says_what_each_mechanism_did(say: Say) -> None:
    perceived(say, "cli-alive", "Where is the brass key?", "--actor", "Bo")
    perceived(say, "cli-alive", "Under the pot.", "--actor", "Ana")
    assert say("recall", "--mind", "cli-alive", "brass key").code == 0
    told = say("doctor", "--json", "--set", "embedding.enabled=false")
    lives = {f.check: f.mechanism for f in msgspec.json.decode(told.out, type=list[Finding]) if f.mechanism}
    for name in ("question_inheritance", "drift", "context"):
        life = lives[name]
        assert life is not None
        assert 1 <= life.did <= life.of
        assert life.last_at is not None
    spoken = say("doctor", "--set", "embedding.enabled=false").out
    assert re.search(r"ok   drift +on; \d+ of \d+ memories \(\d+ %\), last 20\d\d-", spoken)
    assert "mechanisms:\n" in say("status").out


def test_the_doctor_names_what_is_missing(say: Say, tmp_path: Path) -> None:
    told = say("doctor", "--set", f"embedding.path={tmp_path}", "--url", "redis://localhost:1/0")
    assert told.code == 1
    assert re.search(r"BAD  streams .* is not available.*\n     -> See that it runs", told.out)
    assert re.search(r"BAD  model .*\n     -> Point it at a directory with modules.json", told.out)


# --- a whole mind -----------------------------------------------------------------------------


def test_a_mind_is_derived_anew_by_the_daemon_that_serves_it(say: Say) -> None:
    perceived(say, "cli-rebuild", "Where were you?", "--actor", "ana")
    perceived(say, "cli-rebuild", "In Lisbon, for two weeks.", "--actor", "bo", "--key", "lisbon")
    told = json.loads(say("mind", "rebuild", "--mind", "cli-rebuild", "--json").out)
    assert (told["mind"], told["memories"]) == ("cli-rebuild", 2)
    human = say("mind", "rebuild", "--mind", "cli-rebuild")
    assert human.code == 0
    assert re.fullmatch(r"2 memories of 'cli-rebuild' were derived anew in \d+\.\d s\.\n", human.out)
    answer = typed(say("recall", "--mind", "cli-rebuild", "Lisbon", "--json"), Recollection)
    assert answer.recalled[0].memory.key == "lisbon"
    assert human.err == ""
    german = say("mind", "rebuild", "--mind", "cli-rebuild", "--set", "minds.language=german")
    assert "--set minds.language changes nothing: the daemon that answers" in german.err
    nobody = say("mind", "rebuild", "--mind", "cli-rebuilt-nobody")
    assert (nobody.code, nobody.out) == (1, "'cli-rebuilt-nobody' has no memories.\n")


# --- forgetting -------------------------------------------------------------------------------


def test_forgetting_shows_the_count_and_refuses_without_a_terminal_or_a_yes(say: Say) -> None:
    for number in range(3):
        perceived(say, "cli-forget", f"Secret number {number}.", "--source", "old phone")
    perceived(say, "cli-forget", "Not a secret.", "--source", "new phone")
    asked = ("forget", "--mind", "cli-forget", "--source", "old phone")
    refused = say(*asked)
    assert refused.code == 1
    assert refused.err.count("Secret number") == 3
    assert "there is no terminal to ask; add --yes" in refused.err
    assert typed(say("status", "--mind", "cli-forget", "--json"), StatusAnswer).memories == 4
    gone = {"mind": "cli-forget", "forgotten": 3, "left": 0}
    assert typed(say(*asked, "--yes", "--json"), dict[str, Any]) == gone
    assert typed(say("status", "--mind", "cli-forget", "--json"), StatusAnswer).memories == 1
    again = say(*asked, "--yes")
    assert (again.code, again.out) == (1, "Nothing to forget.\n")


def test_what_was_forgotten_by_id_stays_forgotten_and_its_stone_is_shown(say: Say) -> None:
    receipt = perceived(say, "cli-stone", "A thing to forget.", "--key", "stone")
    told = say("forget", "--mind", "cli-stone", receipt.memory_id, "--yes", "--reason", "asked to")
    assert (told.code, told.out) == (0, "1 forgotten for good.\n")
    assert perceived(say, "cli-stone", "A thing to forget.", "--key", "stone").outcome is Outcome.FORGOTTEN
    shown = say("memory", "show", "--mind", "cli-stone", "stone")
    assert shown.code == 1
    assert re.match(r"It was erased on .* asked to\n", shown.out)


def test_what_is_to_be_forgotten_may_be_named_by_its_key(say: Say) -> None:
    perceived(say, "cli-keyed", "The first secret.", "--key", "one")
    second = perceived(say, "cli-keyed", "The second secret.", "--key", "two")
    mistyped = say("forget", "--mind", "cli-keyed", "one", "tow", "--yes")
    assert mistyped.code == 1
    assert "no memory whose id or key is 'tow': nothing was erased" in mistyped.err
    assert typed(say("status", "--mind", "cli-keyed", "--json"), StatusAnswer).memories == 2
    gone = {"mind": "cli-keyed", "forgotten": 2, "left": 0}
    assert (
        typed(
            say("forget", "--mind", "cli-keyed", "one", second.memory_id, "--yes", "--json"), dict[str, Any]
        )
        == gone
    )
    again = say("forget", "--mind", "cli-keyed", "one", "--yes")
    assert (again.code, again.out) == (1, "Nothing to forget.\n")


LOOKS = (
    ("recall", "--mind", "ana", "Where?"),
    ("status", "--mind", "ana"),
    ("episodes", "--mind", "ana"),
    ("sleep", "log", "--mind", "ana"),
    ("forget", "--mind", "ana", "note-1", "--yes"),
    ("quantize", "show"),
    ("dead", "list"),
)


@pytest.mark.parametrize("words", LOOKS, ids=lambda words: words[0])
def test_a_command_that_looks_makes_no_data_directory_of_a_name_that_was_mistyped(
    words: tuple[str, ...], tmp_path: Path
) -> None:
    mistyped = tmp_path / "cogniton"
    told = cognition(*words, "--data", str(mistyped))
    assert (told.code, told.out) == (1, "")
    assert f"nothing is kept in {mistyped}. Name another with --data" in told.err
    assert not mistyped.exists()


def test_an_engine_for_one_command_says_why_it_takes_so_long(tmp_path: Path) -> None:
    with daemon_on(tmp_path / "data"):
        pass
    where = ("--mind", "ana", "--data", str(tmp_path / "data"), "--set", "embedding.path=/nowhere")
    told = cognition("recall", "Where?", *where)
    assert "the engine starts for this command alone" in told.err
    assert f"cognition daemon --data {tmp_path / 'data'}" in told.err


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        (("forget", "--source", "old phone", "--yes"), "no mind is named. Add --mind NAME"),
        (("forget", "--mind", "ana", "--yes"), "forget needs ids or a filter"),
        (
            ("perceive", "--mind", "ana", "It rains.", "--vector", "/nowhere"),
            "--vector /nowhere cannot be read",
        ),
        (("perceive", "--mind", "ana", "It rains.", "--vector", __file__), "no JSON list of numbers"),
        (("recall", "Where?", "--mind", "ana", "--factor", "0.5"), "--factor needs --episode ID or --here"),
        (("recall", "Where?", "--mind", "ana", "--here", "--factor", "2"), "EpisodeFilter.factor = 2"),
        (("recall", "Where?", "--mind", "ana", "--deadline", "0"), "Cue.deadline_s = 0"),
        (("recall", "Where?"), "Add --mind NAME"),
        (("recall", "--mind", "ana", "Where?", "--from", "yesterday"), "time 'yesterday' is neither epoch"),
        (("recall", "--mind", "ana", "Where?", "--mood", "happy"), "Write --mood 0.8,0.6,0.3"),
        (("recall", "--mind", "ana", "Where?", "--strict"), "--strict needs --episode ID or --here"),
        (("recall", "--mind", "ana", "Where?", "--context", "kitchen"), "Write --context place=kitchen"),
        (("recall", "--mind", "ana", "Where?", "--limit", "0"), "Cue.limit = 0"),
        (("recall", "--mind", "ana", "Where?", "--kind", "odd"), "Use one of: episodic, semantic"),
        (("recall", "--mind", "ana", "Where?", "--without", "luck"), "names no mechanism. Use any of actor"),
        (("recall", "--mind", "ana", "  "), "there is neither a cue nor --vector"),
        (("associations", "--mind", "ana", "note", "--type", "odd"), "Use one of: semantic, temporal"),
        (("perceive", "--mind", "a" * 129, "It rains."), "Percept.mind = 'aaa"),
        (("perceive", "--mind", "ana", "It rains.", "--valence", "2"), "Percept.valence = 2.0"),
        (("perceive", "--mind", "ana", "It rains.", "--at", "noon"), "time 'noon' is neither epoch"),
        (("status", "--mind", "ana", "--set", "recall.candidates"), "Write --set recall.candidates=50"),
        (("status", "--mind", "ana", "--set", "recall.candidate=5"), "Did you mean recall.candidates?"),
        (("import", "/nowhere.jsonl"), "/nowhere.jsonl cannot be read"),
        (("memory",), "show"),
    ],
)
def test_wrong_use_is_told_with_a_remedy(say: Say, words: tuple[str, ...], remedy: str) -> None:
    told = say(*words)
    assert told.code == 2
    assert remedy in told.err + told.out


def test_an_error_is_json_too_where_json_is_asked_for(say: Say) -> None:
    told = say("recall", "Where?", "--json")
    assert told.code == 2
    assert told.json == {"error": "UsageError", "message": "no mind is named. Add --mind NAME."}


@pytest.mark.parametrize("words", [("recall", "--mind", "ana", "Where?"), ("dead", "list")])
def test_a_service_out_of_reach_is_exit_code_3(say: Say, words: tuple[str, ...]) -> None:
    told = say(*words, "--url", "redis://localhost:1/0")
    assert told.code == 3
    assert "redis://localhost:1/0 is not available" in told.err


# --- importing --------------------------------------------------------------------------------


def written(path: Path, *lines: object) -> str:
    """A file of lines; what is no text is written as JSON."""
    path.write_text("\n".join(x if isinstance(x, str) else json.dumps(x) for x in lines) + "\n")
    return str(path)


def test_importing_twice_doubles_nothing(say: Say, tmp_path: Path) -> None:
    lines = [{"content": f"Line number {n}."} for n in range(70)]
    lines[7]["context"] = {"key": "not a key of the percept"}  # type: ignore[assignment]
    file = written(
        tmp_path / "percepts.jsonl", *lines, "", {"mind": "cli-other", "content": "Other.", "key": "o"}
    )
    told = say("import", file, "--mind", "cli-import", "--json")
    assert typed(told, dict[str, Any]) == {
        "lines": 72, "outcomes": {"encoded": 71}, "unreadable": 0, "problems": [],
    }  # fmt: skip
    assert "importing [############################] 72/72" in told.err
    again = say("import", file, "--mind", "cli-import")
    assert (again.code, again.out) == (0, "72 lines: 71 strengthened; 0 unreadable\n")
    status = typed(say("status", "--mind", "cli-import", "--json"), StatusAnswer)
    assert (status.memories, status.lifetime.repeats) == (70, 70)
    tail = say("import", file, "--mind", "cli-import", "--from-line", "71")
    assert tail.out == "72 lines: 1 strengthened; 0 unreadable\n"


def test_importing_names_the_line_of_every_error_and_takes_the_rest(say: Say, tmp_path: Path) -> None:
    good = {"mind": "cli-errors", "content": "It rains."}
    file = written(
        tmp_path / "percepts.jsonl", good, "{oops", good | {"valence": 7}, {"content": "Whose?"}, [1],
        good | {"content": " "}, good | {"content": "It stops."},
    )  # fmt: skip
    told = say("import", file, "--json")
    assert told.code == 1
    problems = told.json["problems"]
    assert [problem.split(":")[0] for problem in problems] == [f"line {n}" for n in (2, 3, 4, 5, 6)]
    for problem, words in zip(
        problems, ("not JSON", "Percept.valence = 7", "missing required field `mind`", "not an object",
                   "content is missing or blank"), strict=True,
    ):  # fmt: skip
        assert words in problem
        assert problem in told.err
    assert told.json["outcomes"] == {"encoded": 2, "rejected": 1}
    assert told.json["unreadable"] == 4
    assert "Write the percept as one JSON object on this line" in problems[0]
    human = say("import", file)
    assert human.out == "7 lines: 1 rejected, 2 strengthened; 4 unreadable\n"


# --- dead letters ---------------------------------------------------------------------------------


def test_a_dead_letter_is_listed_retried_after_a_fix_and_dropped(tmp_path: Path) -> None:
    here = ("--data", str(tmp_path / "data"))
    with daemon_on(tmp_path / "data") as daemon:
        client = daemon.client()
        text = client.xadd("ana", {"mind": "ana", "content": KEYS, "key": "keys"})
        nonsense = client.xadd("bob", {"t": "percept/1", "j": "{oops"})
        client.receipt("ana", text)
        client.receipt("bob", nonsense)
        rows = {row["fields"].get("mind", ""): row for row in cognition("dead", "list", *here, "--json").json}
        assert {(row["stream"], row["entry"]) for row in rows.values()} == {
            ("awake", text),
            ("awake", nonsense),
        }
        assert rows["ana"]["fields"] == {"mind": "ana", "content": KEYS, "key": "keys"}
        assert "percept has no vector" in rows["ana"]["reason"]
        assert rows[""]["fields"] == {"t": "percept/1", "j": "{oops"}
        assert (rows["ana"]["mind"], rows[""]["mind"]) == ("ana", None)
        (mine,) = cognition("dead", "list", *here, "--mind", "ana", "--json").json
        assert mine == rows["ana"]
        assert cognition("dead", "drop", "all", *here, "--mind", "bob", "--json").json == {"dropped": []}
        other = cognition("dead", "drop", mine["id"], *here, "--mind", "bob")
        assert other.code == 2
        assert f"'bob' has no dead letter '{mine['id']}'" in other.err
        assert daemon.stop() == 0
    with daemon_on(tmp_path / "data", texts=True) as daemon:
        client = daemon.client()
        listed = cognition("dead", "list", *here).out
        assert f"awake {text}  this daemon runs without an embedder" in listed
        (again,) = cognition("dead", "retry", rows["ana"]["id"], *here, "--json").json["retried"]
        assert client.receipt("ana", again).outcome is Outcome.ENCODED
        assert cognition("dead", "drop", "all", *here).out == "1 dropped\n"
        assert cognition("dead", "list", *here, "--json").json == []
        told = cognition("dead", "retry", rows["ana"]["id"], *here)
        assert told.code == 1
        assert "does not exist. List them with `cognition dead list`" in told.err


# --- the demonstration ---------------------------------------------------------------------------


def test_the_demonstration_speaks_to_the_daemon_that_there_is_and_sums_up_for_programs(
    tmp_path: Path,
) -> None:
    with daemon_on(tmp_path / "data", texts=True) as daemon:
        told = cognition("demo", "--data", str(daemon.directory), "--json", timeout=120.0)
        assert told.code == 0, told
        lived = msgspec.json.decode(told.out, type=Lived)
        assert f"Process {daemon.running().pid} is the daemon of {daemon.directory} already" in told.err
        assert sum(lived.outcomes.values()) == lived.percepts
        assert sum(mind["memories"] for mind in lived.minds.values()) == lived.outcomes["encoded"]
        assert told.err.count("receipt of") == len(lived.minds) + lived.percepts - lived.outcomes["encoded"]
        assert len(lived.answers) == 10
        assert "receipt of ana-0001: encoded" in told.err
        assert "Ten cues:" in told.err
        episodes = cognition("status", "--data", str(daemon.directory), "--mind", "ana", "--json").json
        assert episodes["episodes"] == lived.minds["ana"]["episodes"]


# --- processes ---------------------------------------------------------------------------------------


HEAVY = ("torch", "sentence_transformers", "transformers", "qdrant_edge", "qdrant_client", "scipy")
SHOW = "import sys; from cognition.cli import main; main(sys.argv[1:]); print(*sys.modules, file=sys.stderr)"


def modules_after(*words: str) -> set[str]:
    """The modules that a command has imported by its end."""
    done = subprocess.run(
        [sys.executable, "-c", SHOW, *words], env=environment(), capture_output=True, text=True, check=True
    )
    return set(done.stderr.splitlines()[-1].split())


def test_recalling_from_a_running_daemon_imports_neither_the_model_nor_the_engine(
    texts: Daemon, say: Say
) -> None:
    perceived(say, "cli-light", KEYS)
    loaded = modules_after("recall", "--mind", "cli-light", "keys", "--data", str(texts.directory))
    assert loaded & {*HEAVY, "cognition.daemon"} == set()
    assert "cognition.client" in loaded


def test_a_command_works_as_a_process_and_without_anybody_reading_its_answer(texts: Daemon) -> None:
    words = f"{sys.executable} -m cognition config show --data {texts.directory}"
    done = subprocess.run(
        f"{words} | head -n 1", shell=True, capture_output=True, text=True, check=True, env=environment()
    )
    assert done.stdout == f"# data directory: {texts.directory}\n"
    assert done.stderr == ""
