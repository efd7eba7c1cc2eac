"""A network over rows of codes, some of which are masked. A public toolkit for generator plugins; needs torch."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from assaymark.neural import linear

if TYPE_CHECKING:
    from collections.abc import Sequence

_TIME_WIDTH = 64
_WAVES = 16
_LIKELIHOOD_ROWS = 64
_PAIR = 2  # two codes are neighbours anyway
_ROUGH = 0.3  # how far neighbouring codes of an ordered column begin apart, compared with codes of no order


@dataclass(frozen=True, slots=True)
class RowShape:
    """The sizes of a row network.

    Attributes:
        cardinalities: Number of codes of each code column.
        width: Width of the hidden layers.
        depth: Number of residual blocks.
        inputs: Numbers that go in beside the codes.
        outputs: Numbers that come out beside the logits.
    """

    cardinalities: tuple[int, ...]
    width: int
    depth: int
    inputs: int
    outputs: int = 0


class _Block(nn.Module):
    def __init__(self, width: int, generator: torch.Generator) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.first = linear(width, 2 * width, generator)
        self.second = linear(2 * width, width, generator, gain=0.1)

    def forward(self, hidden: Tensor, signal: Tensor) -> Tensor:
        inner: Tensor = self.second(nn.functional.silu(self.first(self.norm(hidden) + signal)))
        return hidden + inner


class _Ranks(nn.Module):
    """What the codes of ordered columns share with their neighbours: a learned smooth function of rank, beside each code's own.

    Without it, every code of a number has to learn from its own few rows what those next to it have learned already, and a
    strong dependence between two numbers comes out weaker than it is until each code has had enough rows.
    """

    waves: Tensor
    kept: Tensor
    entering: Tensor
    leaving: Tensor

    def __init__(self, waves: Sequence[Tensor], entering: Sequence[Tensor], leaving: Sequence[Tensor], width: int) -> None:
        """Take each column's smooth functions (codes, waves), and the rows of its codes in the two tables of the network."""
        super().__init__()
        longest = max(len(each) for each in waves)
        padded = [nn.functional.pad(each, (0, 0, 0, longest - len(each))) for each in waves]
        kept = [torch.arange(len(each)) + place * longest for place, each in enumerate(waves)]
        self.register_buffer("waves", torch.stack(padded), persistent=False)
        self.register_buffer("kept", torch.cat(kept), persistent=False)
        self.register_buffer("entering", torch.cat(list(entering)), persistent=False)
        self.register_buffer("leaving", torch.cat(list(leaving)), persistent=False)
        self.into = nn.Parameter(torch.zeros(len(waves), _WAVES, width))
        self.out = nn.Parameter(torch.zeros(len(waves), _WAVES, width))

    def to_codes(self, table: Tensor) -> Tensor:
        """Return the vectors of all codes, shape of ``table``, with what neighbours share."""
        return table.index_add(0, self.entering, torch.bmm(self.waves, self.into).flatten(0, 1)[self.kept].to(table.dtype))

    def to_weight(self, weight: Tensor) -> Tensor:
        """Return the weight of the outputs, shape of ``weight``, with what neighbours share."""
        return weight.index_add(0, self.leaving, torch.bmm(self.waves, self.out).flatten(0, 1)[self.kept].to(weight.dtype))


