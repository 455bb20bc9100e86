"""Lessons: what an event of `dream` teaches, before anyone looks at what a memory has learned already.

A report becomes a lesson once it is known what was asked and what was shown: from the event itself, or
from what is remembered of the recollection. Whose memories are named is checked where they are read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from cognition.engine.arrivals import entry_seconds
from cognition.engine.shown import CUE_KEPT, Shown
from cognition.engine.usage import Usage
from cognition.errors import BadReportError
from cognition.mechanisms.plasticity import effort
from cognition.mechanisms.text import Analyzer
from cognition.ports.stores import Stores
from schemas.dream import COACTIVATED_MAX, CoActivation, Feedback
from schemas.identifiers import is_identifier, memory_id
from schemas.learning import ReportAnswer, ReportInquiry
from schemas.percept import Moment, seconds

UNKNOWN = "this mind has no such memory"
FORGOTTEN = "it was forgotten"
ARCHIVED = "it is archived and takes no part in recall"


@dataclass(frozen=True, slots=True)
class Lesson:
    """`terms` of the cue with how distinct each is; what was `used`, with what each teaches (d); what
    was shown in `vain`; which were `together` in use, and how sure that is. `before` is how its entry was
    called until it was put last."""

    entry: str
    at: float
    terms: Mapping[int, float] = field(default_factory=dict)
    used: Mapping[str, float] = field(default_factory=dict)
    vain: Sequence[str] = ()
    together: Sequence[str] = ()
    evidence: float = 1.0
    before: str = ""

    @property
    def memory_ids(self) -> Iterable[str]:
        """All that it touches."""
        return dict.fromkeys((*self.used, *self.vain, *self.together))


def of_coactivation(event: CoActivation, entry: str) -> Lesson:
    """What being active together teaches; without evidence nothing."""
    together = memory_ids(event.mind, event.memory_ids) if event.evidence > 0.0 else []
    at = moment(event.at, entry)
    return Lesson(entry, at, together=together, evidence=event.evidence)


async def of_feedback(event: Feedback, entry: str, shown: Shown, usage: Usage, analyzer: Analyzer) -> Lesson:
    """What a report teaches; counts it in `usage`. A further report on the same recollection completes
    the first one: who is named anew learns, and nothing counts as shown in vain twice.

    Raises `BadReportError` when nobody knows what was asked and shown.
    """
    cue, ids = await recollected(shown, event)
    showing = showing_of(event.cue_id, cue)
    useful, misleading = (memory_ids(event.mind, named) for named in (event.useful, event.misleading))
    first = usage.first(showing)
    new = set(usage.new(showing, (*useful, *misleading)))
    terms = list(analyzer.evidence_terms(cue))
    if first:
        usage.words.add(terms)
        usage.reports += 1
    learned, in_vain = {}, 0
    for each in (*ids, *(i for i in useful if i not in ids)):
        if each in useful:
            learned[each] = effort(in_vain)
        else:
            in_vain += 1
    unused = [i for i in ids if i not in useful] if first else []
    return Lesson(
        entry,
        moment(event.at, entry),
        terms={t: usage.words.distinctness(t) for t in terms},
        used={i: d for i, d in learned.items() if i in new},
        vain=[*unused, *(i for i in misleading if i in new and i not in ids and i not in useful)],
        together=list(learned)[:COACTIVATED_MAX] if new & learned.keys() else (),
    )


async def recollected(shown: Shown, report: Feedback | ReportInquiry) -> tuple[str, list[str]]:
    """What was asked and which memories were shown, best first: as the report says, else as it is
    remembered. Raises `BadReportError`."""
    if not report.cue_id:
        raise BadReportError(
            f"a report on mind {report.mind!r} has an empty cue_id: whether it is new cannot be known",
            remedy="Give every recollection a cue_id of its own, the one it was asked with.",
        )
    cue, ids = report.cue, memory_ids(report.mind, report.shown)
    if cue and ids:
        return cue, ids
    showing = await shown.find(report.mind, report.cue_id)
    if showing is not None:
        return cue or showing.cue, ids or showing.shown
    if not ids:
        raise BadReportError(
            f"recollection {report.cue_id!r} of mind {report.mind!r} is not known (any more)",
            remedy="Report within a day, and among the latest 1,024 of the partition, by the cue_id of the "
            "recollection; or say what was asked and shown.",
        )
    return cue, ids


def showing_of(cue_id: str, cue: str) -> str:
    """What tells one recollection from others in reports: its name, and what was asked, as far as that is
    remembered; so a name that is used for many cues is as good as one for each."""
    return f"{cue_id}\0{cue[:CUE_KEPT]}"


def memory_ids(mind: str, named: Iterable[str]) -> list[str]:
    """Ids of the memories that are named by id or by key, each once."""
    return list(dict.fromkeys(i if is_identifier(i) else memory_id(mind, i) for i in named))


def moment(at: Moment | None, entry: str) -> float:
    """When it happened: as it says, never after it came; else when it came."""
    came = entry_seconds(entry)
    return came if at is None else min(seconds(at), came)


class Reports:
    """Says what a report would teach, before it is published. Reads only."""

    def __init__(self, stores: Stores, shown: Shown) -> None:
        self._stores = stores
        self._shown = shown

    async def check(self, inquiry: ReportInquiry) -> ReportAnswer:
        """The report completed from what is remembered. Raises `BadReportError` when the recollection is
        not known, or when none of the named memories is this mind's."""
        cue, ids = await recollected(self._shown, inquiry)
        useful, misleading = (memory_ids(inquiry.mind, n) for n in (inquiry.useful, inquiry.misleading))
        given = {memory_ids(inquiry.mind, [n])[0]: n for n in (*inquiry.useful, *inquiry.misleading)}
        if both := set(useful) & set(misleading):
            raise BadReportError(
                f"memory {given[min(both)]} is named useful and misleading", remedy="Name it once."
            )
        named = [*useful, *misleading]
        refused = await self._refused(inquiry.mind, named)
        if named and len(refused) == len(named):
            first, reason = next(iter(refused.items()))
            raise BadReportError(
                f"none of the {len(named)} named memories can learn; {given[first]}: {reason}",
                remedy="Name memories that this mind recalled.",
            )
        return ReportAnswer(
            inquiry_id=inquiry.id,
            mind=inquiry.mind,
            cue=cue,
            shown=ids,
            useful=[i for i in useful if i not in refused],
            misleading=[i for i in misleading if i not in refused],
            refused={given[i]: reason for i, reason in refused.items()},
        )

    async def _refused(self, mind: str, named: Sequence[str]) -> dict[str, str]:
        """Those that this mind does not hold, each with the reason; of another mind's it knows nothing."""
        there = await self._stores.memories.get(mind, named) if named else {}
        missing = [i for i in named if i not in there]
        if not missing:
            return {}
        archived = await self._stores.archive.get(mind, missing)
        erased = await self._stores.tombstones.among([(mind, i) for i in missing])
        return {i: FORGOTTEN if i in erased else ARCHIVED if i in archived else UNKNOWN for i in missing}
