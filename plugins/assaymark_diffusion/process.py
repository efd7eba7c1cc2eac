"""The two noises, and the way back from them.

Scores follow a variance-preserving Gaussian diffusion with a cosine schedule (Nichol & Dhariwal, 2021), learned as a velocity
(Salimans & Ho, 2022, appendix D); codes a masking, or absorbing, diffusion (Austin et al., 2021), trained with the simplified
bound of Sahoo et al. (2024) and Shi et al. (2024). Both run on one clock from 0 (clean) to 1 (noise).

The codes of a row are uncovered one after another, at evenly spaced times and in random order. For masking, any schedule leads
to the same distribution, and this one lets no two codes of a row be drawn in one step, as if independent, unless there are
more of them than steps. Any order is as good as another while the network is perfect. As it is not, one column is uncovered
last in much of the training and in all of the sampling: the target, so that how it depends on all others, which is what models
are trained on synthetic rows for, is learned by itself. A schedule of its own for each column is the idea of TabDiff (Shi et
al., 2025).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from assaymark.api import RowNetwork, drawn, faster, masks

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SCORE_INPUTS = 3  # inputs of the network for each score
_SHORTEST = 1e-3
_CHUNK = 2048  # rows that go through the network at once while sampling; more do not fit the processor's cache
_GIVEN = 0.2  # share of rows in which some scores are given, as conditions are
_LAST, _ONLY = 0.4, 0.2  # shares of rows in which the last column is hidden with others, and alone


@dataclass(frozen=True, slots=True)
class Order:
    """What is known of the columns before any learning.

    Attributes:
        last: The code column that is uncovered last; None for no such column.
        companions: For each score, the code column that says whether the score counts (code 0); -1 where it always does.
    """

    last: int | None
    companions: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of every row to sample.

    Attributes:
        codes: (code column, code) pairs.
        scores: (place of a score, score) pairs.
    """

    codes: Sequence[tuple[int, int]] = ()
    scores: Sequence[tuple[int, float]] = ()

    def numbers(self, count: int, device: torch.device) -> tuple[Tensor, Tensor]:
        """Return which of ``count`` scores are known, and those; both of shape (1, count)."""
        given, scores = torch.zeros((1, count), dtype=torch.bool), torch.zeros((1, count))
        for place, score in self.scores:
            given[:, place], scores[:, place] = True, score
        return given.to(device), scores.to(device)


@dataclass(frozen=True, slots=True)
class Hiding:
    """Which codes of a batch are masked.

    Attributes:
        hidden: Shape (rows, code columns).
        weight: Weight of the cross-entropy of each code, 0 where it is not asked for; shape (rows, code columns).
        time: Time of each row, shape (rows,).
    """

    hidden: Tensor
    weight: Tensor
    time: Tensor


def hide(
    rows: int, columns: int, last: int | None, balanced: tuple[int, int], generator: torch.Generator, *, scores: bool
) -> Hiding:
    """Draw what is masked in a batch, with times evenly spread over it.

    A row at time t has the last ``ceil(t * columns)`` codes of its order masked. The weights make the expected loss the
    negative log-likelihood by the order's chain rule: each of k masked codes stands for columns / k of the steps.

    Args:
        rows: Rows of the batch.
        columns: Code columns.
        last: The column to uncover last, if any.
        balanced: So many rows, the first ones, must show the given column; there are at least two columns then.
        generator: Source of randomness.
        scores: Whether there are scores too, which are still noisy when the last code is uncovered.
    """
    start = torch.rand(1, generator=generator)
    time = ((torch.arange(rows) / max(rows, 1) + start) % 1.0)[torch.randperm(rows, generator=generator)]
    keys, kinds = torch.rand((rows, columns), generator=generator), torch.rand(rows, generator=generator)
    first, column = balanced
    kinds[:first] = 1.0
    keys[:first, column : column + 1] = 2.0
    with_others = (kinds < _LAST) & (last is not None and columns > 1)
    if last is not None:
        keys[with_others, last] = -1.0
    drawn = torch.where(with_others, columns - 1, columns)
    # elsewhere scores and codes have clocks of their own, so that rows with conditions look familiar
    clock = torch.where(kinds < _LAST, time, time[torch.randperm(rows, generator=generator)])
    # with scores: as many as are masked at that time of sampling, none among them, so that scores are learned from all codes
    masked = (clock * drawn + torch.rand(rows, generator=generator)).floor() if scores else (clock * drawn).floor() + 1
    rarer = torch.where((masked == drawn) & scores, 2.0, 1.0)
    masked[:first] = masked[:first].clamp(max=columns - 1)
    hidden = keys.argsort(dim=1).argsort(dim=1) < (masked + with_others)[:, None]
    asked = hidden.clone()
    if last is not None:
        asked[with_others, last] = False
        alone = (kinds >= _LAST) & (kinds < _LAST + _ONLY)
        hidden[alone] = asked[alone] = False
        hidden[alone, last] = asked[alone, last] = True
        masked, drawn, rarer = (torch.where(alone, 1, each) for each in (masked, drawn, rarer))
    return Hiding(hidden, asked * (rarer * drawn / masked.clamp(min=1))[:, None], time.clamp(_SHORTEST, 1.0))


