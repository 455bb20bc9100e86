"""Stand-ins for modules that the model's libraries import and that embedding a text never uses.

Importing sentence-transformers brings compilers, tensor parallelism, statistics and three other kinds of
model with it: half of the time until it is loaded (measured: 19.9 and 9.3 s in one run). While the block
runs, these modules are empty; what is taken from them is a name that does nothing. Afterwards they are
gone, and whoever imports one gets the real one; what was imported meanwhile keeps the empty names, so this
is for a process that does nothing else with these libraries. Must not know any model.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, Final

UNUSED: Final = (
    "scipy",
    "sentence_transformers.cross_encoder",
    "sentence_transformers.multi_vector_encoder",
    "sentence_transformers.sentence_transformer.evaluation",
    "sentence_transformers.sentence_transformer.losses",
    "sentence_transformers.sparse_encoder",
    "sklearn",
    "sympy",
    "torch._dynamo",
    "torch.distributed.tensor",
    "torch.fx.experimental.symbolic_shapes",
    "torch.nn.attention.flex_attention",
    "transformers.generation.continuous_batching",
    "transformers.integrations.flex_attention",
)
"""Measured with torch 2.15, transformers 5.23 and sentence-transformers 6.2; a release that needs one of
them is loaded as it is (`sentence_transformer`)."""


class _Nothing(type):
    """The type of an empty name: a class of which nothing is an instance, with any attribute. Called, it
    gives back what it is given first: as a decorator the function, as a test of a symbolic size, of which
    there is none, the truth of it."""

    def __instancecheck__(cls, instance: object) -> bool:
        return False

    def __subclasscheck__(cls, subclass: type) -> bool:
        return False

    def __getattr__(cls, name: str) -> _Nothing:
        return _nothing(cls.__module__, name)

    def __call__(cls, *args: Any, **options: Any) -> Any:
        return args[0] if args else super().__call__()


def _nothing(module: str, name: str) -> _Nothing:
    if name.startswith("__"):
        raise AttributeError(name)
    return _Nothing(name, (), {"__module__": module, "__call__": _given_back})


def _given_back(_: object, decorated: object) -> object:
    return decorated


class _StandIn(ModuleType):
    """A module that has every name."""

    def __getattr__(self, name: str) -> _Nothing:
        empty = _nothing(self.__name__, name)
        setattr(self, name, empty)
        return empty


class _Finder(MetaPathFinder, Loader):
    """Finds a stand-in for these modules and all below them, unless they are there already."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = frozenset(names)
        self._below = tuple(f"{name}." for name in names)
        self.made: list[str] = []

    def find_spec(self, fullname: str, path: object, target: object = None) -> ModuleSpec | None:
        if fullname in self._names or fullname.startswith(self._below):
            return ModuleSpec(fullname, self, is_package=True)
        return None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        self.made.append(spec.name)
        return _StandIn(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """There is nothing to run."""

    def clear(self) -> None:
        """Take them out of the way of the real ones."""
        for name in self.made:
            sys.modules.pop(name, None)
            parent, _, child = name.rpartition(".")
            if isinstance(vars(sys.modules.get(parent, sys)).get(child), _StandIn):
                delattr(sys.modules[parent], child)


@contextmanager
def standing_in(names: Sequence[str] = UNUSED) -> Iterator[None]:
    """Whatever is imported in the block gets empty modules of these names. One thread at a time."""
    finder = _Finder(names)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        finder.clear()


def forget(*packages: str) -> None:
    """Take whole packages out of what is imported, so that the next import runs them anew."""
    for name in [n for n in sys.modules if n.partition(".")[0] in packages]:
        del sys.modules[name]
