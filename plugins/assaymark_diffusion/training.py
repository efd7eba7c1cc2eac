"""Training of the denoiser."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from assaymark.api import Average, Encoded, choose_device, own_generator
from assaymark_diffusion.denoiser import Denoiser, Shape
from assaymark_diffusion.process import loss

if TYPE_CHECKING:
    from assaymark.api import Run
    from assaymark_diffusion.config import DiffusionConfig

_DECAY = 0.999
_WARM_UP = 100
_CLIP = 1.0
_TELL = 25


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and with how large a network a table is learned.

    Attributes:
        steps: Training steps.
        batch: Rows of a step.
        width: Width of the hidden layers.
    """

    steps: int
    batch: int
    width: int


def plan(config: DiffusionConfig, rows: int) -> Plan:
    """Return the plan for a table: small ones get fewer steps and a narrower network, so that they are not learned by heart."""
    batch = min(config.batch, max(32, rows // 2))
    steps = config.steps if config.steps is not None else min(3000, 300 + rows // 8)
    width = config.width if config.width is not None else 384 if rows >= 5000 else 128  # noqa: PLR2004 - a matter of cost
    return Plan(steps, batch, width)


def train(encoded: Encoded, config: DiffusionConfig, run: Run) -> tuple[Denoiser, tuple[str, ...]]:
    """Return the averaged denoiser of a table, and notes.

    A budget that runs out ends the training early; such a fit cannot be reproduced, and a note says so.
    """
    chosen = plan(config, encoded.rows)
    device = choose_device(run)
    shape = Shape(encoded.numbers.shape[1], encoded.cardinalities, chosen.width, config.depth)
    model = Denoiser(shape, own_generator(run, "initial")).to(device)
    numbers = torch.from_numpy(encoded.numbers).to(device)
    codes = torch.from_numpy(encoded.codes).long().to(device)
    average = Average(model, _DECAY)
    optimiser = torch.optim.AdamW(model.parameters(), lr=config.learning_rate, weight_decay=1e-4, betas=(0.9, 0.99))
    generator = own_generator(run, "training")
    began, notes = run.clock(), tuple[str, ...]()
    order, place = torch.randperm(encoded.rows, generator=generator), 0
    for step in range(chosen.steps):
        run.check()
        if run.budget is not None and run.clock() - began > run.budget:
            notes = (f"training stopped at step {step} of {chosen.steps}, when its time ran out; not reproducible",)
            break
        if place + chosen.batch > encoded.rows:
            order, place = torch.randperm(encoded.rows, generator=generator), 0
        rows = order[place : place + chosen.batch].to(device)
        place += chosen.batch
        for group in optimiser.param_groups:
            group["lr"] = config.learning_rate * _rate(step, chosen.steps)
        value = loss(model, numbers[rows], codes[rows], generator)
        optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(value)
        torch.nn.utils.clip_grad_norm_(model.parameters(), _CLIP)
        optimiser.step()
        average.update(model)
        if step % _TELL == 0:
            run.progress(step, chosen.steps, f"loss {float(value.detach()):.3f}")
    run.progress(chosen.steps, chosen.steps, "steps")
    average.copy_to(model)
    return model.cpu().eval(), notes


def _rate(step: int, steps: int) -> float:
    """Return the share of the learning rate: a short rise, then half a cosine."""
    rise = min(1.0, (step + 1) / min(_WARM_UP, max(steps // 10, 1)))
    return rise * (0.5 + 0.5 * math.cos(math.pi * step / steps))
