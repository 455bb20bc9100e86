"""The planner: numbers as people write them, sums that add up, and what gives out first."""

import dataclasses

import pytest

from cognition.capacity import constants
from cognition.capacity.parts import INDEXES, Wanted
from cognition.capacity.plan import Plan, planned
from cognition.capacity.units import BYTES, PlanError, bytes_of, count, count_of, rate_of, size
from cognition.cli import build_parser
from cognition.commands.capacity import figures, table, wanted_of
from schemas import wire
from schemas.percept import CONTENT_LENGTH_MAX
from streams.keys import PARTITIONS_MAX

BIG = Wanted(
    memories=1e8,
    minds=1e5,
    rate=500.0,
    quantization="binary",
    replicas=2,
    node_ram=64 * BYTES["g"],
    node_disk=2 * BYTES["t"],
)


def with_(**changes: object) -> Plan:
    return planned(dataclasses.replace(BIG, **changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "number"),
    [("10k", 1e4), ("1M", 1e6), ("1.5B", 1.5e9), ("2T", 2e12), ("17", 17.0), ("100m", 1e8)],
)
def test_counts_are_read_as_people_write_them(text: str, number: float) -> None:
    assert count_of(text, "--memories") == number


def test_sizes_are_powers_of_two_and_rates_have_a_span() -> None:
    assert bytes_of("64G", "--node-ram") == bytes_of("64GiB", "--node-ram") == 64 * 2**30
    assert rate_of("500/s", "--rate") == 500.0
    assert rate_of("3.6k/h", "--rate") == 1.0
    assert rate_of("86400/d", "--rate") == 1.0
    assert (size(3 * 2.0**30), count(1.02e8)) == ("3.0 GiB", "102M")


@pytest.mark.parametrize(
    ("read", "text", "said"),
    [
        (count_of, "10Q", "--x '10Q' is no count"),
        (count_of, "-3", "--x '-3' is no count"),
        (count_of, "64GB", "--x '64GB' is no count"),
        (bytes_of, "much", "--x 'much' is no size"),
        (rate_of, "500/x", "--x '500/x': 'x' is no span"),
        (rate_of, "-1/s", "--x '-1/s' is no rate. Write --x 500/s"),
        (rate_of, "10Q", "--x '10Q' is no rate"),
    ],
)
def test_what_is_no_number_is_told_with_its_name_and_what_to_write(read, text: str, said: str) -> None:
    with pytest.raises(PlanError) as caught:
        read(text, "--x")
    assert said in str(caught.value)
    assert "Write --x" in caught.value.remedy


@pytest.mark.parametrize(
    "changes",
    [
        {"quantization": "ternary"},
        {"indexes": "away"},
        {"memories": 0.0},
        {"minds": 1e9},
        {"replicas": 0},
        {"node_ram": 0.0},
    ],
)
def test_what_cannot_be_planned_is_refused_with_a_remedy(changes: dict[str, object]) -> None:
    with pytest.raises(PlanError) as caught:
        with_(**changes)
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [
        ("replicas", 1, 16),
        ("partitions", 1, PARTITIONS_MAX),
        ("node_cores", 1, 1_024),
        ("resident", 1, 10**9),
        ("content", 0, CONTENT_LENGTH_MAX),
    ],
)
def test_what_nobody_can_mean_is_refused_with_its_bounds(name: str, least: int, most: int) -> None:
    for given in (least, most):
        assert with_(**{name: given}).nodes >= 1
    flag = f"--{name.replace('_', '-')}"
    for given in (least - 1, most + 1, -5):
        with pytest.raises(PlanError) as caught:
            with_(**{name: given})
        assert f"{flag} {given:,} is not within {least:,} to {most:,}. Write {flag} " in str(caught.value)


def test_a_disk_that_an_empty_store_fills_is_refused() -> None:
    assert with_(node_disk=BYTES["g"]).nodes > 100
    with pytest.raises(PlanError, match=r"--node-disk 1 B is too little .* Give nodes 1G at least"):
        with_(node_disk=1.0)


def test_copies_and_headroom_are_added_to_the_sum_of_the_lines() -> None:
    plan = with_()
    assert plan.disk == sum(line.disk for line in plan.lines)
    assert plan.disk_in_all == 2 * (plan.disk + plan.headroom.disk)
    engine = constants.ENGINE.value
    copies = 2 * (plan.ram - engine + plan.headroom.ram)
    assert plan.ram_in_all == copies + plan.nodes * engine, "an engine is on each node, not in each copy"


def test_the_nodes_hold_what_is_planned_and_one_less_would_not() -> None:
    plan = with_()
    assert plan.ram_in_all <= plan.nodes * constants.USABLE.value * BIG.node_ram
    assert plan.disk_in_all <= plan.nodes * BIG.node_disk
    fewer = plan.nodes - 1
    assert (
        plan.ram_in_all > fewer * constants.USABLE.value * BIG.node_ram
        or plan.disk_in_all > fewer * BIG.node_disk
    )


@pytest.mark.parametrize(("replicas", "nodes"), [(1, 1), (2, 3), (3, 3), (5, 5)])
def test_each_copy_has_a_node_of_its_own_and_a_majority_outlives_one(replicas: int, nodes: int) -> None:
    plan = planned(Wanted(memories=10.0, replicas=replicas))
    assert plan.nodes == nodes
    said = [line for line in table(plan) if "a majority must outlive one" in line]
    assert len(said) == (replicas > 1)
    assert all(f" {nodes} at least" in line for line in said)
    assert figures(plan)["nodes_least"] == nodes


