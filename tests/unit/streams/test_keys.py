import pytest

from streams.keys import StreamKeys


def test_all_keys_of_a_partition_share_its_hash_tag() -> None:
    keys = StreamKeys()
    names = [keys.stream(3, "awake"), keys.lease(3), keys.epoch(3), keys.attempts(3), keys.buried(3)]
    names.append(keys.recent(3, "a{1}b"))
    assert keys.stream(3, "awake") == "{tmi:3}:awake"
    assert all(name[name.index("{") : name.index("}") + 1] == "{tmi:3}" for name in names)
    assert len(set(names)) == len(names)


def test_the_partition_of_a_mind_never_changes() -> None:
    keys = StreamKeys(partitions=16)
    assert [keys.partition_of(mind) for mind in ("ada", "bob", "çelik", "")] == [7, 2, 5, 4]


def test_a_shell_finds_the_partition_with_b2sum() -> None:
    """`printf %s ada | b2sum -l 64` prints 15b0da4321160527."""
    assert StreamKeys().partition_of("ada") == int("15b0da4321160527"[-1], 16)


@pytest.mark.parametrize("namespace", ["", "a{b", "a}b", "a:b", "a\nb"])
def test_a_namespace_that_would_break_the_hash_tag_is_refused(namespace: str) -> None:
    with pytest.raises(ValueError, match="namespace = "):
        StreamKeys(namespace=namespace)


@pytest.mark.parametrize("partitions", [0, -1, 1_025])
def test_a_wrong_number_of_partitions_is_refused(partitions: int) -> None:
    with pytest.raises(ValueError, match=f"partitions = {partitions}"):
        StreamKeys(partitions=partitions)


@pytest.mark.parametrize("partition", [-1, 4])
def test_a_partition_out_of_range_is_refused(partition: int) -> None:
    with pytest.raises(ValueError, match=r"must lie in 0\.\.3"):
        StreamKeys(partitions=4).stream(partition, "awake")


@pytest.mark.parametrize("partitions", [1, 16, 1_024])
def test_some_name_is_on_every_partition(partitions: int) -> None:
    keys = StreamKeys(partitions=partitions)
    assert [keys.partition_of(keys.name_on(each)) for each in range(partitions)] == list(range(partitions))