class RowNetwork(nn.Module):
    """From numbers, partly masked codes and a time to numbers and the logits of all codes: a residual perceptron.

    Every code, "masked" included, has a vector of the width of the hidden layers; the vectors of a row are summed. That is a
    linear layer on all one-hot codes side by side, without ever making those.
    """

    first: Tensor
    frequencies: Tensor
    ranks: _Ranks | None

    def __init__(self, shape: RowShape, generator: torch.Generator) -> None:
        super().__init__()
        self.shape = shape
        self.ranks = None
        sizes = [count + 1 for count in shape.cardinalities]  # the last one is the mask
        vectors = torch.randn((sum(sizes), shape.width), generator=generator)
        self.codes = nn.Parameter(vectors / math.sqrt(max(len(sizes), 1)))
        self.enter = linear(max(shape.inputs, 1), shape.width, generator, gain=3.0)
        self.time = linear(_TIME_WIDTH, shape.width, generator)
        self.blocks = nn.ModuleList([_Block(shape.width, generator) for _ in range(shape.depth)])
        self.norm = nn.LayerNorm(shape.width)
        self.leave = linear(shape.width, shape.outputs + sum(shape.cardinalities), generator, gain=0.01)
        first = torch.tensor([0, *sizes[:-1]]).cumsum(dim=0)[: len(sizes)]
        self.register_buffer("first", first, persistent=False)
        frequencies = torch.exp(torch.linspace(0.0, math.log(1000.0), _TIME_WIDTH // 2))
        self.register_buffer("frequencies", frequencies, persistent=False)

    @torch.no_grad()
    def begin(self, codes: Tensor, ordered: Sequence[bool], generator: torch.Generator) -> None:
        """Start from what is known without learning: each column's own distribution, and which codes are neighbours.

        Args:
            codes: The whole table, shape (rows, code columns).
            ordered: Whether the codes of a column stand for ascending numbers.
            generator: Source of randomness.
        """
        margins = [
            torch.bincount(codes[:, place], minlength=count).float() / max(len(codes), 1)
            for place, count in enumerate(self.shape.cardinalities)
        ]
        self.leave.bias.copy_(torch.cat([torch.zeros(self.shape.outputs), *((margin + 1e-6).log() for margin in margins)]))
        numeric = [place for place, count in enumerate(self.shape.cardinalities) if ordered[place] and count > _PAIR]
        if not numeric:
            return
        waves = [_waves(margins[place]) for place in numeric]
        ends = torch.tensor(self.shape.cardinalities).cumsum(dim=0).tolist()
        entering, leaving = [], []
        for place, smooth in zip(numeric, waves, strict=True):
            start, count = int(self.first[place]), len(smooth)
            mixing = torch.randn((_WAVES, self.shape.width), generator=generator) / math.sqrt(len(margins))
            self.codes[start : start + count] = _ROUGH * self.codes[start : start + count] + smooth @ mixing
            entering.append(torch.arange(start, start + count))
            leaving.append(torch.arange(count) + self.shape.outputs + ends[place] - count)
        self.ranks = _Ranks(waves, entering, leaving, self.shape.width)

    @torch.no_grad()
    def settle(self) -> None:
        """End the training: codes no longer share anything, and each keeps the vectors that it has come to."""
        if self.ranks is not None:
            self.codes.copy_(self.ranks.to_codes(self.codes))
            self.leave.weight.copy_(self.ranks.to_weight(self.leave.weight))
            self.ranks = None

    def forward(self, numbers: Tensor, codes: Tensor, time: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Return numbers (rows, outputs) and one tensor of logits a code column; see :meth:`features`."""
        weight = self.leave.weight if self.ranks is None else self.ranks.to_weight(self.leave.weight)
        out: Tensor = nn.functional.linear(self.features(numbers, codes, time), weight, self.leave.bias).float()
        numbers_out, logits = out[:, : self.shape.outputs], out[:, self.shape.outputs :]
        return numbers_out, list(torch.split(logits, list(self.shape.cardinalities), dim=1))

    def features(self, numbers: Tensor, codes: Tensor, time: Tensor) -> Tensor:
        """Return what the outputs are read from, shape (rows, width).

        Args:
            numbers: Shape (rows, inputs).
            codes: Codes, the cardinality where masked, shape (rows, code columns).
            time: 0 to 1, shape (rows,), or (1,) where all rows share it.
        """
        angles = time[:, None] * self.frequencies[None, :]
        signal = nn.functional.silu(self.time(torch.cat([angles.sin(), angles.cos()], dim=1)))
        hidden = torch.zeros((len(codes), self.shape.width), device=codes.device)
        if self.shape.cardinalities:
            table = self.codes if self.ranks is None else self.ranks.to_codes(self.codes)
            hidden = nn.functional.embedding_bag(codes + self.first, table, mode="sum")
        if self.shape.inputs:
            hidden = hidden + self.enter(numbers)
        for block in self.blocks:
            hidden = block(hidden, signal)
        return nn.functional.silu(torch.as_tensor(self.norm(hidden)))

    def numbers(self, features: Tensor) -> Tensor:
        """Return the numbers that come out of a settled network, shape (rows, outputs)."""
        return self._head(features, 0, self.shape.outputs)

    def logits(self, features: Tensor, place: int) -> Tensor:
        """Return the logits of one code column of a settled network, shape (rows, its cardinality)."""
        start = self.shape.outputs + sum(self.shape.cardinalities[:place])
        return self._head(features, start, start + self.shape.cardinalities[place])

    def _head(self, features: Tensor, start: int, stop: int) -> Tensor:
        return nn.functional.linear(features, self.leave.weight[start:stop], self.leave.bias[start:stop]).float()


def _waves(margin: Tensor) -> Tensor:
    """Return smooth functions of a column's ranks, one row a code: near codes have near vectors."""
    middle = margin.cumsum(dim=0) - margin / 2
    angles = middle[:, None] * torch.arange(_WAVES // 2)[None, :] * math.pi
    return torch.cat([angles.cos(), angles.sin()], dim=1) / (1 + torch.arange(_WAVES // 2)).repeat(2)


def masks(cardinalities: Sequence[int]) -> Tensor:
    """Return the code that stands for "masked" in each code column, shape (code columns,)."""
    return torch.tensor(list(cardinalities), dtype=torch.int64)


@torch.no_grad()
def likelihood(
    model: RowNetwork, fixed: Sequence[tuple[int, int]], generator: torch.Generator, numbers: Tensor | None = None
) -> float:
    """Return how likely the (code column, code) pairs are together, by the chain rule, with the noise averaged out.

    Args:
        model: A settled network.
        fixed: The pairs.
        generator: Source of the noise.
        numbers: What goes in instead of noise, shape (rows, inputs).
    """
    device = model.codes.device
    noise = numbers if numbers is not None else torch.randn((_LIKELIHOOD_ROWS, model.shape.inputs), generator=generator)
    codes = masks(model.shape.cardinalities).repeat(len(noise), 1).to(device)
    found = 1.0
    for column, code in fixed:
        features = model.features(noise.to(device), codes, torch.ones(1, device=device))
        found *= float(torch.softmax(model.logits(features, column).double(), dim=1)[:, code].mean())
        codes[:, column] = code
    return found


def drawn(logits: Tensor, draws: Tensor) -> Tensor:
    """Return one code a row from its logits and a uniform number, by the inverse of its distribution function."""
    edges = torch.softmax(logits.double(), dim=1).cumsum(dim=1)
    return torch.searchsorted(edges, draws.double()[:, None])[:, 0].clamp(max=logits.shape[1] - 1)
