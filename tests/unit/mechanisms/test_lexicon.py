"""The lexicon counts what is common in one life."""

import math
import struct

import numpy as np
import pytest

from cognition.errors import DataVersionError
from cognition.mechanisms import lexicon as module
from cognition.mechanisms.lexicon import Lexicon

E1, E2 = np.eye(4, dtype=np.float32)[:2]


def filled() -> Lexicon:
    lexicon = Lexicon(4)
    lexicon.add({7: 0.5, 8: 0.25}, 3, E1)
    lexicon.add({7: 0.25}, 5, E2)
    return lexicon


def test_frequencies_lengths_and_mean_are_counted() -> None:
    lexicon = filled()
    assert [lexicon.document_frequency(t) for t in (7, 8, 9)] == [2, 1, 0]
    assert (lexicon.n, lexicon.total_length, len(lexicon)) == (2, 8, 2)
    assert lexicon.mean_vector == pytest.approx([0.5, 0.5, 0, 0])
    assert lexicon.mean_length == pytest.approx((400 + 8) / 22)


def test_a_new_mind_starts_from_the_prior() -> None:
    empty = Lexicon(4)
    assert empty.mean_length == 20.0
    assert empty.mean_vector == pytest.approx(np.zeros(4))
    assert empty.lexical_moments({7: 1.0}) == (0.0, module.SD_MIN)
    assert empty.idf([7]) == pytest.approx([math.log(1 + 0.5 / 0.5)])


def test_idf_is_that_of_bm25() -> None:
    assert filled().idf([7, 8, 9]) == pytest.approx(
        [math.log(1 + 0.5 / 2.5), math.log(1 + 1.5 / 1.5), math.log(1 + 2.5 / 0.5)]
    )


def test_moments_are_those_of_independent_terms() -> None:
    mean, sd = filled().lexical_moments({7: 2.0, 8: 4.0, 9: 9.0})
    assert mean == pytest.approx(2 * 0.375 + 4 * 0.125)
    assert sd == pytest.approx(math.sqrt(4 * 0.125**2 + 16 * 0.125**2))


def test_forgetting_leaves_no_trace() -> None:
    lexicon, before = filled(), filled().snapshot()
    lexicon.add({7: 0.3, 9: 1.0}, 2, E1)
    lexicon.remove({7: 0.3, 9: 1.0}, 2, E1)
    assert lexicon.snapshot() == before
    lexicon.remove({7: 0.5, 8: 0.25}, 3, E1)
    lexicon.remove({7: 0.25}, 5, E2)
    assert lexicon == Lexicon(4)


def test_removing_what_was_never_added_stops_at_nothing() -> None:
    lexicon = filled()
    for _ in range(3):
        lexicon.remove({7: 1.0, 99: 0.5}, 100, E1)
    assert (lexicon.n, lexicon.total_length, lexicon.document_frequency(7)) == (0, 0, 0)
    assert lexicon.mean_vector == pytest.approx(np.zeros(4))
    mean, _ = lexicon.lexical_moments({7: 1.0, 8: 1.0})
    assert mean >= 0.0


def test_terms_beyond_the_bound_stay_uncounted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TERMS_MAX", 2)
    lexicon = filled()
    lexicon.add({7: 0.5, 10: 0.5}, 2, None)
    assert (lexicon.document_frequency(7), lexicon.document_frequency(10)) == (3, 0)


def test_a_snapshot_restores_to_the_same_state() -> None:
    restored = Lexicon.restore(filled().snapshot())
    assert restored == filled()
    restored.add({1: 0.5}, 1, E1)
    assert restored != filled()


def test_a_torn_or_foreign_snapshot_is_refused() -> None:
    data = filled().snapshot()
    with pytest.raises(ValueError, match="expected"):
        Lexicon.restore(data[:-1])
    with pytest.raises(ValueError, match="not the snapshot"):
        Lexicon.restore(b"")
    newer = data[:4] + struct.pack("<H", 2) + data[6:]
    with pytest.raises(DataVersionError, match="version 2"):
        Lexicon.restore(newer)
