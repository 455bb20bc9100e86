"""Calls: how often a piece of work has asked the store, whoever asked on its behalf.

A piece of work opens an account with `counted`; every call that it makes from there on, in tasks that it
starts too, is put down to it. What runs beside it is not. Must not know what is called.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar


class Calls:
    """An account of calls."""

    __slots__ = ("made",)

    def __init__(self) -> None:
        self.made = 0

    def take(self) -> int:
        """How many were made since this was asked last."""
        made, self.made = self.made, 0
        return made


_ACCOUNT: ContextVar[Calls | None] = ContextVar("calls", default=None)


@contextmanager
def counted() -> Iterator[Calls]:
    """Put the calls of this context down to a new account."""
    token = _ACCOUNT.set(Calls())
    try:
        yield account()
    finally:
        _ACCOUNT.reset(token)


def account() -> Calls:
    """The account of this context; one that nobody reads where none was opened."""
    return _ACCOUNT.get() or Calls()


def called() -> None:
    """One call was made. Each backend call says so, once, in the one place that all pass."""
    calls = _ACCOUNT.get()
    if calls is not None:
        calls.made += 1
