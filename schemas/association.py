"""Associations: weighted, typed, directed connections between memories."""

import enum
from typing import Annotated

import msgspec

from schemas.base import Message

Unit = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]


class AssociationType(enum.StrEnum):
    """Why two memories are connected. The second group is given by the caller."""

    SEMANTIC = "semantic"
    TEMPORAL = "temporal"
    CAUSAL = "causal"
    EMOTIONAL = "emotional"
    SPATIAL = "spatial"
    GOAL = "goal"
    TOPICAL = "topical"

    CAUSES = "causes"
    FIXES = "fixes"
    SUPPORTS = "supports"
    OPPOSES = "opposes"
    FOLLOWS = "follows"
    SUPERSEDES = "supersedes"
    DERIVES = "derives"
    PART_OF = "part_of"
    RELATED = "related"


CALLERS = frozenset(list(AssociationType)[7:])
"""The types that only a caller gives."""

AS_IT_COMES = (AssociationType.TEMPORAL, AssociationType.EMOTIONAL)
"""The types that each memory forms as it is encoded, of mere order or mood."""


class Association(Message, frozen=True, kw_only=True):
    """One synapse of a memory's association array.

    `given`: the caller said so; it neither fades nor gives way. `repaired` says what a hand had
    spoiled of it in the store, and as what it is read; never written.
    """

    target_id: str
    weight: Unit
    type: AssociationType
    last_coactivated: float = 0.0
    coactivation_count: Annotated[int, msgspec.Meta(ge=0)] = 0
    given: bool = False
    repaired: str = ""

    @property
    def spreads(self) -> bool:
        """Whether activation passes: not along mere order or mood, which each memory forms as it comes."""
        return self.given or self.type not in AS_IT_COMES


class Route(Message, frozen=True, kw_only=True):
    """One synapse from a word of a cue to the memory that holds this.

    `term` : the word's term id (u32). `used` A and `unused` B : how much it was potentiated and
    depressed. `weight` W : the memory's own stored weight of the term, as it was then.
    """

    term: Annotated[int, msgspec.Meta(ge=0, le=2**32 - 1)]
    used: Annotated[float, msgspec.Meta(ge=0.0)] = 0.0
    unused: Annotated[float, msgspec.Meta(ge=0.0)] = 0.0
    weight: Unit = 0.0


class Relation(Message, frozen=True, kw_only=True):
    """A typed association given by the caller: target is a key or a memory id."""

    type: AssociationType
    target: Annotated[str, msgspec.Meta(min_length=1)]
    weight: Unit = 1.0
