"""Sleepers: who there is to sleep, in memory or not, and whether everybody is told to stay awake.

Minds that nobody has called since the start are found in the store: a page of names at a time and of each
its checkpointed state alone, so that a look costs the same however many there are. Must not know what a
night is.
"""

from __future__ import annotations

from cognition.engine.mind import STATE_SLOT, saved_sleep
from cognition.engine.minds import Minds
from cognition.engine.sleepiness import Sleepiness
from cognition.ports.clock import Clock
from cognition.ports.stores import Stores

LOOKED_AT_ONCE = 64
"""Minds that one look takes in: two calls to the store."""

ROUND_S = 300.0
"""Between two rounds through all of them: as long as a mind must be idle to fall asleep."""

EVERYBODY = "\x7feverybody"
SLEEP_SLOT = "sleep"
"""Where it is written that all stay awake: under a name that no mind can have."""

PAUSED, AWAKE = b"paused", b""


class Sleepers:
    """Looks through all minds, round after round. Changes none of them."""

    def __init__(self, stores: Stores, minds: Minds, clock: Clock) -> None:
        self._stores = stores
        self._minds = minds
        self._clock = clock
        self._offset: str | None = None
        self._round_at = clock.monotonic()

    async def absent(self) -> list[tuple[str, Sleepiness]]:
        """The next minds that are not in memory, with what drives their sleep; none between two rounds."""
        if self._offset is None and self._clock.monotonic() < self._round_at:
            return []
        names, self._offset = await self._stores.identities.minds(self._offset, limit=LOOKED_AT_ONCE)
        if self._offset is None:
            self._round_at = self._clock.monotonic() + ROUND_S
        away = [name for name in names if self._minds.resident(name) is None]
        found = await self._stores.checkpoints.load([(name, STATE_SLOT) for name in away]) if away else {}
        states = {name: saved_sleep(body) for (name, _), body in found.items()}
        return [(name, state) for name, state in states.items() if state is not None]

    async def paused(self) -> bool:
        """Whether everybody is told to sleep on request only."""
        return await everybody_paused(self._stores)

    async def pause(self, paused: bool) -> None:
        """Tell everybody. Survives a restart; what single minds were told stays."""
        states = {(EVERYBODY, SLEEP_SLOT): PAUSED if paused else AWAKE}
        await self._stores.checkpoints.save(states, epoch=0)
        await self._stores.flush()


async def everybody_paused(stores: Stores) -> bool:
    """Whether all minds are told to sleep on request only."""
    key = (EVERYBODY, SLEEP_SLOT)
    return (await stores.checkpoints.load([key])).get(key, AWAKE) == PAUSED
