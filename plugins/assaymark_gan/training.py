"""Training: a Wasserstein GAN with gradient penalty whose generator also matches pairwise moments.

The game is that of Gulrajani et al. (2017). Park et al. (2018, section 4.1.3) put a loss on statistics of the rows beside
it; here those are the means of all products of two features, which for codes are the cells of all two-way tables.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from assaymark.api import Average, Encoded, choose_device, own_generator
from assaymark_gan.networks import Critic, RowMaker, Shape, noise_of_codes

if TYPE_CHECKING:
    from assaymark.api import Run
    from assaymark_gan.config import GanConfig

_TEMPERATURE = 0.3
_DECAY = 0.999
_CLIP = 1.0
_TELL = 25
_CELLS = 8
_CHUNK = 16_384


def one_hot(codes: Tensor, cardinalities: tuple[int, ...]) -> Tensor:
    """Return codes (rows, columns) as features (rows, sum of cardinalities)."""
    parts = [nn.functional.one_hot(codes[:, place], count) for place, count in enumerate(cardinalities)]
    return torch.cat(parts, dim=1).float() if parts else codes.new_zeros((len(codes), 0), dtype=torch.float32)


def moment_features(rows: Tensor, numbers: int) -> Tensor:
    """Return features whose products are matched: codes as they are, and each score as soft membership in equal cells."""
    edges = torch.special.ndtri(torch.arange(1, _CELLS, device=rows.device) / _CELLS)
    above = torch.sigmoid((rows[:, :numbers, None] - edges) * 6.0)
    first = torch.cat([torch.ones_like(above[..., :1]), above], dim=2)
    last = torch.cat([above, torch.zeros_like(above[..., :1])], dim=2)
    return torch.cat([(first - last).flatten(1), rows[:, numbers:]], dim=1)


def moments(features: Tensor) -> Tensor:
    """Return the means of all products of two features."""
    return features.T @ features / len(features)


class _Game:
    """Both networks, their optimisers, and one step of each."""

    def __init__(self, shape: Shape, config: GanConfig, run: Run) -> None:
        self.device = choose_device(run)
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
        apart = (moments(moment_features(fake, self.shape.numbers)) - target).square().sum()
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
    shape = Shape(encoded.numbers.shape[1], encoded.cardinalities, config.noise, config.width)
    game = _Game(shape, config, run)
    numbers, codes = torch.from_numpy(encoded.numbers), torch.from_numpy(encoded.codes).long()
    target = _target(numbers, codes, shape).to(game.device)
    batch = min(config.batch, max(32, encoded.rows // 2))
    steps = config.steps if config.steps is not None else min(3000, 500 + encoded.rows // 10)
    generator, began = own_generator(run, "training"), run.clock()
    notes = tuple[str, ...]()
    for step in range(steps):
        run.check()
        if run.budget is not None and run.clock() - began > run.budget:
            notes = (f"training stopped at step {step} of {steps}, when its time ran out; not reproducible",)
            break
        rows = torch.randint(encoded.rows, (batch,), generator=generator)
        real = torch.cat([numbers[rows], one_hot(codes[rows], shape.cardinalities)], dim=1).to(game.device)
        game.slow_down(step / steps)
        distance = game.criticise(real, generator)
        game.make(batch, target, generator)
        if step % _TELL == 0:
            run.progress(step, steps, f"distance {distance:.3f}")
    run.progress(steps, steps, "steps")
    game.average.copy_to(game.maker)
    return game.maker.cpu().eval(), notes


def _target(numbers: Tensor, codes: Tensor, shape: Shape) -> Tensor:
    """Return the moments of the whole table, in chunks."""
    total = torch.zeros(0)
    for start in range(0, len(codes), _CHUNK):
        rows = torch.cat([numbers[start : start + _CHUNK], one_hot(codes[start : start + _CHUNK], shape.cardinalities)], dim=1)
        features = moment_features(rows, shape.numbers)
        part = features.T @ features
        total = part if not len(total) else total + part
    return total / len(codes)
