"""Measure how this machine runs the model best, once, in about fifteen seconds, and keep the answer.

This module must not decide: `precision` does, from the trials.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from cognition.embedding.catalogue import MODEL, Progress, cache_root
from cognition.embedding.machine import Machine, this_machine
from cognition.embedding.precision import (
    BATCH_TOKENS,
    Choice,
    Precision,
    Record,
    Trial,
    choose_layout,
    choose_lone_threads,
    choose_precision,
    write_record,
)
from cognition.embedding.sentence_transformer import Encoder
from cognition.embedding.text_queue import estimate_tokens

BATCH_TOKENS_TRIED = (512, 2_048)  # besides BATCH_TOKENS
FAIR_TEXTS = 16  # to compare the precisions
LAYOUT_TEXTS = 48  # to compare the layouts
ROUNDS = 2  # in turns, the better one counts: another program may take a core for a while
LONE_ROUNDS = 4
BUDGET_S = 15.0  # a slow machine skips the trials that are left after this
STEPS = 10

PHRASES = (
    "I walked along the river this morning and the water was higher than last week.",
    "Maria asked whether the train to Lisbon leaves from the old station.",
    "Thanks!",
    "The second backup failed again because the disk was full, so we moved the archive to another machine.",
    "What did you think of the concert?",
    "My sister moved to Oslo in March with two cats, a piano and hardly any winter clothes.",
    "It was raining.",
    "We agreed to paint the kitchen yellow and to keep the green chairs.",
)

Stopwatch = Callable[[], float]
Rows = NDArray[np.float32]


def measure(
    folder: Path,
    *,
    model: str = MODEL,
    cache: Path | None = None,
    progress: Progress | None = None,
    stopwatch: Stopwatch = time.perf_counter,
    budget_s: float = BUDGET_S,
) -> Record:
    """Try precisions, layouts and batch sizes; write the record into the cache and return it."""
    bench = _Bench(folder, this_machine(), progress, stopwatch, budget_s)
    choice = bench.choose()
    record = Record(model=model, machine=bench.machine, choice=choice, trials=tuple(bench.trials))
    write_record(cache or cache_root(), record)
    return record


def sample(count: int) -> list[str]:
    """Texts of one to four phrases, as long as turns of a conversation are."""
    return [
        f"{i}. " + " ".join(PHRASES[(i * 3 + k) % len(PHRASES)] for k in range(i % 4 + 1))
        for i in range(count)
    ]


def cut(texts: Sequence[str], batch_tokens: int) -> list[list[str]]:
    """Batches of near lengths within a budget of padded tokens."""
    batches: list[list[str]] = []
    for text in sorted(texts, key=len, reverse=True):
        longest = estimate_tokens(batches[-1][0]) if batches else 0
        if not batches or longest * (len(batches[-1]) + 1) > batch_tokens:
            batches.append([])
        batches[-1].append(text)
    return batches


def even(texts: Sequence[str], batch_tokens: int, workers: int) -> int:
    """The largest budget up to `batch_tokens` that gives every worker as much to do."""
    total = sum(map(estimate_tokens, texts))
    rounds = -(-total // (batch_tokens * workers))
    return -(-total // (rounds * workers))


class _Bench:
    """The trials of one measurement, in order."""

    def __init__(
        self,
        folder: Path,
        machine: Machine,
        progress: Progress | None,
        stopwatch: Stopwatch,
        budget_s: float,
    ) -> None:
        self.folder = folder
        self.machine = machine
        self.trials: list[Trial] = []
        self._progress = progress
        self._stopwatch = stopwatch
        self._until = float("inf")
        self._budget_s = budget_s
        self._step = 0

    def choose(self) -> Choice:
        precision, encoder = self._compare_precisions()
        lone = {threads: self._lone_ms(encoder, threads) for threads in {1, self.machine.cores}}
        cores = self.machine.cores
        shapes = [(cores, 1), (1, cores)] if cores > 1 else [(1, 1)]
        layouts = [
            self._layout(encoder, workers, threads, BATCH_TOKENS)
            for _ in range(ROUNDS)
            for workers, threads in shapes
        ]
        best = choose_layout(layouts)
        sizes = [best] + [
            self._layout(encoder, best.workers, best.threads, batch_tokens)
            for batch_tokens in BATCH_TOKENS_TRIED
            if self._stopwatch() < self._until
        ]
        if self._progress is not None:
            self._progress(STEPS, STEPS, "measuring")
        return Choice(
            precision=precision,
            workers=best.workers,
            threads=best.threads,
            lone_threads=choose_lone_threads(lone),
            batch_tokens=max(sizes, key=lambda trial: trial.texts_per_s).batch_tokens,
            origin="measured",
        )

    def _compare_precisions(self) -> tuple[Precision, Encoder]:
        """One thread each, so that nothing but the arithmetic is compared."""
        precisions: tuple[Precision, ...] = ("float32", "bfloat16")
        encoders = {name: self._loaded(name) for name in precisions}
        self._until = self._stopwatch() + self._budget_s  # importing and loading do not count
        texts = sample(FAIR_TEXTS)
        wanted = np.concatenate([encoders["float32"].encode(batch) for batch in cut(texts, BATCH_TOKENS)])
        found: dict[Precision, list[Trial]] = {name: [] for name in precisions}
        for _ in range(ROUNDS):
            for name, encoder in encoders.items():
                found[name].append(self._keep(self._precision_trial(encoder, texts, wanted)))
        float32, bfloat16 = (max(found[name], key=lambda t: t.texts_per_s) for name in precisions)
        precision = choose_precision(float32, bfloat16)
        return precision, encoders[precision]

    def _precision_trial(self, encoder: Encoder, texts: list[str], wanted: Rows) -> Trial:
        rows, texts_per_s = self._timed(encoder, texts, 1, BATCH_TOKENS)
        return Trial(
            precision=encoder.choice.precision,
            workers=1,
            threads=1,
            batch_tokens=BATCH_TOKENS,
            texts_per_s=texts_per_s,
            lone_ms=self._lone_ms(encoder, 1),
            cosine_min=float((rows * wanted).sum(axis=1).min()),
        )

    def _layout(self, encoder: Encoder, workers: int, threads: int, batch_tokens: int) -> Trial:
        encoder.choice = msgspec.structs.replace(encoder.choice, threads=threads)
        _, texts_per_s = self._timed(encoder, sample(LAYOUT_TEXTS), workers, batch_tokens)
        trial = Trial(
            precision=encoder.choice.precision,
            workers=workers,
            threads=threads,
            batch_tokens=batch_tokens,
            texts_per_s=texts_per_s,
        )
        return self._keep(trial)

    def _timed(
        self, encoder: Encoder, texts: list[str], workers: int, batch_tokens: int
    ) -> tuple[Rows, float]:
        batches = cut(texts, even(texts, batch_tokens, workers))
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(encoder.encode, [["Warm."] * 2] * workers))
            began = self._stopwatch()
            rows = list(pool.map(encoder.encode, batches))
            took = self._stopwatch() - began
        return np.concatenate(rows), len(texts) / max(took, 1e-9)

    def _lone_ms(self, encoder: Encoder, threads: int) -> float:
        encoder.choice = msgspec.structs.replace(encoder.choice, lone_threads=threads)
        took: list[float] = []
        for text in sample(LONE_ROUNDS + 1):
            began = self._stopwatch()
            encoder.encode([text])
            took.append(self._stopwatch() - began)
        return float(np.median(took[1:]) * 1e3)

    def _loaded(self, precision: Precision) -> Encoder:
        encoder = Encoder(self.folder, Choice(precision=precision))
        encoder.load()
        return encoder

    def _keep(self, trial: Trial) -> Trial:
        self.trials.append(trial)
        self._step += 1
        if self._progress is not None:
            self._progress(min(self._step, STEPS), STEPS, "measuring")
        return trial
