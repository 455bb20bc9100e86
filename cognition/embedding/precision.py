"""How to run the model here: precision, workers, threads, batch size. Pure choice, and its record.

bfloat16 means: the transformer in bfloat16, its token vectors widened to float32 before pooling and
normalising. Measured on LoCoMo against float32: cosine at least .99990, mean .99995. Pooling in bfloat16 as
well gives .9967; widening LayerNorm too gains nothing (.99995) and costs 15 %; bfloat16 in
the linear layers alone gives .99997 and costs 20 %.
This module must not load the model; `measuring` does.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec

from cognition.embedding.machine import Machine

Precision = Literal["float32", "bfloat16"]

COSINE_MIN = 0.999  # a precision whose worst text is further from float32 than this is not used
GAIN_MIN = 1.15  # bfloat16 must be so much faster, else the exact one is kept
LAYOUT_GAIN_MIN = 1.10  # workers of one thread each are kept unless another layout is so much faster:
# they cannot wait for each other when the daemon's stores or other programs take a core
LONE_GAIN_MIN = 1.15  # a lone text gets several threads only if it gains so much
BATCH_TOKENS = 1_024  # without a measurement; flat between 512 and 2,048 on the machines tried


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """One measured way to run the model."""

    precision: Precision
    workers: int
    threads: int
    batch_tokens: int
    texts_per_s: float
    lone_ms: float = 0.0
    cosine_min: float = 1.0


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """How the model is run. `lone_threads` serve a text that comes alone."""

    precision: Precision = "float32"
    workers: int = 1
    threads: int = 1
    lone_threads: int = 1
    batch_tokens: int = BATCH_TOKENS
    origin: str = "default"


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured, on which machine, and what was chosen."""

    model: str
    machine: Machine
    choice: Choice
    trials: tuple[Trial, ...]


def assume(machine: Machine) -> Choice:
    """The choice for a machine that was not measured: what its flags promise."""
    return Choice(
        precision="bfloat16" if machine.has_bfloat16 else "float32",
        workers=machine.cores,
        threads=1,
        lone_threads=machine.cores,
        origin="assumed from the flags of the CPU",
    )


def choose_precision(float32: Trial, bfloat16: Trial) -> Precision:
    """The faster one, provided that it is faithful and worth it."""
    faithful = bfloat16.cosine_min >= COSINE_MIN
    gain = bfloat16.texts_per_s / float32.texts_per_s
    return "bfloat16" if faithful and gain >= GAIN_MIN else "float32"


def choose_layout(trials: Sequence[Trial]) -> Trial:
    """The fastest, where single-threaded workers win a near tie."""
    fastest = max(trials, key=lambda trial: trial.texts_per_s)
    single = [trial for trial in trials if trial.threads == 1]
    if single:
        steady = max(single, key=lambda trial: trial.texts_per_s)
        if fastest.texts_per_s < steady.texts_per_s * LAYOUT_GAIN_MIN:
            return steady
    return fastest


def choose_lone_threads(lone_ms: dict[int, float]) -> int:
    """Threads for a text alone, by milliseconds for each number of threads tried."""
    fewest = min(lone_ms)
    best = min(lone_ms, key=lambda threads: lone_ms[threads])
    return best if lone_ms[fewest] >= lone_ms[best] * LONE_GAIN_MIN else fewest


def recorded(cache: Path, model: str, machine: Machine) -> Record | None:
    """What was measured here before; None if nothing, or if the record cannot be read."""
    try:
        record = msgspec.json.decode(_path(cache, model, machine).read_bytes(), type=Record)
    except (FileNotFoundError, msgspec.DecodeError):
        return None
    return record if record.machine == machine else None


def write_record(cache: Path, record: Record) -> Path:
    """Keep a measurement; a reader sees the old one or the new one, never a part."""
    path = _path(cache, record.model, record.machine)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".measured-")
    with os.fdopen(handle, "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(record), indent=2))
    Path(name).replace(path)
    return path


def _path(cache: Path, model: str, machine: Machine) -> Path:
    return cache / "measured" / f"{model.replace('/', '--')}-{machine.key}.json"
