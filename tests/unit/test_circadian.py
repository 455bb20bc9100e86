"""Schedules become moments: any of them, in any zone, kept over a restart, and missed nights are one."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from cognition.circadian import Circadian
from cognition.errors import SettingsError

ZONE = "Europe/Berlin"
DAY_S = 86_400.0


def at(text: str) -> float:
    return dt.datetime.fromisoformat(text).timestamp()


NOON = at("2026-03-02T12:00:00+01:00")


def circadian(folder: Path, schedule: str = "0 3 * * *", *, now: float = NOON, **chosen: object) -> Circadian:
    given = {"schedules": {}, "zone": ZONE, "jitter_s": 0.0, **chosen}
    schedules = given.pop("schedules")
    return Circadian(schedule, schedules, file=folder / "schedule.json", now=now, **given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("schedule", "first"),
    [
        ("0 3 * * *", "2026-03-03T03:00:00+01:00"),
        ("30 4 * * 0", "2026-03-08T04:30:00+01:00"),
        ("30 4 * * sun", "2026-03-08T04:30:00+01:00"),
        ("0 2 * * 1-5", "2026-03-03T02:00:00+01:00"),
        ("0 2 * * 0-1", "2026-03-08T02:00:00+01:00"),
        ("0 2 * * 0-6", "2026-03-03T02:00:00+01:00"),
        ("0 2 * * 5-7", "2026-03-06T02:00:00+01:00"),
        ("0 2 * * */3", "2026-03-04T02:00:00+01:00"),
        ("0 2 * * 3-7/2,sat", "2026-03-04T02:00:00+01:00"),
        ("0 2 * * thu-sat", "2026-03-05T02:00:00+01:00"),
        ("every 8h", "2026-03-02T20:00:00+01:00"),
        ("2026-12-24T03:00", "2026-12-24T03:00:00+01:00"),
        ("0 3 * * * or 0 15 * * *", "2026-03-02T15:00:00+01:00"),
    ],
)
def test_any_trigger_names_its_next_night(tmp_path: Path, schedule: str, first: str) -> None:
    assert circadian(tmp_path, schedule).next_at("ana") == at(first)


@pytest.mark.parametrize(
    "schedule",
    [
        "soon",
        "61 3 * * *",
        "every 0h",
        "every day",
        "0 3 * *",
        "2026-13-01T00:00",
        "0 3 13 * 5",
        "0 3 * * 8",
        "0 3 * * 6-2",
        "0 3 * * mon-fri/2",
    ],
)
def test_a_schedule_that_cannot_be_read_is_refused_by_name_and_value(tmp_path: Path, schedule: str) -> None:
    with pytest.raises(SettingsError, match=r"sleep\.schedule") as refused:
        circadian(tmp_path, schedule)
    assert repr(schedule) in str(refused.value)
    assert "crontab" in str(refused.value)


def test_a_zone_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"sleep\.timezone = 'Atlantis'"):
        circadian(tmp_path, zone="Atlantis")


def test_a_night_is_due_until_it_is_kept(tmp_path: Path) -> None:
    hours = circadian(tmp_path)
    three = at("2026-03-03T03:00:00+01:00")
    assert not hours.due(three - 1)
    (due,) = hours.due(three + 1)
    assert (due.mind, due.at) == ("", three)
    assert hours.due(three + 1) == [due]
    hours.keep(due, three + 1)
    assert not hours.due(three + 1)
    assert hours.next_at("ana") == three + DAY_S


def test_nights_that_were_missed_while_nothing_ran_are_one(tmp_path: Path) -> None:
    circadian(tmp_path)
    later = NOON + 10 * DAY_S
    hours = circadian(tmp_path, now=later)
    (due,) = hours.due(later)
    assert due.at == at("2026-03-03T03:00:00+01:00")
    hours.keep(due, later)
    assert not hours.due(later)
    assert hours.next_at("ana") == at("2026-03-13T03:00:00+01:00")


def test_a_schedule_that_was_changed_begins_anew(tmp_path: Path) -> None:
    circadian(tmp_path)
    later = NOON + 10 * DAY_S
    assert not circadian(tmp_path, "0 4 * * *", now=later).due(later)


def test_a_clock_set_back_a_day_does_not_repeat_the_night(tmp_path: Path) -> None:
    hours = circadian(tmp_path)
    three = at("2026-03-03T03:00:00+01:00")
    (due,) = hours.due(three)
    hours.keep(due, three)
    assert not hours.due(three - DAY_S)
    assert not circadian(tmp_path, now=three - DAY_S).due(three)


def test_a_date_comes_once(tmp_path: Path) -> None:
    hours = circadian(tmp_path, "2026-03-02T13:00")
    (due,) = hours.due(NOON + DAY_S)
    hours.keep(due, NOON + DAY_S)
    assert hours.next_at("ana") is None
    assert not circadian(tmp_path, "2026-03-02T13:00", now=NOON + DAY_S).due(NOON + 9 * DAY_S)


def test_single_minds_have_their_own_hours_or_none(tmp_path: Path) -> None:
    hours = circadian(tmp_path, schedules={"ana": "0 5 * * *", "bo": "off"})
    assert hours.next_at("ana") == at("2026-03-03T05:00:00+01:00")
    assert hours.next_at("bo") is None
    assert hours.next_at("clara") == at("2026-03-03T03:00:00+01:00")
    assert hours.own() == {"ana", "bo"}


def test_jitter_stays_within_its_bound(tmp_path: Path) -> None:
    three = at("2026-03-03T03:00:00+01:00")
    for n in range(20):
        folder = tmp_path / str(n)
        folder.mkdir()
        found = circadian(folder, jitter_s=600.0).next_at("ana")
        assert found is not None
        assert abs(found - three) <= 600.0


def test_a_file_that_cannot_be_read_begins_anew(tmp_path: Path) -> None:
    (tmp_path / "schedule.json").write_bytes(b"{half")
    assert circadian(tmp_path).next_at("ana") == at("2026-03-03T03:00:00+01:00")
