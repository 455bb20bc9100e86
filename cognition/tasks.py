"""Doing several things side by side. Knows nothing of what they are."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
from anyio.abc import TaskGroup


@asynccontextmanager
async def at_once() -> AsyncIterator[TaskGroup]:
    """A task group whose first error is raised as it is, not as one of a group."""
    error: BaseException | None = None
    try:
        async with anyio.create_task_group() as together:
            yield together
    except BaseExceptionGroup as group:
        error = group
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
    if error is not None:
        raise error
