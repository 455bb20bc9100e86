"""Lives under faults end as the same lives without them."""

from __future__ import annotations

import random

import pytest

from tests.simulation.account import account, differences
from tests.simulation.faults import HARMLESS, sometimes
from tests.simulation.life import life
from tests.simulation.world import World, lived

SEEDS = 140


def faulty(seed: int, length: int) -> World:
    """The life of this seed, with up to six faults."""
    plan = sometimes(random.Random(seed), share=0.02, most=6)
    return lived(life(seed, length), seed=seed, plan=plan)


def check(seed: int, length: int) -> None:
    """The disturbed life leaves what the undisturbed one leaves."""
    calm = account(lived(life(seed, length), seed=seed + 1))
    found = list(differences(calm, account(faulty(seed, length))))
    assert not found, "\n".join(found[:20])


@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_life_with_faults_is_remembered_like_one_without(seed: int) -> None:
    check(seed, length=16 + seed % 16)


def outage(seed: int, length: int) -> None:
    """Ports fail and fail, but no process dies: nobody is blamed, however often it was delivered."""
    chance = random.Random(seed)
    plan = sometimes(chance, share=0.08, most=40, faults=HARMLESS)
    world = lived(life(seed, length), seed=seed, plan=plan, patience=1)
    calm = account(lived(life(seed, length), seed=seed + 1))
    found = list(differences(calm, account(world)))
    assert not found, "\n".join(found[:20])


@pytest.mark.parametrize("seed", range(40))
def test_an_outage_condemns_nobody(seed: int) -> None:
    outage(seed, length=12)


def rush(seed: int, length: int) -> None:
    """The same with batches so large that folding and writing overlap."""
    plan = sometimes(random.Random(seed), share=0.02, most=6)
    world = lived(life(seed, length), seed=seed, plan=plan, rush=True)
    calm = account(lived(life(seed, length), seed=seed + 1))
    found = list(differences(calm, account(world)))
    assert not found, "\n".join(found[:20])


@pytest.mark.parametrize("seed", range(12))
def test_large_batches_are_remembered_alike(seed: int) -> None:
    rush(seed, length=70)


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(100, 600))
def test_hundreds_of_large_batches(seed: int) -> None:
    rush(seed, length=120)


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(100, 1_100))
def test_a_thousand_outages(seed: int) -> None:
    outage(seed, length=20)


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(1_000, 5_000))
def test_thousands_of_lives(seed: int) -> None:
    check(seed, length=20 + seed % 60)
