import pytest

from streams.delivery import (
    DeadLetter,
    Delivery,
    Failure,
    Handle,
    HandleAlone,
    Limits,
    RetryLater,
    backoff_s,
    decide,
)

LIMITS = Limits(max_tries=3, max_deliveries=2, max_lone_attempts=2, backoff_base_s=1.0, backoff_max_s=10.0)


def test_an_entry_knows_when_it_entered() -> None:
    assert Delivery(0, "1700000000123-4", {}).entered_at == 1_700_000_000.123


@pytest.mark.parametrize("times", [1, 2])
def test_a_delivery_is_handled_with_others(times: int) -> None:
    assert decide(None, times_delivered=times, limits=LIMITS) == Handle()


@pytest.mark.parametrize("attempts", [0, 1])
def test_one_that_was_delivered_too_often_is_handled_alone_first(attempts: int) -> None:
    assert decide(None, times_delivered=3, lone_attempts=attempts, limits=LIMITS) == HandleAlone()


def test_one_that_killed_the_process_alone_is_dead() -> None:
    verdict = decide(None, times_delivered=5, lone_attempts=2, limits=LIMITS)
    assert isinstance(verdict, DeadLetter)
    assert "died 2 times" in verdict.reason
    assert "delivered 5 times" in verdict.reason


def test_lone_attempts_do_not_count_while_deliveries_are_few() -> None:
    assert decide(None, times_delivered=1, lone_attempts=9, limits=LIMITS) == Handle()


def test_bad_input_is_dead_at_once_with_its_problem() -> None:
    assert decide(Failure.BAD, tried=1, problem="no mind", limits=LIMITS) == DeadLetter("no mind")


@pytest.mark.parametrize("tried", [1, 2, 50, 10_000])
def test_a_transient_failure_is_tried_for_ever(tried: int) -> None:
    verdict = decide(Failure.TRANSIENT, tried=tried, times_delivered=99, jitter=1.0, limits=LIMITS)
    assert verdict == RetryLater(min(2.0 ** (tried - 1), 10.0) if tried < 60 else 10.0)


def test_a_faulty_entry_is_tried_a_few_times_then_dead() -> None:
    assert isinstance(decide(Failure.FAULTY, tried=2, limits=LIMITS), RetryLater)
    assert decide(Failure.FAULTY, tried=3, problem="boom", limits=LIMITS) == DeadLetter(
        "failed 3 times: boom"
    )


def test_backoff_doubles_and_half_of_it_is_jitter() -> None:
    assert [backoff_s(n, 1.0, LIMITS) for n in (1, 2, 3, 4, 5, 6)] == [1, 2, 4, 8, 10, 10]
    assert [backoff_s(n, 0.0, LIMITS) for n in (1, 2, 5)] == [0.5, 1, 5]
