"""Dead letters: entries that were given up, with their original bytes, kept until a person handles them.

Burying, retrying and dropping are each one step on the server, and burying twice is
burying once; only who holds the partition buries. Nothing is ever pushed out: at the bound
burying is refused, the line stops, and publishers feel it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from redis.asyncio import Redis

from schemas import wire
from streams.attempts import attempt_field
from streams.client import command
from streams.delivery import Delivery
from streams.errors import DeadLettersFullError, NoSuchDeadLetterError
from streams.keys import StreamKeys
from streams.lease import Lease
from streams.scripts import Script

DEAD_MAX: Final = 10_000
"""Dead letters of one partition: as many as may wait in `awake`. A flood of them is an outage."""

REASON_MAX: Final = 2_000
"""Characters of a reason; an error that quotes a whole body would double it."""

_ORIGINAL: Final = b"f:"

_BURY: Final = Script("""
if redis.call('GET', KEYS[5]) ~= ARGV[6] then return false end
local origin = ARGV[1] .. ' ' .. ARGV[3]
local buried = redis.call('HGET', KEYS[3], origin)
if not buried then
  local length = redis.call('XLEN', KEYS[2])
  if length >= tonumber(ARGV[4]) then return length end
  buried = redis.call('XADD', KEYS[2], '*', 'stream', ARGV[1], 'entry', ARGV[3], unpack(ARGV, 7))
  redis.call('HSET', KEYS[3], origin, buried)
end
redis.call('XACK', KEYS[1], ARGV[2], ARGV[3])
redis.call('HDEL', KEYS[4], ARGV[5])
return buried
""")
"""Keys: stream, dead, buried, attempts, lease. Arguments: stream, group, entry, bound, attempt field, lease
token, fields."""

_REMOVE: Final = Script("""
local found = redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1])[1]
if not found then return false end
local origin = {}
for i = 1, #found[2], 2 do origin[found[2][i]] = found[2][i + 1] end
local again = ''
if #ARGV > 1 then again = redis.call('XADD', KEYS[3], '*', unpack(ARGV, 2)) end
redis.call('XDEL', KEYS[1], ARGV[1])
redis.call('HDEL', KEYS[2], origin['stream'] .. ' ' .. origin['entry'])
return again
""")
"""Keys: dead, buried, the stream to add to. Arguments: dead entry; the original fields if it is retried."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One dead letter. `id` names it for `retry` and `drop`; `buried_at` is epoch seconds."""

    id: str
    partition: int
    stream: str
    group: str
    entry_id: str
    reason: str
    times_delivered: int
    buried_at: float
    fields: dict[bytes, bytes]


_Letters = list[DeadLetter]


class DeadLetters:
    """The dead letters of all partitions."""

    def __init__(self, client: Redis, keys: StreamKeys, *, bound: int = DEAD_MAX) -> None:
        self._client = client
        self._keys = keys
        self._bound = bound

    async def bury_while_held(
        self, delivery: Delivery, stream: str, group: str, reason: str, lease: Lease
    ) -> str | None:
        """Keep the entry as a dead letter and acknowledge it; its id as a dead letter. None, and nothing
        done, when the server names another lease: its successor has it in hand.

        Raises `DeadLettersFullError`; then the entry is still pending. Afterwards tell the
        consumer too (`Consumer.settled`), which remembers what is in work.
        """
        partition = delivery.partition
        args: list[Any] = [stream, group, delivery.entry_id, self._bound]
        args += [attempt_field(stream, delivery.entry_id), lease.token]
        args += ["group", group, "reason", reason[:REASON_MAX], "times", delivery.times_delivered]
        for name, value in delivery.fields.items():
            args += [_ORIGINAL + name, value]
        reply = await _BURY.run(
            self._client,
            [
                self._keys.stream(partition, stream),
                self._dead(partition),
                self._keys.buried(partition),
                self._keys.attempts(partition),
                self._keys.lease(partition),
            ],
            args,
        )
        if reply is None:
            return None
        if isinstance(reply, int):
            raise DeadLettersFullError(
                f"partition {partition} holds {reply:,} dead letters, {self._bound:,} may be kept"
            )
        return f"{partition}/{reply.decode()}"

    async def list(self, limit: int = 100, partition: int | None = None) -> _Letters:
        """The oldest `limit` dead letters, of one partition or of each in turn."""
        chosen: Sequence[int] = range(self._keys.partitions) if partition is None else [partition]
        found: _Letters = []
        for one in chosen:
            left = limit - len(found)
            if left <= 0:
                break
            rows = await command(self._client, b"XRANGE", self._dead(one), "-", "+", "COUNT", left)
            found.extend(_read(one, raw_id.decode(), flat) for raw_id, flat in rows)
        return found

    async def count(self) -> int:
        """How many there are in all partitions."""
        return sum(
            [await command(self._client, b"XLEN", self._dead(p)) for p in range(self._keys.partitions)]
        )

    async def retry(self, dead_id: str) -> str:
        """Put the original back at the end of its stream, unchanged; its new entry id."""
        partition, entry_id = self._parsed(dead_id)
        rows = await command(self._client, b"XRANGE", self._dead(partition), entry_id, entry_id)
        if not rows:
            raise NoSuchDeadLetterError(f"dead letter {dead_id!r} does not exist")
        letter = _read(partition, entry_id, rows[0][1])
        original = [part for pair in letter.fields.items() for part in pair]
        return await self._remove(dead_id, letter.stream, original)

    async def drop(self, dead_id: str) -> None:
        """Forget it for good."""
        await self._remove(dead_id, wire.DEAD, [])

    async def _remove(self, dead_id: str, stream: str, original: Sequence[bytes]) -> str:
        partition, entry_id = self._parsed(dead_id)
        target = self._keys.stream(partition, stream)
        reply = await _REMOVE.run(
            self._client,
            [self._dead(partition), self._keys.buried(partition), target],
            [entry_id, *original],
        )
        if reply is None:
            raise NoSuchDeadLetterError(f"dead letter {dead_id!r} does not exist")
        added: str = reply.decode()
        return added

    def _parsed(self, dead_id: str) -> tuple[int, str]:
        partition, _, entry_id = dead_id.partition("/")
        ms, _, sequence = entry_id.partition("-")
        known = partition.isdecimal() and int(partition) < self._keys.partitions
        if not (known and ms.isdecimal() and sequence.isdecimal()):
            raise NoSuchDeadLetterError(f"{dead_id!r} is not the id of a dead letter (3/1700000000000-0)")
        return int(partition), entry_id

    def _dead(self, partition: int) -> str:
        return self._keys.stream(partition, wire.DEAD)


def _read(partition: int, entry_id: str, flat: Sequence[bytes]) -> DeadLetter:
    halves = iter(flat)
    fields = dict(zip(halves, halves, strict=True))
    return DeadLetter(
        id=f"{partition}/{entry_id}",
        partition=partition,
        stream=fields[b"stream"].decode(),
        group=fields[b"group"].decode(),
        entry_id=fields[b"entry"].decode(),
        reason=fields[b"reason"].decode("utf-8", "replace"),
        times_delivered=int(fields[b"times"]),
        buried_at=int(entry_id.partition("-")[0]) / 1_000,
        fields={n.removeprefix(_ORIGINAL): v for n, v in fields.items() if n.startswith(_ORIGINAL)},
    )
