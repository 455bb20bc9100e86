import anyio
import pytest

from schemas.cue import Cue
from schemas.events import Outcome, Receipt
from schemas.inquiry import StatusAnswer, StatusInquiry
from schemas.percept import Percept
from schemas.recollection import Recollection
from streams.client import connect
from streams.codec import decode_fields
from streams.consumer import Consumer
from streams.errors import AnswerTimeoutError, StreamsUnavailableError
from streams.lease import Lease, Leases
from streams.producer import Producer
from streams.receipts import TRIM_EVERY, ReceiptReader, ReceiptWriter
from streams.recent import RecentWriter, read_recent
from streams.reqreply import Answerer, Caller

MINDS = [f"mind {i}" for i in range(8)]


@pytest.fixture
async def leases(client, keys) -> dict[int, Lease]:
    taken = Leases(client, keys, anyio.current_time)
    return {p: lease for p in range(4) if (lease := await taken.acquire(p, "me", ttl_s=30)) is not None}


async def serve(client, keys, *, reverse: bool = False, task_status=anyio.TASK_STATUS_IGNORED) -> None:
    """Answers every cue with its own content."""
    one = Consumer(client, keys, "cues", "recall", "server", partitions=range(keys.partitions))
    await one.ensure_groups(range(keys.partitions))
    answerer = Answerer(client, keys)
    task_status.started()
    while True:
        found = await one.read(block_ms=100)
        for delivery in reversed(found) if reverse else found:
            cue = decode_fields("cues", delivery.fields)
            if isinstance(cue, StatusInquiry):
                await answerer.answer(delivery.partition, StatusAnswer(inquiry_id=cue.id, mind=cue.mind))
            else:
                reply = Recollection(cue_id=cue.id, mind=cue.mind, notes=[cue.content])
                await answerer.answer(delivery.partition, reply)
            await one.ack(delivery.partition, [delivery.entry_id])


async def test_concurrent_requests_each_get_their_own_answer(client, keys) -> None:
    answers: dict[int, Recollection] = {}

    async def ask(caller: Caller, number: int) -> None:
        mind = MINDS[number % 8]
        answers[number] = await caller.ask(Cue(id=f"c{number}", mind=mind, content=f"what {number}"))

    async with anyio.create_task_group() as server:
        await server.start(lambda task_status: serve(client, keys, reverse=True, task_status=task_status))
        async with Caller(client, keys) as caller, anyio.create_task_group() as tasks:
            for number in range(40):
                tasks.start_soon(ask, caller, number)
        server.cancel_scope.cancel()
    assert {n: a.notes for n, a in answers.items()} == {n: [f"what {n}"] for n in range(40)}
    assert all(answers[n].mind == MINDS[n % 8] for n in answers)


async def test_inquiries_are_answered_too(client, keys) -> None:
    async with anyio.create_task_group() as server:
        await server.start(serve, client, keys)
        async with Caller(client, keys) as caller:
            answer = await caller.ask(StatusInquiry(id="i1", mind="ada"))
        assert answer == StatusAnswer(inquiry_id="i1", mind="ada")
        server.cancel_scope.cancel()


async def test_without_an_answer_the_deadline_ends_the_wait(client, keys) -> None:
    async with Caller(client, keys) as caller:
        with pytest.raises(AnswerTimeoutError, match=r"Cue c1 had no answer within 0\.02 s"):
            await caller.ask(Cue(id="c1", mind="ada", content="?", deadline_s=0.02))


async def test_an_error_in_the_body_leaves_the_caller_unwrapped(client, keys) -> None:
    async def fail_inside() -> None:
        async with Caller(client, keys) as caller:
            await caller.ask(Cue(id="c1", mind="ada", deadline_s=0.01))

    with pytest.raises(AnswerTimeoutError):
        await fail_inside()


async def test_old_answers_are_not_read_again(client, keys) -> None:
    partition = keys.partition_of("ada")
    answerer = Answerer(client, keys)
    await answerer.answer(partition, Recollection(cue_id="c1", mind="ada", notes=["stale"]))
    async with Caller(client, keys) as caller:
        with pytest.raises(AnswerTimeoutError):
            await caller.ask(Cue(id="c1", mind="ada", deadline_s=0.03))


async def test_what_is_neither_cue_nor_inquiry_cannot_be_an_answer(client, keys) -> None:
    with pytest.raises(TypeError, match="Percept answers nothing"):
        await Answerer(client, keys).answer(0, Percept(mind="ada"))


