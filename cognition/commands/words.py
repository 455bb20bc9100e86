"""Words of the command line as values of the schema, and values as words a person reads."""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import math
from collections.abc import Sequence
from typing import Any

from cognition.client import build
from cognition.commands.running import UsageError
from cognition.commands.timeline import why
from cognition.engine.liveness import AT_NIGHT
from cognition.engine.sleep_options import EXTRA
from schemas.cue import CueFilter, EpisodeFilter, FilterMode, Mood
from schemas.episode import BoundaryType, Episode
from schemas.mechanism import MechanismLife
from schemas.recollection import Recalled, RecalledAbstraction, Recollection

CONTENT_WIDTH = 400
SHOWN = "%Y-%m-%d %H:%M"
"""How a moment is printed, in local time."""

IDLE_MIN = 100
"""Chances without an effect after which a mechanism is called idle: by then one that acts in 3 % of them
would have been seen with 95 %."""


def moment(text: str | None) -> float | None:
    """Epoch seconds of a time in words: seconds, RFC 3339 (a zone is required), or as `when` prints it."""
    if text is None:
        return None
    seconds = _epoch_seconds(text)
    if not math.isfinite(seconds):
        raise UsageError(
            f"time {text!r} is neither epoch seconds nor RFC 3339 with a zone",
            remedy="Write 1767225600, 2026-01-01T00:00:00Z, or local time as it is shown: 2026-01-01 00:00.",
        )
    return seconds


def _epoch_seconds(text: str) -> float:
    """Seconds of a time in either form, NaN for what is neither."""
    with contextlib.suppress(ValueError):
        return float(text)
    with contextlib.suppress(ValueError, OverflowError):
        return dt.datetime.strptime(text.strip(), SHOWN).astimezone().timestamp()
    with contextlib.suppress(ValueError):
        parsed = dt.datetime.fromisoformat(text)
        return parsed.timestamp() if parsed.tzinfo is not None else math.nan
    return math.nan


def pairs(items: Sequence[str], option: str) -> dict[str, str]:
    """KEY=VALUE words as a map."""
    found = {}
    for item in items:
        key, separator, value = item.partition("=")
        if not separator or not key:
            raise UsageError(f"{option} {item!r} is not KEY=VALUE", remedy=f"Write {option} place=kitchen.")
        found[key] = value
    return found


def filter_of(options: argparse.Namespace) -> CueFilter:
    """The filter that the options describe; raises `SchemaError` or `UsageError`."""
    fields: dict[str, Any] = {
        "occurred_from": moment(options.occurred_from),
        "occurred_to": moment(options.occurred_to),
        "kinds": options.kind,
        "content_types": options.content_type,
        "sources": options.source,
        "actors": options.actor,
        "subjects": options.subject,
        "session": options.session,
        "agent": options.agent,
        "run": options.run_id,
        "user": options.user,
        "context": pairs(options.context, "--context"),
        "metadata": pairs(options.metadata, "--metadata"),
        "mood": mood(options.mood),
    }
    return build(CueFilter, **{name: value for name, value in fields.items() if value or value == 0})


def mood(text: str | None, option: str = "--mood") -> dict[str, float] | None:
    """``valence,arousal,radius`` as a mood."""
    if text is None:
        return None
    numbers = text.split(",")
    try:
        valence, arousal, radius = (float(n) for n in numbers)
    except ValueError as error:
        raise UsageError(
            f"{option} {text!r} is not three numbers", remedy=f"Write {option} 0.8,0.6,0.3."
        ) from error
    return {"valence": valence, "arousal": arousal, "radius": radius}


def feeling_of(options: argparse.Namespace) -> Mood | None:
    """What the asker feels, which what felt alike is preferred by."""
    felt = mood(options.feeling, "--feeling")
    return build(Mood, **felt) if felt is not None else None


def episode_of(options: argparse.Namespace) -> EpisodeFilter | None:
    """The episode filter that the options describe."""
    if not options.episode and not options.here:
        if options.strict:
            raise UsageError("--strict needs --episode ID or --here", remedy="Name an episode.")
        if options.factor is not None:
            raise UsageError("--factor needs --episode ID or --here", remedy="Name an episode.")
        return None
    if options.strict and options.factor is not None:
        raise UsageError("--strict leaves nothing to weigh by --factor", remedy="Give one of them.")
    mode = FilterMode.STRICT if options.strict else FilterMode.SOFT
    return build(EpisodeFilter, ids=[] if options.here else options.episode, mode=mode, factor=options.factor)


def when(seconds: float | None) -> str:
    """Local date and time."""
    if seconds is None:
        return "-"
    moment = dt.datetime.fromtimestamp(0.0, dt.UTC) + dt.timedelta(seconds=seconds)
    with contextlib.suppress(OverflowError, ValueError):  # in the first and the last days there are: UTC
        moment = moment.astimezone()
    return moment.strftime(SHOWN)


