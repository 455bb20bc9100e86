"""The client: how an agent runtime speaks to its mind, wherever the daemon runs.

Publishes percepts and awaits their receipts, asks and awaits the answers. How a session comes
to be is told in `cognition.opening`.
"""

from __future__ import annotations

import datetime as dt
import os
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar

import anyio
import msgspec

from cognition import errors
from cognition.errors import (
    BadPerceptError,
    BadReportError,
    CognitionError,
    DeadlineError,
    LineFullError,
    SettingsError,
    UnavailableError,
)
from schemas import identifiers
from schemas.association import AssociationType
from schemas.base import Message, SchemaError
from schemas.cue import Cue, CueFilter, EpisodeFilter
from schemas.dream import CoActivation, Feedback
from schemas.episode import Episode, EpisodeScale
from schemas.events import Outcome, Receipt
from schemas.inquiry import (
    DaemonAnswer,
    DaemonInquiry,
    EpisodesAnswer,
    EpisodesInquiry,
    Failure,
    ForgettingAnswer,
    ForgettingInquiry,
    IdentityAnswer,
    IdentityInquiry,
    MemoryAnswer,
    MemoryInquiry,
    StatusAnswer,
    StatusInquiry,
)
from schemas.learning import (
    FoldedAnswer,
    FoldedInquiry,
    NeighboursAnswer,
    NeighboursInquiry,
    PathAnswer,
    PathInquiry,
    ReportAnswer,
    ReportInquiry,
)
from schemas.percept import FORGET_MAX, BoundaryMark, Forget, Mark, Percept, Rebuild
from schemas.recollection import Recollection
from schemas.sleep import SleepReport
from schemas.sleeping import (
    MindCopyAnswer,
    MindCopyInquiry,
    SleepAnswer,
    SleepCycleInquiry,
    SleepInquiry,
    SleepLogAnswer,
    SleepLogInquiry,
    SleepPauseInquiry,
    SleepPlanAnswer,
    SleepPlanInquiry,
    SleepUndoInquiry,
)
from streams.dead_letters import DeadLetters
from streams.errors import (
    AnswerTimeoutError,
    BackpressureError,
    NoSuchDeadLetterError,
    PartitionsChangedError,
    StreamsError,
    StreamsUnavailableError,
    StreamsUrlError,
)
from streams.keys import StreamKeys
from streams.producer import Producer
from streams.receipts import ReceiptReader
from streams.recent import read_recent
from streams.reqreply import Caller

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from cognition.daemon import Daemon

T = TypeVar("T", bound=Message)
V = TypeVar("V")
Moment = float | dt.datetime
Stage = Literal["accepted", "encoded", "recallable"]

RECEIPT_WAIT_S = 60.0
REBUILD_WAIT_S = 3_600.0
"""For a mind of some millions of memories, at a few thousand a second."""
PUBLISH_WAIT_S = 30.0
"""How long a publisher waits for a full line before it is told."""

FORGET_PAGE = 1_000
"""Memories erased by one entry: as many as the store walks in one round trip."""

REPORT_WAIT_S = 10.0
"""How long a report waits to be checked before it is published."""

WORDS_KEPT = 1_024
"""Cues of a session whose words are kept for a report."""

FOLDED_WAIT_MAX_S = 300.0
"""The longest deadline of one inquiry."""

SLEEP_STEP_WAIT_S = 300.0
"""How long a step of a night may take: building an index of a million memories takes minutes."""

ANSWER_WAY_S = 1.0
"""Added to a request's own deadline: the daemon's refusal to be late has a way to go, too."""

AWAY_RETRY_S = 0.1
"""Between two attempts while the stream server is away; a restart takes a second or two."""


class RecentMemory(msgspec.Struct, frozen=True):
    """One active memory, as the mirror of working memory shows it."""

    memory_id: str
    content: str
    actor: str
    at: float
    salience: float


class RecentEpisode(msgspec.Struct, frozen=True):
    """The open episode, as the mirror shows it."""

    id: str
    label: str
    started_at: float
    memories: int


