"""Generator and critic."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from assaymark.api import linear

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes of the networks.

    Attributes:
        numbers: Number of scores in a row.
        cardinalities: Number of codes of each code column.
        noise: Numbers of noise that a row is made from.
        width: Width of the hidden layers.
    """

    numbers: int
    cardinalities: tuple[int, ...]
    noise: int
    width: int

    @property
    def features(self) -> int:
        """Width of a row as the critic sees it: scores, then one number for each code."""
        return self.numbers + sum(self.cardinalities)

    def document(self) -> dict[str, Any]:
        """Return the JSON-ready form."""
        return {**asdict(self), "cardinalities": list(self.cardinalities)}


class _Block(nn.Module):
    def __init__(self, width: int, generator: torch.Generator) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.first = linear(width, width, generator)
        self.second = linear(width, width, generator, gain=0.3)

    def forward(self, hidden: Tensor) -> Tensor:
        inner: Tensor = self.second(nn.functional.silu(self.first(self.norm(hidden))))
        return hidden + inner


class RowMaker(nn.Module):
    """From noise to scores and logits of codes."""

    def __init__(self, shape: Shape, generator: torch.Generator) -> None:
        super().__init__()
        self.shape = shape
        self.enter = linear(shape.noise, shape.width, generator, gain=3.0)
        self.blocks = nn.ModuleList([_Block(shape.width, generator) for _ in range(2)])
        self.norm = nn.LayerNorm(shape.width)
        self.leave = linear(shape.width, shape.features, generator, gain=1.0)

    def forward(self, noise: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Return scores (rows, numbers) and one tensor of logits a code column, from noise of shape (rows, noise)."""
        hidden = self.enter(noise)
        for block in self.blocks:
            hidden = block(hidden)
        out = self.leave(nn.functional.silu(self.norm(hidden)))
        numbers = out[:, : self.shape.numbers]
        return numbers, list(out[:, self.shape.numbers :].split(list(self.shape.cardinalities), dim=1))


class Critic(nn.Module):
    """From rows of features to how real they look."""

    def __init__(self, shape: Shape, generator: torch.Generator) -> None:
        super().__init__()
        widths = [shape.features, shape.width, shape.width, 1]
        self.layers = nn.ModuleList([linear(a, b, generator, gain=2.0) for a, b in pairwise(widths)])

    def forward(self, rows: Tensor) -> Tensor:
        """Return one number a row, shape (rows,), from features of shape (rows, features)."""
        hidden = rows
        for layer in self.layers[:-1]:
            hidden = nn.functional.leaky_relu(layer(hidden), 0.2)
        return torch.as_tensor(self.layers[-1](hidden)).squeeze(1)


def noise_of_codes(logits: Sequence[Tensor], generator: torch.Generator) -> list[Tensor]:
    """Return logits with Gumbel noise: their largest entry is a draw from the softmax (Jang et al., 2017)."""
    found = []
    for logit in logits:
        uniform = torch.rand(logit.shape, generator=generator).clamp(1e-9, 1 - 1e-7).to(logit.device)
        found.append(logit - torch.log(-torch.log(uniform)))
    return found
