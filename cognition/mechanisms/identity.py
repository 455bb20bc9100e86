"""Identity: birth, revision and verification of the one self of a mind.

Knows the identity as a value; loading, saving and what happens to a mind that fails
verification are the engine's.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence
from typing import Any

import numpy as np

from cognition.mechanisms.laws import DEFAULT_LAWS, differences, laws_hash
from cognition.mechanisms.vectors import Dense, normalise
from schemas.identifiers import identity_id
from schemas.identity import ConnectionDrive, Identity, Law, Revision

REVISIONS_MAX = 256
"""Revisions that an identity carries; of a longer history the oldest give way, the numbers go on."""

GENESIS = "0" * 64
"""What the first revision of a history is chained to."""

TIME_DIGITS = 3
"""Revisions are timed to the millisecond, and hashed as whole ones: a store may change the last bit
of a float (Qdrant Edge 0.9 did so to 256 of 2,000 times), which must not look like tampering."""

EVENT_LENGTH_MAX = 512
"""Characters of what a revision says."""

DRIFT_MAX = 0.02
"""How far of the way to what a cycle consolidated the self moves at most (a choice: half way in a month)."""

CONNECTION_MIN = 0.001
"""Floor of the drive to connect (a law of the self)."""


def born(
    mind: str,
    at: float,
    laws: Sequence[Law] = DEFAULT_LAWS,
    *,
    name: str = "",
    core_values: Sequence[str] = (),
) -> Identity:
    """A new identity with its first revision; only for a mind that is confirmed to have none.

    Parameters
    ----------
    mind : the tenant. at : epoch seconds. laws : its invariants for life.
    """
    identity = Identity(
        id=identity_id(mind),
        mind=mind,
        name=name or mind,
        born_at=at,
        core_values=list(core_values),
        laws=list(laws),
        laws_hash=laws_hash(laws),
        laws_verified_at=at,
        session_started_at=at,
    )
    return revise(identity, at, "born")


def revise(identity: Identity, at: float, event: str, **changes: Any) -> Identity:
    """The identity with these fields changed and one more revision that says why.

    .. math:: h_n = \\mathrm{SHA256}(mind, n, at, event, laws\\_hash, h_{n-1})

    with `at` in whole milliseconds. Every part is preceded by its length, so no two histories share
    a hash. The last `REVISIONS_MAX` revisions are kept. A drive to connect below its floor is lifted to
    it. The laws are part of every hash and cannot be changed: `ValueError`.
    """
    if not {"laws", "laws_hash"}.isdisjoint(changes):
        raise ValueError(f"the laws of mind {identity.mind!r} are for life; they cannot be revised")
    drive = changes.get("connection_drive")
    if isinstance(drive, ConnectionDrive) and drive.level < CONNECTION_MIN:
        changes["connection_drive"] = ConnectionDrive(
            level=CONNECTION_MIN, target=drive.target, last_event=drive.last_event
        )
    at = round(at, TIME_DIGITS)
    last = identity.revisions[-1] if identity.revisions else None
    number = last.number + 1 if last else 1
    previous = last.hash if last else GENESIS
    said = event[:EVENT_LENGTH_MAX]
    revision = Revision(
        number=number,
        at=at,
        event=said,
        previous_hash=previous,
        hash=_revision_hash(identity.mind, number, at, said, identity.laws_hash, previous),
    )
    fields = {field: getattr(identity, field) for field in identity.__struct_fields__}
    kept = [*identity.revisions, revision][-REVISIONS_MAX:]
    return Identity(**{**fields, **changes, "revisions": kept})


def drifted(concept: Dense, towards: Dense, share: float = DRIFT_MAX) -> Dense:
    """The self-concept after a night, (d,) of unit length: a little nearer to what was consolidated.

    .. math:: s' = \\frac{(1 - \\epsilon) s + \\epsilon c}{|(1 - \\epsilon) s + \\epsilon c|}

    Parameters
    ----------
    concept : s, (d,) of unit length. towards : c, (d,) of unit length. share : epsilon, in [0, 1/2).

    Invariant: it turns by no more than arctan(epsilon / (1 - epsilon)), about 1.2 degrees a cycle, and never
    away from c.
    """
    return normalise(((1.0 - share) * concept + share * towards).astype(np.float32))


def verify(identity: Identity, expected_laws: Sequence[Law] | None = None) -> list[str]:
    """What is wrong with an identity, a sentence each; empty if nothing is.

    Names each law that is missing, added or changed against `expected_laws` (if given), says
    whether the laws match their stored hash, and which revision breaks the chain. What a chain
    of hashes cannot show is the loss of its newest links, and a rewriting of all of them by
    someone who computes every hash anew; the laws are still held against `expected_laws`.
    """
    problems: list[str] = []
    if identity.id != identity_id(identity.mind):
        problems.append(f"identity {identity.id} is not that of mind {identity.mind!r}")
    if expected_laws is not None:
        problems += differences(identity.laws, expected_laws)
    if laws_hash(identity.laws) != identity.laws_hash:
        problems.append(f"the laws do not match their hash {identity.laws_hash[:16]}...")
    if identity.connection_drive.level < CONNECTION_MIN:
        problems.append(
            f"the drive to connect is {identity.connection_drive.level:g}, below {CONNECTION_MIN}"
        )
    return problems + _broken_links(identity)


def _broken_links(identity: Identity) -> list[str]:
    revisions = identity.revisions
    if not revisions:
        return ["the history is empty; not even a birth is recorded"]
    first = revisions[0]
    problems: list[str] = []
    if first.number == 1 and first.previous_hash != GENESIS:
        problems.append("revision 1 is chained to something before the birth")
    if first.number != 1 and len(revisions) < REVISIONS_MAX:
        problems.append(f"the history before revision {first.number} is missing")
    number, previous = first.number, first.previous_hash
    for revision in revisions:
        due = _revision_hash(identity.mind, number, revision.at, revision.event, identity.laws_hash, previous)
        if (revision.number, revision.previous_hash, revision.hash) != (number, previous, due):
            problems.append(f"revision {number} does not match its hash or the one before it")
            return problems
        number, previous = number + 1, revision.hash
    return problems


def _revision_hash(mind: str, number: int, at: float, event: str, laws: str, previous: str) -> str:
    digest = hashlib.sha256(struct.pack("<Qq", number, round(at * 10**TIME_DIGITS)))
    for part in (mind, event, laws, previous):
        data = part.encode("utf-8", "surrogatepass")
        digest.update(struct.pack("<I", len(data)) + data)
    return digest.hexdigest()
