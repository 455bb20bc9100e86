"""What a night knows afterwards, in real processes: what recurs, what is current, and what was so then."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.integration.support import Daemon, cognition, daemon_on

ANA = "ana"
FIRST = 1_600_000_000
DAY_S = 86_400
RECURS = "grandmother bakes walnut bread beside every lighthouse on autumn mornings"
KNOWS = {"COGNITION_SLEEP__ALSO": "abstract,supersede"}
CITIES = ("Porto", "Lisbon", "Faro")


def live(daemon: Daemon) -> None:
    """Thirty things that happen once, one four times, and three cities, each a day after the other."""
    client = daemon.client()
    told: list[tuple[str, dict[str, Any]]] = [
        (f"matter {n * 7919} of entry {n * 104729}", {}) for n in range(30)
    ]
    told += [(f"{RECURS} {n}", {"boundary": "begin"}) for n in range(4)]
    told += [(f"Ana's city is {city}", {"subject": "Ana"}) for city in CITIES]
    for n, (content, fields) in enumerate(told):
        entry = client.perceive(ANA, content, key=f"k{n}", occurred_at=FIRST + n * DAY_S, **fields)
    client.receipt(ANA, entry)


def recalled(directory: Path, *words: str) -> dict[str, Any]:
    told = cognition("recall", "--mind", ANA, "--data", str(directory), "--json", *words)
    assert told.code == 0, told.err
    answer: dict[str, Any] = told.json
    return answer


def first(answer: dict[str, Any]) -> str:
    content: str = answer["recalled"][0]["memory"]["content"]
    return content


@pytest.mark.timeout(300)
def test_a_night_knows_what_recurs_and_what_is_current_and_forgets_with_the_sources(tmp_path: Path) -> None:
    directory = tmp_path / "data"
    where = ("--mind", ANA, "--data", str(directory))
    with daemon_on(directory, texts=True, **KNOWS) as daemon:
        live(daemon)
        slept = cognition("sleep", *where)
        assert slept.code == 0, slept.err
        shown = cognition("sleep", "show", "1", *where).out
        assert "2 memories were marked as no longer current" in shown
        daemon.kill()
    with daemon_on(directory, texts=True, **KNOWS):
        assert first(recalled(directory, "Ana's city")) == "Ana's city is Faro"
        then = str(FIRST + 35.5 * DAY_S)
        assert first(recalled(directory, "Ana's city", "--as-of", then)) == "Ana's city is Lisbon"
        explained = cognition("recall", *where, "Ana's city", "--explain").out
        assert "superseded" in explained
        (known,) = recalled(directory, RECURS, "--abstractions")["abstractions"]
        assert known["abstraction"]["episodes"] == 4
        page = cognition("recall", *where, RECURS, "--abstractions").out
        assert "What recurs:" in page
        assert "in 4 episodes since" in page
        assert not recalled(directory, RECURS)["abstractions"]
        sources = known["abstraction"]["derived_from"]
        assert cognition("forget", *where, "--yes", *sources[:2]).code == 0
        assert not recalled(directory, RECURS, "--abstractions")["abstractions"]
