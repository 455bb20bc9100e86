"""A daemon whose streams are behind sentinels or in a cluster, through the loss of the primary."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import anyio
import anyio.to_thread
import pytest

from schemas.events import Outcome
from schemas.percept import Percept
from streams.client import connect
from streams.cluster import slot_of
from streams.errors import StreamsError
from streams.keys import StreamKeys
from streams.producer import Producer
from streams.receipts import ReceiptReader
from tests.integration.streams import several
from tests.integration.support import cognition, daemon_on, until, vector_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

KEYS = StreamKeys()
MINDS = ("ada", "bo", "cyd")
COUNT = 20
WITHIN_S = 60.0


def in_a_cluster(folder: Path) -> AbstractContextManager[several.Place]:
    slot = slot_of((b"XADD", KEYS.stream(KEYS.partition_of(MINDS[0]), "awake")))
    assert slot is not None
    return several.cluster(folder, slot)


@pytest.mark.parametrize("servers", [several.sentinels, in_a_cluster], ids=["sentinels", "cluster"])
async def test_what_was_published_is_remembered_once_whatever_primary_is_lost(
    servers: Callable[[Path], AbstractContextManager[several.Place]], tmp_path: Path
) -> None:
    with servers(tmp_path / "servers") as place:
        settings = {"REDIS_URL": place.url, "COGNITION_STREAMS__LEASE_S": "5"}
        with daemon_on(tmp_path / "data", **settings) as daemon:
            client = connect(place.url)
            producer = Producer(client, KEYS)
            async with ReceiptReader(client, KEYS) as reader:
                await lived(producer, reader, 0)
                place.primary.kill()
                await anyio.to_thread.run_sync(lambda: until(place.replaced, "failover", within_s=WITHIN_S))
                await anyio.to_thread.run_sync(place.primary.start)
                await lived(producer, reader, COUNT)
            await client.aclose()
            for mind in MINDS:
                told = await anyio.to_thread.run_sync(
                    lambda mind=mind: cognition(
                        "status", "--mind", mind, "--json", "--data", str(daemon.directory), **settings
                    )
                )
                assert told.json["memories"] == 2 * COUNT, told.err


async def lived(producer: Producer, reader: ReceiptReader, first: int) -> None:
    """Percepts with keys, said again until they are taken, each with its receipt."""
    for number in range(first, first + COUNT):
        for mind in MINDS:
            content = f"Percept {number} of {mind}."
            percept = Percept(mind=mind, content=content, key=f"k{number}", vector=vector_of(content))
            entry = await insisting(lambda p=percept, m=mind: producer.publish(p, m))
            receipt = await reader.wait(KEYS.partition_of(mind), entry, WITHIN_S)
            assert receipt.outcome in (Outcome.ENCODED, Outcome.STRENGTHENED)


async def insisting(verb: Callable) -> str:
    while True:
        try:
            return await verb()
        except StreamsError:
            await anyio.sleep(0.1)
