"""The choice of how to run the model, and its record."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from cognition.embedding.machine import Machine, this_machine
from cognition.embedding.measuring import cut, even, sample
from cognition.embedding.precision import (
    COSINE_MIN,
    Choice,
    Record,
    Trial,
    assume,
    choose_layout,
    choose_lone_threads,
    choose_precision,
    recorded,
    write_record,
)
from cognition.embedding.text_queue import estimate_tokens

MACHINE = Machine(cpu="Some CPU", flags=("amx_bf16", "fpu"), cores=2, torch="2.9")


def trial(texts_per_s: float, workers: int = 1, threads: int = 1, cosine_min: float = 1.0) -> Trial:
    return Trial(
        precision="float32",
        workers=workers,
        threads=threads,
        batch_tokens=1_024,
        texts_per_s=texts_per_s,
        cosine_min=cosine_min,
    )


@pytest.mark.parametrize(
    ("texts_per_s", "cosine", "chosen"),
    [(300.0, 0.9999, "bfloat16"), (300.0, COSINE_MIN - 1e-4, "float32"), (105.0, 0.9999, "float32")],
)
def test_bfloat16_must_be_faithful_and_worth_it(texts_per_s: float, cosine: float, chosen: str) -> None:
    assert choose_precision(trial(100.0), trial(texts_per_s, cosine_min=cosine)) == chosen


def test_single_threaded_workers_win_a_near_tie() -> None:
    steady, wide = trial(100.0, workers=2), trial(105.0, threads=2)
    assert choose_layout([wide, steady]) is steady
    much_wider = trial(150.0, threads=2)
    assert choose_layout([steady, much_wider]) is much_wider


@pytest.mark.parametrize(("two_ms", "chosen"), [(30.0, 2), (48.0, 1), (70.0, 1)])
def test_a_lone_text_gets_threads_only_where_they_help(two_ms: float, chosen: int) -> None:
    assert choose_lone_threads({1: 50.0, 2: two_ms}) == chosen


def test_an_unmeasured_machine_is_run_as_its_flags_promise() -> None:
    assert assume(MACHINE).precision == "bfloat16"
    assert assume(MACHINE).workers == 2
    assert assume(msgspec.structs.replace(MACHINE, flags=("avx2",))).precision == "float32"


def test_a_record_is_read_back_on_the_same_machine_only(tmp_path: Path) -> None:
    record = Record(
        model="m", machine=MACHINE, choice=Choice(workers=2, origin="measured"), trials=(trial(1.0),)
    )
    write_record(tmp_path, record)
    assert recorded(tmp_path, "m", MACHINE) == record
    assert recorded(tmp_path, "m", msgspec.structs.replace(MACHINE, torch="2.10")) is None
    assert recorded(tmp_path, "other", MACHINE) is None


def test_a_record_that_cannot_be_read_counts_as_none(tmp_path: Path) -> None:
    path = write_record(tmp_path, Record(model="m", machine=MACHINE, choice=Choice(), trials=()))
    path.write_bytes(b"{half")
    assert recorded(tmp_path, "m", MACHINE) is None


def test_the_machine_is_read_from_what_the_kernel_says(tmp_path: Path) -> None:
    info = tmp_path / "cpuinfo"
    info.write_text(
        "processor : 0\nmodel name : Fast One\nflags : fpu avx512_bf16\n\nprocessor : 1\nflags : none\n"
    )
    machine = this_machine(info)
    assert (machine.cpu, machine.flags) == ("Fast One", ("avx512_bf16", "fpu"))
    assert machine.has_bfloat16
    assert machine.cores >= 1
    assert not this_machine(tmp_path / "absent").has_bfloat16


def test_trial_batches_hold_every_text_once_within_the_budget() -> None:
    texts = sample(40)
    batches = cut(texts, 256)
    assert sorted(text for batch in batches for text in batch) == sorted(texts)
    assert all(max(map(estimate_tokens, batch)) * len(batch) <= 256 for batch in batches if len(batch) > 1)


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_trial_batches_give_every_worker_as_much(workers: int) -> None:
    texts = sample(48)
    total = sum(map(estimate_tokens, texts))
    budget = even(texts, 1_024, workers)
    assert budget <= 1_024
    assert (total / budget) % workers == pytest.approx(0.0, abs=0.05) or -(-total // budget) % workers == 0
