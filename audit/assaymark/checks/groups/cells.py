"""Distances of one group, or of one group and outcome, as the checks of shift and of parity need them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from assaymark.checks.groups.distances import Distance, measure
from assaymark.checks.groups.levels import Levels, joint_levels
from assaymark.checks.groups.membership import HOLDOUT, REAL, SYNTHETIC, Membership, tables_of
from assaymark.checks.groups.sampling import most_rows, some_rows
from assaymark.checks.rounding import coarse, step

if TYPE_CHECKING:
    from assaymark.host.specs import CheckInput

_MOST_CELLS = 450_000  # rows times columns of a cell and table; what more rows add is far below any margin
_WORST = 5


@dataclass(frozen=True, slots=True)
class Coded:
    """All tables of an audit as levels, and the names of the tables in the order of ``levels.codes``."""

    levels: Levels
    tables: tuple[str, ...]

    def without(self, names: set[str]) -> Coded:
        """Return the same without some columns."""
        kept = [place for place, column in enumerate(self.levels.columns) if column.name not in names]
        starts, codes = self.levels.starts, self.levels.codes
        widths = np.diff(starts)[kept]
        fresh = np.concatenate([[0], np.cumsum(widths)]).astype(np.int64)
        moved = (fresh[:-1] - starts[:-1][kept]).astype(np.int32)
        columns = tuple(self.levels.columns[place] for place in kept)
        return Coded(Levels(columns, fresh, tuple(own[:, kept] + moved for own in codes)), self.tables)


def code(data: CheckInput) -> Coded:
    """Return all learnable columns of all tables as levels."""
    tables = tables_of(data)
    return Coded(joint_levels(list(tables.values()), data.schema.learnable), tuple(tables))


@dataclass(frozen=True, slots=True)
class Cell:
    """What was measured of one group, or of one group and outcome.

    Attributes:
        distance: The distances.
        rows: Real rows of the cell.
        used: Rows that were looked at, by table.
        levels: What was compared.
    """

    distance: Distance
    rows: int
    used: dict[str, int]
    levels: Levels

    @property
    def by(self) -> float:
        """The step to which a mean over the columns is rounded."""
        return step(self.rows, len(self.levels.columns))

    def detail(self, *, held: bool) -> dict[str, Any]:
        """Return the columns that are farthest from real, net of chance, and what the numbers are of."""
        by = step(self.rows)
        net = self.distance.columns - self.distance.floors
        worst = np.argsort(-net, kind="stable")[:_WORST]
        ordered = self.levels.ordered
        return {
            "columns": len(self.levels.columns),
            "worst_columns": [
                {
                    "column": self.levels.columns[place].name,
                    "metric": "Kolmogorov-Smirnov distance" if ordered[place] else "total variation distance",
                    "distance": coarse(float(self.distance.columns[place]), by),
                    "by_chance": coarse(float(self.distance.floors[place]), by),
                }
                for place in worst
            ],
            "real_is": "mean distance of two samples of real rows as large as these",
            "null_from": "real and holdout rows" if held else "real rows",
            "interval": "linearised over rows",
            "rows_used": self.used,
        }


def measure_cell(data: CheckInput, groups: Membership, coded: Coded, group: int, truth: int | None = None) -> Cell | str:
    """Measure a cell, or say why it cannot be: a short stable code.

    A cell needs ``min_positives`` rows in real and in synthetic, so that its floor does not swamp everything.
    """
    if not coded.levels.columns:
        return "too_few_columns"
    rows = {name: groups.rows(name, group, truth) for name in coded.tables}
    if len(rows[REAL]) < data.policy.min_positives:
        return "group_too_small"
    if len(rows[SYNTHETIC]) < data.policy.min_positives:
        return "too_few_synthetic_rows" if len(rows[SYNTHETIC]) else "group_without_synthetic_rows"
    key = (groups.attribute, groups.names[group], "all" if truth is None else truth)
    most = most_rows(_MOST_CELLS, len(coded.levels.columns))
    kept = {name: some_rows(found, most, data.run.rng("group-rows", name, *key)) for name, found in rows.items()}
    codes = {name: coded.levels.codes[place][kept[name]] for place, name in enumerate(coded.tables)}
    pool = codes[REAL] if HOLDOUT not in codes else np.concatenate([codes[REAL], codes[HOLDOUT]])
    distance = measure(coded.levels, codes[REAL], codes[SYNTHETIC], pool, data.run.rng("group-null", *key))
    used = {name: len(kept[name]) for name in (REAL, SYNTHETIC)}
    return Cell(distance, len(rows[REAL]), used, coded.levels)
