"""Missing values by group: P(X is missing | group) in real and synthetic rows, as a signed difference like that of outcomes.

A generator that fills gaps in, or makes them everywhere alike, changes who is asked what; and dropping incomplete rows then
drops other people than it would in real.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assaymark.checks.groups.membership import HOLDOUT, REAL, SYNTHETIC, Membership, memberships, tables_of
from assaymark.checks.rounding import coarse, outward, step, upward
from assaymark.checks.statements import not_estimable
from assaymark.results.findings import Finding
from assaymark.statistics.intervals import mover_sum, newcombe_difference
from assaymark.statistics.outcomes import two_sided_outcome
from assaymark.tables.schema import Role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from assaymark.checks.statements import Subject
    from assaymark.host.specs import CheckInput

    Counts = NDArray[np.int64]

GAP = "bias.missingness_gap"
IDS = (GAP,)

_FEWEST = 2


def check(data: CheckInput) -> Iterator[Finding]:
    """Return a finding for each attribute and each column that has missing values."""
    flags = _missing(data)
    for subject, groups in memberships(data):
        if isinstance(groups, str):
            yield not_estimable(GAP, subject.scope(groups=[]), groups)
            continue
        for column, missing in flags.items():
            if column != groups.attribute:
                yield from _column(subject, groups, column, missing, data)


def _missing(data: CheckInput) -> dict[str, dict[str, NDArray[np.bool_]]]:
    """Return, for each column with gaps, which rows of each table have one."""
    tables = tables_of(data)
    flags = {}
    for column in data.schema.learnable:
        if Role.TARGET in column.roles or not any(tables[name].column(column.name).null_count for name in (REAL, SYNTHETIC)):
            continue
        flags[column.name] = {name: table.column(column.name).is_null().to_numpy() for name, table in tables.items()}
    return flags


@dataclass(frozen=True, slots=True)
class _Gap:
    """Rows with and without a value, for each published group and, last, all others; shape (groups + 1, 2) a table."""

    counts: dict[str, Counts]

    def rate(self, table: str, group: int) -> float:
        return float(self.counts[table][group, 1] / self.counts[table][group].sum())

    def difference(self, table: str, a: int, b: int, level: float) -> tuple[float, float, float]:
        """Return the difference of two rates with the ends of its interval."""
        (x, n), (y, m) = ((int(self.counts[table][g, 1]), int(self.counts[table][g].sum())) for g in (a, b))
        low, high = newcombe_difference(x, n, y, m, level)
        return x / n - y / m, float(low), float(high)

    def exact(self, small_cell: int) -> bool:
        """Whether no real count under ``small_cell`` can be told from exact rates and the total of the column."""
        real = self.counts[REAL]
        return bool((real[real.sum(axis=1) > 0] >= small_cell).all())


def _column(
    subject: Subject, groups: Membership, column: str, missing: dict[str, NDArray[np.bool_]], data: CheckInput
) -> Iterator[Finding]:
    gap = _Gap({name: _count(groups, name, flags) for name, flags in missing.items()})
    if gap.counts[REAL][:, 1].sum() < data.policy.small_cell and not gap.counts[SYNTHETIC][:, 1].sum():
        return  # to name the column would tell that a few real rows have a gap in it
    places = np.flatnonzero(groups.estimable)
    scope = subject.scope(groups=[], column=column)
    if len(places) < _FEWEST:
        alone = len(groups.names) == 1 and not groups.pooled
        yield not_estimable(GAP, scope, "single_group" if alone else "group_too_small")
        return
    rates = gap.counts[REAL][places, 1] / gap.counts[REAL][places].sum(axis=1)
    a = int(places[np.argmax(rates)])
    others = places[places != a]
    b = int(others[np.argmin(rates[places != a])])
    scope |= {"groups": [groups.names[a], groups.names[b]]}
    n = {table: groups.n(a)[table] | groups.n(b)[table] for table in (REAL, SYNTHETIC)}
    if not gap.counts[SYNTHETIC][[a, b]].sum(axis=1).all():
        yield not_estimable(GAP, scope, "group_without_synthetic_rows", n=n)
        return
    yield _judged(scope, gap, (a, b), n, data)


def _count(groups: Membership, table: str, missing: NDArray[np.bool_]) -> Counts:
    known = groups.truth[table] >= 0
    width = len(groups.names) + 1
    codes = groups.codes[table][known] % width  # -1, any other group, is the last one
    return np.bincount(codes * 2 + missing[known], minlength=2 * width).reshape(width, 2)


def _judged(
    scope: dict[str, object], gap: _Gap, pair: tuple[int, int], n: dict[str, dict[str, int]], data: CheckInput
) -> Finding:
    a, b = pair
    level = data.policy.level
    real, synthetic = gap.difference(REAL, a, b, level), gap.difference(SYNTHETIC, a, b, level)
    centres, lows, highs = ([synthetic[k], real[k]] for k in range(3))
    low, high = mover_sum(centres, lows, highs, [1, -1])
    exact = gap.exact(data.policy.small_cell)
    by = step(int(min(gap.counts[REAL][[a, b]].sum(axis=1))))

    def told(value: float) -> float:
        return float(value) + 0.0 if exact else coarse(float(value), by)

    ends = (float(low), float(high)) if exact else outward((float(low), float(high)), by)
    null = _null(gap, pair, data, str(scope["protected"]), str(scope["column"]))
    null = null if exact else upward(null, by)
    margin = max(data.policy.margin(GAP), null)
    return Finding(
        GAP,
        scope,
        two_sided_outcome(ends, margin),
        real=told(real[0]),
        synthetic=synthetic[0],
        value=told(synthetic[0] - real[0]),
        ci=ends,
        null=null,
        margin=margin,
        n=n,
        detail={
            "interval": "Newcombe, MOVER",
            "missing": {
                REAL: [told(gap.rate(REAL, group)) for group in pair],
                SYNTHETIC: [gap.rate(SYNTHETIC, group) for group in pair],
            },
            "rounded_to": None if exact else by,
            "margin_from": "null" if margin == null else "policy",
        },
    )


def _null(gap: _Gap, pair: tuple[int, int], data: CheckInput, *key: str) -> float:
    """Return the 95th percentile of the absolute change between two samples of real and holdout rows together."""
    real, synthetic = gap.counts[REAL], gap.counts[SYNTHETIC]
    both = real + gap.counts[HOLDOUT] if HOLDOUT in gap.counts else real
    rng = data.run.rng("missingness-null", *key)
    change = np.zeros(data.policy.draws)
    for sign, group in zip((1.0, -1.0), pair, strict=True):
        rate = both[group, 1] / both[group].sum()
        for other, counts in ((1.0, synthetic), (-1.0, real)):
            rows = int(counts[group].sum())
            change += sign * other * rng.binomial(rows, rate, data.policy.draws) / rows
    return float(np.quantile(np.abs(change), data.policy.level))
