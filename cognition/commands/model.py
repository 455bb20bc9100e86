"""`cognition model`: fetch and check the weights, measure this machine, say what is there."""

from __future__ import annotations

import argparse
from pathlib import Path

import anyio.to_thread
import msgspec

from cognition.cli import DONE, NO
from cognition.commands.progress import Progress
from cognition.commands.running import loaded_settings, print_json
from cognition.embedding.catalogue import cache_root
from cognition.embedding.machine import this_machine
from cognition.embedding.precision import Record, recorded
from cognition.embedding.weights import find_weights, install_weights
from cognition.settings import Settings


def find(settings: Settings) -> Path | None:
    """Where the weights are on this machine, without any network."""
    return find_weights(settings.embedding.path, settings.embedding.model)


async def ensure_model(settings: Settings, *, measure_again: bool = False) -> Path:
    """Weights on this machine, measured; a bar shows what takes time.

    Raises `ModelUnavailableError`.
    """
    return await anyio.to_thread.run_sync(install, settings, measure_again)


def install(settings: Settings, measure_again: bool = False) -> Path:
    """The same without waiting for it in between."""
    bar = PhaseBar()
    chosen = settings.embedding
    folder = find(settings)
    if folder is None:
        folder = install_weights(chosen.path, chosen.model, progress=bar)
    if measure_again or record_of(settings) is None:
        from cognition.embedding.measuring import measure

        measure(folder, model=chosen.model, progress=bar)
    bar.close()
    return folder


def record_of(settings: Settings) -> Record | None:
    """What was measured on this machine, if it was."""
    return recorded(cache_root(), settings.embedding.model, this_machine())


class PhaseBar:
    """A bar for each phase of the installation."""

    def __init__(self) -> None:
        self._bar: Progress | None = None

    def __call__(self, done: int, total: int, phase: str) -> None:
        if self._bar is None or self._bar.what != phase:
            self.close()
            self._bar = Progress(phase, total)
        self._bar.total = total
        self._bar.set(done)

    def close(self) -> None:
        """Leave the last bar standing."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None


async def model_install(options: argparse.Namespace) -> int:
    """Fetch, check, measure; only looks when all is done already."""
    settings = loaded_settings(options).settings
    folder = await ensure_model(settings, measure_again=options.measure)
    tell(folder, record_of(settings), as_json=options.json)
    return DONE


async def model_show(options: argparse.Namespace) -> int:
    """What is there; 1 when there are no weights."""
    settings = loaded_settings(options).settings
    folder = find(settings)
    tell(folder, record_of(settings), as_json=options.json)
    return DONE if folder is not None else NO


def tell(folder: Path | None, record: Record | None, *, as_json: bool) -> None:
    """Where the weights are, and what was measured."""
    if as_json:
        print_json({"path": str(folder) if folder else None, "record": msgspec.to_builtins(record)})
        return
    print(f"weights: {folder or 'none; run cognition model install'}")
    if record is None:
        return
    choice = record.choice
    print(f"runs as: {choice.precision}, {choice.workers} workers of {choice.threads} threads")
    for trial in record.trials:
        layout = f"{trial.precision:9} {trial.workers} x {trial.threads} threads"
        fidelity = f"cosine to float32 >= {trial.cosine_min:.5f}" if trial.cosine_min < 1.0 else ""
        print(f"  {layout}  {trial.texts_per_s:7.1f} texts/s  {fidelity}".rstrip())
