"""Names of the keys, and which partition a mind belongs to.

All keys of a partition share the hash tag ``{namespace:partition}``, so that a cluster
would keep them on one slot and a script may touch several of them. A publisher in any
language finds the partition of a mind as the first 8 bytes of BLAKE2b (digest size 8)
over the UTF-8 name, read big-endian, modulo the number of partitions. With the default 16
that is the last hexadecimal digit of ``printf %s MIND | b2sum -l 64``.
"""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import dataclass

PARTITIONS = 16
"""Default number of partitions (schema, section 1): the most daemons that can share the work."""

PARTITIONS_MAX = 1_024
"""One read names every held partition; more would make that command itself slow."""


@dataclass(frozen=True, slots=True)
class StreamKeys:
    """Keys of one namespace. All who share a server must agree on both values."""

    namespace: str = "tmi"
    partitions: int = PARTITIONS

    def __post_init__(self) -> None:
        if not self.namespace or set(self.namespace) & set("{}:") or not self.namespace.isprintable():
            raise ValueError(
                f"namespace = {self.namespace!r}: must be printable, without braces and colons. "
                "Use a short word such as tmi."
            )
        if not 1 <= self.partitions <= PARTITIONS_MAX:
            raise ValueError(f"partitions = {self.partitions!r}: must lie in 1..{PARTITIONS_MAX}.")

    def partition_of(self, mind: str) -> int:
        """The partition that holds this mind, the same in every process and every release."""
        digest = hashlib.blake2b(mind.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        return int.from_bytes(digest, "big") % self.partitions

    def name_on(self, partition: int) -> str:
        """Some name that is on this partition: to ask whoever serves it, about no mind."""
        assert 0 <= partition < self.partitions, f"there is no partition {partition}"
        return next(name for name in map(str, itertools.count()) if self.partition_of(name) == partition)

    def stream(self, partition: int, name: str) -> str:
        """The key of one stream of one partition, for example ``{tmi:3}:awake``."""
        return f"{self._tag(partition)}:{name}"

    def lease(self, partition: int) -> str:
        """Who holds the partition, with a time to live."""
        return f"{self._tag(partition)}:lease"

    def epoch(self, partition: int) -> str:
        """The highest epoch ever given out for the partition."""
        return f"{self._tag(partition)}:epoch"

    def attempts(self, partition: int) -> str:
        """How often each suspect entry was handled alone."""
        return f"{self._tag(partition)}:attempts"

    def buried(self, partition: int) -> str:
        """Which entries are among the dead letters already, and as which."""
        return f"{self._tag(partition)}:buried"

    def shown(self, partition: int) -> str:
        """What was shown lately, by the name of the request."""
        return f"{self._tag(partition)}:shown"

    def shown_order(self, partition: int) -> str:
        """The same names, oldest first."""
        return f"{self._tag(partition)}:shown-order"

    def layout(self, partition: int = 0) -> str:
        """How many partitions the namespace has, as it is written down for this one of them."""
        return f"{self._tag(partition)}:partitions"

    def members(self) -> str:
        """Which daemons share the partitions."""
        return f"{{{self.namespace}:0}}:members"

    def recent(self, partition: int, mind: str) -> str:
        """The mirror of one mind's working memory."""
        return f"{self._tag(partition)}:recent:{mind}"

    def _tag(self, partition: int) -> str:
        if not 0 <= partition < self.partitions:
            raise ValueError(f"partition = {partition!r}: must lie in 0..{self.partitions - 1}.")
        return f"{{{self.namespace}:{partition}}}"
