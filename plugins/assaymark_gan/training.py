"""Training: a Wasserstein GAN with gradient penalty whose generator also matches pairwise moments.

The game is that of Gulrajani et al. (2017). Park et al. (2018, section 4.1.3) put a loss on statistics of the rows beside
it; here those are the means of all products of two features, which for codes are the cells of all two-way tables.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from assaymark.api import Average, Encoded, choose_device, own_generator
from assaymark_gan.moments import Moments, one_hot
from assaymark_gan.networks import Critic, RowMaker, Shape, noise_of_codes

if TYPE_CHECKING:
    from assaymark.api import Run
    from assaymark_gan.config import GanConfig

_TEMPERATURE = 0.3
_DECAY = 0.999
_CLIP = 1.0
_TELL = 25
_LARGE = 5000  # rows from which a wide network pays


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and with how large networks a table is learned.

    Attributes:
        steps: Training steps.
        batch: Rows of a step.
        width: Width of the hidden layers.
    """

    steps: int
    batch: int
    width: int


def plan(config: GanConfig, rows: int) -> Plan:
    """Return the plan for a table: small ones get fewer steps and narrower networks, so that they are not learned by heart."""
    batch = min(config.batch, max(32, rows // 2))
    steps = config.steps if config.steps is not None else min(3000, 500 + rows // 10)
    width = config.width if config.width is not None else 256 if rows >= _LARGE else 128
    return Plan(steps, batch, width)


class _Game:
    """Both networks, their optimisers, and one step of each."""

    def __init__(self, shape: Shape, moments: Moments, config: GanConfig, run: Run) -> None:
        self.device = choose_device(run)
        self.moments = moments
        self.config = config
        self.shape = shape
        self.maker = RowMaker(shape, own_generator(run, "maker")).to(self.device)
        self.critic = Critic(shape, own_generator(run, "critic")).to(self.device)
        rate, betas = config.learning_rate, (0.5, 0.9)
        self.maker_optimiser = torch.optim.Adam(self.maker.parameters(), lr=rate, betas=betas)
        self.critic_optimiser = torch.optim.Adam(self.critic.parameters(), lr=rate, betas=betas)
        self.average = Average(self.maker, _DECAY)

    def fake(self, rows: int, generator: torch.Generator) -> Tensor:
        """Return soft rows of the generator as features."""
        noise = torch.randn((rows, self.shape.noise), generator=generator).to(self.device)
        numbers, logits = self.maker(noise)
        soft = [nn.functional.softmax(logit / _TEMPERATURE, dim=1) for logit in noise_of_codes(logits, generator)]
        return torch.cat([numbers, *soft], dim=1)

    def criticise(self, real: Tensor, generator: torch.Generator) -> float:
        """Take one step of the critic."""
        with torch.no_grad():
            fake = self.fake(len(real), generator)
        share = torch.rand((len(real), 1), generator=generator).to(self.device)
        between = (share * real + (1 - share) * fake).requires_grad_()
        (slope,) = torch.autograd.grad(self.critic(between).sum(), between, create_graph=True)
        penalty = (slope.norm(dim=1) - 1).square().mean()
        distance = self.critic(real).mean() - self.critic(fake).mean()
        self.critic_optimiser.zero_grad(set_to_none=True)
        (self.config.penalty * penalty - distance).backward()
        self.critic_optimiser.step()
        return float(distance.detach())

    def make(self, rows: int, target: Tensor, generator: torch.Generator) -> None:
        """Take one step of the generator."""
        fake = self.fake(rows, generator)
        apart = (self.moments.of(fake) - target).square().sum()
        columns = self.shape.numbers + len(self.shape.cardinalities)
        total = -self.critic(fake).mean() + self.config.moments * apart / max(columns, 1)
        self.maker_optimiser.zero_grad(set_to_none=True)
        total.backward()
        nn.utils.clip_grad_norm_(self.maker.parameters(), _CLIP)
        self.maker_optimiser.step()
        self.average.update(self.maker)

    def slow_down(self, share: float) -> None:
        """Set both learning rates to where half a cosine stands."""
        for optimiser in (self.maker_optimiser, self.critic_optimiser):
            for group in optimiser.param_groups:
                group["lr"] = self.config.learning_rate * (0.05 + 0.95 * (0.5 + 0.5 * math.cos(math.pi * share)))


def train(encoded: Encoded, config: GanConfig, run: Run) -> tuple[RowMaker, tuple[str, ...]]:
    """Return the averaged generator of a table, and notes.

    A budget that runs out ends the training early; such a fit cannot be reproduced, and a note says so.
    """
    chosen = plan(config, encoded.rows)
    steps = chosen.steps
    shape = Shape(encoded.numbers.shape[1], encoded.cardinalities, config.noise, chosen.width)
    numbers, codes = torch.from_numpy(encoded.numbers), torch.from_numpy(encoded.codes).long()
    moments = Moments.choose(codes, shape.cardinalities, shape.numbers)
    game = _Game(shape, moments, config, run)
    target = moments.of_table(numbers, codes, shape.cardinalities).to(game.device)
    generator, began = own_generator(run, "training"), run.clock()
    notes = tuple[str, ...]()
    for step in range(steps):
        run.check()
        if run.budget is not None and run.clock() - began > run.budget:
            notes = (f"training stopped at step {step} of {steps}, when its time ran out; not reproducible",)
            break
        rows = torch.randint(encoded.rows, (chosen.batch,), generator=generator)
        real = torch.cat([numbers[rows], one_hot(codes[rows], shape.cardinalities)], dim=1).to(game.device)
        game.slow_down(step / steps)
        distance = game.criticise(real, generator)
        game.make(chosen.batch, target, generator)
        if step % _TELL == 0:
            run.progress(step, steps, f"distance {distance:.3f}")
    run.progress(steps, steps, "steps")
    game.average.copy_to(game.maker)
    return game.maker.cpu().eval(), notes
