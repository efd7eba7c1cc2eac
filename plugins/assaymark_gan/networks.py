"""The critic, and how rows look to it."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from assaymark.api import linear

if TYPE_CHECKING:
    from collections.abc import Sequence


class Critic(nn.Module):
    """From rows of features to how real they look."""

    def __init__(self, features: int, width: int, generator: torch.Generator) -> None:
        super().__init__()
        widths = [features, width, width, 1]
        self.layers = nn.ModuleList([linear(a, b, generator, gain=2.0) for a, b in pairwise(widths)])

    def forward(self, rows: Tensor) -> Tensor:
        """Return one number a row, shape (rows,), from features of shape (rows, features)."""
        hidden = rows
        for layer in self.layers[:-1]:
            hidden = nn.functional.leaky_relu(layer(hidden), 0.2)
        return torch.as_tensor(self.layers[-1](hidden)).squeeze(1)


def one_hot(codes: Tensor, shown: Tensor, cardinalities: Sequence[int]) -> Tensor:
    """Return codes (rows, columns) as features (rows, sum of cardinalities); nothing of a column that is not shown."""
    first = torch.tensor([0, *cardinalities[:-1]], device=codes.device).cumsum(dim=0)[: len(cardinalities)]
    features = torch.zeros((len(codes), sum(cardinalities)), device=codes.device)
    return features.scatter_(1, codes + first, shown.float())


def soft_codes(logits: Tensor, generator: torch.Generator, temperature: float) -> Tensor:
    """Return a draw from the softmax that gradients pass through (Jang et al., 2017), shape (rows, codes)."""
    uniform = torch.rand(logits.shape, generator=generator).clamp(1e-9, 1 - 1e-7).to(logits.device)
    return nn.functional.softmax((logits - torch.log(-torch.log(uniform))) / temperature, dim=1)
