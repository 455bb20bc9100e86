"""How long a daemon takes from its command line until it says that it is ready."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import anyio.to_thread

from benchmarks.engine import EngineChoice, model_folder
from benchmarks.processes import DaemonProcess
from benchmarks.timing.bare import process_s
from benchmarks.timing.figures import figure, percentile

RUNS = 3
_STORE = (
    "import sys, numpy, redis, qdrant_edge as e; "
    "e.EdgeShard.create(sys.argv[1], e.EdgeConfig(vectors={'v': e.EdgeVectorParams(size=768, "
    "distance=e.Distance.Cosine)})).flush()"
)
_MODEL = (
    "import sys; from sentence_transformers import SentenceTransformer; "
    "SentenceTransformer(sys.argv[1], device='cpu').encode(['ready'])"
)


async def starts(folder: Path) -> list[dict[str, Any]]:
    """The middle of three starts over a directory that exists, without the model and with it."""
    without = await _start_s(folder / "start-without", "--no-model")
    with_model = await _start_s(folder / "start-with")
    stores = []
    for number in range(RUNS):
        shard = folder / f"bare-start-{number}"
        shard.mkdir()
        stores.append(process_s(_STORE, str(shard)))
    path = await anyio.to_thread.run_sync(model_folder, EngineChoice().settings())
    models = [process_s(_MODEL, str(path)) for _ in range(RUNS)]
    return [
        figure(
            "start_without_model", without, percentile(stores, 50), "s", "interpreter, imports, one new shard"
        ),
        figure(
            "start_with_model", with_model, percentile(models, 50), "s", "interpreter, model loaded, one text"
        ),
    ]


async def _start_s(folder: Path, *arguments: str) -> float:
    times = []
    for run in range(RUNS + 1):
        daemon = DaemonProcess(folder, *arguments)
        daemon.start()
        await daemon.ready()
        if run:  # the first one makes the directory
            times.append(time.monotonic() - daemon.started)
        daemon.stop()
    return percentile(times, 50)