async def test_a_receipt_is_found_whether_it_comes_before_or_after_the_wait(client, keys, leases) -> None:
    partition = keys.partition_of("ada")
    writer = ReceiptWriter(client, keys)
    items = [("ada", Percept(mind="ada", content=str(i))) for i in range(6)]
    entries = await Producer(client, keys).publish_many(items)
    receipts = [
        Receipt(mind="ada", entry=e, outcome=Outcome.ENCODED, key=str(i)) for i, e in enumerate(entries)
    ]
    found: dict[str, Receipt] = {}

    async def wait(reader: ReceiptReader, entry: str) -> None:
        found[entry] = await reader.wait(partition, entry, 3.0)

    await writer.publish_while_held([(partition, receipts[0])], leases)
    async with ReceiptReader(client, keys) as reader:
        await wait(reader, entries[0])
        await writer.publish_while_held([(partition, each) for each in receipts[1:3]], leases)
        await wait(reader, entries[2])
        await wait(reader, entries[1])
        async with anyio.create_task_group() as tasks:
            for entry in entries[3:]:
                tasks.start_soon(wait, reader, entry)
            await anyio.wait_all_tasks_blocked()
            await writer.publish_while_held([(partition, each) for each in reversed(receipts[3:])], leases)
    assert found == dict(zip(entries, receipts, strict=True))


async def test_a_receipt_from_before_the_reader_began_is_looked_up(client, keys, leases) -> None:
    partition = keys.partition_of("ada")
    old = await client.xadd(keys.stream(partition, "awake"), {"x": "y"}, id="1000-5")
    receipt = Receipt(mind="ada", entry=old.decode(), outcome=Outcome.REJECTED)
    await ReceiptWriter(client, keys).publish_while_held([(partition, receipt)], leases)
    fresh = await Producer(client, keys).publish(Percept(mind="ada", content="x"), "ada")
    async with ReceiptReader(client, keys) as reader:
        with pytest.raises(AnswerTimeoutError, match="had no receipt within"):
            await reader.wait(partition, fresh, 0.02)
        receipt = await reader.wait(partition, "1000-5", 3.0)
    assert receipt.outcome is Outcome.REJECTED


async def test_old_receipts_are_trimmed_now_and_then(client, keys, leases) -> None:
    key = keys.stream(0, "salience")
    async with client.pipeline(transaction=False) as line:
        for number in range(1, 301):
            line.xadd(key, {"t": "receipt/1"}, id=f"{number}-1")
        await line.execute()
    writer = ReceiptWriter(client, keys)
    for number in range(TRIM_EVERY):
        receipt = Receipt(mind="ada", entry=f"{number}-0", outcome=Outcome.ENCODED)
        await writer.publish_while_held([(0, receipt)], leases)
    assert await client.xlen(key) < 300


async def test_recent_context_is_one_read(client, keys, leases) -> None:
    writer = RecentWriter(client, keys)
    bodies = {mind: f'{{"mind":"{mind}"}}'.encode() for mind in MINDS}
    assert await writer.save_while_held(bodies, leases) == []
    assert {mind: await read_recent(client, keys, mind) for mind in MINDS} == bodies
    await writer.erase(MINDS[:1])
    assert await read_recent(client, keys, MINDS[0]) is None
    assert await read_recent(client, keys, MINDS[1]) == bodies[MINDS[1]]


async def test_who_lost_a_partition_neither_tells_nor_mirrors_what_is_its_successors(
    client, keys, leases
) -> None:
    lost, taken = keys.partition_of("ada"), Leases(client, keys, anyio.current_time)
    await taken.release(leases[lost])
    successor = await taken.acquire(lost, "successor", ttl_s=30)
    receipts = [(p, Receipt(mind="ada", entry="1-1", outcome=Outcome.ENCODED)) for p in range(4)]
    assert await ReceiptWriter(client, keys).publish_while_held(receipts, leases) == [lost]
    assert [await client.xlen(keys.stream(p, "salience")) for p in range(4)] == [
        int(p != lost) for p in range(4)
    ]
    writer, bodies = RecentWriter(client, keys), dict.fromkeys([*MINDS, "ada"], b"old")
    await writer.save_while_held({"ada": b"new"}, {lost: successor})
    assert await writer.save_while_held(bodies, leases) == [lost]
    for mind in bodies:
        kept = await read_recent(client, keys, mind)
        assert kept == (b"old" if keys.partition_of(mind) != lost else b"new" if mind == "ada" else None)


async def test_asking_a_server_that_is_away_says_so(keys, tmp_path) -> None:
    nowhere = connect(f"unix://{tmp_path}/none.sock")
    async with Caller(nowhere, keys) as caller:
        with pytest.raises(StreamsUnavailableError):
            await caller.ask(Cue(id="c", mind="ada", content="?", deadline_s=2.0))
    await nowhere.aclose()


async def test_many_requests_in_turn_reuse_one_reader(client, keys) -> None:
    async with anyio.create_task_group() as server:
        await server.start(serve, client, keys)
        async with Caller(client, keys) as caller:
            for number in range(20):
                answer = await caller.ask(Cue(id=f"c{number}", mind="ada", content=str(number)))
                assert answer.notes == [str(number)]
        server.cancel_scope.cancel()
