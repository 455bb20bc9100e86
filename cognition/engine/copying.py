"""Copying: a mind is copied while it goes on, so that somebody may try things on the copy. One at a time.

What is asked for is begun, and looked at until it is whole. Must not know where copies lie, nor what is done
with them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import anyio

from cognition.engine.minds import Minds
from cognition.errors import BadCueError, CognitionError
from cognition.ports.copying import Copier
from schemas.sleeping import MindCopyAnswer, MindCopyInquiry

SWEEP_S = 60.0
"""How often it is looked for copies that nobody holds: what is erased is not to live on in them."""


@dataclass(slots=True)
class Copy:
    """A copy that is being made, or was."""

    mind: str
    called: str
    points: int
    copied: int = 0
    folder: str = ""
    failed: str = ""

    @property
    def ended(self) -> bool:
        """Whether nothing more happens to it."""
        return bool(self.folder or self.failed)


class Copying:
    """Answers inquiries, and makes what they ask for while `run` runs.

    Parameters
    ----------
    epoch_of : the lease epoch under which a mind is written here; raises `LeaseLostError`.
    host : the machine on which copies lie.
    """

    def __init__(
        self, minds: Minds, copier: Copier | None, epoch_of: Callable[[str], int], host: str = ""
    ) -> None:
        self._minds = minds
        self._copier = copier
        self._epoch_of = epoch_of
        self._host = host
        self._copy: Copy | None = None
        self._asked = anyio.Event()
        self._news = anyio.Event()

    async def run(self) -> None:
        """Make copies until cancelled; in between remove those that nobody holds any more."""
        if self._copier is None:
            return
        while True:
            with anyio.move_on_after(SWEEP_S):
                await self._asked.wait()
            if not self._asked.is_set():  # a copy that is still being measured is not to be made yet
                await self._copier.sweep()
                continue
            self._asked = anyio.Event()
            if self._copy is not None and not self._copy.ended:
                await self._make(self._copier, self._copy)

    async def answer(self, request: MindCopyInquiry) -> MindCopyAnswer:
        """The answer to one of them. The caller sets the deadline."""
        if self._copier is None:
            raise BadCueError(
                "this engine makes no copies of minds", remedy="Ask a daemon that has a data directory."
            )
        if not request.called:
            return self._told(request, await self._begin(self._copier, request))
        copy = self._known(request)
        if request.drop:
            if not copy.ended:
                raise BadCueError(
                    f"copy {copy.called} is still being made", remedy="Drop it once it is whole."
                )
            await self._copier.drop(copy.called)
            self._copy = None
        while request.through is not None and not copy.ended and copy.copied <= request.through:
            await self._news.wait()
        return self._told(request, copy)

    async def _begin(self, copier: Copier, request: MindCopyInquiry) -> Copy:
        """A new copy, of what is known up to now."""
        if self._copy is not None and not self._copy.ended:
            raise BadCueError(
                f"a copy of mind {self._copy.mind!r} is being made", remedy="Ask again when it is whole."
            )
        epoch = self._epoch_of(request.mind)
        copy = self._copy = Copy(request.mind, request.id, 0)
        try:
            async with self._minds.sleeping(request.mind, epoch=epoch):
                await self._minds.checkpoint()
            copy.points = (await copier.size(request.mind)).points
        except BaseException:
            self._copy = None
            raise
        self._asked.set()
        return copy

    def _known(self, request: MindCopyInquiry) -> Copy:
        copy = self._copy
        if copy is None or (copy.mind, copy.called) != (request.mind, request.called):
            raise BadCueError(
                f"there is no copy {request.called!r} of mind {request.mind!r}", remedy="Ask for a new one."
            )
        return copy

    async def _make(self, copier: Copier, copy: Copy) -> None:
        async def told(copied: int) -> None:
            copy.copied = copied
            self._advance()

        try:
            copy.folder = await copier.copy(copy.mind, copy.called, told)
        except CognitionError as error:
            copy.failed = str(error)
        self._advance()

    def _advance(self) -> None:
        self._news.set()
        self._news = anyio.Event()

    def _told(self, request: MindCopyInquiry, copy: Copy) -> MindCopyAnswer:
        return MindCopyAnswer(
            inquiry_id=request.id,
            mind=copy.mind,
            called=copy.called,
            folder=copy.folder,
            host=self._host,
            points=copy.points,
            copied=copy.copied,
            whole=bool(copy.folder),
            failed=copy.failed,
        )
