"""What reports are worth: the sums, by hand."""

from __future__ import annotations

import numpy as np

from benchmarks.data import Question
from benchmarks.learn import Asked, Run, fifths, figures, halves, hub_share, shares, table


def asked(gold: list[str], ranked: list[str], mind: str = "ana") -> Asked:
    return Asked(Question(mind=mind, content="q", gold=gold), gold, ranked)


def test_each_minds_cues_are_halved_and_none_is_in_both() -> None:
    cues = [(Question(mind=mind, content=str(n), gold=["k"]), ["m"]) for mind in ("a", "b") for n in range(9)]
    taught, held = halves(cues, np.random.default_rng(1))
    assert (len(taught), len(held)) == (8, 10)
    names = [{(q.mind, q.content) for q, _ in half} for half in (taught, held)]
    assert not names[0] & names[1]
    assert len(names[0] | names[1]) == 18


def test_hubs_are_the_one_percent_that_come_back_most() -> None:
    found = [asked(["x"], ["hub", f"m{n}"]) for n in range(50)]
    assert hub_share(found, memories=100) == 0.5
    assert hub_share([], memories=100) == 0.0


def test_a_cue_shares_when_any_of_its_memories_was_reported_on() -> None:
    run = Run(before=[asked(["a", "z"], []), asked(["y"], [])], again_before=[asked(["a"], [])])
    assert shares(run).tolist() == [True, False]


def test_fifths_run_along_each_minds_own_stream() -> None:
    before = [asked(["a"], []) for _ in range(10)]
    online = [asked(["a"], ["a"] if n >= 8 else []) for n in range(10)]
    assert fifths(Run(again_before=before, online=online)) == [0, 0, 0, 0, 1]
    assert fifths(Run(again_before=before[:2], online=online[:2])) == [0, 0, 0, 0, 0]


def test_gains_are_paired_and_split_and_can_be_read() -> None:
    run = Run(
        before=[asked(["a"], ["x", "a"]), asked(["y"], ["y"])],
        after=[asked(["a"], ["a"]), asked(["y"], ["y"])],
        again_before=[asked(["a"], ["x"])],
        again_after=[asked(["a"], ["a"])],
        online=[asked(["a"], ["x"])],
        memories=3,
        reports=1,
    )
    told = figures(run, run, seed=1)
    assert (told["frozen"]["R@1"], told["learned"]["R@1"], told["learned"]["gain"]["R@1"]) == (0.5, 1.0, 0.5)
    assert told["sharing"]["gain"]["R@1"] == 1.0
    assert told["unrelated"]["gain"]["R@1"] == 0.0
    assert told["again"]["gain"]["R@1"] == 1.0
    assert set(told["wrong20"]["hub_share"]) == {"before", "after"}
    assert "the same cue again R@1" in table({"sets": {"toy": told}})


def test_nothing_shared_is_said_without_figures() -> None:
    run = Run(before=[asked(["y"], [])], after=[asked(["y"], [])], again_before=[asked(["a"], [])],
              again_after=[asked(["a"], [])], online=[asked(["a"], [])])  # fmt: skip
    told = figures(run, None, seed=1)
    assert told["sharing"] == {"frozen": {"cues": 0}, "cues": 0, "gain": {}, "intervals": {}}
    assert "wrong20" not in told
    assert table({"sets": {"toy": told}})


def test_a_mean_of_nothing_is_left_out() -> None:
    assert figures(Run(), None, seed=1)["frozen"] == {"cues": 0}
