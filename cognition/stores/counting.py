"""Counting: a backend whose every call is put down to whoever makes it. Nothing else changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from cognition.ports.calls import called
from cognition.stores.backend import VectorBackend


class _Counting:
    """Passes everything on. What is called is looked up anew each time."""

    def __init__(self, inner: VectorBackend) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name.startswith("_") or not callable(found):
            return found
        verb: Callable[..., Any] = found

        def counted(*given: Any, **named: Any) -> Any:
            called()
            return verb(*given, **named)

        return counted


def counting(backend: VectorBackend) -> VectorBackend:
    """The same backend, counted."""
    return cast(VectorBackend, _Counting(backend))
