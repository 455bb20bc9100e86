"""Errors of the engine. Each says what happened to whom, and what to do about it.

An error that a caller would guess at derives from the builtin as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence


class CognitionError(Exception):
    """Base of every error of this package. `remedy` says what to do."""

    remedy: str = ""

    def __init__(self, message: str, *, remedy: str = "") -> None:
        self.remedy = remedy or self.remedy
        super().__init__(f"{message}. {self.remedy}" if self.remedy else message)


def problem_of(error: CognitionError) -> str:
    """What an error says, without its remedy."""
    return str(error).removesuffix(error.remedy).rstrip(". ")


class SettingsError(CognitionError, ValueError):
    """A setting is unknown, malformed or out of range."""


class BadPerceptError(CognitionError, ValueError):
    """A percept that decodes but cannot be remembered (for example a zero vector)."""


class BadCueError(CognitionError, ValueError):
    """A cue that decodes but cannot be answered."""


class UnavailableError(CognitionError, ConnectionError):
    """Something outside cannot be reached just now; trying again is safe."""


class LineFullError(UnavailableError):
    """More waits to be remembered than may. Nothing was dropped; what was not taken is to be repeated.

    `entry_ids` has one place for each message, in the order given: its entry, None where it was not
    taken. `retry_after_s` says when trying again makes sense.
    """

    def __init__(
        self,
        message: str,
        *,
        entry_ids: Sequence[str | None] = (),
        retry_after_s: float = 0.0,
        remedy: str = "",
    ) -> None:
        self.entry_ids = list(entry_ids)
        self.retry_after_s = retry_after_s
        super().__init__(message, remedy=remedy)


class ErasingError(UnavailableError):
    """An erasure of a mind's memories was begun and is not done yet."""


class StoreUnavailableError(UnavailableError):
    """The vector store cannot be reached, or its disk is full."""


class StoreDeniedError(StoreUnavailableError, PermissionError):
    """The vector store refuses our key. What waits is kept until a person gives another."""


class StoreVersionError(CognitionError, RuntimeError):
    """The vector store is too old, or too far from our client."""


class StoreRefusedError(CognitionError):
    """The vector store says that the request itself is wrong."""


class SchemaDriftError(CognitionError):
    """A collection exists with another shape than this version needs."""


class StoreLockedError(CognitionError, BlockingIOError):
    """Another process holds the data directory."""


class DataVersionError(CognitionError):
    """The data directory was written by a newer version."""


class EmbeddingError(CognitionError):
    """The embedder failed on these texts.

    `failed` maps the index of each failed text, in the order the caller gave them, to what went
    wrong with it. It is empty when no single text is to blame.
    """

    def __init__(self, message: str, *, failed: Mapping[int, str] | None = None, remedy: str = "") -> None:
        self.failed: dict[int, str] = dict(failed or {})
        super().__init__(message, remedy=remedy)


class ModelUnavailableError(CognitionError, FileNotFoundError):
    """There are no usable weights, and none could be fetched."""


class PartitionsInUseError(CognitionError, RuntimeError):
    """The number of partitions cannot be changed while daemons hold some, or something lies in them."""


class LeaseLostError(CognitionError):
    """This daemon no longer holds the partition; it must not write."""


class BadReportError(CognitionError, ValueError):
    """A report of what was useful cannot be learned from."""


class MindStoppedError(CognitionError):
    """This mind is refused service until a person has looked at it."""


class StepFailedError(CognitionError):
    """A step of a night failed for a reason that waiting does not mend; it is named."""


class DeadlineError(CognitionError, TimeoutError):
    """The answer did not come in time."""