def signal(time: Tensor) -> tuple[Tensor, Tensor]:
    """Return how much of a clean score and of noise is left at a time; the squares add up to 1."""
    angle = time * (math.pi / 2)
    return angle.cos(), angle.sin()


def clean_scores(numbers: Tensor, drift: Tensor, time: Tensor) -> Tensor:
    """Return the clean scores that the network means: what is left of them in the noisy ones, and its correction."""
    alpha, sigma = signal(time)
    return alpha * numbers + sigma * drift


def loss(
    model: RowNetwork, numbers: Tensor, codes: Tensor, order: Order, balanced: tuple[int, int], generator: torch.Generator
) -> Tensor:
    """Return the training loss of one batch; for ``balanced`` see :func:`hide`."""
    rows, device = len(codes), codes.device
    hiding = hide(rows, codes.shape[1], order.last, balanced, generator, scores=numbers.shape[1] > 0)
    hidden, weight, time = hiding.hidden.to(device), hiding.weight.to(device), hiding.time.to(device)
    alpha, sigma = (part[:, None] for part in signal(time))
    noisy = alpha * numbers + sigma * torch.randn(numbers.shape, generator=generator).to(device)
    given = _given(order, codes, generator)
    shown = torch.where(hidden, masks(model.shape.cardinalities).to(device), codes)
    with faster(device):
        drift, logits = model(entering(torch.where(given, numbers, noisy), given), shown, time)
    total = torch.zeros((), device=device)
    if model.shape.inputs:
        counts = _counting(order, hidden, codes) * ~given
        wrong = (drift - (numbers - alpha * noisy) / sigma).square()
        total = total + (wrong * counts).mean(dim=0).sum()
    for place, logit in enumerate(logits):
        wrong = nn.functional.cross_entropy(logit, codes[:, place], reduction="none")
        total = total + (wrong * weight[:, place]).mean()
    return total


def entering(numbers: Tensor, given: Tensor) -> Tensor:
    """Return what goes into the network: noisy scores, those that are given without noise, and which; (rows, 3 * scores)."""
    shown = given.expand(numbers.shape).float()
    return torch.cat([numbers * (1 - shown), numbers * shown, shown], dim=1)


def _given(order: Order, codes: Tensor, generator: torch.Generator) -> Tensor:
    """Draw which scores a row is given: any number of them, in some rows; never one that does not count."""
    shape = len(codes), len(order.companions)
    some, share = torch.rand((shape[0], 1), generator=generator) < _GIVEN, torch.rand((shape[0], 1), generator=generator)
    given = (some & (torch.rand(shape, generator=generator) < share)).to(codes.device)
    for place, column in enumerate(order.companions):
        if column >= 0:
            given[:, place] &= codes[:, column] == 0
    return given


def _counting(order: Order, hidden: Tensor, codes: Tensor) -> Tensor:
    """Return 1 for each score that may count, 0 where a code that is shown says that it does not; (rows, scores)."""
    counts = torch.ones((len(codes), len(order.companions)), device=codes.device)
    for place, column in enumerate(order.companions):
        if column >= 0:
            counts[:, place] = (hidden[:, column] | (codes[:, column] == 0)).float()
    return counts


