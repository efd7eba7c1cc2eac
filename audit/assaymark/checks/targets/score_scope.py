"""A numeric target in the groups of one scope: which groups may be compared, and bootstrap draws of two of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assaymark.checks.targets.sketch import Bins, make_bins
from assaymark.cubes.published import group_name
from assaymark.statistics.bootstrap import sample_tables
from assaymark.tables.groups import group_labels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from assaymark.cubes.fine import Group
    from assaymark.cubes.published import ScopeCubes
    from assaymark.execution import Run
    from assaymark.host.specs import CheckInput
    from assaymark.policy.model import Policy
    from assaymark.tables.table import Table

    Counts = NDArray[np.int64]
    Values = NDArray[np.float64]

DRAWS = 2000  # bootstrap tables: of some hundred cells each they cost more than those of two


@dataclass(frozen=True, slots=True)
class Scores:
    """The target of all rows, as bins.

    Attributes:
        tables: Real, synthetic and, if there is one, holdout rows.
        bins: The bins.
        values: The target of each row, cut at the innermost of the extreme values, one array a table.
        codes: Bin of each row, one array a table; -1 where the target is missing.
        above: Whether each row lies above the median of real, one array a table.
    """

    tables: tuple[Table, ...]
    bins: Bins
    values: tuple[Values, ...]
    codes: tuple[NDArray[np.intp], ...]
    above: tuple[NDArray[np.bool_], ...]


def read_scores(data: CheckInput, target: str) -> Scores:
    """Sort the target of all rows into bins.

    The outermost real values, as many as the smallest count that may be published, count as the innermost of them: no single
    extreme row then moves a mean. Other tables are cut at the same two numbers.
    """
    tables = (data.real, data.synthetic) if data.holdout is None else (data.real, data.synthetic, data.holdout)
    values = [table.numbers(target) for table in tables]
    known = np.sort(values[0][~np.isnan(values[0])])
    reach = min(data.policy.small_cell, len(known)) - 1
    ends = float(known[reach]), float(known[-1 - reach])
    cut = [np.clip(own, min(ends), max(ends)) for own in values]
    present = [~np.isnan(own) for own in cut]
    bins = make_bins(np.concatenate([own[there] for own, there in zip(cut, present, strict=True)]))
    codes = [np.full(len(own), -1, dtype=np.intp) for own in cut]
    for place, own, there in zip(codes, cut, present, strict=True):
        place[there] = bins.codes(own[there])
    median = float(np.median(known))
    with np.errstate(invalid="ignore"):
        above = tuple(own > median for own in values)
    return Scores(tables, bins, tuple(cut), tuple(codes), above)


@dataclass(frozen=True, slots=True)
class ScoreScope:
    """Histograms of the groups that real publishes and that are large enough.

    Attributes:
        protected: Attributes of the scope.
        names: Names of the groups.
        bins: The bins.
        real: Counts, shape (groups, bins).
        synthetic: The same of the synthetic rows.
        pooled: The same of real and holdout together.
        above: Rows at most and above the median of real, shape (groups, 2), of real, synthetic, and real and holdout together.
        means: Mean of each group, exact, shape (groups,), of real and synthetic; NaN without rows.
    """

    protected: tuple[str, ...]
    names: tuple[str, ...]
    bins: Bins
    real: Counts
    synthetic: Counts
    pooled: Counts
    above: tuple[Counts, Counts, Counts]
    means: tuple[Values, Values]


def score_scope(cubes: ScopeCubes, scores: Scores, policy: Policy) -> ScoreScope:
    """Count the rows of each group that has rows enough in real, and that the published tables name, by bin.

    A group that these pool is not named here either: its number of rows would follow.
    """
    groups = [group for group, n in zip(cubes.real.groups, cubes.real.n, strict=True) if n >= policy.min_group_size]
    width = len(scores.bins.edges)
    histograms: list[Counts] = []
    halves: list[Counts] = []
    means: list[Values] = []
    for table, values, codes, above in zip(scores.tables, scores.values, scores.codes, scores.above, strict=True):
        rows = _group_rows(table, cubes.protected, groups)
        kept = (rows >= 0) & (codes >= 0)
        histograms.append(_count(rows[kept], codes[kept], len(groups), width))
        halves.append(_count(rows[kept], above[kept].astype(np.intp), len(groups), 2))
        with np.errstate(invalid="ignore"):
            sums = np.bincount(rows[kept], weights=values[kept], minlength=len(groups))
            means.append(sums / histograms[-1].sum(axis=1))
    real, synthetic, *held = histograms
    real_half, synthetic_half, *held_half = halves
    return ScoreScope(
        cubes.protected,
        tuple(group_name(group) for group in groups),
        scores.bins,
        real,
        synthetic,
        real + sum(held),
        (real_half, synthetic_half, real_half + sum(held_half)),
        (means[0], means[1]),
    )


def _count(rows: NDArray[np.intp], cells: NDArray[np.intp], height: int, width: int) -> Counts:
    return np.bincount(rows * width + cells, minlength=height * width).reshape(height, width).astype(np.int64)


def _group_rows(table: Table, protected: Sequence[str], groups: Sequence[Group]) -> NDArray[np.intp]:
    """Return the place of each row's group among ``groups``, -1 for any other."""
    coded = [group_labels(table, table.schema[name]) for name in protected]
    lookup = np.full([max(len(labels), 1) for _, labels in coded], -1, dtype=np.intp)
    places = [{label: code for code, label in enumerate(labels)} for _, labels in coded]
    for number, group in enumerate(groups):
        cell = [place.get(label) for place, label in zip(places, group, strict=True)]
        if None not in cell:
            lookup[tuple(cell)] = number
    return lookup[tuple(codes for codes, _ in coded)]


@dataclass(frozen=True, slots=True)
class PairDraws:
    """Histograms of two groups, drawn again and again, each shape (2, draws, bins); see ``Draws``."""

    real: Counts
    synthetic: Counts
    null_real: Counts
    null_synthetic: Counts


def draw_pair(scope: ScoreScope, pair: tuple[int, int], policy: Policy, run: Run) -> PairDraws:
    """Draw the bootstrap and the null of two groups, each with as many rows as it has; the seed depends on run and scope."""
    boot, chance = (run.rng(purpose, *scope.protected) for purpose in ("score bootstrap", "score null"))
    draws = min(policy.draws, DRAWS)

    def tables(shares: Counts, sizes: Counts, rng: np.random.Generator) -> Counts:
        return np.stack([sample_tables(shares[row] / shares[row].sum(), int(sizes[row].sum()), draws, rng) for row in pair])

    return PairDraws(
        tables(scope.real, scope.real, boot),
        tables(scope.synthetic, scope.synthetic, boot),
        tables(scope.pooled, scope.real, chance),
        tables(scope.pooled, scope.synthetic, chance),
    )
