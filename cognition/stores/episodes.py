"""The `episodes` of all minds over any vector backend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cognition.ports.stores import Dense, Epoch
from cognition.stores import payloads, vectors
from cognition.stores.backend import Condition, Hit, Match, Not, Point, VectorBackend
from cognition.stores.collections import CENTROID, EPISODES
from cognition.stores.tenancy import epoch_of, fenced, for_mind, not_newer, owned, payload_of
from schemas.episode import Episode, EpisodeScale


class VectorEpisodes:
    """`EpisodeStore` over a `VectorBackend`."""

    def __init__(self, backend: VectorBackend) -> None:
        self._backend = backend

    async def get(self, mind: str, episode_ids: Sequence[str]) -> dict[str, Episode]:
        hits = await self._backend.retrieve(EPISODES.name, episode_ids)
        return {i: _episode(hit) for i, hit in owned(mind, hits).items()}

    async def save(self, episodes: Sequence[tuple[Episode, Dense | None]], *, epoch: Epoch) -> None:
        if not episodes:
            return
        points = [_point(episode, centroid, epoch_of(epoch, episode.mind)) for episode, centroid in episodes]
        condition = fenced(epoch, (episode.mind for episode, _ in episodes), not_newer)
        await self._backend.upsert(EPISODES.name, points, condition=condition)

    async def patch(self, mind: str, patches: Mapping[str, Mapping[str, Any]], *, epoch: int) -> None:
        if not patches:
            return
        sets = {i: {**payloads.encode_patch(Episode, patch), "epoch": epoch} for i, patch in patches.items()}
        await self._backend.set_payloads(EPISODES.name, sets, condition=for_mind(mind, not_newer(epoch)))

    async def latest(
        self, mind: str, *, limit: int, scale: EpisodeScale = EpisodeScale.FINE
    ) -> list[Episode]:
        page = await self._backend.scroll(
            EPISODES.name, condition=for_mind(mind, _of(scale)), limit=limit, order_by="started_at",
            descending=True,
        )  # fmt: skip
        return [_episode(hit) for hit in page.hits]

    async def count(self, mind: str, scale: EpisodeScale = EpisodeScale.FINE) -> int:
        return await self._backend.count(EPISODES.name, condition=for_mind(mind, _of(scale)))


def _of(scale: EpisodeScale) -> Condition:
    """What was written when there was one scale names none: it is fine."""
    coarse = Match("scale", EpisodeScale.COARSE.value)
    return coarse if scale is EpisodeScale.COARSE else Not(coarse)


def _point(episode: Episode, centroid: Dense | None, epoch: int) -> Point:
    found = {} if centroid is None else {CENTROID: vectors.dense(centroid, f"episode {episode.id}")}
    return Point(episode.id, {**payloads.encode(episode), "epoch": epoch}, found)


def _episode(hit: Hit) -> Episode:
    return payloads.decode(Episode, hit.id, payload_of(hit))
