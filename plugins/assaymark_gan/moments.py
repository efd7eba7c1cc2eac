"""Pairwise moments: the means of all products of two features of a row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

_CELLS = 8
_FEATURES = 1024  # of all columns together, about: time and memory grow with its square
_SHARPNESS = 6.0
_CHUNK = 2**23  # numbers of a part of the table


@dataclass(frozen=True, slots=True)
class Moments:
    """Which moments of a table are looked at.

    The features of a row are its codes, one number each, and the soft membership of each score in cells that are equally likely
    under the normal distribution. Products of code features have the cells of two-way tables as their means. A table with many
    columns or categories is seen in less detail: fewer cells, and of each column only the most common codes.

    Attributes:
        numbers: Number of scores in a row.
        cells: Cells of each score, at least 2.
        kept: Places of the codes that are looked at, among all codes, shape (kept codes,).
    """

    numbers: int
    cells: int
    kept: Tensor

    @classmethod
    def choose(cls, codes: Tensor, cardinalities: tuple[int, ...], numbers: int) -> Self:
        """Choose what to look at in a table with ``codes`` of shape (rows, code columns)."""
        share = max(2, _FEATURES // max(numbers + len(cardinalities), 1))
        kept, start = [torch.zeros(0, dtype=torch.int64)], 0
        for place, count in enumerate(cardinalities):
            held = torch.bincount(codes[:, place], minlength=count)
            common = held.argsort(descending=True, stable=True)[:share].sort().values
            kept.append(start + common)
            start += count
        return cls(numbers, min(_CELLS, share), torch.cat(kept))

    def features(self, rows: Tensor) -> Tensor:
        """Return the features of rows as the critic sees them: scores, then one number for each code."""
        edges = torch.special.ndtri(torch.arange(1, self.cells, device=rows.device) / self.cells)
        above = torch.sigmoid((rows[:, : self.numbers, None] - edges) * _SHARPNESS)
        first = torch.cat([torch.ones_like(above[..., :1]), above], dim=2)
        last = torch.cat([above, torch.zeros_like(above[..., :1])], dim=2)
        codes = rows[:, self.numbers :]
        if len(self.kept) < codes.shape[1]:
            codes = codes.index_select(1, self.kept.to(rows.device))
        return torch.cat([(first - last).flatten(1), codes], dim=1)

    def of(self, rows: Tensor) -> Tensor:
        """Return the means of all products of two features, shape (features, features)."""
        features = self.features(rows)
        return features.T @ features / len(features)

    def of_table(self, numbers: Tensor, codes: Tensor, cardinalities: tuple[int, ...]) -> Tensor:
        """Return the moments of a whole encoded table, a part at a time."""
        total = torch.zeros(())
        rows = max(_CHUNK // max(sum(cardinalities) + numbers.shape[1], 1), 1)
        for start in range(0, len(codes), rows):
            part = slice(start, start + rows)
            features = self.features(torch.cat([numbers[part], one_hot(codes[part], cardinalities)], dim=1))
            total = total + features.T @ features
        return total / len(codes)


def one_hot(codes: Tensor, cardinalities: tuple[int, ...]) -> Tensor:
    """Return codes (rows, columns) as features (rows, sum of cardinalities)."""
    first = torch.tensor([0, *cardinalities[:-1]], device=codes.device).cumsum(dim=0)[: len(cardinalities)]
    features = torch.zeros((len(codes), sum(cardinalities)), device=codes.device)
    return features.scatter_(1, codes + first, 1.0)
