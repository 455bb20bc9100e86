"""How a server keeps the vectors that are searched: our kinds as its settings, and back.

Pure. Must not know how they are sent.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from qdrant_client import models

from cognition.stores.backend import CollectionSpec, Query, Sparse
from schemas.quantization import PLAIN, Quantization, QuantizationKind

_NOTED: Final = "quantization"
_BEFORE: Final = "quantization_before"
"""Keys of a collection's metadata: how it was told to keep its vectors, which its configuration says in part,
and which kind that replaced."""


def compressed(wanted: Quantization) -> models.QuantizationConfig | None:
    """None where the kind is none."""
    match wanted.kind:
        case QuantizationKind.INT8:
            return models.ScalarQuantization(
                scalar=models.ScalarQuantizationConfig(
                    type=models.ScalarType.INT8, quantile=wanted.quantile, always_ram=wanted.always_ram
                )
            )
        case QuantizationKind.TURBO:
            return models.TurboQuantization(
                turbo=models.TurboQuantQuantizationConfig(
                    bits=models.TurboQuantBitSize.BITS4, always_ram=wanted.always_ram
                )
            )
        case QuantizationKind.BINARY:
            return models.BinaryQuantization(
                binary=models.BinaryQuantizationConfig(always_ram=wanted.always_ram)
            )
        case _:
            return None


def change(wanted: Quantization, *, on_disk: bool) -> models.VectorParamsDiff:
    """What makes a vector kept so. Where it is compressed the originals are read from the disk, else as it is
    set (`on_disk`)."""
    plain = wanted.kind is QuantizationKind.NONE
    return models.VectorParamsDiff(
        quantization_config=models.Disabled.DISABLED if plain else compressed(wanted),
        on_disk=on_disk or not plain,
    )


def notes(wanted: Quantization, before: Quantization) -> dict[str, Any]:
    """What the metadata says of a change."""
    noted: dict[str, Any] = {_NOTED: msgspec.to_builtins(wanted)}
    if not wanted.keeps_as(before):
        noted[_BEFORE] = str(before.kind)
    return noted


def kept(spec: CollectionSpec, found: models.CollectionInfo) -> Quantization:
    """How the searched vectors are kept: the kind as the server says, the rest as it was noted."""
    stored = found.config.params.vectors
    params = stored.get(spec.searched[0]) if isinstance(stored, dict) and spec.searched else None
    match None if params is None else params.quantization_config:
        case models.ScalarQuantization():
            kind = QuantizationKind.INT8
        case models.TurboQuantization():
            kind = QuantizationKind.TURBO
        case models.BinaryQuantization():
            kind = QuantizationKind.BINARY
        case _:
            return PLAIN
    noted = (found.config.metadata or {}).get(_NOTED)
    how = spec.quantization if noted is None else msgspec.convert(noted, Quantization)
    return msgspec.structs.replace(how, kind=kind)


def before(found: models.CollectionInfo) -> QuantizationKind | None:
    """The kind that the last change replaced."""
    said = (found.config.metadata or {}).get(_BEFORE)
    return None if said is None else QuantizationKind(said)


def search_params(asked: Query, how: Quantization) -> models.SearchParams | None:
    """How a vector is searched: exactly, or as it is kept."""
    if asked.exact:
        return models.SearchParams(exact=True)
    if isinstance(asked.vector, Sparse) or how.kind is QuantizationKind.NONE:
        return None
    searched = models.QuantizationSearchParams(rescore=how.rescore, oversampling=how.factor)
    if asked.uncompressed:
        searched = models.QuantizationSearchParams(ignore=True)
    return models.SearchParams(quantization=searched)
