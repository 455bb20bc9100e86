"""`cognition doctor` over several daemons: each with its share, and who of them does not answer."""

import signal
from pathlib import Path

import anyio
import pytest

from cognition.commands.daemons import Member, members_of
from cognition.opening import open_engine
from streams.embedded import embedded_server
from tests.integration.support import cognition, daemon_on

pytestmark = pytest.mark.timeout(300)

LEASE_S = "120"
"""Longer than the test takes: whoever is stopped keeps what it holds."""


async def listed(url: str) -> dict[str, Member]:
    """Each daemon by its directory."""
    async with open_engine(url=url, warm=False) as session:
        return {member.name.rpartition("/")[2]: member for member in await members_of(session)}


async def test_each_is_listed_with_its_share_and_one_that_is_stopped_is_told(tmp_path: Path) -> None:
    async with embedded_server(tmp_path / "valkey") as url:
        assert await listed(url) == {}
        given = {"REDIS_URL": url, "COGNITION_STREAMS__LEASE_S": LEASE_S}
        with daemon_on(tmp_path / "one", **given), daemon_on(tmp_path / "two", **given) as second:
            found: dict[str, Member] = {}
            with anyio.fail_after(60):
                while {name: member.held for name, member in found.items()} != {"one": 8, "two": 8}:
                    found = await listed(url)
            assert all(member.answers and "; up " in member.said for member in found.values())
            second.running().send_signal(signal.SIGSTOP)
            told = cognition("doctor", "--data", str(tmp_path / "none"), "--json", **given)
            own = [cognition("status", "--own", "--data", str(tmp_path / n), **given) for n in ("one", "two")]
            second.running().send_signal(signal.SIGCONT)
        assert told.code == 1
        assert [each.code for each in own] == [0, 1], "a probe asks its own daemon, not whoever answers"
        assert "/one holds 8 of 16 partitions; up " in own[0].out
        assert "/two holds 8 of 16 partitions and does not answer" in own[1].out
        gone = cognition("status", "--own", "--data", str(tmp_path / "two"), **given)
        assert (gone.code, f"no daemon holds {tmp_path / 'two'}" in gone.err) == (3, True)
        one, two = sorted(
            (row for row in told.json if row["check"] == "daemons"), key=lambda row: row["found"]
        )
        assert one["ok"]
        assert not two["ok"]
        assert "/two holds 8 of 16 partitions and does not answer" in two["found"]
        assert "streams.lease_s" in two["remedy"]
