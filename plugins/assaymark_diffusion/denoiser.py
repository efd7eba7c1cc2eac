"""The network that tells a row from its noisy, partly masked form."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from assaymark.api import embedding, linear

if TYPE_CHECKING:
    from collections.abc import Sequence

_TIME_WIDTH = 64


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes of a denoiser.

    Attributes:
        numbers: Number of scores in a row.
        cardinalities: Number of codes of each code column.
        width: Width of the hidden layers.
        depth: Number of residual blocks.
    """

    numbers: int
    cardinalities: tuple[int, ...]
    width: int
    depth: int

    def document(self) -> dict[str, Any]:
        """Return the JSON-ready form."""
        return {**asdict(self), "cardinalities": list(self.cardinalities)}


class _Block(nn.Module):
    def __init__(self, width: int, generator: torch.Generator) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.first = linear(width, 2 * width, generator)
        self.second = linear(2 * width, width, generator, gain=0.1)

    def forward(self, hidden: Tensor, signal: Tensor) -> Tensor:
        inner: Tensor = self.second(nn.functional.silu(self.first(self.norm(hidden) + signal)))
        return hidden + inner


class Denoiser(nn.Module):
    """From noisy scores, partly masked codes and a time to the clean scores and the logits of all codes."""

    def __init__(self, shape: Shape, generator: torch.Generator) -> None:
        super().__init__()
        self.shape = shape
        sizes = [count + 1 for count in shape.cardinalities]  # the last one is the mask
        widths = [min(32, 4 + count // 2) for count in shape.cardinalities]
        self.codes = nn.ModuleList([embedding(count, width, generator) for count, width in zip(sizes, widths, strict=True)])
        self.enter = linear(shape.numbers + sum(widths), shape.width, generator)
        self.time = linear(_TIME_WIDTH, shape.width, generator)
        self.blocks = nn.ModuleList([_Block(shape.width, generator) for _ in range(shape.depth)])
        self.norm = nn.LayerNorm(shape.width)
        self.leave = linear(shape.width, shape.numbers + sum(shape.cardinalities), generator, gain=0.1)
        self.register_buffer(
            "frequencies", torch.exp(torch.linspace(0.0, math.log(1000.0), _TIME_WIDTH // 2)), persistent=False
        )

    def forward(self, numbers: Tensor, codes: Tensor, time: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Return clean scores (rows, numbers) and one tensor of logits a code column; see :meth:`features`."""
        features = self.features(numbers, codes, time)
        return self.scores(features), [self.logits(features, place) for place in range(len(self.codes))]

    def features(self, numbers: Tensor, codes: Tensor, time: Tensor) -> Tensor:
        """Return what the outputs are read from, shape (rows, width).

        Args:
            numbers: Noisy scores, shape (rows, numbers).
            codes: Codes, the cardinality where masked, shape (rows, code columns).
            time: 0 (clean) to 1 (noise), shape (rows,), or (1,) where all rows share it.
        """
        angles = time[:, None] * self.frequencies[None, :]  # type: ignore[index]
        signal = nn.functional.silu(self.time(torch.cat([angles.sin(), angles.cos()], dim=1)))
        parts = [numbers, *(layer(codes[:, place]) for place, layer in enumerate(self.codes))]
        hidden = self.enter(torch.cat(parts, dim=1))
        for block in self.blocks:
            hidden = block(hidden, signal)
        return nn.functional.silu(torch.as_tensor(self.norm(hidden)))

    def scores(self, features: Tensor) -> Tensor:
        """Return the clean scores, shape (rows, numbers)."""
        return self._head(features, 0, self.shape.numbers)

    def logits(self, features: Tensor, place: int) -> Tensor:
        """Return the logits of one code column, shape (rows, its cardinality)."""
        start = self.shape.numbers + sum(self.shape.cardinalities[:place])
        return self._head(features, start, start + self.shape.cardinalities[place])

    def _head(self, features: Tensor, start: int, stop: int) -> Tensor:
        return nn.functional.linear(features, self.leave.weight[start:stop], self.leave.bias[start:stop])


def masks(cardinalities: Sequence[int]) -> Tensor:
    """Return the code that stands for "masked" in each code column, shape (code columns,)."""
    return torch.tensor(list(cardinalities), dtype=torch.int64)
