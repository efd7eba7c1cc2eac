"""Every column as one discrete variable: its codes, and equal cells of its continuous part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import ndtr, ndtri

from assaymark.api import Encoded

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assaymark.api import TableEncoder

    Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Variable:
    """One column as a discrete variable.

    Values 0 … codes - 1 are the column's codes (of which 0 means "continuous" when it also has scores, and then stands for
    nothing here); the next ``cells`` values are equal cells of the continuous part.

    Attributes:
        name: The column.
        code: Its place among the code columns; None without codes.
        number: Its place among the number columns; None without scores.
        codes: Number of codes.
        cells: Cells of the continuous part, 0 without one.
        parent_cells: Cells of it where another column depends on this one beside a first one.
        first_cells: Cells of it where another column depends on this one first.
    """

    name: str
    code: int | None
    number: int | None
    codes: int
    cells: int
    parent_cells: int
    first_cells: int

    @property
    def size(self) -> int:
        """Number of values."""
        return self.codes + self.cells

    def parent_size(self, *, first: bool) -> int:
        """Number of values as a parent."""
        return self.codes + (self.first_cells if first else self.parent_cells)

    def coarse(self, values: Ints, *, first: bool) -> Ints:
        """Return values as a parent's values."""
        if not self.cells:
            return values
        cell = (values - self.codes) * (self.first_cells if first else self.parent_cells) // self.cells
        return np.where(values < self.codes, values, self.codes + cell)

    def cell_of(self, score: float) -> int:
        """Return the value whose cell a score lies in."""
        return self.codes + min(int(ndtr(score) * self.cells), self.cells - 1)


def variables_of(encoder: TableEncoder, cells: int, parent_cells: int, first_cells: int) -> tuple[Variable, ...]:
    """Return one variable for each column that the encoder encodes, in the order of the table."""
    codes, numbers = encoder.code_names, encoder.number_names
    found = []
    for name in (column.name for column in encoder.schema if column.name in codes or column.name in numbers):
        code = codes.index(name) if name in codes else None
        number = numbers.index(name) if name in numbers else None
        width = 0 if code is None else encoder.cardinalities[code]
        continuous = 0 if number is None else cells
        found.append(
            Variable(name, code, number, width, continuous, min(parent_cells, continuous), min(first_cells, continuous))
        )
    return tuple(found)


def to_values(variable: Variable, encoded: Encoded) -> Ints:
    """Return the values of a variable, shape (rows,)."""
    codes = None if variable.code is None else encoded.codes[:, variable.code].astype(np.int64)
    if variable.number is None:
        if codes is None:
            raise ValueError("a variable needs codes or scores")
        return codes
    u = ndtr(encoded.numbers[:, variable.number].astype(np.float64))
    cell = np.clip((u * variable.cells).astype(np.int64), 0, variable.cells - 1) + variable.codes
    return cell if codes is None else np.where(codes == 0, cell, codes)


def to_encoded(variables: tuple[Variable, ...], values: list[Ints], encoder: Any, rng: np.random.Generator) -> Encoded:
    """Return codes and scores of sampled values; a score lies anywhere in its cell."""
    rows = len(values[0]) if values else 0
    codes = np.zeros((rows, len(encoder.code_names)), dtype=np.int32)
    numbers = np.zeros((rows, len(encoder.number_names)), dtype=np.float32)
    for variable, value in zip(variables, values, strict=True):
        continuous = value >= variable.codes
        if variable.code is not None:
            codes[:, variable.code] = np.where(continuous, 0, value)
        if variable.number is not None:
            u = (np.maximum(value - variable.codes, 0) + rng.random(rows)) / variable.cells
            numbers[:, variable.number] = ndtri(np.clip(u, 1e-6, 1 - 1e-6))
    return Encoded(numbers, codes, encoder.cardinalities, encoder.number_names, encoder.code_names)
