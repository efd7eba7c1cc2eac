"""The two noises, and the way back from them.

Scores follow a variance-preserving Gaussian diffusion with a cosine schedule (Nichol & Dhariwal, 2021), codes a masking
(absorbing) diffusion (Austin et al., 2021; Sahoo et al., 2024), both on one clock from 0 (clean) to 1 (noise).
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from assaymark_diffusion.denoiser import Denoiser, masks

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_SHORTEST = 1e-3
_NUMBER_WEIGHT = 1.0


def signal(time: Tensor) -> tuple[Tensor, Tensor]:
    """Return how much of a clean score and of noise is left at a time; the squares add up to 1."""
    angle = time * (math.pi / 2)
    return angle.cos(), angle.sin()


def loss(model: Denoiser, numbers: Tensor, codes: Tensor, generator: torch.Generator) -> Tensor:
    """Return the training loss of one batch, with times spread evenly over it."""
    rows = len(codes) if codes.shape[1] else len(numbers)
    start = torch.rand(1, generator=generator)
    time = ((torch.arange(rows) / rows + start) % 1.0).clamp(_SHORTEST, 1.0).to(numbers.device)
    alpha, sigma = signal(time)
    noise = torch.randn(numbers.shape, generator=generator).to(numbers.device)
    noisy = alpha[:, None] * numbers + sigma[:, None] * noise
    hidden = (torch.rand(codes.shape, generator=generator).to(codes.device)) < time[:, None]
    shown = torch.where(hidden, masks(model.shape.cardinalities).to(codes.device), codes)
    clean, logits = model(noisy, shown, time)
    # an error of the clean score weighs as much as it would in the velocity, so that no time dominates
    weight = (1.0 / sigma.square().clamp(min=1e-2)).clamp(max=5.0)
    total: Tensor = _NUMBER_WEIGHT * (weight[:, None] * (clean - numbers).square()).mean(dim=0).sum()
    for place, logit in enumerate(logits):
        wrong = nn.functional.cross_entropy(logit, codes[:, place], reduction="none")
        total = total + (wrong * hidden[:, place] / time.clamp(min=0.05)).mean()
    return total


@torch.no_grad()
def sample(
    model: Denoiser,
    rows: int,
    steps: int,
    generator: torch.Generator,
    fixed: Sequence[tuple[int, int]] = (),
    check: Callable[[], None] = lambda: None,
) -> tuple[Tensor, Tensor]:
    """Return scores and codes of ``rows`` new rows.

    Args:
        model: The trained denoiser.
        rows: How many.
        steps: Steps from noise to rows.
        generator: Source of randomness.
        fixed: (code column, code) pairs that every row has.
        check: Called at every step, to stop there.
    """
    mask = masks(model.shape.cardinalities)
    numbers = torch.randn((rows, model.shape.numbers), generator=generator)
    codes = mask.repeat(rows, 1)
    for column, code in fixed:
        codes[:, column] = code
    times = torch.linspace(1.0, 0.0, steps + 1)
    for now, then in pairwise(times):
        check()
        clean, logits = model(numbers, codes, now.expand(rows))
        numbers = _less_noise(numbers, clean, now, then, generator)
        codes = _less_masked(codes, logits, mask, now, then, generator)
    return numbers, codes


def _less_noise(numbers: Tensor, clean: Tensor, now: Tensor, then: Tensor, generator: torch.Generator) -> Tensor:
    """Take one ancestral step of the Gaussian diffusion (Ho et al., 2020, equation 7, for any two times)."""
    alpha, sigma = signal(now)
    alpha_then, sigma_then = signal(then)
    alpha = alpha.clamp(min=1e-4)
    ratio = alpha / alpha_then
    spread = (sigma.square() - ratio.square() * sigma_then.square()).clamp(min=0.0)
    mean = (ratio * sigma_then.square() * numbers + alpha_then * spread * clean) / sigma.square().clamp(min=1e-8)
    deviation = (spread * sigma_then.square() / sigma.square().clamp(min=1e-8)).sqrt()
    return mean + deviation * torch.randn(numbers.shape, generator=generator)


def _less_masked(
    codes: Tensor, logits: list[Tensor], mask: Tensor, now: Tensor, then: Tensor, generator: torch.Generator
) -> Tensor:
    """Uncover each masked code with the share of the masking that this step takes back."""
    uncover = torch.rand(codes.shape, generator=generator) < (now - then) / now
    draws = torch.rand(codes.shape, generator=generator)
    found = codes.clone()
    for place, logit in enumerate(logits):
        edges = torch.softmax(logit.double(), dim=1).cumsum(dim=1)
        drawn = (edges < draws[:, place, None]).sum(dim=1).clamp(max=logit.shape[1] - 1)
        change = (codes[:, place] == mask[place]) & uncover[:, place]
        found[:, place] = torch.where(change, drawn, codes[:, place])
    return found
