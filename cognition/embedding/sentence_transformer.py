"""The one door to sentence-transformers and torch: texts to vectors with the real model.

Nothing heavy is imported before `load`. This module must not know where weights come from or who asks.
"""

from __future__ import annotations

import os
import sys
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import anyio.to_thread
import numpy as np
from numpy.typing import NDArray

from cognition.embedding import stand_ins
from cognition.embedding.batching import BatchingEmbedder, EmbeddingStatistics
from cognition.embedding.precision import Choice
from cognition.embedding.text_queue import Limits
from cognition.errors import ModelUnavailableError
from cognition.ports.embedder import DIMENSION

# Read by the libraries when they are first imported; a value set by the user is left alone.
# OMP_WAIT_POLICY: threads that spin while they wait made two threads 5 to 9 times slower than one
# as soon as another program used a core (measured); sleeping ones cost nothing measurable.
ENVIRONMENT = {
    "OMP_WAIT_POLICY": "PASSIVE",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TOKENIZERS_PARALLELISM": "false",
}


LIBRARIES = ("sentence_transformers", "transformers")


class Encoder:
    """The model in one precision. Loads on first use; `encode` may be called from several threads.

    `lean` is for a process of our own: what embedding does not use of the libraries is then not imported.
    """

    def __init__(self, folder: Path, choice: Choice, *, lean: bool = False) -> None:
        self.folder = folder
        self.choice = choice
        self._lean = lean
        self._model: Any = None
        self._loading = threading.Lock()
        self._tokenising = threading.Lock()  # a fast tokenizer refuses to be used twice at once
        self._local = threading.local()

    @property
    def max_tokens(self) -> int:
        """How much of a text is read."""
        return int(self.load().max_seq_length)

    def load(self) -> Any:
        """The model itself. Raises `ModelUnavailableError` if it cannot be loaded."""
        with self._loading:
            if self._model is None:
                model = _load(self.folder, lean=self._lean)
                self._check_dimension(model)
                if self.choice.precision == "bfloat16":
                    _narrow(model)
                self._model = model
        return self._model

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Rows of shape (len(texts), 768), float32, unit length."""
        import torch

        model = self.load()
        self._use_threads(self.choice.lone_threads if len(texts) == 1 else self.choice.threads)
        with torch.inference_mode():
            with self._tokenising:
                features = _tokenise(model, list(texts))
            rows = model(features)["sentence_embedding"]
        vectors: NDArray[np.float32] = rows.float().numpy()
        return vectors

    def unload(self) -> None:
        """Give the memory back."""
        with self._loading:
            self._model = None

    def _use_threads(self, threads: int) -> None:
        """torch keeps this for each calling thread; setting it anew costs more than asking ourselves."""
        if getattr(self._local, "threads", 0) != threads:
            import torch

            torch.set_num_threads(threads)
            self._local.threads = threads

    def _check_dimension(self, model: Any) -> None:
        ask = getattr(model, "get_embedding_dimension", None) or model.get_sentence_embedding_dimension
        if ask() != DIMENSION:
            raise ModelUnavailableError(
                f"the model in {self.folder} makes vectors of {ask()} dimensions, not {DIMENSION}",
                remedy=f"Choose a model of {DIMENSION} dimensions",
            )


class SentenceTransformerEmbedder:
    """An `Embedder` that runs the real model in threads of its own, batched across all callers."""

    def __init__(
        self,
        folder: Path,
        *,
        model: str,
        choice: Choice | None = None,
        limits: Limits | None = None,
        lean: bool = False,
    ) -> None:
        self.choice = choice or Choice()
        self._encoder = Encoder(folder, self.choice, lean=lean)
        self._front = BatchingEmbedder(
            self._encoder.encode, model=model, limits=limits, workers=self.choice.workers
        )

    @property
    def model(self) -> str:
        """Name of the model."""
        return self._front.model

    async def prepare(self) -> None:
        """Load the model now. Raises `ModelUnavailableError` if it cannot be loaded."""
        await anyio.to_thread.run_sync(self._encoder.load)

    async def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of shape (len(texts), 768), float32, unit length, in order."""
        return await self._front.embed(texts)

    async def aclose(self) -> None:
        """End pending calls, release the model. Idempotent."""
        await self._front.aclose()
        self._encoder.unload()

    def statistics(self) -> EmbeddingStatistics:
        """Counts since the start."""
        return self._front.statistics()


def _load(folder: Path, *, lean: bool) -> Any:
    """The model; `lean` leaves out of its libraries what it does not need, where they let us."""
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    try:
        if lean and not any(package in sys.modules for package in LIBRARIES):
            import_module("torch")  # whole: it cannot be imported twice, should the rest have to be
            try:
                with stand_ins.standing_in():
                    return _read(folder)
            except Exception as error:  # another release may need what this one does not
                stand_ins.forget(*LIBRARIES)
                warnings.warn(f"the model's libraries are loaded whole: {error!r}", stacklevel=2)
        return _read(folder)
    except Exception as error:
        raise ModelUnavailableError(
            f"the model in {folder} cannot be loaded: {type(error).__name__}: {error}",
            remedy="Remove that directory and run `cognition model install`",
        ) from error


def _read(folder: Path) -> Any:
    with _quiet():
        from sentence_transformers import SentenceTransformer

        return SentenceTransformer(str(folder), device="cpu", local_files_only=True).eval()


def _narrow(model: Any) -> None:
    """The transformer in bfloat16; what follows it sees float32."""
    transformer = model[0]
    transformer.bfloat16()
    transformer.register_forward_hook(_widen)


def _widen(module: Any, inputs: Any, output: dict[str, Any]) -> dict[str, Any]:
    return {**output, "token_embeddings": output["token_embeddings"].float()}


def _tokenise(model: Any, texts: list[str]) -> Any:
    """`preprocess` is the name since 6.0, `tokenize` the one before."""
    return model.preprocess(texts) if hasattr(model, "preprocess") else model.tokenize(texts)


@contextmanager
def _quiet() -> Iterator[None]:
    """No progress bars and no advice on stderr while loading; as it was afterwards."""
    from transformers.utils import logging as transformers_logging

    logging: Any = transformers_logging  # its functions are not annotated
    bars, level = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()
