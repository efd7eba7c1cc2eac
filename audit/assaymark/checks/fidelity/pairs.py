"""How far pairs of columns are from real: correlations of two numbers, contingency tables of all other pairs.

Ours counts a missing value as a level of its own, cuts numbers at the deciles of real, gives two numbers of which one is
constant correlation 0, and counts every pair. SDMetrics 0.32 cuts each table at ten equal widths of its own, puts missing
numbers to the largest, gives constant numbers no score, and its report counts only pairs that are strongly related in real.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assaymark.checks.fidelity.averaging import spaced
from assaymark.checks.fidelity.correlations import Correlations, correlate
from assaymark.checks.fidelity.distances import normal_distance, total_variation, total_variation_distance
from assaymark.checks.fidelity.levels import BINS
from assaymark.checks.fidelity.measures import Measure, Theirs
from assaymark.checks.fidelity.tallies import DENSE, Tally, merged, tally

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from assaymark.checks.fidelity.averaging import Averaged
    from assaymark.checks.fidelity.levels import Coded
    from assaymark.execution import Run

    Values = NDArray[np.float64]
    Counts = NDArray[np.int64]

_RELATED = 0.5  # correlation above which SDMetrics' report counts a pair of numbers
_ASSOCIATED = 0.3  # Cramér's V above which it counts another pair
_CORRELATION = "half the difference of Pearson correlations"
_CONTINGENCY = "total variation distance of the contingency tables"


@dataclass(frozen=True, slots=True)
class _Sample:
    """A column in the rows that variances are taken from.

    Attributes:
        codes: Levels (deciles for numbers), one array a table.
        width: Number of levels.
    """

    codes: tuple[Counts, ...]
    width: int


def measure_all(coded: Sequence[Coded], rows: Sequence[int], means: Sequence[Averaged], run: Run | None) -> Iterator[Measure]:
    """Return the distances of all pairs in the order of the columns, and add them to the means.

    Args:
        coded: All columns.
        rows: Rows of real, synthetic and, if there is one, holdout.
        means: One for the synthetic rows, and one for the holdout if there is one.
        run: Where to tell progress and to look for cancellation.
    """
    numbers = _Numbers.of([one for one in coded if one.points is not None], rows)
    samples = [_sample(one) for one in coded]
    place = {one.column.name: k for k, one in enumerate(one for one in coded if one.points is not None)}
    for i, one in enumerate(coded):
        if run is not None:
            run.check()
            run.progress(i, len(coded), "pairs of columns")
        for j, other in enumerate(coded[i + 1 :], i + 1):
            names = (one.column.name, other.column.name)
            if one.points is not None and other.points is not None:
                yield numbers.measure(names, place[names[0]], place[names[1]], means)
            else:
                yield _contingency(one, other, (samples[i], samples[j]), means)


def _sample(one: Coded) -> _Sample:
    picked = [own[spaced(len(own))] for own in one.codes]
    levels = np.arange(one.width) if one.deciles is None else one.deciles
    return _Sample(tuple(levels[own] for own in picked), one.coarse_width)


@dataclass(frozen=True, slots=True)
class _Numbers:
    """Correlations of all numeric columns in each table, and the standardised numbers of sampled rows."""

    tables: tuple[Correlations, ...]
    sampled: tuple[Values, ...]

    @classmethod
    def of(cls, coded: Sequence[Coded], rows: Sequence[int]) -> _Numbers:
        if len(coded) < 2:  # noqa: PLR2004 - there is no pair
            return cls((), ())
        columns = [[one.numbers[table] for one in coded] for table in range(len(rows))]
        tables = tuple(correlate(own) for own in columns)
        picked = ([own[spaced(len(own))] for own in table] for table in columns)
        return cls(tables, tuple(found.standardised(own) for found, own in zip(tables, picked, strict=True)))

    def measure(self, names: tuple[str, str], i: int, j: int, means: Sequence[Averaged]) -> Measure:
        values = [float(table.value[i, j]) for table in self.tables]
        constant = [bool(table.constant[i] or table.constant[j]) for table in self.tables]
        distances, scores = [], []
        for table, mean in enumerate(means, 1):
            difference = float(np.nan_to_num(values[table]) - np.nan_to_num(values[0]))
            error = float(np.hypot(self.tables[0].error[i, j], self.tables[table].error[i, j]))
            distances.append(normal_distance(difference, error))
            sign = float(np.sign(difference)) / 2.0
            mean.add(distances[-1], -sign * self._moved(0, i, j), sign * self._moved(table, i, j))
            known = not (np.isnan(values[0]) or np.isnan(values[table]) or constant[0] or constant[table])
            scores.append(1.0 - abs(values[0] - values[table]) / 2.0 if known else None)
        counted = scores[0] is not None and abs(values[0]) > _RELATED
        return Measure(names, _CORRELATION, tuple(distances), Theirs("CorrelationSimilarity", tuple(scores), counted))

    def _moved(self, table: int, i: int, j: int) -> Values:
        """Return by how much each sampled row moves a correlation."""
        x, y = self.sampled[table][i], self.sampled[table][j]
        r = float(np.nan_to_num(self.tables[table].value[i, j]))
        return np.asarray(x * y - r / 2.0 * (x * x + y * y), dtype=np.float64)


def _contingency(one: Coded, other: Coded, samples: tuple[_Sample, _Sample], means: Sequence[Averaged]) -> Measure:
    ours, theirs = _tables(one, other)
    distances = []
    first, second = samples
    for table, mean in enumerate(means, 1):
        distance, signs = total_variation_distance(ours.counts[0], ours.counts[table])
        real, drawn = (signs[ours.find(first.codes[t] * second.width + second.codes[t])] / 2.0 for t in (0, table))
        mean.add(distance, real, -drawn)
        distances.append(distance)
    scores = tuple(
        1.0 - total_variation(theirs.counts[0], theirs.counts[table]) if _divided(one, other, table) else None
        for table in range(1, len(theirs.counts))
    )
    v = theirs.cramers_v(0)
    counted = scores[0] is not None and v is not None and v > _ASSOCIATED
    names = (one.column.name, other.column.name)
    return Measure(names, _CONTINGENCY, tuple(distances), Theirs("ContingencySimilarity", scores, counted))


def _divided(one: Coded, other: Coded, table: int) -> bool:
    """Return whether SDMetrics can cut the numbers among both columns in real and in another table."""
    return all(column.divided[t] for column in (one, other) if column.divided for t in (0, table))


def _tables(one: Coded, other: Coded) -> tuple[Tally, Tally]:
    """Return the contingency tables of a pair in our definition and in SDMetrics'."""
    if one.points is None and other.points is None:
        both = tally(one.codes, one.width, other.codes, other.width)
        return both, both
    if one.width * other.width > DENSE:
        return tally(*one.coarse(one.deciles), *other.coarse(other.deciles)), tally(*_widths(one), *_widths(other))
    shape = (one.width, other.width)
    fine = [own.reshape(shape) for own in tally(one.codes, one.width, other.codes, other.width).counts]
    ours = tuple(merged(own, one.deciles, other.deciles) for own in fine)
    theirs = tuple(merged(own, _bins(one, table), _bins(other, table)) for table, own in enumerate(fine))
    return Tally(ours, None, other.coarse_width), Tally(theirs, None, BINS if other.widths else other.width)


def _bins(one: Coded, table: int) -> Counts | None:
    return one.widths[table] if one.widths else None


def _widths(one: Coded) -> tuple[tuple[NDArray[np.integer], ...], int]:
    """Return SDMetrics' bins of each row."""
    if not one.widths:
        return one.codes, one.width
    return tuple(bins.take(own) for bins, own in zip(one.widths, one.codes, strict=True)), BINS
