"""The gate holds writers and lets them go in order."""

import anyio

from cognition.stores.edge_gate import Gate


async def test_a_closed_gate_waits_for_those_inside_and_holds_the_others_in_order() -> None:
    gate, told = Gate(), []
    leave, opened = anyio.Event(), anyio.Event()

    async def inside() -> None:
        async with gate.passing():
            await leave.wait()
            told.append("left")

    async def closer() -> None:
        async with gate.closed():
            told.append("closed")
            await opened.wait()

    async def late(name: str) -> None:
        async with gate.passing():
            told.append(name)

    async with anyio.create_task_group() as group:
        group.start_soon(inside)
        await anyio.wait_all_tasks_blocked()
        group.start_soon(closer)
        await anyio.wait_all_tasks_blocked()
        for name in ("first", "second"):
            group.start_soon(late, name)
        await anyio.wait_all_tasks_blocked()
        assert told == []
        leave.set()
        await anyio.wait_all_tasks_blocked()
        assert told == ["left", "closed"]
        opened.set()
    assert told == ["left", "closed", "first", "second"]


async def test_a_closer_that_is_cancelled_opens_again() -> None:
    gate = Gate()
    async with gate.passing():
        with anyio.move_on_after(0.0):
            async with gate.closed():
                raise AssertionError("somebody was inside")
    async with gate.passing():
        pass