class Recent(msgspec.Struct, frozen=True):
    """Working memory, newest first, and the open episode."""

    memories: list[RecentMemory] = []
    episode: RecentEpisode | None = None


class Ticket:
    """A percept on its way. `entry` is its place in the stream: it has been accepted."""

    def __init__(self, session: Session, mind: str, entry: str) -> None:
        self._session = session
        self.mind = mind
        self.entry = entry

    async def wait(self, stage: Stage = "recallable", *, within_s: float = RECEIPT_WAIT_S) -> Receipt | None:
        """Wait for a stage; the receipt (None for ``accepted``, which is already reached).

        A memory is recallable as soon as it is encoded. Raises `BadPerceptError` when it was
        rejected (it lies in the dead letters) and `DeadlineError` when no receipt comes in time.
        """
        if stage == "accepted":
            return None
        receipt = await self._session.receipt(self.mind, self.entry, within_s)
        if receipt.outcome is Outcome.REJECTED:
            raise BadPerceptError(f"percept {self.entry} of {self.mind!r} was rejected: {receipt.reason}")
        return receipt


class Report:
    """A report on its way. `checked` says what it teaches, and whom it cannot teach and why."""

    def __init__(self, session: Session, entry: str, checked: ReportAnswer) -> None:
        self._session = session
        self.entry = entry
        self.checked = checked

    async def wait(self, *, within_s: float = RECEIPT_WAIT_S) -> FoldedAnswer:
        """Return once it is folded in, with how much it taught: the next recall knows of it. Raises
        `BadReportError` when it was refused after all, `DeadlineError` when it takes longer."""
        return await self._session.folded(self.checked.mind, self.entry, within_s)


