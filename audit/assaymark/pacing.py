"""How far a fit is, in steps or in time: budgets, progress and notes. A public toolkit; imports nothing heavy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assaymark.errors import BudgetError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from assaymark.execution import Run

_FEWEST_STEPS = 20  # with fewer a network has learned nothing
_TRIAL = 20  # steps after which the rate is known
_TELL_SECONDS = 0.5
_SHARE, _FEWEST_HELD = 10, 20
_LOOKS = 30  # looks at held-out rows in a fit
_BETWEEN = 20  # steps between two looks at least
_PATIENCE = 4


def held_out(rows: int, most: int) -> int:
    """Return how many of a table's rows a fit should hold out, to see whether it still learns: a tenth, or ``most``."""
    return min(rows // _SHARE, most) if rows >= _FEWEST_HELD * _SHARE else 0


class Watch:
    """Tells when rows that were held out are no longer learned better.

    It looks in the second half of a course only: what is rare counts little in the loss of all rows, and is learned late.

    Attributes:
        values: The losses on them so far, first to last.
    """

    def __init__(self, steps: int, values: Sequence[float] = ()) -> None:
        self.values = list(values)
        self._every = max(steps // _LOOKS, _BETWEEN)
        self._first = steps // 2

    def due(self, step: int) -> bool:
        """Return whether it is time to look, after a number of steps."""
        looks, rest = divmod(step - self._first, self._every)
        return looks >= 0 and rest == 0 and len(self.values) <= looks

    def over(self, value: float) -> bool:
        """Take in a loss; return whether the last few have all been worse than the best before them."""
        self.values.append(value)
        before, last = self.values[:-_PATIENCE], self.values[-_PATIENCE:]
        return bool(before) and min(last) > min(before)


class Pace:
    """Paces a fit of a planned number of steps, so that it ends within the budget of its run.

    Where the plan fits into the budget, only steps count and one seed gives one model. Where it does not, time counts from
    the moment that this is known: what depends on :meth:`share`, such as the learning rate, runs its course in fewer steps.

    Attributes:
        steps: Planned steps.
        step: Steps done.
    """

    def __init__(self, run: Run, steps: int, steps_an_epoch: float, *, done: int = 0, spent: float = 0.0) -> None:
        self.steps = steps
        self.step = done
        self._run = run
        self._epoch = max(steps_an_epoch, 1.0)
        self._first = done
        self._began = run.clock() - spent
        self._resumed = run.clock()
        self._limited: tuple[float, float] | None = None  # share and seconds spent when time began to count
        self._told = float("-inf")
        self._ended = False

    @property
    def spent(self) -> float:
        """Seconds spent, those before a checkpoint included."""
        return self._run.clock() - self._began

    def share(self) -> float:
        """Return how much of the fit is done, 0 to 1; stops here when the work was cancelled.

        Raises:
            Cancelled: When it was.
            BudgetError: When the budget ends before anything is learned.
        """
        self._run.check()
        planned = self.step / self.steps
        budget = self._run.budget
        if budget is None or planned >= 1:
            return planned
        spent = self.spent
        if self._limited is None and self.step - self._first >= min(_TRIAL, self.steps):
            rate = (self._run.clock() - self._resumed) / (self.step - self._first)
            if spent + rate * (self.steps - self.step) > budget:
                self._limited = planned, spent
        if self._limited is not None:
            share, then = self._limited
            planned = share + (1 - share) * (spent - then) / max(budget - then, 1e-9)
        if (spent >= budget or planned >= 1) and self.step < min(_FEWEST_STEPS, self.steps):
            raise BudgetError(
                "the time budget is too short to fit anything",
                where="budget",
                found=f"{budget:g} s, in which {self.step} of {self.steps} steps were done",
                expected=f"time for {min(_FEWEST_STEPS, self.steps)} steps at least",
                remedy="Allow more time, or use the generator copula.",
            )
        if spent >= budget:
            self._limited = self._limited or (planned, spent)
            return 1.0
        return min(planned, 1.0)

    def tell(self, loss: Callable[[], float]) -> None:
        """Count a step and tell progress now and then; ``loss`` is asked for only then, since a GPU would have to wait."""
        self.step += 1
        now = self._run.clock()
        if now - self._told < _TELL_SECONDS and self.step < self.steps:
            return
        self._told = now
        rate = (self.step - self._first) / max(now - self._resumed, 1e-9)
        left = self._left(rate)
        message = f"epoch {self.step / self._epoch:.1f}, loss {loss():.3f}, {rate:.3g} steps/s, {left:.0f} s left"
        self._run.progress(self.step, self.steps, message)

    def _left(self, rate: float) -> float:
        left = (self.steps - self.step) / max(rate, 1e-9)
        return left if self._run.budget is None else max(min(left, self._run.budget - self.spent), 0.0)

    def end(self) -> None:
        """Say that there is nothing more to learn."""
        self._ended = True

    def finish(self) -> tuple[str, ...]:
        """Tell that all is done, and return what the user should know."""
        self._run.progress(self.steps, self.steps, "steps")
        if self._ended:
            return (f"trained for {self.step} of {self.steps} steps, after which rows held out were learned no better",)
        if self._limited is None:
            return ()
        budget = self._run.budget
        return (f"trained for {self.step} of {self.steps} steps, which its time of {budget:g} s allowed; not reproducible",)