@pytest.mark.parametrize(("kind", "less"), [("int8", "none"), ("turbo", "int8"), ("binary", "turbo")])
def test_the_fewer_bits_the_less_memory_and_never_less_disk_than_uncompressed(kind: str, less: str) -> None:
    assert with_(quantization=kind).ram < with_(quantization=less).ram
    assert with_(quantization=kind).disk > with_(quantization="none").disk


@pytest.mark.parametrize("kind", ["none", "int8", "turbo", "binary"])
def test_indexes_on_disk_leave_memory_for_the_page_cache_and_compressed_vectors_stay(kind: str) -> None:
    held, disk = (with_(quantization=kind, indexes=where) for where in ("held", "disk"))
    of = {line.name: (line, other) for line, other in zip(held.lines, disk.lines, strict=True)}
    for name in ("vectors in context", f"vectors in {kind}"):
        assert of[name][0].ram == of[name][1].ram, "index_on_disk says nothing of vectors"
    links = of["HNSW links"]
    assert (links[0].ram, links[0].cache) == (links[1].cache, links[1].ram), "from memory to the cache"
    assert 0.0 < of["indexes, ids"][1].ram < of["indexes, ids"][0].ram, "which point is where stays"
    assert disk.anonymous < held.anonymous
    assert disk.ram_in_all < held.ram_in_all
    apart = [name for name, (one, other) in of.items() if one.disk != other.disk]
    assert apart == ["logs"], "a server's own; where indexes are read from is no matter of the disk"
    assert held.cache_in_all == 0.0 < disk.cache_in_all


def test_indexes_on_disk_need_fewer_nodes_and_what_they_cost_is_said_with_what_avoids_it() -> None:
    plan = with_(quantization="int8", indexes="disk")
    assert plan.nodes < with_(quantization="int8").nodes
    assert plan.cache_in_all == 2 * sum(line.cache for line in plan.lines)
    assert plan.cache_left == plan.nodes * BIG.node_ram - plan.ram_in_all
    said = [line for line in table(plan) if line.startswith("page cache")]
    assert [size(plan.cache_in_all) in line and size(plan.cache_left) in line for line in said] == [True]
    assert any("ms at p99" in line for line in table(plan))
    assert not any("page cache  " in line or "ms at p99" in line for line in table(with_()))
    assert (figures(plan)["indexes"], figures(plan)["cache"]) == ("disk", plan.cache_in_all)


def test_the_choices_of_the_command_are_those_of_the_planner() -> None:
    for indexes in INDEXES:
        asked = build_parser().parse_args(["capacity", "--memories", "10k", "--indexes", indexes])
        assert wanted_of(asked).indexes == indexes
    assert wanted_of(build_parser().parse_args(["capacity", "--memories", "10k"])).indexes == "held"


def test_what_breaks_first_is_what_is_fullest_and_more_memories_break_it() -> None:
    plan = with_(node_disk=200 * BYTES["g"], node_ram=512 * BYTES["g"])
    assert plan.breaks_first.name == "disk of the nodes"
    assert plan.breaks_first.share == max(limit.share for limit in plan.limits)
    assert with_(node_disk=2 * BYTES["t"], node_ram=4 * BYTES["g"]).breaks_first.name == "memory of the nodes"


def test_minds_cost_what_their_state_costs_and_those_that_learned_their_stream_more() -> None:
    few, many = (
        next(line.disk for line in with_(minds=minds).lines if line.name == "minds") for minds in (1e3, 1e6)
    )
    assert few > 1e3 * constants.TAUGHT.value
    assert 1e6 * constants.STATE.value < many < 1e6 * constants.TAUGHT.value


def test_percepts_with_vectors_need_no_cores_to_embed_and_more_room_in_the_streams() -> None:
    given, computed = with_(with_vectors=True), with_()
    assert given.embedding_cores == 0.0 < computed.embedding_cores
    assert given.streams_ram > computed.streams_ram


def test_embedding_may_give_out_first_and_asks_for_daemons() -> None:
    plan = planned(Wanted(memories=1e5, rate=500.0, partitions=1))
    assert plan.breaks_first.name == "cores of the daemons (embedding)"
    assert plan.breaks_first.share > 1.0, "one daemon has eight cores, and needs fourteen"
    assert with_(rate=5_000.0, partitions=64).daemons * BIG.node_cores >= with_(rate=5_000.0).embedding_cores
    given = planned(Wanted(memories=1e5, rate=500.0, with_vectors=True))
    assert given.daemons == 2, "as one takes in 389 a second over a server"


def test_a_node_that_the_engine_alone_fills_is_refused() -> None:
    with pytest.raises(PlanError, match="too little for the engine alone"):
        planned(Wanted(memories=10.0, node_ram=128 * BYTES["m"]))


def test_the_streams_are_planned_with_all_that_may_lie_in_them() -> None:
    partition = with_(partitions=17).streams_ram - with_(partitions=16).streams_ram
    c = constants
    bounded = {
        "awake": c.BACKLOG.value * (c.ENTRY.value + BIG.content),
        "dream": c.REPORTS.value * c.REPORT.value,
        "salience": c.RECEIPTS.value * c.RECEIPT.value,
        "cues": c.CUES.value * c.ASKED.value,
        "recollections": c.ANSWERS.value * c.IN_ANSWER.value * (c.RECALLED.value + BIG.content),
        "shown": c.SHOWINGS.value * c.SHOWN.value,
        "dead": c.DEAD.value * (c.BURIED.value + BIG.content),
    }
    assert set(wire.STREAMS) | {"shown", "dead"} == set(bounded)
    assert partition == pytest.approx(sum(bounded.values()))


def test_every_constant_says_where_it_is_from() -> None:
    values = {n: v for n, v in vars(constants).items() if isinstance(v, constants.Constant)}
    assert len(values) > 30
    for name, constant in values.items():
        assert constant.source, name
        assert constant.unit, name
        assert constant.value > 0, name
