"""Training of the denoiser."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from assaymark.api import (
    Average,
    Batch,
    Course,
    Encoded,
    Learner,
    RowNetwork,
    RowShape,
    choose_device,
    held_out,
    learn,
    own_generator,
    set_rate,
)
from assaymark_diffusion.process import SCORE_INPUTS, Order, loss

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from assaymark.api import Run
    from assaymark_diffusion.config import DiffusionConfig

_DECAY = 0.999
_CLIP = 1.0
_LARGE = 5000  # rows from which a wide network pays
_MANY = 64  # columns from which it does, too
_BY_HEART = 10_000  # rows below which some are held out, since a smaller table could be learned by heart
_HELD = 1000
_REPEATS = 4  # noises that a loss on held-out rows is averaged over


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and with how large a network a table is learned.

    Attributes:
        steps: Training steps.
        batch: Rows of a step.
        width: Width of the hidden layers.
        held: Rows that are held out.
    """

    steps: int
    batch: int
    width: int
    held: int


def plan(config: DiffusionConfig, rows: int, columns: int) -> Plan:
    """Return the plan for a table: small ones get fewer steps and a narrower network, so that they are not learned by heart.

    A narrow network cannot tell many columns apart, however few the rows are.
    """
    batch = min(config.batch, max(32, rows // 2))
    steps = config.steps if config.steps is not None else min(2500, 300 + rows // 5)
    width = config.width if config.width is not None else 384 if rows >= _LARGE or columns >= _MANY else 128
    return Plan(steps, batch, width, held_out(rows, _HELD) if rows < _BY_HEART else 0)


class _Training:
    """The denoiser, its optimiser, and a step of it."""

    def __init__(
        self, encoded: Encoded, ordered: Sequence[bool], order: Order, config: DiffusionConfig, width: int, run: Run
    ) -> None:
        self.run = run
        self.config = config
        self.order = order
        self.device = choose_device(run)
        codes = torch.from_numpy(encoded.codes)
        self.numbers, self.codes = torch.from_numpy(encoded.numbers).to(self.device), codes.to(self.device)
        scores, begin = encoded.numbers.shape[1], own_generator(run, "initial")
        model = RowNetwork(RowShape(encoded.cardinalities, width, config.depth, SCORE_INPUTS * scores, scores), begin)
        model.begin(codes, ordered, begin)
        self.model = model.to(self.device)
        self.average = Average(self.model, _DECAY)
        self.optimiser = torch.optim.AdamW(
            self.model.parameters(), lr=config.learning_rate, weight_decay=1e-4, betas=(0.9, 0.99)
        )

    def step(self, batch: Batch, number: int, rate: float) -> Tensor:
        """Take a step; return the loss."""
        set_rate(self.optimiser, self.config.learning_rate * rate)
        value = self._loss(self.model, batch, own_generator(self.run, "step", number))
        self.optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(value)
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), _CLIP)
        self.optimiser.step()
        self.average.update(number + 1)
        return value

    @torch.no_grad()
    def measure(self, rows: Tensor) -> float:
        """Return the loss of the average on rows, always with the same noises."""
        model = copy.deepcopy(self.model)
        self.average.copy_to(model)
        noises = [own_generator(self.run, "measure", place) for place in range(_REPEATS)]
        return sum(float(self._loss(model, Batch(rows, 0, 0), noise)) for noise in noises) / _REPEATS

    def _loss(self, model: RowNetwork, batch: Batch, generator: torch.Generator) -> Tensor:
        rows, balanced = batch.rows.to(self.device), (batch.balanced, batch.column)
        return loss(model, self.numbers[rows], self.codes[rows].long(), self.order, balanced, generator)


def train(
    encoded: Encoded, ordered: Sequence[bool], order: Order, config: DiffusionConfig, run: Run
) -> tuple[RowNetwork, tuple[str, ...]]:
    """Return the averaged denoiser of a table, and notes; raises like :func:`assaymark.learning.learn`."""
    chosen = plan(config, encoded.rows, encoded.codes.shape[1] + encoded.numbers.shape[1])
    training = _Training(encoded, ordered, order, config, chosen.width, run)
    course = Course(
        name="diffusion",
        steps=chosen.steps,
        codes=torch.from_numpy(encoded.codes),
        batch=chosen.batch,
        held=chosen.held,
        step=training.step,
        measure=training.measure,
        learners=[Learner(training.model, training.optimiser, training.average)],
        belongs=(config.model_dump_json().encode(), encoded.numbers.tobytes(), encoded.codes.tobytes()),
    )
    notes = learn(course, run)
    training.average.copy_to(training.model)
    training.model.settle()
    return training.model.cpu().eval(), notes
