"""A Redis or Valkey cluster behind the face of one client: each command goes to the node that has its keys.

All keys of a command lie on one slot (`streams.keys`), so one node answers it; what asks of several
partitions is split. The map of slots is read anew when a node says that it is out of date or does not answer.
Nothing is repeated here but what a node has refused to do. This module must not know what is stored.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import anyio
from redis import exceptions as redis_errors
from redis.asyncio import ConnectionPool
from redis.crc import key_slot

from streams.single import StreamsClient

REDIRECTIONS_MAX: Final = 5
SLOTS: Final = 16_384

MAP_WITHIN_S: Final = 2.0
"""How long one node is waited for that is asked who has what."""

KEYLESS: Final = frozenset({"PING", "HELLO", "INFO", "TIME", "WAIT", "CLUSTER", "CONFIG", "ACL", "CLIENT"})

_ASKING: Final = (b"ASKING",)

Address = tuple[str, int]


class ClusterClient(StreamsClient):
    """A client of all nodes. What names no key is asked of the first that it was given."""

    def __init__(
        self,
        seeds: Sequence[Address],
        pool_of: Callable[[Address], ConnectionPool],
        response_timeout_s: float,
        max_connections: int,
    ) -> None:
        super().__init__(pool_of(seeds[0]), response_timeout_s, max_connections)
        self._pool_of = pool_of
        self._seeds = list(seeds)
        self._nodes: dict[Address, StreamsClient] = {}
        self._limits = (response_timeout_s, max_connections)
        self._slots: list[Address | None] = [None] * SLOTS
        self._known = False
        self._reading = anyio.Lock()

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        """To the node that has the key; where there is none to any that answers."""
        slot = slot_of(args)
        for _ in range(REDIRECTIONS_MAX):
            address = await self._address(slot)
            try:
                return await self._node(address).execute_command(*args, **options)
            except redis_errors.MovedError:  # an AskError of its own kind, so it comes first
                self._known = False
            except redis_errors.AskError as elsewhere:
                return await self._asking(elsewhere.node_addr, args)
            except (redis_errors.ConnectionError, redis_errors.TimeoutError, redis_errors.ClusterDownError):
                self._known = False
                raise
        raise _disagreement()

    async def execute_many(self, commands: Sequence[Sequence[Any]], last: Sequence[Any] | None) -> list[Any]:
        """Each to its node, those of one node in one round trip; replies and errors in order. `last` is sent
        to every node that got any, after them; at the end are its replies, of those that did any of them."""
        replies: list[Any] = [None] * len(commands)
        lasts: list[Any] = []
        left = list(range(len(commands)))
        for _ in range(REDIRECTIONS_MAX):
            lasts += await self._round(commands, left, last, replies)
            left = [place for place in left if isinstance(replies[place], redis_errors.AskError)]
            if not left:
                break
        for place in left:
            replies[place] = _disagreement()
        return replies + lasts

    async def _round(
        self,
        commands: Sequence[Sequence[Any]],
        left: Sequence[int],
        last: Sequence[Any] | None,
        replies: list[Any],
    ) -> list[Any]:
        """Send what is left to where the map or a redirection says by now. Replies into their places; of
        those of `last` the ones of nodes that did anything: on what was redirected they say nothing."""
        places: dict[Address, list[int]] = {}
        asking = {place: replies[place].node_addr for place in left if _is_asked_elsewhere(replies[place])}
        if any(isinstance(replies[place], redis_errors.MovedError) for place in left):
            self._known = False
        for place in left:
            address = asking.get(place) or await self._address(slot_of(commands[place]))
            places.setdefault(address, []).append(place)
        lasts: list[Any] = []

        async def ask(address: Address, mine: list[int]) -> None:
            sent = [(p, one) for p in mine for one in ([_ASKING] * (p in asking) + [commands[p]])]
            found = await self._pipelined(address, [one for _, one in sent] + ([last] if last else []))
            for (place, _), reply in zip(sent, found[: len(sent)], strict=True):
                replies[place] = reply  # that of ASKING is replaced by the one that follows
            if last and not all(isinstance(replies[place], redis_errors.AskError) for place in mine):
                lasts.append(found[-1])

        async with anyio.create_task_group() as tasks:
            for address, mine in places.items():
                tasks.start_soon(ask, address, mine)
        return lasts

    async def aclose(self, close_connection_pool: bool | None = None) -> None:
        for node in self._nodes.values():
            await node.aclose()
        await super().aclose(close_connection_pool)

    async def _pipelined(self, address: Address, commands: Sequence[Sequence[Any]]) -> list[Any]:
        """What cannot be sent is an error in each place."""
        node = self._node(address)
        try:
            async with node.limited(), node.pipeline(transaction=False) as line:
                for one in commands:
                    line.execute_command(*one)
                found: list[Any] = await line.execute(raise_on_error=False)
                return found
        except (redis_errors.RedisError, OSError) as error:
            self._known = False
            return [error] * len(commands)

    async def _asking(self, address: Address, args: Sequence[Any]) -> Any:
        _, reply = await self._pipelined(address, [_ASKING, args])
        if isinstance(reply, Exception):
            raise reply
        return reply

    def _node(self, address: Address) -> StreamsClient:
        if address not in self._nodes:
            self._nodes[address] = StreamsClient(self._pool_of(address), *self._limits)
        return self._nodes[address]

    async def _address(self, slot: int | None) -> Address:
        if not self._known:
            async with self._reading:
                if not self._known:
                    await self._read_map()
        found = next(iter(self._nodes), self._seeds[0]) if slot is None else self._slots[slot]
        if found is None:
            raise redis_errors.ClusterDownError("CLUSTERDOWN no node has this slot")
        return found

    async def _read_map(self) -> None:
        """Ask one node after another which slots who has."""
        problem: Exception = redis_errors.ConnectionError("no node is known")
        for address in [*self._nodes, *(seed for seed in self._seeds if seed not in self._nodes)]:
            try:
                with anyio.move_on_after(MAP_WITHIN_S):
                    rows = await self._node(address).execute_command(b"CLUSTER", b"SLOTS")
                    self._learn(rows, address)
                    return
                problem = redis_errors.TimeoutError(f"{address[0]}:{address[1]} does not answer")
            except (redis_errors.RedisError, OSError) as error:
                problem = error
        raise problem

    def _learn(self, rows: Sequence[Any], asked: Address) -> None:
        slots: list[Address | None] = [None] * SLOTS
        for first, last, primary, *_ in rows:
            host = (primary[0] or b"").decode() or asked[0]
            slots[first : last + 1] = [(host, primary[1])] * (last + 1 - first)
        present = set(slots) - {None}
        if not present:
            raise redis_errors.ClusterDownError("CLUSTERDOWN no node has any slot")
        self._slots = slots
        self._known = True


def _is_asked_elsewhere(reply: Any) -> bool:
    """Whether only this command belongs to another node, while its slot is moved: not the slot itself."""
    return isinstance(reply, redis_errors.AskError) and not isinstance(reply, redis_errors.MovedError)


def _disagreement() -> redis_errors.ClusterDownError:
    return redis_errors.ClusterDownError("CLUSTERDOWN the nodes disagree on who has a slot")


def slot_of(args: Sequence[Any]) -> int | None:
    """The slot of the first key of a command, None where it names none."""
    name = _text(args[0]).upper()
    if name in ("EVAL", "EVALSHA"):
        place = 3
    elif name in ("XGROUP", "XINFO"):
        place = 2
    elif name in ("XREAD", "XREADGROUP"):
        place = 1 + next(n for n, word in enumerate(args) if _text(word) == "STREAMS")
    elif name in KEYLESS:
        return None
    else:
        place = 1
    key = args[place]
    return int(key_slot(key if isinstance(key, bytes) else str(key).encode()))


def _text(word: Any) -> str:
    return word.decode("latin-1") if isinstance(word, bytes) else str(word)