def idle(life: MechanismLife) -> bool:
    """Whether a mechanism is on and does nothing although it could have."""
    return life.on and not life.did and life.of >= IDLE_MIN


def acted(life: MechanismLife) -> str:
    """What a mechanism did, in words."""
    if not life.on:
        extra = life.name.removeprefix(AT_NIGHT)
        return f"off; sleep.also = {extra} turns it on" if extra in EXTRA else "off"
    chances = f"{life.of:,} {life.chances or life.unit}"
    if idle(life):
        return f"idle; nothing in {chances}"
    if not life.did:
        return f"on; nothing yet, in {chances}" if life.of else "on; nothing yet"
    what = {"recalls": "changed the first ten of "}.get(life.unit, "")
    share = f" {life.unit}"
    if life.chances and life.of:
        share += f" in {chances}"
    elif life.of:
        share = f" of {life.of:,} {life.unit} ({100.0 * life.did / life.of:.0f} %)"
    return f"on; {what}{life.did:,}{share}, last {when(life.last_at)}"


def show_recollection(recollection: Recollection, *, explain: bool = False) -> None:
    """An answer as a page."""
    if not recollection.recalled:
        print(f"Nothing: {recollection.abstained}.")
        for note in recollection.notes:
            print(f"note: {note}")
        return
    for place, recalled in enumerate(recollection.recalled, 1):
        show_recalled(place, recalled, explain=explain)
    if recollection.abstractions:
        print("What recurs:")
    for known in recollection.abstractions:
        show_abstraction(known)
    for note in recollection.notes:
        print(f"note: {note}")
    print(
        f"{recollection.candidates} candidates, {recollection.took_ms:.1f} ms; "
        f"recollection {recollection.cue_id}"
    )


def show_abstraction(known: RecalledAbstraction) -> None:
    """What recurs, with how much speaks for it."""
    what = known.abstraction
    against = f", {len(what.conflicts)} say otherwise" if what.conflicts else ""
    print(f"    {known.score:.3f}  {short(what.content)}")
    span = f"in {what.episodes} episodes since {when(what.began_at)}, confidence {what.confidence:.2f}"
    print(f"           {span}, from {len(what.derived_from)} memories{against}  {what.id}")


def show_recalled(place: int, recalled: Recalled, *, explain: bool = False) -> None:
    """One memory of an answer."""
    memory = recalled.memory
    who = f"{memory.actor}: " if memory.actor else ""
    print(f"{place:2}. {recalled.score:.3f}  {when(memory.occurred_at)}  {who}{short(memory.content)}")
    print(f"      {recalled.why}  [{memory.key}]")
    if explain:
        for part in recalled.parts:
            adds = f"z {part.z:8.4f}  weight {part.weight:6.3f}  contributes {part.contribution:8.4f}"
            acts = adds if part.factor == 1.0 else f"multiplies the score by {part.factor:.3f}"
            ways = "".join(f"  by way of {' > '.join(path)}" for path in part.paths)
            print(f"        {part.name:13} value {part.value:8.4f}  {acts}{ways}")


def show_episode(episode: Episode, indent: str = "") -> None:
    """One episode as two lines; a coarse one says how many fine ones it holds."""
    end = when(episode.ended_at) if episode.ended_at is not None else "open"
    cause = f"then {why(episode)}" if episode.boundary_type else "open now"
    if episode.boundary_type is BoundaryType.PREDICTION_ERROR and episode.boundary_scores:
        cause += f" ({scored(episode)})"
    held = len(episode.child_ids)
    if held:
        cause = f"{held} episode{'s' * (held > 1)}; {cause}"
    size = f"{episode.memory_count:4} " + ("memory  " if episode.memory_count == 1 else "memories")
    print(f"{indent}{when(episode.started_at)} .. {end:16}  {size}  {episode.label}")
    feeling = episode.emotional_summary.dominant_emotion
    print(f"{indent}      {cause}; {feeling}; {episode.id}")


def scored(episode: Episode) -> str:
    """The score of the boundary that ended it, marked among those of the gaps around it."""
    marked = [f"{s:+.1f}" for s in episode.boundary_scores]
    at = episode.boundary_scores.index(max(episode.boundary_scores))
    own = [i for i, s in enumerate(episode.boundary_scores) if s == episode.boundary_strength] or [at]
    marked[own[0]] = f"[{marked[own[0]]}]"
    return " ".join(marked)


def short(text: str, width: int = CONTENT_WIDTH) -> str:
    """One line of at most `width` characters."""
    line = " ".join(text.split())
    return line if len(line) <= width else line[: width - 1] + "…"
