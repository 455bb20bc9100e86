"""The engine put together over given ports, in reading order. Nothing runs yet, and nothing is opened.

Everything that the engine awaits is an argument: the composition root gives adapters, a test
gives doubles in any place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cognition.engine.answering import Answering, Learning
from cognition.engine.archiving import Archiving, Returning
from cognition.engine.arrivals import Senses
from cognition.engine.association import Associating
from cognition.engine.consolidation import Consolidation
from cognition.engine.copying import Copying
from cognition.engine.deriving import Deriving
from cognition.engine.encoding import Encoder
from cognition.engine.forgetting import Forgetting
from cognition.engine.handover import HELD_BACK
from cognition.engine.intake import Intake, Progress
from cognition.engine.introspection import DaemonFigures, Introspection
from cognition.engine.knowing import Knowing
from cognition.engine.ledger import INSERTED_AT_ONCE
from cognition.engine.lessons import Reports
from cognition.engine.liveness import AT_NIGHT, FORMED_BY, Liveness, Watched
from cognition.engine.minds import Minds
from cognition.engine.neighbourhood import Neighbourhood
from cognition.engine.night import Night
from cognition.engine.night_abstraction import Abstracting, Unabstracting
from cognition.engine.night_arrays import ArrayJournal
from cognition.engine.night_canary import Canary
from cognition.engine.night_forgetting import Choosing
from cognition.engine.night_homeostasis import Scaling
from cognition.engine.night_identity import Drifting
from cognition.engine.night_journal import Journal
from cognition.engine.night_plan import Planner
from cognition.engine.night_rare_terms import RareTerms
from cognition.engine.night_retelling import Retellings, TellingAnew
from cognition.engine.night_superseding import Superseding
from cognition.engine.night_undo import Undoing
from cognition.engine.night_works import Linking, Replaying, Work
from cognition.engine.options import AttentionOptions, EpisodeOptions, MindOptions, RecallOptions
from cognition.engine.plasticity import Plasticity
from cognition.engine.quantizing import MeasuredIndexing, Quantizing
from cognition.engine.rebuilding import Rebuilding
from cognition.engine.recall import Recall
from cognition.engine.rhythm import Rhythm
from cognition.engine.shown import Shown
from cognition.engine.sleep import Sleep
from cognition.engine.sleep_options import SleepOptions
from cognition.engine.slow_learning import SlowLearning
from cognition.engine.surfacing import Surfacing
from cognition.engine.surroundings import Surroundings
from cognition.engine.tongues import Tongues
from cognition.engine.weighing import MENTION, SPREADING
from cognition.mechanisms.laws import DEFAULT_LAWS
from cognition.ports.clock import Clock
from cognition.ports.copying import Copier
from cognition.ports.dates import DateReader
from cognition.ports.embedder import Embedder
from cognition.ports.line import Line
from cognition.ports.shown import ShownRing
from cognition.ports.sink import Sink
from cognition.ports.stores import Stores
from cognition.ports.timetable import Timetable
from schemas.base import Config
from schemas.sleep import SleepWork

EMBEDDING_ATTEMPTS_MAX = 3
"""How often a text is tried before its percept is given up."""


class Options(Config, frozen=True, kw_only=True):
    """What a person may set."""

    minds: MindOptions = MindOptions()
    attention: AttentionOptions = AttentionOptions()
    episodes: EpisodeOptions = EpisodeOptions()
    recall: RecallOptions = RecallOptions()
    sleep: SleepOptions = SleepOptions()
    held_back: int = HELD_BACK
    inserted_at_once: int = INSERTED_AT_ONCE

    def off(self) -> frozenset[str]:
        """The mechanisms that are switched off for all minds, by name."""
        names = {row for name in self.minds.without for row in FORMED_BY.get(name, (name,))}
        names.update(self.recall.without)
        names.update(AT_NIGHT + name for name in self.sleep.off())
        if not self.sleep.enabled:
            names.add("sleep")
        if not self.recall.spreading_depth:
            names.add(SPREADING)
        if not self.episodes.prediction_error:
            names.add("prediction_error")
        if not self.attention.echo_window_s:
            names.add("echo")
        return frozenset(names)


@dataclass(frozen=True, slots=True)
class Engine:
    """One assembled engine. Its memory is its own; stores and line may outlive it."""

    stores: Stores
    minds: Minds
    senses: Senses
    forgetting: Forgetting
    encoder: Encoder
    associating: Associating
    slow: SlowLearning
    progress: Progress
    intake: Intake
    recall: Recall
    introspection: Introspection
    answering: Answering
    shown: Shown
    plasticity: Plasticity
    consolidation: Consolidation
    sleep: Sleep
    quantizing: Quantizing
    copying: Copying


def assemble(
    stores: Stores,
    line: Line,
    clock: Clock,
    sink: Sink,
    embedder: Embedder | None,
    options: Options | None = None,
    *,
    dreams: Line | None = None,
    ring: ShownRing | None = None,
    dates: DateReader | None = None,
    embedding_attempts_max: int = EMBEDDING_ATTEMPTS_MAX,
    figures: Callable[[], DaemonFigures] = dict,
    liveness: Liveness | None = None,
    epoch_of: Callable[[str], int] = lambda _: 1,
    timetable: Timetable | None = None,
    copier: Copier | None = None,
    host: str = "",
) -> Engine:
    """An engine over these ports. Without `dreams` nothing is consolidated (the line of percepts stands
    in and is never read), without `ring` what was shown is known only to this process, without `dates`
    no date is understood. `figures` are what `status` says of the process around it, `liveness` counts
    what each mechanism does, beginning now where none is given; `epoch_of` says under which lease epoch a
    mind is written here, and raises `LeaseLostError` where it is not. Without a `copier` no mind is copied;
    copies lie on the machine `host`.
    """
    chosen = options or Options()
    lives = liveness or Liveness(clock.now(), off=chosen.off())
    sink = Watched(sink, lives)
    laws = tuple(DEFAULT_LAWS)
    tongues = Tongues(chosen.minds)
    model = embedder.model if embedder is not None else ""
    minds = Minds(
        stores,
        clock,
        sink,
        options=chosen.minds,
        attention=chosen.attention,
        episodes=chosen.episodes,
        laws=laws,
        model=model,
    )
    senses = Senses(
        stores,
        embedder,
        clock,
        chosen.attention,
        tongues=tongues,
        attempts_max=embedding_attempts_max,
    )
    surroundings = Surroundings(stores, tongues, chosen.minds.without)
    deriving = Deriving(stores, tongues)
    forgetting = Forgetting(stores, surroundings, deriving, clock, sink)
    without = chosen.minds.without
    rebuilding = Rebuilding(stores, tongues, deriving, chosen.minds.without)
    learned = chosen.episodes.learned and chosen.episodes.prediction_error
    slow = SlowLearning(stores, minds, clock, sink, enabled=learned)
    encoder = Encoder(
        stores,
        minds,
        forgetting,
        rebuilding,
        clock,
        sink,
        learning=slow,
        returning=Returning(stores, minds),
        tongues=tongues,
        attention=chosen.attention,
        model=model,
        without=without,
        held_back=chosen.held_back,
        inserted_at_once=chosen.inserted_at_once,
    )
    links = MENTION not in without
    associating = Associating(stores, minds, clock, sink, tongues=tongues, forms=links)
    progress = Progress(minds)
    intake = Intake(line, senses, encoder, minds, progress, clock, sink, chosen.minds)
    surfacing = Surfacing(stores)
    recall = Recall(
        stores,
        minds,
        embedder,
        clock,
        chosen.recall,
        tongues=tongues,
        dates=dates,
        liveness=lives,
        surfacing=surfacing,
        knowing=Knowing(stores, chosen.recall.lexical_weight, sought=chosen.sleep.does("abstract")),
    )
    introspection = Introspection(stores, minds, clock, laws, links=links)
    shown = Shown(ring)
    plasticity = Plasticity(stores, minds, shown, clock, sink, tongues=tongues, without=without)
    consolidation = Consolidation(dreams or line, plasticity, minds, clock, sink, chosen.minds)
    learning = Learning(Reports(stores, shown), Neighbourhood(stores, clock), consolidation)
    sleep = sleeper(
        stores,
        minds,
        recall,
        shown,
        associating,
        clock,
        sink,
        chosen.sleep,
        epoch_of,
        timetable,
        surfacing,
        tongues,
        deriving,
    )
    quantizing = Quantizing(stores, shown, embedder)
    copying = Copying(minds, copier, epoch_of, host)
    answering = Answering(
        recall,
        introspection,
        learning,
        shown,
        progress,
        clock,
        sink,
        figures,
        lives,
        sleep,
        quantizing,
        copying,
    )
    return Engine(
        stores,
        minds,
        senses,
        forgetting,
        encoder,
        associating,
        slow,
        progress,
        intake,
        recall,
        introspection,
        answering,
        shown,
        plasticity,
        consolidation,
        sleep,
        quantizing,
        copying,
    )


def sleeper(
    stores: Stores,
    minds: Minds,
    recall: Recall,
    shown: Shown,
    associating: Associating,
    clock: Clock,
    sink: Sink,
    options: SleepOptions,
    epoch_of: Callable[[str], int],
    timetable: Timetable | None,
    surfacing: Surfacing,
    tongues: Tongues,
    deriving: Deriving,
) -> Sleep:
    """What sleeps, over the same stores and minds."""
    journal = Journal(stores, minds)
    arrays = ArrayJournal(stores, minds, journal)
    planner = Planner(stores, Choosing(stores, tongues, options), Retellings(stores), options)
    returning = Returning(stores, minds)
    works: dict[SleepWork, Work] = {
        SleepWork.REPLAY: Replaying(stores, minds, journal, binds=options.does("co_replay")),
        SleepWork.ASSOCIATE: Linking(stores, minds, associating, journal),
        SleepWork.RARE_TERMS: RareTerms(stores, minds, arrays, tongues),
        SleepWork.SUPERSEDE: Superseding(stores, minds, journal),
        SleepWork.ABSTRACT: Abstracting(stores, minds, journal, deriving),
        SleepWork.RETELL: TellingAnew(stores, minds, journal),
        SleepWork.HOMEOSTASIS: Scaling(minds, arrays),
        SleepWork.IDENTITY: Drifting(stores, minds, journal),
        SleepWork.FORGET: Archiving(stores, minds, journal),
        SleepWork.INDEX: MeasuredIndexing(stores, clock, sink),
    }
    canary = Canary(stores, recall, shown)
    undoing = Undoing(stores, minds, journal, returning, Unabstracting(stores, deriving))
    rhythm = Rhythm(clock, timetable)
    night = Night(stores, minds, planner, canary, undoing, works, clock, sink, options, rhythm)
    return Sleep(
        stores, minds, night, planner, clock, sink, options, epoch_of, timetable, surfacing, returning, rhythm
    )
