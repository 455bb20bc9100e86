"""A second process that publishes percepts and will not be put off: for tests that kill the server.

    python -m tests.integration.publisher DATA COUNT SEED FIRST_MS

Reads numbers from standard input and publishes up to that many percepts of the plan, then says so.
Every percept has its own entry id, chosen beforehand: a server that took an entry before it died
refuses the same id afterwards, so that nothing is published twice and nothing is left out.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import redis

from benchmarks.lives import percepts
from schemas import wire
from schemas.percept import Percept
from streams.keys import StreamKeys
from streams.sockets import recorded_url

PAUSE_S = 0.005
"""Between two percepts, and between two attempts: the kills shall fall among them."""

TAKEN_ALREADY = "equal or smaller"


class Line:
    """The line of one data directory: connects again whenever its server is gone."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._server: redis.Redis | None = None

    def publish(self, percept: Percept, entry: str) -> None:
        """Publish under this id, however often it takes."""
        keys = StreamKeys()
        key = keys.stream(keys.partition_of(percept.mind), wire.AWAKE)
        while not self._tried(key, percept, entry):
            self._server = None
            time.sleep(PAUSE_S)

    def _tried(self, key: str, percept: Percept, entry: str) -> bool:
        url = recorded_url(self._data / "streams") or "unix:///nowhere"
        try:
            self._server = self._server or redis.Redis.from_url(url, protocol=2, socket_timeout=5)
            self._server.xadd(key, {"t": "percept/1", "m": wire.encode(percept)}, id=entry)
        except redis.ResponseError as refusal:
            return TAKEN_ALREADY in str(refusal)
        except (redis.RedisError, OSError):
            return False
        return True


def main() -> None:
    """Publish as far as told."""
    data, count, seed, first_ms = Path(sys.argv[1]), *map(int, sys.argv[2:5])
    plan = percepts(count, seed)
    published = 0
    line = Line(data)
    for told in sys.stdin:
        for number in range(published, int(told)):
            line.publish(plan[number], f"{first_ms + number}-0")
            time.sleep(PAUSE_S)
        published = int(told)
        print(published, flush=True)


if __name__ == "__main__":
    main()
