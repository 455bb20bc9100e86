"""A stand-in for a daemon, to be killed: ``python daemon.py DIR POINTS VERB``.

Opens the embedded engine, writes points, says ``written``, then optimises (VERB ``optimise``)
or goes on writing (VERB ``write``), saying the number of each point once it was acknowledged.
"""

import sys
from pathlib import Path

import anyio

from cognition.stores.edge import open_edge
from tests.integration.stores.things import SPEC, point


async def main() -> None:
    directory, count, verb = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    async with open_edge(directory, started_at=0.0, role="victim") as backend:
        await backend.ensure(SPEC)
        await backend.upsert(SPEC.name, [point(i) for i in range(count)])
        print("written", flush=True)
        if verb == "optimise":
            await backend.optimise(SPEC.name)
            print("optimised", flush=True)
        while True:
            await backend.upsert(SPEC.name, [point(count)])
            print(count, flush=True)
            count += 1


if __name__ == "__main__":
    anyio.run(main)
