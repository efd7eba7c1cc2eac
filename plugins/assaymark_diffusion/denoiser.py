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
        """Return clean scores (rows, numbers) and one tensor of logits a code column.

        Args:
            numbers: Noisy scores, shape (rows, numbers).
            codes: Codes, the cardinality where masked, shape (rows, code columns).
            time: 0 (clean) to 1 (noise), shape (rows,).
        """
        angles = time[:, None] * self.frequencies[None, :]  # type: ignore[index]
        signal = nn.functional.silu(self.time(torch.cat([angles.sin(), angles.cos()], dim=1)))
        parts = [numbers, *(layer(codes[:, place]) for place, layer in enumerate(self.codes))]
        hidden = self.enter(torch.cat(parts, dim=1))
        for block in self.blocks:
            hidden = block(hidden, signal)
        out = self.leave(nn.functional.silu(self.norm(hidden)))
        clean = out[:, : self.shape.numbers]
        return clean, list(out[:, self.shape.numbers :].split(list(self.shape.cardinalities), dim=1))


def masks(cardinalities: Sequence[int]) -> Tensor:
    """Return the code that stands for "masked" in each code column, shape (code columns,)."""
    return torch.tensor(list(cardinalities), dtype=torch.int64)
