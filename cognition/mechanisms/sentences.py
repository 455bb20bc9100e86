"""Sentences: which part of a text asks and which part states, in any script.

Knows punctuation only; knows no words.
"""

from __future__ import annotations

import re

_CLOSERS = "\"'\u2019\u201d\u00bb\u203a)\\]}\u300d\u300f\uff09\u3011"
"""Quotation marks and brackets that close, and so belong to the sentence before them."""

_MARKS = "?\uff1f\u061f\u037e\u055e\u1367\u2047\u2048\u2049\u203d\ufe56\u2e2e"
"""Question marks: Latin, full width, Arabic, Greek, Armenian, Ethiopic, and their variants."""

UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
"""Ideographs and kana, which are written without blanks: the inside of a character class."""

_ENDS = re.compile(
    rf"(?:[.!\u2026]+[{_CLOSERS}]*(?=\s|$)"
    rf"|[.!\u2026]*\?[.!?\u2026]*(?:(?=[{UNSPACED}])|(?![\w=&/]))[{_CLOSERS}]*"
    rf"|[\u3002\uff61\uff01\uff1f\u061f\u06d4\u0964\u0965\u0589\u1362\u1367\u2047-\u2049\u203d\ufe56\u2e2e]+[{_CLOSERS}]*"
    r"|\uff0e(?!\w)|\n+)"
)
"""Where a sentence ends. A full stop needs a blank after it (3.5, example.org); a Latin question mark
must not run on as it does in an address, unless into a script that is written without blanks, whose own
marks need nothing."""

_GREEK = re.compile(rf"(?<=[\u0370-\u03ff\u1f00-\u1fff])([{_CLOSERS}]*)[;\u037e]")
"""The Greek question mark; in composed text (NFC) it is a plain semicolon."""

_ASKING = re.compile(rf"[{_MARKS}]")

_TRAILING = " \t\r\n.!\u2026\uff01" + _CLOSERS.replace("\\", "")
"""What may follow the mark that tells how a sentence was meant."""

_LAST = frozenset(_MARKS)

_SPOKEN = re.compile("\u304b[\u3002\uff61]")
"""The Japanese particle that asks, where a sentence ends on it with a full stop."""


def asks(text: str) -> bool:
    """Whether a text holds a mark that makes a question in any script."""
    if text.isascii():
        return "?" in text
    return bool(_ASKING.search(text) or _SPOKEN.search(text) or (";" in text and _GREEK.search(text)))


def parted(text: str) -> tuple[str, str]:
    """A text as (what it states, what it asks), each in the order of the text.

    A sentence that ends in a question mark asks; a Spanish one from its opening mark on; an Armenian
    one wherever its mark stands; a Greek one by the semicolon after a Greek letter; a Japanese one
    also where it ends on *ka* and a full stop. Every word of the text is in exactly one of both.
    """
    if not asks(text):
        return text, ""
    if not text.isascii():
        text = _SPOKEN.sub("\u304b\uff1f", _GREEK.sub(r"\1?", text))
    stated: list[str] = []
    asked: list[str] = []
    start = 0
    for end in [match.end() for match in _ENDS.finditer(text)] + [len(text)]:
        sentence = text[start:end]
        start = end
        if not _ends_asking(sentence):
            stated.append(sentence)
        elif "\u00bf" in sentence:
            before, _, question = sentence.partition("\u00bf")
            stated.append(before)
            asked.append(question)
        else:
            asked.append(sentence)
    return " ".join(stated), " ".join(asked)


def _ends_asking(sentence: str) -> bool:
    """Whether a question mark is the last mark that counts, or an Armenian one stands anywhere."""
    told = sentence.rstrip(_TRAILING)
    return told[-1:] in _LAST or "\u055e" in told
