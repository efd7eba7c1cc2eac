"""Budgets against a clock that is turned by hand, and when to stop."""

from __future__ import annotations

import pytest

from assaymark.errors import BudgetError, Cancelled
from assaymark.execution import Run
from assaymark.pacing import Pace, Watch, held_out


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def go(budget, steps, seconds_a_step, done=0, spent=0.0):
    """Walk through a fit; return the pace and the shares that it told."""
    clock = Clock()
    pace, shares = Pace(Run(0, budget=budget, clock=clock), steps, 10, done=done, spent=spent), []
    while (share := pace.share()) < 1:
        shares.append(share)
        clock.now += seconds_a_step
        pace.tell(lambda: 0.0)
    return pace, shares


@pytest.mark.parametrize("budget", [None, 1000.0])
def test_with_time_enough_only_steps_count(budget):
    pace, shares = go(budget, 100, 1.0)
    assert pace.step == 100
    assert shares == [step / 100 for step in range(100)]
    assert pace.finish() == ()


def test_a_short_budget_is_kept_and_the_course_run_to_its_end():
    pace, shares = go(50.0, 1000, 1.0)
    assert pace.step == pytest.approx(50, abs=1)
    assert shares == sorted(shares)
    assert shares[-1] > 0.9
    assert "not reproducible" in pace.finish()[0]


def test_time_before_a_checkpoint_counts():
    pace, _ = go(50.0, 1000, 1.0, done=100, spent=20.0)
    assert pace.step == pytest.approx(130, abs=1)


def test_a_budget_for_fewer_than_twenty_steps_is_refused():
    with pytest.raises(BudgetError):
        go(10.0, 1000, 1.0)
    assert go(10.0, 5, 1.0)[0].step == 5


def test_a_cancelled_run_stops():
    run = Run(0)
    run.cancelled.set()
    with pytest.raises(Cancelled):
        Pace(run, 10, 1).share()


def test_progress_tells_epoch_loss_rate_and_time_left():
    told, clock = [], Clock()
    pace = Pace(Run(0, progress=lambda *parts: told.append(parts), clock=clock), 100, 10)
    for _ in range(50):
        clock.now += 2.0
        pace.tell(lambda: 1.25)
    assert told[-1] == (50, 100, "epoch 5.0, loss 1.250, 0.5 steps/s, 100 s left")


def test_a_watch_ends_when_the_last_four_looks_were_worse_than_the_best():
    watch = Watch(3000)
    assert [step for step in range(1801) if watch.due(step)] == [1500, 1600, 1700, 1800]
    assert [watch.over(value) for value in (5, 4, 3, 3.1, 3.2, 2.9, 3.5, 3.4, 3.3, 3.0)] == [False] * 9 + [True]
    assert not watch.due(2400)  # it has looked ten times already
    assert watch.due(2500)


def test_small_tables_hold_nothing_out():
    assert held_out(150, 2000) == 0
    assert held_out(400, 2000) == 40
    assert held_out(10**6, 2000) == 2000
