"""Circadian: schedules become moments, and what is due survives a restart. The one door to APScheduler.

Uses its triggers (cron, interval, date, any of several) and keeps the jobs itself, in one small file: when
each is due next, and by which schedule. It must not know what a night is. Time is an argument.
"""

from __future__ import annotations

import datetime as dt
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import tzlocal
from apscheduler.triggers.combining import OrTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.date import DateTrigger
from apscheduler.triggers.interval import IntervalTrigger
from apscheduler.util import astimezone

from cognition.errors import SettingsError, StoreUnavailableError
from cognition.ports.timetable import Appointment

NEVER = "off"
"""A schedule that is none: for a mind that is left out of the one for all."""

UNITS_S = {"s": 1, "m": 60, "min": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_EVERY = re.compile(r"every\s+(\d+)\s*(s|m|min|h|d|w)\Z")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_WEEKDAYS = re.compile(r"(\*|[0-7])(?:-([0-7]))?(?:/([1-7]))?\Z")
REMEDY = "Write a crontab line (0 3 * * *), an interval (every 8h), or a moment (2026-12-24T03:00)."


class Job(msgspec.Struct):
    """One schedule as it is kept: what it says, and when it is due next (none: never again)."""

    schedule: str
    next_at: float | None = None


class Circadian:
    """`Timetable` over a file.

    Parameters
    ----------
    schedule, schedules : for all minds, and for single ones (see `SleepOptions`).
    zone : name of a time zone, empty for the machine's. jitter_s : up to so much later.
    file : where jobs are kept. A job whose schedule has changed begins anew.
    """

    def __init__(
        self,
        schedule: str,
        schedules: Mapping[str, str],
        *,
        zone: str,
        jitter_s: float,
        file: Path,
        now: float,
    ) -> None:
        self._file = file
        self._zone = zone_of(zone)
        self._jitter_s = jitter_s
        wanted = {"": schedule, **schedules} if schedule else dict(schedules)
        self._own = frozenset(schedules)
        self._triggers = {
            mind: trigger_of(text, self._zone, jitter_s, now, whose=mind)
            for mind, text in wanted.items()
            if text.strip() != NEVER
        }
        kept = _read(file)
        self._jobs: dict[str, Job] = {}
        for mind in self._triggers:
            known = kept.get(mind)
            text = f"{wanted[mind]} in {self._zone} give or take {jitter_s:g} s"
            if known is not None and known.schedule == text:
                self._jobs[mind] = known
            else:
                self._jobs[mind] = Job(text, self._after(mind, None, now))
        if self._jobs or kept:
            self._write()

    def due(self, now: float) -> list[Appointment]:
        found = [Appointment(m, j.next_at) for m, j in self._jobs.items() if j.next_at is not None]
        return [appointment for appointment in found if appointment.at <= now]

    def keep(self, appointment: Appointment, now: float) -> None:
        job = self._jobs[appointment.mind]
        job.next_at = self._after(appointment.mind, appointment.at, now)
        self._write()

    def next_at(self, mind: str) -> float | None:
        job = self._jobs.get(mind) if mind in self._own else self._jobs.get("")
        return job.next_at if job is not None else None

    def own(self) -> frozenset[str]:
        return self._own

    def _after(self, mind: str, previous: float | None, now: float) -> float | None:
        """The first moment of this schedule after now: those that were missed are passed over."""
        at = dt.datetime.fromtimestamp(now, self._zone)
        before = dt.datetime.fromtimestamp(previous, self._zone) if previous is not None else None
        following = self._triggers[mind].get_next_fire_time(before, at)
        while following is not None and following.timestamp() <= now and previous is not None:
            before = following
            following = self._triggers[mind].get_next_fire_time(before, at)
        return None if following is None else float(following.timestamp())

    def _write(self) -> None:
        making = self._file.with_suffix(".making")
        try:
            making.write_bytes(msgspec.json.format(msgspec.json.encode(self._jobs)))
            os.replace(making, self._file)
        except OSError as error:
            raise StoreUnavailableError(
                f"when the next night is due cannot be written to {self._file}: {error.strerror or error}",
                remedy="Free space there, or correct its permissions: nights that were due are begun once.",
            ) from error


def zone_of(name: str) -> Any:
    """The time zone of this name, or the machine's."""
    if not name:
        return tzlocal.get_localzone()
    try:
        return astimezone(name)
    except (KeyError, ValueError, OSError, TypeError) as error:
        raise SettingsError(
            f"setting sleep.timezone = {name!r} names no time zone", remedy="Write it like Europe/Berlin."
        ) from error


def trigger_of(text: str, zone: Any, jitter_s: float, now: float, *, whose: str = "") -> Any:
    """The trigger that a schedule means; several are joined by ``or``. Raises `SettingsError`."""
    key = f"sleep.schedules.{whose}" if whose else "sleep.schedule"
    jitter = round(jitter_s) or None
    try:
        parts = [_one(part.strip(), zone, jitter, now) for part in text.split(" or ")]
    except (ValueError, TypeError, OverflowError) as error:
        raise SettingsError(f"setting {key} = {text!r} is no schedule: {error}", remedy=REMEDY) from error
    return parts[0] if len(parts) == 1 else OrTrigger(parts)


def _one(text: str, zone: Any, jitter: int | None, now: float) -> Any:
    if every := _EVERY.match(text.lower()):
        seconds = int(every[1]) * UNITS_S[every[2]]
        if not seconds:
            raise ValueError("an interval of no length")
        first = dt.datetime.fromtimestamp(now + seconds, zone)
        return IntervalTrigger(seconds=seconds, start_date=first, timezone=zone, jitter=jitter)
    fields = text.split()
    if len(fields) == 5:
        minute, hour, day, month, weekday = fields
        if "*" not in (day, weekday):
            raise ValueError("it names days of the month and of the week; join two lines by ' or '")
        return CronTrigger(
            minute=minute,
            hour=hour,
            day=day,
            month=month,
            day_of_week=_named_days(weekday),
            timezone=zone,
            jitter=jitter,
        )
    return DateTrigger(dt.datetime.fromisoformat(text), timezone=zone)


def _named_days(field: str) -> str:
    """Days of the week by name: crontab counts from Sunday (0 and 7), the trigger from Monday, and it reads
    no range that goes over the end of its week and no step of names. Other names are left to it."""
    parts = field.lower().split(",")
    for part in parts:
        if "/" in part and not _WEEKDAYS.match(part):
            raise ValueError(f"the step of {part!r}: write days as numbers, 1-5/2")
    if field == "*" or not any(_WEEKDAYS.match(part) for part in parts):
        return field
    return ",".join(dict.fromkeys(name for part in parts for name in _days(part)))


def _days(part: str) -> list[str]:
    found = _WEEKDAYS.match(part)
    if found is None:
        return [part]  # a name, or what the trigger refuses
    first, last, step = found.groups()
    if first == "*":
        first, last = "0", "6"
    until = int(last) if last else 6 if step else int(first)
    if until < int(first):
        raise ValueError(f"{part!r} ends before it begins")
    return [_DAYS[day % 7] for day in range(int(first), until + 1, int(step or 1))]


def _read(file: Path) -> dict[str, Job]:
    """What was kept; nothing where there is none or it cannot be read: schedules then begin anew."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=dict[str, Job])
    except (OSError, msgspec.MsgspecError):
        return {}
