"""Every number of the planner with where it is from: measured by us with a command, or a page of a vendor.

Values only. `MEASURED`: Qdrant Edge 0.9, stores of 10,000 and 40,000 memories of 13 different words, 68
characters, 0 to 16 associations.
"""

from __future__ import annotations

from typing import Final, NamedTuple

MEASURED: Final = "measured: python -m benchmarks capacity"
MINDS: Final = "measured: 40 minds of 25, 4 of 1,500 and one of 5,000 memories in one daemon"
VALKEY: Final = "measured: MEMORY USAGE, Valkey 9.1"
ANSWERED: Final = "measured: MEMORY USAGE of a daemon's streams, tests/integration/test_capacity_streams.py"
NODE: Final = (
    "measured: a node of Qdrant 1.19.0 with indexes on disk, int8, started again with 20,000 and 50,000 "
    "memories (tests/integration/test_capacity.py), and with 1,000,000 (benchmarks/results/cluster-1m.json)"
)
MILLION: Final = (
    "measured: 1,000,000 memories on one node, int8, all on disk: benchmarks/results/cluster-1m-cold.json"
)
PLANNING: Final = "Qdrant documentation, Capacity Planning"


class Constant(NamedTuple):
    """A number, what it counts, and where it is from."""

    value: float
    unit: str
    source: str


VECTOR: Final = Constant(3_074, "bytes a memory", MEASURED + ": 768 x float32")
BARE: Final = Constant(1_538, "bytes a memory, on disk", MEASURED + ": 768 x float16, only given back")
INT8: Final = Constant(775, "bytes a vector", "measured: python -m benchmarks quantize")
TURBO: Final = Constant(396, "bytes a vector", "measured: python -m benchmarks quantize")
BINARY: Final = Constant(98, "bytes a vector", "measured: python -m benchmarks quantize")

LINKS: Final = Constant(68, "bytes a memory", MEASURED + ": a graph a mind, payload_m = 16, links compressed")
WORD_KEPT: Final = Constant(15, "bytes a word of a memory, on disk", MEASURED)
WORD_FOUND: Final = Constant(10, "bytes a word of a memory", MEASURED + ": the inverted index")
SUBJECT: Final = Constant(99, "bytes a memory", MEASURED + ": two words of every other memory")
PAYLOAD: Final = Constant(860, "bytes a memory beside its text, on disk", MEASURED)
ASSOCIATION: Final = Constant(50, "bytes an association, on disk", MEASURED + ": 48 to 65, in blocks of 128")
INDEXES: Final = Constant(821, "bytes a memory, on disk", MEASURED + ": 22 payload indexes")
IDS: Final = Constant(30, "bytes a memory", MEASURED)
ANONYMOUS: Final = Constant(
    800,
    "bytes a memory, anonymous memory",
    MEASURED + "; Qdrant 1.18.2 with 1 M points of fewer indexes: 560, 1.19.0 with all on disk: 170",
)
ANONYMOUS_DISK: Final = Constant(145, "bytes a memory, anonymous memory, indexes on disk", NODE)
ENGINE_DISK: Final = Constant(25 * 2.0**20, "bytes a node, anonymous memory, indexes on disk", NODE)
COLD: Final = Constant(
    163, "ms at p99, a cue by meaning and words from a disk that nobody read before", MILLION
)
WARM: Final = Constant(19, "ms at p99, a cue with all on, its candidates met before", MILLION)
ENGINE: Final = Constant(112 * 2.0**20, "bytes a node, anonymous memory", MEASURED + ": logs read again")
EPISODE: Final = Constant(5_600, "bytes an episode, on disk", MINDS + ": a centroid, 1 to 2 KB, indexes")
IN_EPISODE: Final = Constant(12, "memories an episode", "chosen: a dozen, as in the stores of the benchmarks")
IDENTITY: Final = Constant(6_000, "bytes a mind, on disk", MINDS + ": a vector, 1.6 KB, indexes")
STATE: Final = Constant(223_000, "bytes a mind, on disk", MINDS + ": its checkpoint, whatever it remembers")
TAUGHT: Final = Constant(
    7_990_000, "bytes a mind that has learned its stream", MINDS + ": two of 3.2 + 0.8 MB"
)
LESSON: Final = Constant(512, "memories from which a mind learns its stream", "mechanisms.notebook: LESSON")
LEXICON: Final = Constant(54, "bytes a word that a mind knows, on disk", MINDS + ": written in turns")
HEAPS_K: Final = Constant(44, "x words ^ HEAPS_B are different", "Manning et al. 2008, section 5.1.1 (RCV1)")
HEAPS_B: Final = Constant(0.49, "exponent", "Manning et al. 2008, section 5.1.1 (RCV1)")
EMPTY: Final = Constant(46 * 2.0**20, "bytes a store, on disk", MEASURED + ": seven small collections")
LOG: Final = Constant(
    37 * 2.0**20, "bytes a shard, on disk", MEASURED + ": segments of 32 MiB, one that is closed is kept"
)
EMPTY_DISK: Final = Constant(3 * 2.0**20, "bytes a node, on disk", MEASURED + ": seven small collections")
LOG_DISK: Final = Constant(
    55 * 2.0**20, "bytes a shard, on disk", MEASURED + ": 48 and 62 MiB, by when the last segment was closed"
)
"""The same on a server, for nodes whose indexes are on disk."""
HEADROOM: Final = Constant(1.5, "x vectors and payload", PLANNING + ": metadata and temporary segments")
USABLE: Final = Constant(
    0.8, "of the memory of a node", PLANNING + " and its monitoring: above, it is scarce"
)

