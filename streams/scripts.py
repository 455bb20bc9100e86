"""Steps that the server must take as one: small Lua scripts, sent by their hash.

Each touches the keys of one partition only. This module knows how scripts are run and
how a stream is trimmed; who uses them knows why.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, Final

from redis.asyncio import Redis

from streams.client import command, pipeline
from streams.errors import StreamsRefusedError

_NOSCRIPT: Final = frozenset({"NOSCRIPT"})


class Script:
    """One script. A server that forgot it (restart, failover) is told again."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._sha = hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest()

    async def run(self, client: Redis, keys: Sequence[str], args: Sequence[Any] = ()) -> Any:
        """Run it once."""
        try:
            return await command(client, b"EVALSHA", self._sha, len(keys), *keys, *args)
        except StreamsRefusedError as error:
            if error.code != "NOSCRIPT":
                raise
            return await command(client, b"EVAL", self._source, len(keys), *keys, *args)

    async def run_many(
        self, client: Redis, calls: Sequence[tuple[Sequence[str], Sequence[Any]]], *, copied: bool = False
    ) -> list[Any]:
        """Run it for each of these keys and arguments, in one round trip; `copied` as `pipeline` has it."""
        if len(calls) < 2 and not copied:
            return [await self.run(client, *call) for call in calls]
        replies = await pipeline(
            client,
            [(b"EVALSHA", self._sha, len(keys), *keys, *args) for keys, args in calls],
            tolerate=_NOSCRIPT,
            copied=copied,
        )
        forgotten = [place for place, reply in enumerate(replies) if isinstance(reply, StreamsRefusedError)]
        again = [(b"EVAL", self._source, len(calls[p][0]), *calls[p][0], *calls[p][1]) for p in forgotten]
        for place, reply in zip(
            forgotten, await pipeline(client, again, copied=copied) if again else [], strict=True
        ):
            replies[place] = reply
        return replies


TRIM_FUNCTION: Final = """
local function before(a, b)
  local a_ms, a_seq = string.match(a, '(%d+)-(%d+)')
  local b_ms, b_seq = string.match(b, '(%d+)-(%d+)')
  if a_ms ~= b_ms then return tonumber(a_ms) < tonumber(b_ms) end
  return tonumber(a_seq) < tonumber(b_seq)
end

local function trim(key)
  if redis.call('EXISTS', key) == 0 then return 0 end
  local keep = nil
  for _, group in ipairs(redis.call('XINFO', 'GROUPS', key)) do
    local facts = {}
    for i = 1, #group, 2 do facts[group[i]] = group[i + 1] end
    local first = redis.call('XPENDING', key, facts['name'])[2]
    if not first then
      local ms, seq = string.match(facts['last-delivered-id'], '(%d+)-(%d+)')
      first = ms .. '-' .. string.format('%.0f', tonumber(seq) + 1)
    end
    if keep == nil or before(first, keep) then keep = first end
  end
  if keep == nil then return 0 end
  return redis.call('XTRIM', key, 'MINID', '=', keep)
end
"""
"""Removes what every group has acknowledged: all before the oldest pending entry of any group and
before the first entry that the slowest group has not seen. A stream without a group is left alone.
Exact, not ``~``: the length is what publishers are measured against."""

TRIM: Final = Script(TRIM_FUNCTION + "return trim(KEYS[1])")

PUBLISH: Final = Script(
    TRIM_FUNCTION
    + """
local bound, length = tonumber(ARGV[1]), redis.call('XLEN', KEYS[1])
local reply, at = {0}, 2
while at <= #ARGV do
  if length >= bound then
    length = length - trim(KEYS[1])
    if length >= bound then reply[1] = length break end
  end
  local last = at + tonumber(ARGV[at])
  reply[#reply + 1] = redis.call('XADD', KEYS[1], '*', unpack(ARGV, at + 1, last))
  length, at = length + 1, last + 1
end
return reply
"""
)
"""Arguments: the bound, then for each entry how many strings it has and the strings. Adds them in
order until the stream is at its bound, even after what is acknowledged was trimmed. Replies with
the length that refused the rest (0: none refused) and the identifiers of those added."""

AGREED_FUNCTION: Final = """
local function agreed(key, number)
  local known = redis.call('GET', key)
  if not known then redis.call('SET', key, number) return number end
  return known
end
"""
"""What is written down under a key; the number given, where nothing was."""

LAST_ID: Final = Script(
    "local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1] return last and last[1] or '0-0'"
)
"""The identifier of the newest entry, without its body."""

TELL: Final = Script(
    """
local held = redis.call('GET', KEYS[2])
if held and held ~= ARGV[1] then return -1 end
local last
for at = 5, #ARGV, 3 do
  last = redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], '*',
    't', ARGV[at], ARGV[3], ARGV[at + 1], ARGV[4], ARGV[at + 2])
end
return last
"""
)
"""Keys: stream, lease. Arguments: lease token, how many entries to keep, the names of the fields of the body
and of the addressee, then for each entry its type tag, its body, its addressee. Replies with the identifier
of the last; -1, and nothing is said, when the server names another lease. One that vanished (a flush) is
nobody else's: who acts within it by its own clock may go on."""
