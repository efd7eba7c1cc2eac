"""Configuration of the copula generator."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class CopulaConfig(BaseModel):
    """What can be set.

    Attributes:
        parents: Columns that a column may depend on directly.
        cells: Cells that the range of a continuous column is cut into.
        parent_cells: Cells that it is cut into where another column depends on it; in a long table more for its first.
        smoothing: Weight, in rows, of the estimate with one parent less.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    parents: int = Field(default=3, ge=0, le=4)
    cells: int = Field(default=32, ge=2, le=256)
    parent_cells: int = Field(default=8, ge=2, le=64)
    smoothing: float = Field(default=5.0, gt=0.0, le=1000.0)
