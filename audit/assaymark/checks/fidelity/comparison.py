"""All columns and all pairs of columns of a synthetic table, and of a holdout, held against real.

Every row and every pair counts; nothing is sampled. A pure function of tables, which the check and the benchmark both call.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from assaymark.checks.fidelity import pairs, shapes
from assaymark.checks.fidelity.averaging import Averaged
from assaymark.checks.fidelity.levels import Coded, encode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assaymark.checks.fidelity.measures import Measure
    from assaymark.execution import Run
    from assaymark.tables.schema import Column
    from assaymark.tables.table import Table


@dataclass(frozen=True, slots=True)
class Part:
    """The distances of single columns, or of pairs.

    Attributes:
        measures: One for each column or pair, in the order of the table.
        synthetic: Their mean, of the synthetic rows; None when there are none.
        holdout: Their mean, of the holdout; None without one.
    """

    measures: tuple[Measure, ...]
    synthetic: Averaged | None
    holdout: Averaged | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a synthetic table and a holdout are like, held against real.

    Attributes:
        columns: The encoded columns.
        shapes: Distances of single columns.
        trends: Distances of all pairs of columns.
    """

    columns: tuple[Coded, ...]
    shapes: Part
    trends: Part


def compare(tables: Sequence[Table], columns: Sequence[Column], run: Run | None = None) -> Comparison:
    """Measure all columns and all pairs of them.

    Args:
        tables: Real, synthetic and, if there is one, holdout rows; none of them empty.
        columns: The columns to compare.
        run: Where to tell progress and to look for cancellation.
    """
    coded = tuple(encode(tables, column) for column in columns)
    rows = [table.rows for table in tables]
    single = _means(rows)
    measured = tuple(shapes.measure(one, single) for one in coded)
    if run is not None:
        run.check()
    double = _means(rows)
    trends = tuple(pairs.measure_all(coded, rows, double, run))
    return Comparison(coded, _part(measured, single), _part(trends, double))


def _means(rows: Sequence[int]) -> list[Averaged]:
    return [Averaged((rows[0], other)) for other in rows[1:]]


def _part(measures: tuple[Measure, ...], means: list[Averaged]) -> Part:
    if not measures:
        return Part(measures, None, None)
    return Part(measures, means[0], means[1] if len(means) > 1 else None)
