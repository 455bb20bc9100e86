"""One value of every type that is written down, each field away from its default.

Written once for each released version and never changed afterwards: the bytes beside this file
were written from these values, and every later release must read them as these values.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

import msgspec

from schemas import cue, dream, events, inquiry, learning, percept, recollection, wire
from schemas.abstraction import Abstraction
from schemas.association import Association, AssociationType, Relation, Route
from schemas.base import Message
from schemas.episode import BoundaryType, EmotionalSummary, Episode, Pause
from schemas.identity import ConnectionDrive, Identity, Law, Lifetime, Revision, SelfModel
from schemas.memory import Archived, Memory, Tombstone
from schemas.quantization import (
    Kept,
    Quantization,
    QuantizationAnswer,
    QuantizationInquiry,
    QuantizationKind,
    SampleAnswer,
    SampleInquiry,
)
from schemas.sleep import (
    CanaryProbe,
    PlannedWork,
    Retold,
    SleepCursor,
    SleepPlan,
    SleepReport,
    SleepStage,
    SleepStatus,
    SleepWork,
    Telling,
    UndoEntry,
    UndoPage,
)
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

NOON: Final = 1_772_452_800.0
ZONED: Final = dt.datetime(2026, 3, 2, 12, 0, tzinfo=dt.UTC)
QUANTIZATION: Final = Quantization(
    kind=QuantizationKind.BINARY, always_ram=False, quantile=0.5, rescore=False, oversampling=8.0
)

ASSOCIATION = Association(
    target_id="0b0c6d46-0000-5000-8000-000000000002",
    weight=0.25,
    type=AssociationType.CAUSES,
    last_coactivated=NOON,
    coactivation_count=3,
)

MEMORY = Memory(
    id="0b0c6d46-0000-5000-8000-000000000001",
    mind="ana",
    key="ana-0001",
    entry="1772452800000-0",
    content="The kettle is on.",
    data={"kettle": {"litres": 1.5, "on": True, "tags": ["tea", None, 3]}},
    kind=percept.MemoryKind.SEMANTIC,
    content_type=percept.ContentType.FACT,
    subject="kettle",
    source="voice",
    actor="Ana",
    context={"place": "kitchen"},
    metadata={"cups": 2},
    session="s1",
    agent="a1",
    run="r1",
    user="u1",
    valence=-0.5,
    arousal=0.75,
    emotional_intensity=0.375,
    importance=0.25,
    novelty=0.125,
    semantic_salience=0.625,
    connection_relevance=0.875,
    composite_salience=0.5625,
    episode_id="0b0c6d46-0000-5000-8000-000000000003",
    window_id="w1",
    position=4,
    occurred_at=NOON,
    encoded_at=NOON + 1,
    last_accessed=NOON + 2,
    access_count=5,
    useful_count=6,
    repeated_through="1772452800009-0",
    content_hash="c0ffee",
    length=3,
    consolidation_strength=0.75,
    consolidation_tag=True,
    replay_count=7,
    last_replayed=NOON + 3,
    stability_s=172_800.0,
    replay_priority_key=0.0625,
    associations=[ASSOCIATION],
    derived_from=["0b0c6d46-0000-5000-8000-000000000004"],
    superseded_by="0b0c6d46-0000-5000-8000-000000000005",
    trust=0.5,
    embedding_model="all-mpnet-base-v2",
    epoch=8,
    rev=9,
    plasticity_through="1772452800010-0",
    intervention_applied=True,
    intervention_type="reframe",
)

ROUTE = Route(term=7, used=1.5, unused=0.5, weight=0.25)
MEMORY_2 = msgspec.structs.replace(
    MEMORY,
    associations=[
        msgspec.structs.replace(ASSOCIATION, given=True, repaired="the stored weight 7 is read as 1")
    ],
    routes=[ROUTE],
    unused_count=2.5,
    learned_at=NOON + 4,
)

MEMORY_3 = msgspec.structs.replace(MEMORY_2, superseded_at=NOON + 5)

ABSTRACTION = Abstraction(
    id="0b0c6d46-0000-5000-8000-000000000009",
    mind="ana",
    content="The kettle is on in the morning.",
    source_id=MEMORY.id,
    derived_from=[MEMORY.id],
    episodes=3,
    confidence=0.5,
    conflicts=["0b0c6d46-0000-5000-8000-000000000005"],
    began_at=NOON,
    last_at=NOON + 1,
    formed_at=NOON + 2,
    derived_at=NOON + 3,
    superseded_at=NOON + 4,
    epoch=8,
    rev=9,
)

EPISODE = Episode(
    id="0b0c6d46-0000-5000-8000-000000000003",
    mind="ana",
    label="tea",
    started_at=NOON,
    ended_at=NOON + 60,
    boundary_type=BoundaryType.TEMPORAL,
    boundary_trigger="30 minutes of silence",
    boundary_strength=0.5,
    previous_id="0b0c6d46-0000-5000-8000-000000000006",
    next_id="0b0c6d46-0000-5000-8000-000000000007",
    memory_count=2,
    emotional_summary=EmotionalSummary(
        peak_valence=-0.5, peak_arousal=0.75, mean_valence=-0.25, dominant_emotion="distress"
    ),
    gist="The kettle is on.",
    consolidated=True,
    consolidated_at=NOON + 90,
    category="work",
    attributes={"project": "tea", "issue": 4},
    pauses=[Pause(started_at=NOON + 10, ended_at=NOON + 20)],
    epoch=8,
    rev=9,
)

LIFETIME = Lifetime(percepts=9, memories=8, episodes=3, repeats=1, forgotten=2, sleeps=4, strengthened=5)

IDENTITY = Identity(
    id="0b0c6d46-0000-5000-8000-000000000008",
    mind="ana",
    name="Ana",
    full_name="Ana Ferreira",
    born_at=NOON,
    core_values=["care"],
    self_model=SelfModel(traits={"patience": 0.5}, strengths=["listening"], growth_areas=["stages"]),
    connection_drive=ConnectionDrive(level=0.25, target=0.75, last_event=NOON),
    laws=[Law(name="first", text="Do no harm.")],
    laws_hash="ab" * 32,
    laws_verified_at=NOON + 1,
    revisions=[Revision(number=1, at=NOON, event="born", previous_hash="", hash="cd" * 32)],
    lifetime=LIFETIME,
    first_percept_at=NOON,
    last_percept_at=NOON + 5,
    restart_count=2,
    session_started_at=NOON + 6,
    last_sleep_at=NOON + 7,
    epoch=8,
    rev=9,
)

FILTER = cue.CueFilter(
    occurred_from=NOON,
    occurred_to=ZONED,
    kinds=[percept.MemoryKind.PROCEDURAL],
    content_types=[percept.ContentType.SKILL],
    sources=["voice"],
    actors=["Ana"],
    subjects=["kettle"],
    session="s1",
    agent="a1",
    run="r1",
    user="u1",
    context={"place": "kitchen"},
    metadata={"cups": 2, "hot": True, "tea": "green"},
    mood=cue.Mood(valence=0.5, arousal=0.75, radius=0.25),
)

NEIGHBOUR = learning.Neighbour(
    source="m1",
    target="m2",
    type=AssociationType.GOAL,
    weight=0.25,
    depth=2,
    age_s=60.0,
    count=3,
    given=True,
    preview="The tea is ready.",
)

TOMBSTONE = Tombstone(id=MEMORY.id, mind="ana", forgotten_at=NOON, entry="1772452800011-0", reason="asked to")

SLEPT = SleepReport(
    id="0b0c6d46-0000-5000-8000-000000000009",
    mind="ana",
    started_at=NOON,
    ended_at=NOON + 300,
    trigger="schedule",
    stage_s={"light": 60.0},
    replayed=1,
    consolidated=2,
    strengthened=3,
    pruned=4,
    formed=5,
    archived=6,
    canary_before=0.5,
    canary_after=0.625,
    status=SleepStatus.COMPLETED,
    cursor=SleepCursor(stage="deep", step=2),
    undo_log="u1",
)

PLAN = SleepPlan(
    mind="ana",
    works=[
        PlannedWork(
            work=SleepWork.REPLAY, stage=SleepStage.DEEP, memory_ids=["m1"], budget_s=150.0, why="urgent"
        )
    ],
    reasons=["12 memories since the last night"],
    nothing="no time has passed",
    pressure=0.5,
    budget_s=300.0,
)

WIRE: Final[dict[str, Message]] = {
    "percept/1": percept.Percept(
        mind="ana",
        content="The kettle is on.",
        data=MEMORY.data,
        key="ana-0001",
        source="voice",
        actor="Ana",
        subject="kettle",
        kind=percept.MemoryKind.SEMANTIC,
        content_type=percept.ContentType.FACT,
        occurred_at=ZONED,
        valence=-0.5,
        arousal=0.75,
        importance=0.25,
        relevance=0.625,
        connection_relevance=0.875,
        context={"place": "kitchen"},
        boundary=percept.BoundaryMark.BEGIN,
        boundary_label="tea",
        relations=[Relation(type=AssociationType.FOLLOWS, target="ana-0000", weight=0.5)],
        vector=bytes(range(16)),
        trust=0.5,
        metadata={"cups": 2},
        session="s1",
        agent="a1",
        run="r1",
        user="u1",
    ),
    "mark/1": percept.Mark(
        mind="ana",
        boundary=percept.BoundaryMark.END,
        cause=BoundaryType.TASK_COMPLETION,
        label="tea",
        occurred_at=NOON,
    ),
    "rebuild/1": percept.Rebuild(mind="ana"),
    "forget/1": percept.Forget(mind="ana", memory_ids=[MEMORY.id], reason="asked to"),
    "coactivation/1": dream.CoActivation(mind="ana", memory_ids=[MEMORY.id], reason="used", evidence=0.5),
    "replayed/1": dream.Replayed(mind="ana", memory_ids=[MEMORY.id], cycle_id="c1"),
    "feedback/1": dream.Feedback(mind="ana", cue_id="q1", useful=["m1"], misleading=["m2"]),
    "receipt/1": events.Receipt(
        mind="ana",
        entry="1772452800000-0",
        outcome=events.Outcome.STRENGTHENED,
        key="ana-0001",
        memory_id=MEMORY.id,
        episode_id=EPISODE.id,
        salience=0.5,
        parts=events.SalienceParts(
            importance=0.25,
            novelty=0.125,
            relevance=0.625,
            emotional_intensity=0.375,
            connection_relevance=0.875,
        ),
        reason="an echo",
        recallable_at=NOON,
        count=2,
    ),
    "cue/1": cue.Cue(
        id="q1",
        mind="ana",
        content="Is the kettle on?",
        vector=bytes(range(16)),
        actor="Ana",
        at=ZONED,
        limit=5,
        token_budget=400,
        deadline_s=2.5,
        filter=FILTER,
        episode=cue.EpisodeFilter(ids=[EPISODE.id], mode=cue.FilterMode.STRICT, factor=0.5),
        abstain_below=0.25,
        after="1772452800000-0",
        explain=True,
        without=["lexical"],
    ),
    "episodes/1": inquiry.EpisodesInquiry(id="q2", mind="ana", deadline_s=2.5, limit=7),
    "memory/1": inquiry.MemoryInquiry(id="q3", mind="ana", deadline_s=2.5, memory_id=MEMORY.id, key="k"),
    "identity/1": inquiry.IdentityInquiry(id="q4", mind="ana", deadline_s=2.5, verify=True),
    "status/1": inquiry.StatusInquiry(id="q5", mind="ana", deadline_s=2.5),
    "daemon/1": inquiry.DaemonInquiry(id="q8", deadline_s=2.5),
    "forgetting/1": inquiry.ForgettingInquiry(
        id="q6", mind="ana", deadline_s=2.5, memory_ids=[MEMORY.id], filter=FILTER, limit=50
    ),
    "recollection/1": recollection.Recollection(
        cue_id="q1",
        mind="ana",
        recalled=[
            recollection.Recalled(
                memory=MEMORY,
                score=0.75,
                why="the words kettle and on",
                parts=[
                    recollection.ScorePart(
                        name="dense", value=0.75, z=2.0, weight=0.5, contribution=1.0, factor=0.5
                    )
                ],
            )
        ],
        abstained="nothing strong enough",
        candidates=30,
        took_ms=12.5,
        notes=["the open episode was empty"],
    ),
    "episodes-answer/1": inquiry.EpisodesAnswer(inquiry_id="q2", mind="ana", episodes=[EPISODE]),
    "memory-answer/1": inquiry.MemoryAnswer(
        inquiry_id="q3", mind="ana", memory=MEMORY, archived=True, tombstone=TOMBSTONE
    ),
    "identity-answer/1": inquiry.IdentityAnswer(
        inquiry_id="q4", mind="ana", identity=IDENTITY, verified=True, problems=["law first was changed"]
    ),
    "status-answer/1": inquiry.StatusAnswer(
        inquiry_id="q5",
        mind="ana",
        memories=8,
        episodes=3,
        open_episode=EPISODE,
        lifetime=LIFETIME,
        lexicon_terms=40,
        stopped="a law was changed",
        through="1772452800012-0",
        daemon={"version": "0.1.0", "ready": True, "partitions": 16, "load": 0.5},
    ),
    "forgetting-answer/1": inquiry.ForgettingAnswer(
        inquiry_id="q6", mind="ana", memory_ids=[MEMORY.id], total=9, previews=["The kettle"]
    ),
    "daemon-answer/1": inquiry.DaemonAnswer(
        inquiry_id="q8", daemon={"version": "0.1.0", "ready": True, "partitions": 16, "load": 0.5}
    ),
    "report/1": learning.ReportInquiry(
        id="q9",
        mind="ana",
        deadline_s=5.0,
        cue_id="q1",
        useful=["m1"],
        misleading=["m2"],
        cue="Is the kettle on?",
        shown=["m1", "m2", "m3"],
    ),
    "folded/1": learning.FoldedInquiry(id="q10", mind="ana", deadline_s=5.0, entry="1772452800013-0"),
    "neighbours/1": learning.NeighboursInquiry(
        id="q11",
        mind="ana",
        deadline_s=5.0,
        memory=MEMORY.id,
        types=[AssociationType.GOAL],
        limit=5,
        depth=2,
    ),
    "path/1": learning.PathInquiry(
        id="q12",
        mind="ana",
        deadline_s=5.0,
        start="m1",
        goal="m2",
        types=[AssociationType.CAUSES],
        depth=3,
    ),
    "report-answer/1": learning.ReportAnswer(
        inquiry_id="q9",
        mind="ana",
        cue="Is the kettle on?",
        shown=["m1", "m2", "m3"],
        useful=["m1"],
        misleading=["m2"],
        refused={"m9": "there is no such memory"},
    ),
    "folded-answer/1": learning.FoldedAnswer(
        inquiry_id="q10", mind="ana", entry="1772452800013-0", refused="it was forgotten"
    ),
    "neighbours-answer/1": learning.NeighboursAnswer(
        inquiry_id="q11",
        mind="ana",
        memory_id=MEMORY.id,
        preview="The kettle is on.",
        neighbours=[NEIGHBOUR],
        notes=["1 is archived and not followed"],
    ),
    "path-answer/1": learning.PathAnswer(
        inquiry_id="q12", mind="ana", steps=[NEIGHBOUR], strength=0.25, notes=["1 is archived"]
    ),
    "sleep/1": SleepInquiry(id="q13", mind="ana", deadline_s=5.0, cycles=3),
    "sleep-plan/1": SleepPlanInquiry(id="q14", mind="ana", deadline_s=5.0),
    "sleep-log/1": SleepLogInquiry(id="q15", mind="ana", deadline_s=5.0, limit=7),
    "sleep-cycle/1": SleepCycleInquiry(id="q16", mind="ana", deadline_s=5.0, cycle="12", through=3),
    "sleep-undo/1": SleepUndoInquiry(id="q17", mind="ana", deadline_s=5.0, cycle="12"),
    "sleep-pause/1": SleepPauseInquiry(id="q18", mind="ana", deadline_s=5.0, paused=False),
    "mind-copy/1": MindCopyInquiry(
        id="q21", mind="ana", deadline_s=5.0, called="q22", through=128, drop=True
    ),
    "quantization/1": QuantizationInquiry(
        id="q19", deadline_s=5.0, apply=QUANTIZATION, collections=["memories"]
    ),
    "sample/1": SampleInquiry(id="q20", mind="ana", deadline_s=5.0, offset=MEMORY.id, limit=7),
    "quantization-answer/1": QuantizationAnswer(
        inquiry_id="q19",
        kept=[
            Kept(
                collection="memories",
                points=7,
                quantization=QUANTIZATION,
                before=QuantizationKind.INT8,
                due=True,
            )
        ],
    ),
    "sample-answer/1": SampleAnswer(
        inquiry_id="q20", mind="ana", vectors=b"\x01\x02", cues=b"\x03", offset=MEMORY.id
    ),
    "sleep-answer/1": SleepAnswer(inquiry_id="q13", mind="ana", report=SLEPT, note="it is asleep already"),
    "sleep-plan-answer/1": SleepPlanAnswer(
        inquiry_id="q14", mind="ana", plan=PLAN, previews={"m1": "The kettle is on."}
    ),
    "sleep-log-answer/1": SleepLogAnswer(
        inquiry_id="q15",
        mind="ana",
        cycles=[SLEPT],
        pressure=0.5,
        drivers={"encoded": 12.0},
        paused=True,
        schedule="0 3 * * *",
        next_at=NOON,
    ),
    "mind-copy-answer/1": MindCopyAnswer(
        inquiry_id="q21",
        mind="ana",
        called="q22",
        folder="/data/copies/q22",
        host="here",
        points=256,
        copied=128,
        whole=True,
        failed="no room",
    ),
    "failure/1": inquiry.Failure(
        inquiry_id="q7", mind="ana", kind="DeadlineError", message="too late", remedy="Ask again."
    ),
}

STORED: Final[dict[str, Message]] = {
    "stored-memory/1": MEMORY,
    "stored-episode/1": EPISODE,
    "stored-identity/1": IDENTITY,
    "stored-archived/1": Archived(
        memory=MEMORY,
        archived_at=NOON,
        archive_reason="decay",
        original_salience=0.25,
        surface_count=1,
        last_surfaced=NOON + 1,
    ),
    "stored-tombstone/1": TOMBSTONE,
    "stored-sleep-report/1": SLEPT,
    "stored-abstraction/1": ABSTRACTION,
    "stored-undo-page/1": UndoPage(
        mind="ana",
        cycle_id="c1",
        step=3,
        entries=[
            UndoEntry(
                memory_id="m1",
                rev=4,
                before={"replay_count": 1},
                after={"replay_count": "ab"},
                did={"replayed": 1},
            )
        ],
        archived=["m2"],
        concept=b"\x01\x02",
    ),
}

GROWN: Final[dict[str, Message]] = {
    "stored-sleep-report/2": msgspec.structs.replace(
        SLEPT,
        night="request-1",
        number=12,
        nth=2,
        cycles=4,
        pressure_before=0.75,
        pressure_after=0.5,
        downscaled=0.9,
        abstracted=7,
        superseded=8,
        calls=9,
        ends_as=SleepStatus.ROLLED_BACK,
        plan=PLAN,
        canary=[CanaryProbe(kind="opening", name="m1", expected="m1", before=True, after=False)],
        restored=11,
        left=["m4"],
        notes=["rolled back"],
    ),
    "stored-sleep-report/3": msgspec.structs.replace(
        SLEPT,
        retold=13,
        plan=msgspec.structs.replace(
            PLAN, works=[PlannedWork(work=SleepWork.RETELL, stage=SleepStage.DREAMING, episode_ids=["e1"])]
        ),
    ),
    "stored-sleep-report/4": msgspec.structs.replace(
        SLEPT, paused=True, cursor=SleepCursor(stage="deep", step=2, failures=2)
    ),
    "stored-sleep-report/5": msgspec.structs.replace(
        SLEPT, cursor=SleepCursor(stage="deep", step=2, lives=3)
    ),
    "coactivation/2": dream.CoActivation(
        mind="ana", memory_ids=[MEMORY.id], reason="used", evidence=0.5, at=NOON
    ),
    "feedback/2": dream.Feedback(
        mind="ana",
        cue_id="q1",
        useful=["m1"],
        misleading=["m2"],
        cue="Is the kettle on?",
        shown=["m1", "m2", "m3"],
        at=ZONED,
    ),
    "stored-memory/2": MEMORY_2,
    "stored-memory/3": MEMORY_3,
    "stored-undo-page/2": UndoPage(
        mind="ana",
        cycle_id="c1",
        step=3,
        derived=[UndoEntry(memory_id="a1", rev=4, before={"episodes": 3}, after={"episodes": "ab"})],
    ),
    "stored-undo-page/3": UndoPage(
        mind="ana",
        cycle_id="c1",
        step=3,
        retold=[
            Retold(
                episode_id="e1",
                before=Telling(label="m1", gist=["m1", "m2"]),
                after=Telling(label=None, gist=["m2"]),
            )
        ],
    ),
    "cue/2": msgspec.structs.replace(
        WIRE["cue/1"],
        mood=cue.Mood(valence=0.5, arousal=0.75, radius=0.25),
        context={"place": "kitchen"},
        dates=cue.DateMode.FILTER,
        as_of=ZONED,
        abstractions=3,
        exact=True,
    ),
    "recollection/2": msgspec.structs.replace(
        WIRE["recollection/1"],
        abstractions=[recollection.RecalledAbstraction(abstraction=ABSTRACTION, score=0.5)],
    ),
}
"""Types that gained fields after their release, with those fields; the tag on the wire stays."""

EXPECTED: Final = WIRE | STORED | GROWN
TAGS: Final = {tag for tags in wire.STREAMS.values() for tag in tags} | set(STORED)