@torch.no_grad()
def sample(
    model: RowNetwork,
    rows: int,
    steps: int,
    last: int | None,
    generator: torch.Generator,
    known: Known = Known(),
    check: Callable[[], None] = lambda: None,
) -> tuple[Tensor, Tensor]:
    """Return scores and codes of ``rows`` new rows.

    Args:
        model: The trained denoiser.
        rows: How many.
        steps: Steps from noise to rows.
        last: The code column to uncover last, if any.
        generator: Source of randomness, on the processor.
        known: What every row has.
        check: Called at every step, to stop there.
    """
    sizes = [min(_CHUNK, rows - start) for start in range(0, rows, _CHUNK)]
    chunks = [_sample_chunk(model, size, steps, last, generator, known, check) for size in sizes]
    numbers, codes = zip(*chunks, strict=True)
    return torch.cat(numbers), torch.cat(codes)


def _sample_chunk(
    model: RowNetwork,
    rows: int,
    steps: int,
    last: int | None,
    generator: torch.Generator,
    known: Known,
    check: Callable[[], None],
) -> tuple[Tensor, Tensor]:
    device = model.codes.device
    mask = masks(model.shape.cardinalities)
    numbers = torch.randn((rows, model.shape.outputs), generator=generator).to(device)
    given, scores = known.numbers(model.shape.outputs, device)
    codes = mask.repeat(rows, 1)
    for column, code in known.codes:
        codes[:, column] = code
    free = [place for place in range(len(mask)) if place not in {column for column, _ in known.codes}]
    moments = torch.full((rows, len(mask)), -1.0)
    moments[:, free] = _moments_of_uncovering(rows, free, last, generator)
    codes, moments, mask = codes.to(device), moments.to(device), mask.to(device)
    for now, then in pairwise(torch.linspace(1.0, 0.0, steps + 1).to(device)):
        check()
        numbers = torch.where(given, scores, numbers)
        with faster(device):
            features = model.features(entering(numbers, given), codes, now[None])
        draws = torch.rand(codes.shape, generator=generator).to(device)
        numbers = _less_noise(numbers, clean_scores(numbers, model.numbers(features), now), now, then, generator)
        uncovered = (codes == mask) & (moments >= then)
        for place in free:
            chosen = uncovered[:, place].nonzero()[:, 0]
            if len(chosen):
                codes[chosen, place] = drawn(model.logits(features[chosen], place), draws[chosen, place])
    return torch.where(given, scores, numbers).cpu(), codes.cpu()


def _moments_of_uncovering(rows: int, free: Sequence[int], last: int | None, generator: torch.Generator) -> Tensor:
    """Return when each free code is uncovered, shape (rows, free columns), in [0, 1): evenly spaced, in random order."""
    keys = torch.rand((rows, len(free)), generator=generator)
    if last is not None and last in free:
        keys[:, free.index(last)] = -1.0
    order = keys.argsort(dim=1).argsort(dim=1)
    return (order + torch.rand((rows, 1), generator=generator)) / max(len(free), 1)


def _less_noise(numbers: Tensor, clean: Tensor, now: Tensor, then: Tensor, generator: torch.Generator) -> Tensor:
    """Take one ancestral step of the Gaussian diffusion (Ho et al., 2020, section 3.2, for any two times).

    Of their two variances the smaller is right for a score that is certain, the larger for a normal one. In few steps the one
    draws scores together, the other blurs what they depend on; their geometric mean does least of both.
    """
    alpha, sigma = signal(now)
    alpha_then, sigma_then = signal(then)
    alpha = alpha.clamp(min=1e-4)
    ratio = alpha / alpha_then
    spread = (sigma.square() - ratio.square() * sigma_then.square()).clamp(min=0.0)
    mean = (ratio * sigma_then.square() * numbers + alpha_then * spread * clean) / sigma.square().clamp(min=1e-8)
    deviation = (spread * sigma_then / sigma.clamp(min=1e-4)).sqrt()
    return mean + deviation * torch.randn(numbers.shape, generator=generator).to(numbers.device)