class Mind:
    """One mind, seen from outside. Obtained from `open_mind` or `Session.mind`."""

    def __init__(self, session: Session, name: str) -> None:
        self._session = session
        self.name = name

    async def perceive(self, content: str = "", **fields: Any) -> Ticket:
        """Publish one percept; it is accepted when this returns. `fields` are those of `Percept`.

        Raises `SchemaError` naming the field. Waits while the line is full, then raises `LineFullError`.
        """
        percept = build(Percept, mind=self.name, content=content, **fields)
        return (await self._session.publish_many([percept]))[0]

    async def mark(self, boundary: BoundaryMark | str = "begin", label: str = "") -> Ticket:
        """Publish an explicit event boundary."""
        message = build(Mark, mind=self.name, boundary=boundary, label=label)
        return (await self._session.publish_many([message]))[0]

    async def recall(
        self,
        content: str = "",
        *,
        limit: int = 10,
        filter: CueFilter | None = None,
        episode: EpisodeFilter | None = None,
        after: Ticket | Report | None = None,
        **fields: Any,
    ) -> Recollection:
        """What the mind remembers; `fields` are the other fields of `Cue`.

        With `after` the answer knows at least what that ticket brought, or what that report taught; waiting
        for it is part of the deadline. Raises `BadCueError`, `BadReportError` where the report was
        refused, `MindStoppedError`, `DeadlineError`, `UnavailableError`.
        """
        cue = build(
            Cue,
            id=self._session.next_id(self.name),
            mind=self.name,
            content=content,
            limit=limit,
            filter=filter or CueFilter(),
            episode=episode,
            after=after.entry if isinstance(after, Ticket) else None,
            **fields,
        )
        if isinstance(after, Report):
            cue = await self._once_folded(cue, after)
        recollection = await self._session.ask(cue, Recollection)
        self._session.asked(cue)
        return recollection

    async def _once_folded(self, cue: Cue, report: Report) -> Cue:
        """The cue with the time that is left of its deadline once this report is folded in."""
        ends = anyio.current_time() + cue.deadline_s
        await report.wait(within_s=cue.deadline_s)
        left_s = ends - anyio.current_time()
        if left_s <= 0.0:
            raise DeadlineError(f"no answer within {cue.deadline_s:g} s", remedy="Allow more time.")
        return msgspec.structs.replace(cue, deadline_s=left_s)

    async def feedback(
        self,
        recollection: Recollection | str,
        *,
        useful: Sequence[str] = (),
        misleading: Sequence[str] = (),
        at: Moment | None = None,
        within_s: float = REPORT_WAIT_S,
    ) -> Report:
        """Say which of the recalled memories (ids, or keys) served, and which misled; what was shown and is
        not named counts as shown in vain. A recollection's id is enough for a day, as long as it is among
        the latest 1,024 of its partition (of all minds there); the recollection itself is always enough.

        A further report on the same recollection completes the first. Raises `BadReportError` when the
        recollection is not known, or none of the named memories can learn; `DeadlineError` when the
        daemon does not say so `within_s`: nothing is published then.
        """
        if isinstance(recollection, Recollection):
            cue_id, shown = recollection.cue_id, [r.memory.id for r in recollection.recalled]
        else:
            cue_id, shown = recollection, []
        inquiry = build(
            ReportInquiry,
            id=self._session.next_id(self.name),
            mind=self.name,
            deadline_s=within_s,
            cue_id=cue_id,
            useful=list(useful),
            misleading=list(misleading),
            cue=self._session.words_of(cue_id),
            shown=shown,
        )
        checked = await self._session.ask(inquiry, ReportAnswer)
        message = build(
            Feedback,
            mind=self.name,
            cue_id=cue_id,
            useful=checked.useful,
            misleading=checked.misleading,
            cue=checked.cue,
            shown=checked.shown,
            at=at,
        )
        return Report(self._session, (await self._session.teach([message]))[0], checked)

    async def neighbours(
        self,
        memory: str,
        *,
        types: Sequence[AssociationType | str] = (),
        limit: int = 32,
        depth: int = 1,
    ) -> NeighboursAnswer:
        """What a memory (id, or key) is associated with, the strongest first: one call to the store a step
        of depth, and three more. `types` keeps to those."""
        inquiry = build(
            NeighboursInquiry,
            id=self._session.next_id(self.name),
            mind=self.name,
            memory=memory,
            types=list(types),
            limit=limit,
            depth=depth,
        )
        return await self._session.ask(inquiry, NeighboursAnswer)

    async def path(
        self, start: str, goal: str, *, types: Sequence[AssociationType | str] = (), depth: int = 4
    ) -> PathAnswer:
        """The strongest path between two memories (ids, or keys), at most `depth` steps: one call to the
        store a step, and three more."""
        inquiry = build(
            PathInquiry,
            id=self._session.next_id(self.name),
            mind=self.name,
            start=start,
            goal=goal,
            types=list(types),
            depth=depth,
        )
        return await self._session.ask(inquiry, PathAnswer)

    async def recent(self) -> Recent:
        """The memories that are active now and the open episode: one read from the stream server."""
        return await self._session.recent(self.name)

    async def episodes(self, limit: int = 20, *, scale: EpisodeScale | str = "fine") -> list[Episode]:
        """The latest episodes of this scale, newest first."""
        return (await self._episodes(limit=limit, scale=scale)).episodes

    async def timeline(self, limit: int = 20) -> EpisodesAnswer:
        """The latest fine episodes, newest first, and the coarse ones that hold them."""
        return await self._episodes(limit=limit)

    async def episode(self, episode_id: str) -> EpisodesAnswer:
        """One episode of either scale: itself first, then the fine ones that it holds; `coarse` is the one
        that holds it. None where this mind has no such episode."""
        found = await self._episodes(ids=[episode_id])
        held = [i for episode in found.episodes for i in episode.child_ids]
        if not held:
            return found
        inside = await self._episodes(ids=held)
        return msgspec.structs.replace(found, episodes=[*found.episodes, *inside.episodes])

    async def _episodes(self, **fields: Any) -> EpisodesAnswer:
        inquiry = build(EpisodesInquiry, id=self._session.next_id(self.name), mind=self.name, **fields)
        return await self._session.ask(inquiry, EpisodesAnswer)

    async def memory(self, memory_id: str = "", *, key: str = "") -> MemoryAnswer:
        """One memory by id or by the key of its percept."""
        inquiry = build(
            MemoryInquiry,
            id=self._session.next_id(self.name),
            mind=self.name,
            memory_id=memory_id,
            key=key,
        )
        return await self._session.ask(inquiry, MemoryAnswer)

    async def identity(self, *, verify: bool = False) -> IdentityAnswer:
        """The identity of the mind, None inside while it has not perceived anything."""
        inquiry = build(IdentityInquiry, id=self._session.next_id(self.name), mind=self.name, verify=verify)
        return await self._session.ask(inquiry, IdentityAnswer)

    async def status(self) -> StatusAnswer:
        """How the mind and its daemon are."""
        inquiry = build(StatusInquiry, id=self._session.next_id(self.name), mind=self.name)
        return await self._session.ask(inquiry, StatusAnswer)

    async def would_forget(
        self,
        memory_ids: Sequence[str] = (),
        *,
        filter: CueFilter | None = None,
        limit: int = FORGET_MAX,
    ) -> ForgettingAnswer:
        """Which memories `forget` would erase: at most `limit` of them, and how many in all."""
        inquiry = build(
            ForgettingInquiry,
            id=self._session.next_id(self.name),
            mind=self.name,
            memory_ids=list(memory_ids),
            filter=filter,
            limit=limit,
        )
        return await self._session.ask(inquiry, ForgettingAnswer)

    async def forget(
        self,
        memory_ids: Sequence[str] = (),
        *,
        filter: CueFilter | None = None,
        reason: str = "",
        page: int = FORGET_PAGE,
        within_s: float = RECEIPT_WAIT_S,
    ) -> int:
        """Erase memories for good; how many are gone. They cannot come back under the same key.

        Erases a page at a time, each within `within_s`, until nothing is left of what matched in the
        beginning; what is perceived meanwhile may match and stay. After an error repeat it: what is
        gone stays gone.
        """
        if memory_ids:
            pages = [list(memory_ids[i : i + page]) for i in range(0, len(memory_ids), page)]
            return sum([await self._forget(ids, None, reason, page, within_s) for ids in pages])
        gone = 0
        rounds = -(-(await self.would_forget(filter=filter, limit=1)).total // page)
        for _ in range(rounds):
            gone += await self._forget([], filter, reason, page, within_s)
        return gone

    async def rebuild(
        self, *, told: Callable[[str], None] | None = None, within_s: float = REBUILD_WAIT_S
    ) -> int:
        """Have everything derived anew that this mind derives from its memories; of how many. `told` hears
        what that has cost: after a change of language, what was learned from cues in the one before.

        Meanwhile nothing else that comes to minds of the same daemon is taken in, recall goes on. After
        `DeadlineError` it goes on, too.
        """
        ticket = (await self._session.publish_many([build(Rebuild, mind=self.name)]))[0]
        receipt = await ticket.wait(within_s=within_s)
        assert receipt is not None
        if told is not None and receipt.reason:
            told(receipt.reason)
        return receipt.count

    async def sleep(
        self, *, cycles: int = 1, told: Callable[[SleepReport], None] | None = None, wait: bool = True
    ) -> list[SleepReport]:
        """Sleep now, so many cycles (0: until rested); the reports of the night. `told` hears of each step.

        Without `wait` it returns once the night is sure to be slept. A mind that sleeps already goes on;
        where nothing has happened since the last night there is nothing to do, and its report says so.
        """
        inquiry = build(SleepInquiry, id=self._session.next_id(self.name), mind=self.name, cycles=cycles)
        report = (await self._session.ask(inquiry, SleepAnswer)).report
        slept: list[SleepReport] = []
        while report.id and wait:
            while not report.finished:
                report = await self.sleep_cycle(report.id, through=report.cursor.step)
                if told is not None:
                    told(report)
            slept.append(report)
            follows = [c for c in (await self.sleep_log()).cycles if _follows(c, report)]
            if not follows:
                return slept
            report = follows[0]
        return slept or [report]

    async def sleep_plan(self) -> SleepPlanAnswer:
        """What a cycle would do now, and why. Nothing is done."""
        inquiry = build(SleepPlanInquiry, id=self._session.next_id(self.name), mind=self.name)
        return await self._session.ask(inquiry, SleepPlanAnswer)

    async def sleep_log(self, limit: int = 20) -> SleepLogAnswer:
        """The latest cycles, the newest first, and how strong the pressure to sleep is."""
        inquiry = build(SleepLogInquiry, id=self._session.next_id(self.name), mind=self.name, limit=limit)
        return await self._session.ask(inquiry, SleepLogAnswer)

    async def sleep_cycle(
        self, cycle: str, *, through: int | None = None, within_s: float = SLEEP_STEP_WAIT_S
    ) -> SleepReport:
        """One cycle by id, beginning of it, or number; with `through` once more steps than that are done."""
        inquiry = build(
            SleepCycleInquiry,
            id=self._session.next_id(self.name),
            mind=self.name,
            cycle=cycle,
            through=through,
            deadline_s=within_s,
        )
        return (await self._session.ask(inquiry, SleepAnswer)).report

    async def undo_sleep(self, cycle: str, *, wait: bool = True) -> SleepAnswer:
        """Take back what a cycle did: what nobody has touched since is as it was, byte for byte; the report
        names what was left."""
        inquiry = build(SleepUndoInquiry, id=self._session.next_id(self.name), mind=self.name, cycle=cycle)
        answer = await self._session.ask(inquiry, SleepAnswer)
        report = answer.report
        while wait and not report.finished:
            report = await self.sleep_cycle(report.id, through=report.cursor.step)
        return msgspec.structs.replace(answer, report=report)

    async def pause_sleep(self, paused: bool = True, *, everyone: bool = False) -> SleepLogAnswer:
        """Do not sleep any more until told to, but on request; or sleep again. With `everyone` all minds."""
        inquiry = build(
            SleepPauseInquiry,
            id=self._session.next_id(self.name),
            mind=self.name,
            paused=paused,
            everyone=everyone,
        )
        return await self._session.ask(inquiry, SleepLogAnswer)

    async def copied(self, told: Callable[[int, int], None] | None = None) -> MindCopyAnswer:
        """A copy of all that is stored of this mind, in a folder of the daemon's machine, for trying things
        on it: nobody else knows of it, and who asked for it removes it. The mind goes on meanwhile. `told`
        hears how much of how much is copied. Raises `UnavailableError` where it cannot be made."""
        begun = build(MindCopyInquiry, id=self._session.next_id(self.name), mind=self.name)
        answer = await self._session.ask(begun, MindCopyAnswer)
        while not answer.whole:
            if told is not None:
                told(answer.copied, answer.points)
            look = build(
                MindCopyInquiry,
                id=self._session.next_id(self.name),
                mind=self.name,
                called=answer.called,
                through=answer.copied,
                deadline_s=SLEEP_STEP_WAIT_S,
            )
            answer = await self._session.ask(look, MindCopyAnswer)
            if answer.failed:
                raise UnavailableError(f"mind {self.name!r} was not copied: {answer.failed}")
        return answer

    async def drop_copy(self, called: str) -> None:
        """Remove a copy that is not needed any more."""
        inquiry = build(
            MindCopyInquiry, id=self._session.next_id(self.name), mind=self.name, called=called, drop=True
        )
        await self._session.ask(inquiry, MindCopyAnswer)

    async def _forget(
        self, memory_ids: list[str], filter: CueFilter | None, reason: str, page: int, within_s: float
    ) -> int:
        """Erase one page of those; how many are gone."""
        doomed = await self.would_forget(memory_ids, filter=filter, limit=page)
        if not doomed.memory_ids:
            return 0
        message = build(Forget, mind=self.name, memory_ids=doomed.memory_ids, reason=reason)
        ticket = (await self._session.publish_many([message]))[0]
        receipt = await ticket.wait(within_s=within_s)
        assert receipt is not None
        return receipt.count


def _follows(cycle: SleepReport, before: SleepReport) -> bool:
    """Whether it is the next cycle of the same night."""
    return cycle.night == before.night and cycle.nth == before.nth + 1


class Session:
    """A connection to a daemon, for any number of minds."""

    def __init__(
        self, url: str, client: Redis, keys: StreamKeys, caller: Caller, receipts: ReceiptReader
    ) -> None:
        self.url = url
        self.client = client
        self.keys = keys
        self.daemon: Daemon | None = None
        self._caller = caller
        self._receipts = receipts
        self._producer = Producer(client, keys)
        self._nonce = os.urandom(8).hex()
        self._asked = 0
        self._words: OrderedDict[str, str] = OrderedDict()

    def mind(self, name: str) -> Mind:
        """The mind of this name."""
        return Mind(self, name)

    def next_id(self, mind: str) -> str:
        """A fresh request id."""
        self._asked += 1
        return identifiers.cue_id(mind, f"{self._nonce}-{self._asked}")

    async def publish_many(
        self, messages: Sequence[Percept | Mark | Forget | Rebuild], *, wait_s: float = PUBLISH_WAIT_S
    ) -> list[Ticket]:
        """Publish in order; one ticket each. Waits up to `wait_s` while the line is full, then raises
        `LineFullError`, which says what was taken."""
        try:
            entries = await self._producer.publish_many([(m.mind, m) for m in messages], wait_s)
        except StreamsError as error:
            raise in_our_words(error) from error
        return [Ticket(self, m.mind, e) for m, e in zip(messages, entries, strict=True)]

    async def teach(
        self, messages: Sequence[Feedback | CoActivation], *, wait_s: float = PUBLISH_WAIT_S
    ) -> list[str]:
        """Publish what use taught, in order; the entries in the `dream` stream. Waits up to `wait_s` while
        the line is full, then raises `LineFullError`."""
        try:
            return await self._producer.publish_many([(m.mind, m) for m in messages], wait_s)
        except StreamsError as error:
            raise in_our_words(error) from error

    def asked(self, cue: Cue) -> None:
        """Keep the words of a cue for a report on it."""
        self._words[cue.id] = cue.content
        while len(self._words) > WORDS_KEPT:
            self._words.popitem(last=False)

    def words_of(self, cue_id: str) -> str:
        """The words of a cue that this session asked lately, else nothing: the daemon may know."""
        return self._words.get(cue_id, "")

    async def folded(self, mind: str, entry: str, within_s: float) -> FoldedAnswer:
        """Return once this entry of `dream` is folded in, with what it taught."""
        inquiry = build(
            FoldedInquiry,
            id=self.next_id(mind),
            mind=mind,
            entry=entry,
            deadline_s=min(within_s, FOLDED_WAIT_MAX_S),
        )
        answer = await self.ask(inquiry, FoldedAnswer)
        if answer.refused:
            raise BadReportError(f"report {entry} of {mind!r} was refused: {answer.refused}")
        return answer

    async def receipt(self, mind: str, entry: str, within_s: float) -> Receipt:
        """The receipt of one entry."""
        partition = self.keys.partition_of(mind)
        return await patiently(lambda left_s: self._receipts.wait(partition, entry, left_s), within_s)

    async def settled(self, tickets: Iterable[Ticket], *, within_s: float = 600.0) -> None:
        """Wait until everything that was published before each of these is recallable."""
        latest = {ticket.mind: ticket for ticket in tickets}
        for ticket in latest.values():
            await self.receipt(ticket.mind, ticket.entry, within_s)

    async def ask(self, request: Any, kind: type[T]) -> T:
        """Ask and get an answer of this kind, or the error that the daemon answered with."""
        within_s = request.deadline_s + ANSWER_WAY_S
        answer = await patiently(lambda left_s: self._caller.ask(request, deadline_s=left_s), within_s)
        if isinstance(answer, Failure):
            raise raised(answer)
        assert isinstance(answer, kind), f"asked for {kind.__name__}, got {type(answer).__name__}"
        return answer

    async def recent(self, mind: str) -> Recent:
        """The mirror of one mind's working memory."""
        try:
            body = await read_recent(self.client, self.keys, mind)
        except StreamsError as error:
            raise in_our_words(error) from error
        return msgspec.json.decode(body, type=Recent) if body else Recent()

    async def status(self) -> DaemonAnswer:
        """How the daemon is, whatever its minds are."""
        return await self.ask(DaemonInquiry(id=self.next_id("")), DaemonAnswer)

    def dead_letters(self) -> DeadLetters:
        """What could not be taken, of all minds: for the operator."""
        return DeadLetters(self.client, self.keys)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None


async def patiently(call: Callable[[float], Awaitable[V]], within_s: float) -> V:
    """Call, given the time that is left, and again while the stream server is away: a daemon that
    restarts takes its private one along. For what may be repeated without harm."""
    deadline = anyio.current_time() + within_s
    while True:
        try:
            return await call(deadline - anyio.current_time())
        except StreamsError as error:
            away = isinstance(error, StreamsUnavailableError)
            if not away or anyio.current_time() + AWAY_RETRY_S >= deadline:
                raise in_our_words(error) from error
        await anyio.sleep(AWAY_RETRY_S)


def in_our_words(error: StreamsError) -> CognitionError:
    """A failure of delivery as an error of this package."""
    if isinstance(error, AnswerTimeoutError):
        return DeadlineError(str(error))
    if isinstance(error, BackpressureError):
        return LineFullError(
            str(error).removesuffix(error.remedy).rstrip(". "),
            entry_ids=error.entry_ids,
            retry_after_s=error.retry_after_s,
            remedy=error.remedy,
        )
    if isinstance(error, StreamsUrlError):
        return SettingsError(str(error))
    if isinstance(error, PartitionsChangedError):
        return SettingsError(f"setting streams.{error}")
    if isinstance(error, NoSuchDeadLetterError):
        return CognitionError(str(error))
    return UnavailableError(str(error))


def raised(failure: Failure) -> CognitionError:
    """The error that a `Failure` describes."""
    kind = getattr(errors, failure.kind, CognitionError)
    if not (isinstance(kind, type) and issubclass(kind, CognitionError)):
        kind = CognitionError
    return kind(failure.message, remedy=failure.remedy)


def build(kind: type[T], /, **fields: Any) -> T:
    """A message from keyword arguments, checked as if it had come from outside.

    `vector` may be an array or a sequence of numbers. Raises `SchemaError`.
    """
    vector = fields.get("vector")
    if vector is not None and not isinstance(vector, bytes):
        fields["vector"] = vector_bytes(vector)
    unknown = set(fields) - set(kind.__struct_fields__)
    if unknown:
        name = sorted(unknown)[0]
        raise SchemaError(
            kind.__name__, name, fields[name], "no such field",
            "Fields are: " + ", ".join(kind.__struct_fields__) + ".",
        )  # fmt: skip
    from schemas import wire

    plain = {name: value for name, value in fields.items() if value is not None}
    return wire.decode_msgpack(kind, msgspec.msgpack.encode(plain))


def vector_bytes(vector: Any) -> bytes:
    """An array or sequence of numbers as little-endian float32."""
    import numpy as np

    try:
        return np.asarray(vector, dtype="<f4").reshape(-1).tobytes()
    except (TypeError, ValueError) as error:
        raise SchemaError(
            "Percept", "vector", vector, str(error), "Give 768 numbers, or leave it out."
        ) from error
