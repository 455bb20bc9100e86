"""The laws of a mind: invariants that hold from birth, and their fingerprint.

Knows the laws as text; whether the engine keeps them is for its tests to show.
"""

from __future__ import annotations

import hashlib
import struct
import unicodedata
from collections.abc import Iterable

from schemas.identity import Law

DEFAULT_LAWS: tuple[Law, ...] = (
    Law(
        name="solitude",
        text="One mind never sees another mind's memory: not in recall, not in a filter, not in an error.",
    ),
    Law(
        name="permanence",
        text="Forgetting moves a memory to the archive. Only the one who gave a memory may have it erased.",
    ),
    Law(
        name="fidelity",
        text="What was said stays as it was said. What is derived names its sources and never replaces them.",
    ),
    Law(
        name="connection",
        text="The drive to connect is never zero; its weight does not fall below 0.001.",
    ),
    Law(
        name="candour",
        text="No memory is written without a true vector. What cannot be remembered is refused, not faked.",
    ),
    Law(
        name="continuity",
        text="There is one self. Its history is only appended to, each step chained to the one before.",
    ),
)
"""With which a mind is born (ADR-020: invariants of the self; the engine's own promises as laws)."""


def canonical(laws: Iterable[Law]) -> bytes:
    """The laws as bytes that depend on what they say alone: by name, NFC, each part with its length."""
    chunks: list[bytes] = []
    for law in sorted(laws, key=lambda law: (law.name, law.text)):
        for part in (law.name, law.text):
            data = unicodedata.normalize("NFC", part).encode("utf-8")
            chunks.append(struct.pack("<I", len(data)) + data)
    return b"".join(chunks)


def laws_hash(laws: Iterable[Law]) -> str:
    """SHA-256 of the canonical laws, in hexadecimal."""
    return hashlib.sha256(canonical(laws)).hexdigest()


def differences(stored: Iterable[Law], expected: Iterable[Law]) -> list[str]:
    """What was done to the laws, a sentence each, naming the law; empty if they are the same."""
    held = {law.name: law.text for law in stored}
    due = {law.name: law.text for law in expected}
    problems = [f"law {name!r} is missing" for name in due if name not in held]
    problems += [f"law {name!r} was added" for name in held if name not in due]
    problems += [
        f"law {name!r} was changed to {held[name]!r}"
        for name, text in due.items()
        if name in held
        and canonical([Law(name=name, text=text)]) != canonical([Law(name=name, text=held[name])])
    ]
    return problems
