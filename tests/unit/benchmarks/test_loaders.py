"""Each named set is converted as documented, from small copies of its files' shapes."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import loaders
from benchmarks.data import DataFormatError, DataMissingError, from_rows
from benchmarks.loaders import beam, locomo, madial, precision, segmentation, wiki


def put(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")


def test_locomo_sessions_open_episodes_and_evidence_is_read_in_any_spelling(tmp_path: Path) -> None:
    turn = {"speaker": "Ana", "dia_id": "D1:1", "text": "Look!", "blip_caption": "a cat"}
    conversation = {
        "session_1_date_time": "1:56 pm on 8 May, 2023",
        "session_1": [turn, {"speaker": "Bo", "dia_id": "D1:2", "text": "Nice."}],
        "session_10_date_time": "12:09 am on 13 September, 2023",
        "session_10": [{"speaker": "Ana", "dia_id": "D10:5", "text": "Bye."}],
        "session_2_date_time": "9:00 am on 9 May, 2023",
        "session_2": [{"speaker": "Bo", "dia_id": "D2:1", "text": "Hi."}],
    }
    cited = [["D1:1; D2:1"], ["D:10:05"], ["D1:1", "D1:1", "D"], ["D9:9"]]
    questions = [{"question": f"q{i}", "evidence": e, "category": i + 1} for i, e in enumerate(cited)]
    put(tmp_path / "locomo10.json", [{"sample_id": "conv-1", "conversation": conversation, "qa": questions}])
    rows = locomo.convert(tmp_path)
    assert [r["key"] for r in rows.percepts] == ["D1:1", "D1:2", "D2:1", "D10:5"]
    assert [r.get("boundary") for r in rows.percepts] == ["begin", None, "begin", "begin"]
    assert rows.percepts[0]["content"] == "Look! [shares an image of a cat]"
    assert rows.percepts[0]["occurred_at"] == "2023-05-08T13:56:00Z"
    assert rows.percepts[3]["occurred_at"] == "2023-09-13T00:09:00Z"
    assert [c["gold"] for c in rows.cues] == [["D1:1", "D2:1"], ["D10:5"], ["D1:1"]]
    assert [c["category"] for c in rows.cues] == ["multi-hop", "temporal", "open-domain"]
    assert len(from_rows("locomo", rows).questions) == 3


def test_beam_messages_are_cut_and_questions_without_sources_left_out(tmp_path: Path) -> None:
    messages = [
        {"role": "user", "id": 0, "content": "x" * 2_000, "time_anchor": "March-15-2024"},
        {"role": "assistant", "id": 1, "content": "ok"},
    ]
    chat = tmp_path / "2"
    chat.mkdir()
    with gzip.open(chat / "chat.json.gz", "wt", encoding="utf-8") as out:
        json.dump([{"batch_number": 1, "turns": [messages]}], out)
    sources: list[Any] = [[1, 0, 1], {"first": [1], "second": [[0]]}, [77]]
    asked = {
        "kind": [{"question": "q", "source_chat_ids": s} for s in sources],
        "abstention": [{"question": "q"}],
    }
    put(chat / "probing_questions.json", asked)
    rows = beam.convert(tmp_path)
    assert [len(r["content"]) for r in rows.percepts] == [1_500, 2]
    assert [c["gold"] for c in rows.cues] == [["1", "0"], ["1", "0"]]
    assert {c["actor"] for c in rows.cues} == {"user"}
    assert rows.percepts[0]["occurred_at"] == "2024-03-15T00:00:00Z"
    assert len(beam.convert(tmp_path, cut=None).percepts[0]["content"]) == 2_000


def test_wiki_passages_have_subjects_and_unresolved_questions_are_left_out(tmp_path: Path) -> None:
    put(
        tmp_path / "2wikimultihopqa_corpus.json", [{"title": "A", "text": "a."}, {"title": "B", "text": "b."}]
    )
    put(tmp_path / "questions.json", [{"id": i, "question": i, "question_type": "t"} for i in "xy"])
    resolved = [
        {"id": "x", "gold_titles": ["A", "B"], "resolved": True},
        {"id": "y", "gold_titles": ["C"], "resolved": False},
    ]
    put(tmp_path / "qrels_derived.json", resolved)
    rows = wiki.convert(tmp_path)
    assert rows.percepts[0]["content"] == "A. a."
    assert rows.percepts[0]["subject"] == "A"
    assert [c["gold"] for c in rows.cues] == [["A", "B"]]


def test_madial_cues_stop_before_the_first_test_turn(tmp_path: Path) -> None:
    memory = {"time": "2023-12-25", "scene": "s", "emotion": "Happy", "event": "danced"}
    put(
        tmp_path / "memories.jsonl",
        json.dumps({"7": memory}) + "\n" + json.dumps({"3": memory | {"time": "2023-01-01"}}),
    )
    dialogue = {
        "dialogue": ["<BOD>\n", "one\n", "two\n", "three\n"],
        "test-turn": [2, 3],
        "relevant-id": [3, 7, 99],
        "user-id": 1,
    }
    put(tmp_path / "dialogues_even.jsonl", json.dumps(dialogue) + "\n")
    rows = madial.convert(tmp_path)
    assert [r["key"] for r in rows.percepts] == ["3", "7"]
    assert rows.cues[0]["content"] == "one"
    assert rows.cues[0]["gold"] == ["3", "7"]


def test_precision_cases_keep_silence_and_drop_what_any_empty_answer_passes(tmp_path: Path) -> None:
    def belief(name: str, **more: Any) -> dict[str, Any]:
        base = {
            "_id": name, "user_id": "test-user", "type": "entity", "canonical_name": name, "aliases": ["k8s"],
            "content": "c", "why_it_matters": "w", "scope": ["domain:code"], "superseded_by": None,
            "resolved_at": None, "pinned": False, "created_at": "2026-01-01T00:00:00Z",
        }  # fmt: skip
        return base | more

    def case(query: str, wanted: list[str], **more: Any) -> dict[str, Any]:
        return {
            "query": query, "category": "c", "scope": ["domain:code"],
            "expect": {"relevantBeliefs": {"shouldOnlyInclude": wanted}},
        } | more  # fmt: skip

    beliefs = [belief("new"), belief("old", superseded_by="new"), belief("pin", pinned=True)]
    put(tmp_path / "beliefs.seed.json", beliefs)
    cases = [case("a", ["new"]), case("b", []), case("  ", []), case("c", [], budget={"maxBeliefs": 0})]
    put(tmp_path / "retrieval.cases.json", cases)
    turn = case("", ["new"]) | {"userMessage": "t"}
    put(tmp_path / "session-retrieval.cases.json", [{"turns": [turn]}])
    rows = precision.convert(tmp_path)
    assert [r["key"] for r in rows.percepts] == ["old", "pin", "new"]
    assert rows.percepts[2]["relations"] == [{"type": "supersedes", "target": "old"}]
    assert rows.percepts[1]["metadata"] == {"tier": "pinned"}
    assert [(c["content"], c["gold"]) for c in rows.cues] == [("a", ["new"]), ("b", []), ("t", ["new"])]
    assert from_rows("p", rows).questions[0].filter.sources == ["domain:code"]


def test_dialogues_open_with_an_explicit_mark_that_is_no_gold_boundary(tmp_path: Path) -> None:
    put(tmp_path / "en_dataset_reference_2.txt", "call_id_0\n0 a\n0 b\n1 c\ncall_id_1\n0 d\n\n1 e\n")
    rows = segmentation.convert_dialseg(tmp_path).percepts
    assert [r["content"] for r in rows] == ["a", "b", "c", "d", "e"]
    assert [r["gold_boundary"] for r in rows] == [False, False, True, False, True]
    assert [r.get("boundary") for r in rows] == ["begin", None, None, "begin", None]


def test_tiage_marks_shifts(tmp_path: Path) -> None:
    put(tmp_path / "anno_dev.json", {"1": [["a", "-1"], ["b", "0"], ["c", "1"]]})
    rows = segmentation.convert_tiage(tmp_path).percepts
    assert [r["gold_boundary"] for r in rows] == [False, False, True]
    assert {r["mind"] for r in rows} == {"tiage-dev"}


def test_absent_data_says_what_to_fetch_and_from_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COGNITION_BENCH_DATA", str(tmp_path))
    for name in loaders.SETS:
        with pytest.raises(DataMissingError, match=r"Fetch github\.com"):
            loaders.rows_of(name)


def test_what_is_neither_folder_nor_set_lists_the_sets() -> None:
    with pytest.raises(DataFormatError, match="Named sets: locomo, beam-100k"):
        loaders.load("nowhere-at-all")
