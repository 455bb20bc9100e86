"""Builds the indexes of a copied shard: ``python -m cognition.stores.edge_optimise FROM TO SPEC PARENT``.

A process of its own, with low priority: the engine's optimiser holds the interpreter for as
long as it takes (measured: 25 s for 20 k points), and meanwhile the shard it copied goes on
being read and written elsewhere. Says ``ready``, waits for
a line, copies, says ``copied`` (writes may go on), and ``optimised`` at the end.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

import msgspec

from cognition.stores.backend import CollectionSpec
from cognition.stores.edge_directory import copy_tree
from cognition.stores.edge_host import end_with_parent
from cognition.stores.edge_shard import optimise_shard
from cognition.stores.edge_wire import COPIED, OPTIMISED, READY

NICENESS: Final = 10
"""Enough to let the daemon and its hosts go first on a busy machine."""


def main() -> None:
    source, target = Path(sys.argv[1]), Path(sys.argv[2])
    spec = msgspec.json.decode(sys.argv[3], type=CollectionSpec)
    end_with_parent(int(sys.argv[4]))
    print(READY, flush=True)
    if not sys.stdin.readline():
        return
    copy_tree(source, target)
    print(COPIED, flush=True)
    os.nice(NICENESS)
    optimise_shard(target, spec)
    os.sync()
    print(OPTIMISED, flush=True)


if __name__ == "__main__":
    main()
