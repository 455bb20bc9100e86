"""Open the embedder that the settings ask for: find or fetch the weights, choose how to run them, load.

This module must not import torch before it has weights.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio.to_thread
import msgspec

from cognition.embedding.catalogue import MODEL, Progress, cache_root
from cognition.embedding.machine import this_machine
from cognition.embedding.precision import Choice, assume, recorded
from cognition.embedding.sentence_transformer import SentenceTransformerEmbedder
from cognition.embedding.text_queue import Limits
from cognition.embedding.weights import find_weights, install_weights
from cognition.errors import SettingsError

PRECISIONS = ("auto", "float32", "bfloat16")


@asynccontextmanager
async def open_embedder(
    *,
    path: str = "",
    model: str = MODEL,
    precision: str = "auto",
    linger_s: float = Limits().linger_s,
    queue_max: int = Limits().queue_texts,
    cache: Path | None = None,
    progress: Progress | None = None,
    lean: bool = False,
) -> AsyncIterator[SentenceTransformerEmbedder]:
    """A loaded embedder, closed at the end. Fetches and measures when there are no weights yet. `lean` as of
    `Encoder`.

    Raises `ModelUnavailableError` if there are none and none can be had.
    """
    if precision not in PRECISIONS:
        raise SettingsError(
            f"embedding.precision = {precision!r} is unknown", remedy=f"Choose one of {', '.join(PRECISIONS)}"
        )
    folder, choice = await anyio.to_thread.run_sync(ready, path, model, cache, progress)
    if precision != "auto":
        choice = msgspec.structs.replace(choice, precision=precision, origin="settings")
    limits = Limits(linger_s=linger_s, queue_texts=queue_max, batch_tokens=choice.batch_tokens)
    embedder = SentenceTransformerEmbedder(folder, model=model, choice=choice, limits=limits, lean=lean)
    try:
        await embedder.prepare()
        yield embedder
    finally:
        with anyio.CancelScope(shield=True):
            await embedder.aclose()


def ready(
    path: str = "", model: str = MODEL, cache: Path | None = None, progress: Progress | None = None
) -> tuple[Path, Choice]:
    """Weights on this machine and how to run them; fetched and measured on first need."""
    cache = cache or cache_root()
    machine = this_machine()
    folder = find_weights(path, model, cache=cache)
    if folder is not None:
        record = recorded(cache, model, machine)
        return folder, record.choice if record is not None else assume(machine)
    from cognition.embedding.measuring import measure

    folder = install_weights(path, model, cache=cache, progress=progress)
    return folder, measure(folder, model=model, cache=cache, progress=progress).choice
