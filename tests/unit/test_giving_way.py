"""The event loop is not kept waiting by threads that compute, and whoever shares the process gets it back."""

import sys

from cognition.daemon import GIVE_WAY_S, giving_way


def test_the_interpreter_goes_round_sooner_while_an_engine_runs() -> None:
    before = sys.getswitchinterval()
    with giving_way():
        assert sys.getswitchinterval() <= GIVE_WAY_S * 1.01
    assert sys.getswitchinterval() == before


def test_a_process_that_goes_round_sooner_already_keeps_its_own() -> None:
    before = sys.getswitchinterval()
    sys.setswitchinterval(GIVE_WAY_S / 5)
    try:
        with giving_way():
            assert sys.getswitchinterval() < GIVE_WAY_S / 4
    finally:
        sys.setswitchinterval(before)
