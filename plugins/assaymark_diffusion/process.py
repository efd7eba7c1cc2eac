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
_CHUNK = 1024  # rows that go through the network at once while sampling; more do not fit the processor's cache


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
    sizes = [min(_CHUNK, rows - start) for start in range(0, rows, _CHUNK)]
    chunks = [_sample_chunk(model, size, steps, generator, fixed, check) for size in sizes]
    numbers, codes = zip(*chunks, strict=True)
    return torch.cat(numbers), torch.cat(codes)


def _sample_chunk(
    model: Denoiser,
    rows: int,
    steps: int,
    generator: torch.Generator,
    fixed: Sequence[tuple[int, int]],
    check: Callable[[], None],
) -> tuple[Tensor, Tensor]:
    mask = masks(model.shape.cardinalities)
    numbers = torch.randn((rows, model.shape.numbers), generator=generator)
    codes = mask.repeat(rows, 1)
    for column, code in fixed:
        codes[:, column] = code
    moments = _moments_of_uncovering(rows, len(mask), generator)
    for now, then in pairwise(torch.linspace(1.0, 0.0, steps + 1)):
        check()
        features = model.features(numbers, codes, now[None])
        draws = torch.rand(codes.shape, generator=generator)
        numbers = _less_noise(numbers, model.scores(features), now, then, generator)
        uncovered = (codes == mask) & (moments >= then)
        for place in range(len(mask)):
            chosen = uncovered[:, place].nonzero()[:, 0]
            if len(chosen):
                codes[chosen, place] = _drawn(model.logits(features[chosen], place), draws[chosen, place])
    return numbers, codes


def _moments_of_uncovering(rows: int, columns: int, generator: torch.Generator) -> Tensor:
    """Return when each code is uncovered, shape (rows, columns), in [0, 1).

    Each is uniform on its own, as the process asks; the codes of one row come evenly spaced and in random order, because codes
    that come in one step are drawn as if independent.
    """
    order = torch.rand((rows, columns), generator=generator).argsort(dim=1)
    return (order + torch.rand((rows, 1), generator=generator)) / max(columns, 1)


def _drawn(logits: Tensor, draws: Tensor) -> Tensor:
    """Return one code a row from its logits and a uniform number, by the inverse of its distribution function."""
    edges = torch.softmax(logits.double(), dim=1).cumsum(dim=1)
    return torch.searchsorted(edges, draws.double()[:, None])[:, 0].clamp(max=logits.shape[1] - 1)


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
