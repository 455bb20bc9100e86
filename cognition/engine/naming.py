"""Naming: which of some subjects a text names, by a mind's own idf.

Joins `mechanisms.mentions` with a mind's lexicon and language; asks no store.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

import numpy as np

from cognition.mechanisms.lexicon import Lexicon
from cognition.mechanisms.mentions import Masses, mention
from cognition.mechanisms.text import Analyzer


def spoken_terms(analyzer: Analyzer, content: str, actor: str, subject: str) -> frozenset[int]:
    """The terms by which a memory names others: its content's, its actor's and its own subject's."""
    text = f"{content}\n{subject}" if subject else content
    return frozenset(analyzer.evidence_terms(text, actor))


def named(terms: Collection[int], subjects: Sequence[str], lexicon: Lexicon, analyzer: Analyzer) -> Masses:
    """How clearly a text of these terms names each of the subjects, (k,), 0..1; 0 for an empty subject.

    A subject that c of them share is named by each with 1 / sqrt(c): it does not say which one is meant.
    """
    meant = [tuple(analyzer.evidence_terms(subject)) for subject in subjects]
    flat = [term for each in meant for term in each]
    if not flat:
        return np.zeros(len(subjects))
    idf = lexicon.idf(flat)
    place = np.repeat(np.arange(len(meant)), [len(each) for each in meant])
    said = np.fromiter((term in terms for term in flat), bool, len(flat))
    mass: Masses = np.bincount(place, idf, len(meant)).astype(np.float64)
    found: Masses = np.bincount(place[said], idf[said], len(meant)).astype(np.float64)
    sharing = Counter(frozenset(each) for each in meant)
    fan = np.sqrt([sharing[frozenset(each)] for each in meant])
    weights: Masses = mention(found, mass, lexicon.n) / fan
    return weights
