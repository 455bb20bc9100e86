"""Text as evidence: words, stems, term ids, and what two texts must share to be the same.

Knows no weights and no collection; those are `evidence` and `lexicon`.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Callable
from hashlib import blake2b

import Stemmer

from cognition.mechanisms.languages import language_of
from cognition.mechanisms.sentences import UNSPACED, asks, parted
from cognition.mechanisms.structured import searchable_text as searchable_text

WORDS_MAX = 65_536
"""Words whose stems one analyzer keeps at hand (about 10 MB); beyond it, it starts afresh."""

WORD_LENGTH_MAX = 64
"""Longer runs of letters (keys, encoded blobs) are cut: they are looked up by their beginning."""

ACTORS_MAX = 4_096
"""Actors whose name terms one analyzer keeps at hand."""

BYTES_PER_TOKEN = 4
"""Of UTF-8, by the common rule of thumb for subword vocabularies; a little high for English."""

_ASCII = bytes(ord(chr(c).lower()) if chr(c).isalnum() or c == 39 else 32 for c in range(128)).ljust(256)
"""Byte -> its lower case if it may be part of a word, else a blank."""

_INSIDE = {0x2019: "'", 0x055B: None, 0x055C: None, 0x055E: None}
"""The curved apostrophe is a straight one; Armenian accents and question marks stand inside a word."""


def term_id(term: str) -> int:
    """The stable 32-bit number of a term: BLAKE2b, never 0, the same in every process and release."""
    return int.from_bytes(blake2b(term.encode("utf-8", "replace"), digest_size=4).digest(), "little") or 1


class _Memo(dict[str, int]):
    """Word -> id of its term (0 for a stop word), filled on first need, bounded."""

    def __init__(self, stem: Callable[[str], str]) -> None:
        super().__init__()
        self._stem = stem

    def __missing__(self, word: str) -> int:
        term = self._stem(word)
        number = term_id(term) if term else 0
        if len(word) <= WORD_LENGTH_MAX:
            if len(self) >= WORDS_MAX:
                self.clear()
            self[word] = number
        return number


class Analyzer:
    """Cuts text into stemmed terms without stop words.

    Words are runs of letters, digits and combining marks, compared without case after NFKC;
    an apostrophe inside a word belongs to it. Ideographs and kana, which are written without
    spaces, count one by one. The stemmer is Snowball's (Porter 1980; Porter 2001).

    Parameters
    ----------
    language : one of `LANGUAGES`. Any other name means ``"plain"``: words as they are.

    Invariant: terms depend on the text and the language alone.
    """

    def __init__(self, language: str = "english") -> None:
        self.speech = language_of(language)
        self._stemmer = Stemmer.Stemmer(self.speech.stemmer, 0) if self.speech.stemmer else None
        self._ids = _Memo(self._term)
        self._actors: dict[str, tuple[int, ...]] = {}

    @property
    def language(self) -> str:
        """The name of the language."""
        return self.speech.name

    def terms(self, text: str) -> list[str]:
        """The terms of a text in order, repeats included."""
        return [term for term in map(self._term, _runs(text)) if term]

    def evidence_terms(self, text: str, actor: str = "") -> dict[int, int]:
        """How often each term occurs, by term id; each word of the actor's name counts once more.

        The sum of the values is the memory's length, in terms without stop words.
        """
        counts: dict[int, int] = {}
        self._count(text, counts)
        self._count_actor(actor, counts)
        return counts

    def said_terms(self, text: str, actor: str = "") -> set[int]:
        """The term ids of `evidence_terms`, without counting how often each occurs."""
        said = set(map(self._ids.__getitem__, _runs(text)))
        said.discard(0)
        if actor:
            said.update(self._actors.get(actor) or self._actor_terms(actor))
        return said

    def telling(self, text: str) -> dict[str, int]:
        """The words of a text that tell something, in order, each with the id of its term."""
        told = {word: self._ids[word] for word in words(text)}
        return {word: term for word, term in told.items() if term}

    def turn_terms(self, text: str, actor: str = "") -> tuple[dict[int, int], dict[int, int]]:
        """`evidence_terms` in two: of the sentences that state and of those that ask.

        The actor's name counts among the stated. Added up, both give `evidence_terms`.
        """
        if not asks(text):
            return self.evidence_terms(text, actor), {}
        stated: dict[int, int] = {}
        asked: dict[int, int] = {}
        states, questions = parted(text)
        self._count(states, stated)
        self._count(questions, asked)
        self._count_actor(actor, stated)
        return stated, asked

    def _count(self, text: str, counts: dict[int, int]) -> None:
        known = self._ids
        for word in _runs(text):
            number = known[word]
            if number:
                counts[number] = counts.get(number, 0) + 1

    def _count_actor(self, actor: str, counts: dict[int, int]) -> None:
        for number in (self._actors.get(actor) or self._actor_terms(actor)) if actor else ():
            counts[number] = counts.get(number, 0) + 1

    def _actor_terms(self, actor: str) -> tuple[int, ...]:
        numbers = tuple(n for n in (self._ids[word] for word in _runs(actor)) if n)
        if len(self._actors) >= ACTORS_MAX:
            self._actors.clear()
        self._actors[actor] = numbers
        return numbers

    def _term(self, run: str) -> str:
        word = run.strip("'")[:WORD_LENGTH_MAX]
        if self.speech.elisions and "'" in word:
            bound, _, rest = word.partition("'")
            word = rest if bound in self.speech.elisions else word
        if not word or word in self.speech.stop_words:
            return ""
        return str(self._stemmer.stemWord(word)) if self._stemmer is not None else word


def words(text: str) -> list[str]:
    """The words of a text, casefolded, in order, stop words among them."""
    return [word for word in (run.strip("'") for run in _runs(text)) if word]


def _runs(text: str) -> list[str]:
    """Words that may still have apostrophes at their ends."""
    if text.isascii():
        return text.encode("ascii").translate(_ASCII).decode("ascii").split()
    folded = unicodedata.normalize("NFKC", text).casefold().translate(_INSIDE)
    return _word_unicode().findall(folded)


def ideographic(text: str) -> bool:
    """Whether a text holds characters of a script that is written without blanks."""
    return _ideograph().search(text) is not None


def normalised(text: str) -> str:
    """The form in which two texts are the same: NFKC, without case, each run of space one blank."""
    if text.isascii():
        return " ".join(text.lower().split())
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(unicodedata.normalize("NFKC", folded).split())


def content_hash(text: str) -> str:
    """BLAKE2b-128 of the normalised text, in hexadecimal: equal for an exact repeat."""
    return blake2b(normalised(text).encode("utf-8", "replace"), digest_size=16).hexdigest()


def token_estimate(text: str) -> int:
    """About how many subword tokens a text costs a language model.

    .. math:: \\lceil \\mathrm{bytes}_{UTF-8} / 4 \\rceil

    An estimate for budgets, without a vocabulary: English prose has 4 to 5 bytes a token
    (so it errs to the safe side), Han characters 3 bytes and mostly one token.
    """
    size = len(text) if text.isascii() else len(text.encode("utf-8", "replace"))
    return -(-size // BYTES_PER_TOKEN)


@functools.cache
def _ideograph() -> re.Pattern[str]:
    return re.compile(f"[{UNSPACED}]")


@functools.cache
def _word_unicode() -> re.Pattern[str]:
    """The word pattern for any script; `\\w` knows no combining marks, so they are listed."""
    marks = _ranges([c for c in range(0x300, 0x10000) if unicodedata.category(chr(c))[0] == "M"])
    letter = f"[^\\W_{UNSPACED}]"
    return re.compile(f"[{UNSPACED}]|{letter}(?:{letter}|['{marks}])*")


def _ranges(codes: list[int]) -> str:
    """Sorted code points as the inside of a character class."""
    parts: list[str] = []
    start = previous = codes[0]
    for code in [*codes[1:], -1]:
        if code != previous + 1:
            parts.append(f"\\u{start:04x}-\\u{previous:04x}")
            start = code
        previous = code
    return "".join(parts)
