"""Named sets, each converted from the evaluation data to the documented form.

What every set is, where it comes from and under which licence: `SETS`. A loader knows its
files and nothing of how the result is used.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.data import DataFormatError, DataMissingError, Dataset, Rows, data_root, from_rows, read_dir
from benchmarks.loaders import beam, locomo, madial, precision, segmentation, wiki


@dataclass(frozen=True, slots=True)
class NamedSet:
    """One set: its folder under the data root, how it is converted, where it comes from."""

    folder: str
    convert: Callable[[Path], Rows]
    source: str


SETS: dict[str, NamedSet] = {
    "locomo": NamedSet(
        "locomo", locomo.convert, "github.com/snap-research/locomo data/locomo10.json (CC BY-NC 4.0)"
    ),
    "beam-100k": NamedSet(
        "beam-100k",
        beam.convert,
        "github.com/mohammadtavakoli78/BEAM, the 100K chats with even numbers: N/chat.json.gz and "
        "N/probing_questions.json (no licence stated)",
    ),
    "beam-100k-whole": NamedSet(
        "beam-100k",
        partial(beam.convert, cut=None),
        "github.com/mohammadtavakoli78/BEAM as for beam-100k; here messages are not cut at 1,500 characters",
    ),
    "beam-100k-abstention": NamedSet(
        "beam-100k",
        partial(beam.convert, abstention=True),
        "github.com/mohammadtavakoli78/BEAM as for beam-100k, with its abstention questions",
    ),
    "multihop-2wiki": NamedSet(
        "multihop-2wiki",
        wiki.convert,
        "github.com/OSU-NLP-Group/HippoRAG reproduce/dataset/2wikimultihopqa_corpus.json and its questions "
        "(MIT / Apache-2.0)",
    ),
    "madial-bench": NamedSet(
        "madial-bench",
        madial.convert,
        "github.com/hejunqing/MADial-Bench data/en, every other dialogue (MIT)",
    ),
    "precision-membench": NamedSet(
        "precision-membench", precision.convert, "github.com/tenurehq/precisionMemBench fixtures (MIT)"
    ),
    "dialseg711": NamedSet(
        "dialseg711",
        segmentation.convert_dialseg,
        "github.com/xyease/TADAM en_dataset_reference_2.txt (no licence stated)",
    ),
    "tiage": NamedSet("tiage", segmentation.convert_tiage, "github.com/HuiyuanXie/tiage anno_dev.json (MIT)"),
    "tiage-train": NamedSet(
        "tiage",
        partial(segmentation.convert_tiage, part="train"),
        "github.com/HuiyuanXie/tiage anno_train.json (MIT)",
    ),
    "sherlock-events": NamedSet(
        "sherlock-events",
        segmentation.convert_sherlock,
        "github.com/ContextLab/sherlock-topic-model-paper data/raw (MIT)",
    ),
}


def rows_of(name: str) -> Rows:
    """Convert a named set; raises `DataMissingError` that says what to fetch and from where."""
    chosen = SETS[name]
    folder = data_root() / chosen.folder
    try:
        return chosen.convert(folder)
    except FileNotFoundError as error:
        raise DataMissingError(
            f"{name}: {error.filename or folder} is absent. Fetch {chosen.source} into {folder}, "
            "or set COGNITION_BENCH_DATA to the folder that holds it."
        ) from error


def load(name_or_folder: str) -> Dataset:
    """A named set, or any folder in the documented form. Raises `DataMissingError` for a named set that is
    not on this machine, and `DataFormatError` for what is neither."""
    if name_or_folder in SETS:
        return from_rows(name_or_folder, rows_of(name_or_folder))
    folder = Path(name_or_folder)
    if not folder.is_dir():
        raise DataFormatError(
            f"{name_or_folder} is neither a folder nor a named set. Named sets: {', '.join(SETS)}."
        )
    return read_dir(folder)
