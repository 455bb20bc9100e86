"""The real weights: loaded, faithful in either precision, and sensible."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from cognition.embedding.measuring import measure, sample
from cognition.embedding.opening import open_embedder
from cognition.embedding.precision import COSINE_MIN, Choice, recorded
from cognition.embedding.sentence_transformer import Encoder, SentenceTransformerEmbedder
from cognition.embedding.weights import find_weights
from cognition.errors import ModelUnavailableError, SettingsError

pytestmark = pytest.mark.model

TEXTS = [*sample(12), "Thanks!", "?", "日本語の文章です。", "long words " * 400]


@pytest.fixture(scope="module")
def folder() -> Path:
    found = find_weights()
    if found is None:
        pytest.skip("no weights on this machine: run `cognition model install`")
    return found


@pytest.fixture(scope="module")
def exact(folder: Path) -> Iterator[Encoder]:
    encoder = Encoder(folder, Choice(precision="float32"))
    yield encoder
    encoder.unload()


@pytest.fixture(scope="module")
def exact_rows(exact: Encoder) -> NDArray[np.float32]:
    return np.concatenate([exact.encode([text]) for text in TEXTS])


def test_rows_are_unit_float32(exact_rows: NDArray[np.float32]) -> None:
    assert exact_rows.dtype == np.float32
    assert exact_rows.shape == (len(TEXTS), 768)
    np.testing.assert_allclose(np.linalg.norm(exact_rows, axis=1), 1.0, atol=1e-5)


def test_the_model_reads_as_many_tokens_as_it_was_made_for(exact: Encoder) -> None:
    assert exact.max_tokens == 384


def test_similar_texts_are_nearer_than_others(exact: Encoder) -> None:
    cue, near, far = exact.encode(
        [
            "Where does Ana's sister live?",
            "My sister moved to Oslo in March.",
            "The disk of the server is full.",
        ]
    )
    assert cue @ near > 0.35 > cue @ far


def test_bfloat16_is_faithful_alone_and_in_company(folder: Path, exact_rows: NDArray[np.float32]) -> None:
    encoder = Encoder(folder, Choice(precision="bfloat16"))
    alone = np.concatenate([encoder.encode([text]) for text in TEXTS])
    together = encoder.encode(TEXTS)
    assert float((alone * exact_rows).sum(axis=1).min()) >= COSINE_MIN
    assert float((together * exact_rows).sum(axis=1).min()) >= COSINE_MIN
    assert float((together * exact_rows).sum(axis=1).mean()) >= 0.9998


async def test_the_front_gives_what_the_model_gives(folder: Path, exact_rows: NDArray[np.float32]) -> None:
    embedder = SentenceTransformerEmbedder(folder, model="m", choice=Choice(workers=2))
    rows = await embedder.embed(TEXTS)
    await embedder.aclose()
    np.testing.assert_allclose(rows, exact_rows, atol=1e-4)


async def test_opening_finds_the_weights_and_honours_the_precision(folder: Path) -> None:
    async with open_embedder(path=str(folder), precision="float32") as embedder:
        assert embedder.choice.precision == "float32"
        assert (await embedder.embed(["ready"])).shape == (1, 768)


async def test_an_unknown_precision_is_refused_by_name() -> None:
    with pytest.raises(SettingsError, match="'float16' is unknown"):
        async with open_embedder(precision="float16"):
            pass


def test_weights_that_are_broken_are_told_with_a_remedy(folder: Path, tmp_path: Path) -> None:
    for path in folder.rglob("*"):
        target = tmp_path / path.relative_to(folder)
        if path.is_dir():
            target.mkdir()
        elif path.name != "model.safetensors":
            target.write_bytes(path.read_bytes())
    (tmp_path / "model.safetensors").write_bytes(b"not tensors")
    with pytest.raises(ModelUnavailableError, match=r"cannot be loaded.*cognition model install"):
        Encoder(tmp_path, Choice()).load()


def test_loading_and_encoding_say_nothing(folder: Path) -> None:
    program = (
        "import sys; from pathlib import Path;"
        "from cognition.embedding.sentence_transformer import Encoder;"
        "from cognition.embedding.precision import Choice;"
        "assert 'torch' not in sys.modules;"
        "Encoder(Path(sys.argv[1]), Choice()).encode(['quiet', 'please'])"
    )
    done = subprocess.run([sys.executable, "-c", program, str(folder)], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.slow
def test_a_measurement_is_recorded(folder: Path, tmp_path: Path) -> None:
    record = measure(folder, model="m", cache=tmp_path)
    assert recorded(tmp_path, "m", record.machine) == record
    assert record.choice.origin == "measured"
    assert record.choice.precision in {trial.precision for trial in record.trials}


_LEAN = """
import sys, warnings
from pathlib import Path
from cognition.embedding import sentence_transformer, stand_ins
from cognition.embedding.precision import Choice
more = sys.argv[3:]
if more:
    unused = (*stand_ins.UNUSED, *more)
    standing_in = stand_ins.standing_in
    sentence_transformer.stand_ins.standing_in = lambda: standing_in(unused)
encoder = sentence_transformer.Encoder(Path(sys.argv[1]), Choice(precision="float32"), lean=True)
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    encoder.load()
whole = [w for w in said if "loaded whole" in str(w.message)]
rows = encoder.encode(["Thanks!", "My sister moved to Oslo in March."])
print(len(whole), "sklearn" in sys.modules, "torch._dynamo" in sys.modules)
Path(sys.argv[2]).write_bytes(rows.tobytes())
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("more", "said"),
    [([], "0 False False"), (["sentence_transformers.sentence_transformer.model"], "1 True True")],
    ids=["lean", "a release that needs more"],
)
def test_libraries_in_part_give_the_same_vectors(
    folder: Path, exact: Encoder, tmp_path: Path, more: list[str], said: str
) -> None:
    rows = tmp_path / "rows"
    run = subprocess.run(
        [sys.executable, "-c", _LEAN, str(folder), str(rows), *more],
        check=True,
        capture_output=True,
        text=True,
    )
    assert run.stdout.strip() == said
    vectors = np.frombuffer(rows.read_bytes(), np.float32).reshape(2, -1)
    expected = exact.encode(["Thanks!", "My sister moved to Oslo in March."])
    np.testing.assert_allclose(vectors, expected, atol=1e-6)
