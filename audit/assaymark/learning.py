"""The course of a fit by gradient descent: rates, budget, early stopping, checkpoints. A public toolkit; needs torch."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from assaymark.checkpoints import Checkpoints, Learner
from assaymark.errors import Cancelled
from assaymark.neural import Batches, own_generator
from assaymark.pacing import Pace, Watch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Tensor

    from assaymark.execution import Run
    from assaymark.neural import Batch

_WARM_UP = 100


@dataclass(frozen=True, slots=True)
class Course:
    """What is learned, and for how long.

    Attributes:
        name: Name of the generator.
        steps: Planned steps.
        codes: The codes of the table, shape (rows, code columns), on the processor.
        batch: Rows of a step.
        held: Rows that are held out, to end the fit when they are learned no better.
        step: Takes a step, from its batch, its number and the share of the learning rate; returns the loss.
        measure: Returns the loss of the averaged model on rows.
        learners: What a checkpoint keeps.
        belongs: What makes the fit what it is, besides the seed: settings and data.
    """

    name: str
    steps: int
    codes: Tensor
    batch: int
    held: int
    step: Callable[[Batch, int, float], Tensor]
    measure: Callable[[Tensor], float]
    learners: Sequence[Learner]
    belongs: Sequence[bytes]


def learn(course: Course, run: Run) -> tuple[str, ...]:
    """Go through a course, from its checkpoint if the run has one, and return what the user should know.

    One seed gives one model, unless a budget is too short for the planned steps; a note says so then.

    Raises:
        BudgetError: When the budget is too short for anything.
        Cancelled: When the work was cancelled; a checkpoint is left where the run has a folder.
        CheckpointError: When there is a checkpoint that cannot be used.
    """
    order = torch.randperm(len(course.codes), generator=own_generator(run, "held"))
    held, kept = order[: course.held], order[course.held :].sort().values
    batches = Batches(run, course.codes, kept, course.batch)
    checkpoints = Checkpoints(run, course.name, course.learners, course.belongs)
    state = checkpoints.resume()
    pace, watch = (
        Pace(run, course.steps, batches.an_epoch, done=state.step, spent=state.seconds),
        Watch(course.steps, state.values),
    )
    try:
        while (share := pace.share()) < 1:
            if course.held and watch.due(pace.step) and watch.over(course.measure(held)):
                pace.end()
                break
            loss = course.step(batches.of(pace.step), pace.step, _rate(pace.step, course.steps, share))
            pace.tell(lambda loss=loss: float(loss.detach()))  # type: ignore[misc]
            checkpoints.save(pace.step, pace.spent, watch.values)
    except Cancelled:
        checkpoints.save(pace.step, pace.spent, watch.values, now=True)
        raise
    checkpoints.remove()
    return pace.finish()


def _rate(step: int, steps: int, share: float) -> float:
    """Return the share of the learning rate: a short rise, then half a cosine."""
    rise = min(1.0, (step + 1) / min(_WARM_UP, max(steps // 10, 1)))
    return rise * (0.5 + 0.5 * math.cos(math.pi * share))
