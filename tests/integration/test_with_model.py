"""The daemon as everybody runs it, with the model: a text is perceived, and a paraphrase finds it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cognition.data_directory import find_holder
from schemas.events import Outcome
from tests.integration.support import ROOT, client_of, cognition, environment, until

pytestmark = [pytest.mark.model, pytest.mark.timeout(300)]
STARTED_WITHIN_S = 120.0


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The directory of a daemon that was started with one plain command."""
    directory = tmp_path_factory.mktemp("model") / "data"
    words = [sys.executable, "-m", "cognition", "daemon", "--data", str(directory)]
    with (directory.with_name("log")).open("wb") as log:
        process = subprocess.Popen(words, stderr=log, cwd=ROOT, env=environment())
    try:
        until(lambda: ready(directory, process), "ready daemon", within_s=STARTED_WITHIN_S)
        yield directory
    finally:
        process.terminate()
        code = process.wait(timeout=60)
    assert code == 0


def ready(directory: Path, process: subprocess.Popen[bytes]) -> bool:
    assert process.poll() is None, directory.with_name("log").read_text()
    holder = find_holder(directory)
    return holder is not None and holder.ready


def test_a_text_is_remembered_and_a_paraphrase_finds_it(served: Path) -> None:
    here = ("--mind", "ana", "--data", str(served))
    for text in (
        "The boiler is serviced in March.",
        "Clara must not eat hazelnuts.",
        "Rent is due on Friday.",
    ):
        assert cognition("perceive", text, *here).code == 0
    told = cognition("recall", "Which nuts are dangerous for her?", *here, "--json")
    assert told.json["recalled"][0]["memory"]["content"] == "Clara must not eat hazelnuts."
    assert told.json["recalled"][0]["memory"]["embedding_model"].startswith("all-mpnet-base-v2")


def test_the_flat_form_needs_nothing_but_a_mind_and_a_text(served: Path) -> None:
    holder = find_holder(served)
    assert holder is not None
    client = client_of(holder.url)
    receipt = client.receipt("flat", client.xadd("flat", {"mind": "flat", "content": "It rains."}))
    assert receipt.outcome is Outcome.ENCODED
