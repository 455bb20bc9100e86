"""What a structured percept says in words: its searchable text.

Knows JSON values only; knows nothing of any particular producer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

TEXT_LENGTH_MAX = 32_768
"""Characters of searchable text; the same bound as a percept's content."""

DEPTH_MAX = 8
"""Nesting that is followed; deeper values are left out of the text (they stay in `data`)."""

VALUES_MAX = 1_000
"""Values that are read; later ones are left out of the text."""

BLOB_LENGTH_MIN = 80
"""A string of this length without a blank is an encoded blob, not words."""

_TELLING = {
    *("content", "text", "message", "body", "title", "name", "subject", "summary", "description"),
    *("caption", "transcript", "question", "answer", "note", "comment", "quote", "utterance"),
}
"""Keys that only say "here is the text": the value stands alone."""

_MUTE = re.compile(
    r"^_|^(?:.*[_-])?(?:ids?|uuids?|guid|hash|sha\d*|md5|checksum|etag|token|nonce|signature|cursor|offset"
    r"|timestamp|ts|created|updated|vector|embedding|base64|mime|mimetype|encoding|version|schema)$"
    r"|_at$|[a-z]Ids?$|[a-z]At$"
)
"""Keys whose values name or date things for machines: numbers that mean nothing when read."""

_BREAKS = re.compile(r"[_\-.]+|(?<=[a-z])(?=[A-Z])")


def searchable_text(data: Mapping[str, Any]) -> str:
    """The words of a structured percept, for the embedder and the lexicon.

    Telling keys (``text``, ``title``, ...) give their value alone; other keys that carry
    meaning give ``key: value``, with ``snake_case`` and ``camelCase`` opened; keys that serve
    machines (identifiers, hashes, stamps) and encoded blobs are left out. One line a value, in
    the order given, at most `TEXT_LENGTH_MAX` characters. Empty if nothing can be read.
    """
    lines: list[str] = []
    size = 0
    for count, line in enumerate(_lines("", data, 0)):
        size += len(line) + 1
        if count >= VALUES_MAX or size > TEXT_LENGTH_MAX:
            lines.append(line[: max(0, TEXT_LENGTH_MAX - (size - len(line) - 1))])
            break
        lines.append(line)
    return "\n".join(lines).strip()


def _lines(key: str, value: object, depth: int) -> Iterator[str]:
    if depth > DEPTH_MAX:
        return
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if not _MUTE.search(str(name)):
                yield from _lines(str(name), inner, depth + 1)
    elif isinstance(value, list | tuple):
        if all(isinstance(item, str | int | float) for item in value):
            yield from _line(key, ", ".join(filter(None, map(_word, value))))
        else:
            for item in value:
                yield from _lines(key, item, depth + 1)
    else:
        yield from _line(key, _word(value))


def _line(key: str, text: str) -> Iterator[str]:
    if text:
        plain = not key or key.casefold() in _TELLING
        yield text if plain else f"{_BREAKS.sub(' ', key).strip().lower()}: {text}"


def _word(value: object) -> str:
    if value is None or isinstance(value, bytes):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = str(value).strip()
    return "" if len(text) >= BLOB_LENGTH_MIN and not re.search(r"\s", text) else text