ENTRY: Final = Constant(170, "bytes an entry beside its text", VALKEY)
BACKLOG: Final = Constant(10_000, "entries a partition at most", "schema, section 1: backpressure begins")
RECEIPT: Final = Constant(450, "bytes a receipt", VALKEY)
RECEIPTS: Final = Constant(5_000, "receipts a partition at most", "schema, section 1")
RECALLED: Final = Constant(1_470, "bytes a memory of an answer, beside its text", ANSWERED)
IN_ANSWER: Final = Constant(
    10, "memories an answer", "schemas.cue: what a cue asks for unless it says otherwise"
)
ANSWERS: Final = Constant(1_000, "answers a partition at most", "streams.reqreply: ANSWERS_KEPT")
REPORT: Final = Constant(625, "bytes a report of what was useful", ANSWERED + ", ten memories shown")
REPORTS: Final = Constant(100_000, "reports a partition at most", "streams.producer: BOUNDS")
ASKED: Final = Constant(720, "bytes a cue or inquiry", ANSWERED)
CUES: Final = Constant(1_000, "cues a partition at most", "streams.producer: BOUNDS")
SHOWN: Final = Constant(570, "bytes of what a cue was shown", ANSWERED + ", ten memories, in two keys")
SHOWINGS: Final = Constant(1_024, "showings a partition at most", "streams.shown: KEPT_MAX")
BURIED: Final = Constant(360, "bytes a dead letter beside its text", ANSWERED)
DEAD: Final = Constant(10_000, "dead letters a partition at most", "streams.dead_letters: DEAD_MAX")
MIRROR: Final = Constant(1_850, "bytes a mind: its working memory", VALKEY)
STREAMS: Final = Constant(2.7 * 2.0**20, "bytes of a Valkey with empty streams", VALKEY)

EMBEDDED: Final = Constant(35, "texts a second and core", "measured: float32, batches, two cores: 63 to 80")
SERVED: Final = Constant(
    389,
    "percepts a second and daemon, vectors given",
    "measured: cluster --nodes 1, the node on the same two cores, on a slow machine (1,238 on a quick one: "
    "benchmarks/results/cluster-1.json); 1, 2, 4 daemons on two cores of that: 1,180, 1,200, 1,207 "
    "(benchmarks/results/daemons.json)",
)
WRITTEN: Final = Constant(1_450, "points a second and core", "measured: Qdrant 1.18.2: 2.9 k on two cores")
RESIDENT: Final = Constant(580_000, "bytes a mind in a daemon's memory", MINDS)
RESIDENT_TAUGHT: Final = Constant(
    3_000_000, "bytes more of one that has learned its stream", MINDS + ": 2.4 + 0.6 MB"
)
DAEMON: Final = Constant(
    900 * 2.0**20, "bytes a daemon", "measured: 895 MB resident with the model in bfloat16"
)
MAJORITY: Final = Constant(
    3,
    "nodes at least, of a plan with copies",
    "Qdrant documentation, Distributed Deployment: Raft needs more than half of the nodes, also to take out "
    "a replica that is lost",
)
SHARD: Final = Constant(25e6, "memories a shard", "chosen: an index of more takes a node longer than an hour")
