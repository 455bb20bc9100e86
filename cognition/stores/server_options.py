"""What a person chooses about a Qdrant server. Values only; must not know a client."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from schemas.base import Config

Consistency = Literal["1", "majority", "quorum", "all"]
Sharding = Literal["auto", "custom"]
EntryName = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
CONTEXT_INDEXES_MAX = 32
"""An index of many entries is memory on every node; cues name few of them."""


class ServerOptions(Config, frozen=True, kw_only=True):
    """Where the server is, how it is spoken to, and how collections are laid out that are made there.

    `url` names one node or several, with commas between them: what one does not answer is asked of the next.
    Each may say its own port of gRPC (``http://10.0.0.1:6333?grpc_port=6334``). `grpc_port` is for those
    that do not: -1 the port after that of the URL, 0 none, HTTP alone. `api_key_file` is read anew where the
    server refuses what it held; its key is shown as a bearer token. A node that has not answered a cue's read
    after `read_timeout_s` is passed over where another is named; once all were asked, and for all else, it is
    `timeout_s`. `ca_file` vouches for a certificate that the machine's own authorities do not. With custom
    `sharding` minds share `shard_number` shards (0: as many as there are nodes), and one may have its own.
    What is on disk is read through the machine's cache instead of being held: `index_on_disk` says so of
    graphs, of words and of fields. `context_indexes` names the entries of the map `context` that are indexed:
    others are looked up in each memory.
    """

    url: str = ""
    api_key: str = ""
    api_key_file: str = ""
    ca_file: str = ""
    prefix: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_.-]{0,64}$")] = ""
    grpc_port: Annotated[int, msgspec.Meta(ge=-1, le=65_535)] = -1
    wait_s: Annotated[float, msgspec.Meta(ge=0.0)] = 300.0
    timeout_s: Annotated[float, msgspec.Meta(ge=1.0, le=600.0)] = 10.0
    read_timeout_s: Annotated[float, msgspec.Meta(ge=0.1, le=600.0)] = 2.0
    attempts_max: Annotated[int, msgspec.Meta(ge=1, le=100)] = 6
    connections: Annotated[int, msgspec.Meta(ge=1, le=64)] = 3
    batch_bytes: Annotated[int, msgspec.Meta(ge=65_536, le=32_000_000)] = 8_388_608
    read_consistency: Consistency = "1"
    sharding: Sharding = "auto"
    shard_number: Annotated[int, msgspec.Meta(ge=0, le=1_024)] = 0
    replication_factor: Annotated[int, msgspec.Meta(ge=1, le=16)] = 1
    write_consistency_factor: Annotated[int, msgspec.Meta(ge=1, le=16)] = 1
    vectors_on_disk: bool = False
    index_on_disk: bool = False
    payload_on_disk: bool = True
    context_indexes: Annotated[tuple[EntryName, ...], msgspec.Meta(max_length=CONTEXT_INDEXES_MAX)] = (
        "place",
        "task",
        "people",
        "app",
    )


class Mark(Config, frozen=True, kw_only=True):
    """What a collection says of whoever made it. An empty `model`: only given vectors so far;
    `partitions` 0: not known; `shared`: how many shards the minds share, 0 where they are not kept apart."""

    model: str = ""
    partitions: int = 0
    shared: int = 0
