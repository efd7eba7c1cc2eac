"""Conditional demographic disparity: what is left of a disparity between groups within the values of a declared column.

Which columns may explain a difference is a choice of values, not of statistics: a column that is itself shaped by
discrimination launders the bias that runs through it. So the unconditional disparity stands beside every number.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from assaymark.checks.bias.effects import bootstrap_effect, null_quantile
from assaymark.checks.bias.measures import SPARSE
from assaymark.checks.statements import Subject, interval, not_estimable, number
from assaymark.cubes.published import group_name
from assaymark.results.findings import Finding
from assaymark.statistics.bootstrap import sample_tables
from assaymark.statistics.outcomes import bias_outcome, bias_p_value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from assaymark.cubes.fine import Group
    from assaymark.cubes.published import GroupTable, ScopeCubes, StrataCubes
    from assaymark.execution import Run
    from assaymark.host.specs import CheckInput
    from assaymark.policy.model import Policy

    Cells = NDArray[np.int64]
    Values = NDArray[np.float64]

DISPARITY = "bias.conditional_demographic_disparity"
IDS = (DISPARITY,)

_CAUTION = "which columns may explain a disparity is a choice of values; a column that discrimination shapes launders bias"
_NAMES = ("real", "synthetic")
_CHUNK = 2**22  # counts that are drawn at once


@dataclass(frozen=True, slots=True)
class Layout:
    """How the rows of a table by stratum and group are read.

    Attributes:
        starts: First row of each stratum, shape (strata + 1,); the last one is the one row of all that is not published.
        groups: Names of the groups.
        used: bool, shape (groups, rows): the rows that count for a group, one a stratum in which it can be estimated.
    """

    starts: NDArray[np.intp]
    groups: tuple[Group, ...]
    used: NDArray[np.bool_]

    @property
    def stratum(self) -> NDArray[np.intp]:
        """Stratum of each row, shape (rows,)."""
        lengths = np.diff([*self.starts, self.used.shape[1]])
        return np.repeat(np.arange(len(self.starts)), lengths)

    def within(self) -> NDArray[np.bool_]:
        """Return the strata that count for each group, shape (groups, strata + 1)."""
        found = np.zeros((len(self.groups), len(self.starts)), dtype=bool)
        for group, rows in enumerate(self.used):
            found[group, self.stratum[rows]] = True
        return found


def disparity(cells: Cells, layout: Layout) -> Values:
    """Return the conditional demographic disparity of each group (Wachter, Mittelstadt & Russell, 2021, section 5).

    In a stratum the disparity is the group's share of the rejected rows less its share of the accepted ones; strata are
    averaged by their rows. A stratum without a rejected or without an accepted row has no disparity and is left out.

    Args:
        cells: Rows by stratum, group and outcome (rest, positive), shape (..., rows, 2).
        layout: How they are read.

    Returns:
        Shape (..., groups), in [-1, 1]; NaN where no stratum is left.
    """
    counts = cells.astype(np.float64)
    totals = np.add.reduceat(counts, layout.starts, axis=-2)
    weight = np.where((totals > 0).all(axis=-1), totals.sum(axis=-1), 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = np.where(weight[..., None] > 0, weight[..., None] / totals, 0.0)[..., layout.stratum, :]
        weighted = counts[..., 0] * scale[..., 0] - counts[..., 1] * scale[..., 1]
        return np.asarray((weighted @ layout.used.T) / (weight @ layout.within().T), dtype=np.float64)


def check(data: CheckInput) -> Iterator[Finding]:
    """Return the conditional disparities of all attributes within all stratum columns."""
    totals = {scope.protected: scope for scope in data.cubes.scopes}
    names = [scope for scope in totals if len(scope) == 1]
    for strata in data.cubes.strata:
        for inner in strata.inner:
            data.run.check()
            outer = totals[inner.protected[:1]]
            yield from _within(Subject(data.cubes, outer.protected), outer, strata, inner, data)
    for column, reason in data.cubes.strata_withheld.items():
        for protected in names:
            yield not_estimable(DISPARITY, Subject(data.cubes, protected).scope(stratum=column), reason)


def _within(subject: Subject, outer: ScopeCubes, strata: StrataCubes, inner: ScopeCubes, data: CheckInput) -> Iterator[Finding]:
    groups = [group for group, n in zip(outer.real.groups, outer.real.n, strict=True) if n >= data.policy.min_group_size]
    if len(groups) < 2 or not len(strata.total.real.groups):  # noqa: PLR2004 - a disparity takes two groups
        yield not_estimable(DISPARITY, subject.scope(stratum=strata.column), "small_cell")
        return
    real, synthetic, layout = _tables(groups, strata, inner)
    reasons = _reasons(synthetic, layout)
    draws = _draw(real, synthetic, layout, data.policy, data.run, (*outer.protected, strata.column))
    for place, group in enumerate(groups):
        scope = subject.scope(group=group_name(group), stratum=strata.column)
        if reasons[place] is None:
            finding = _finding(scope, place, (real, synthetic), layout, draws, data.policy)
            plain = {f"unconditional_{name}": _unconditional(getattr(outer, name), group) for name in _NAMES}
            yield replace(finding, detail={**finding.detail, **plain}) if finding.detail else finding
        else:
            yield not_estimable(DISPARITY, scope, str(reasons[place]))


def _unconditional(table: GroupTable, group: Group) -> float | None:
    """Return the disparity of a group over all strata together; None where an outcome has no row."""
    totals = table.cells.sum(axis=0)
    shares = _row(table, group) / np.maximum(totals, 1)
    return float(shares[0] - shares[1]) if totals.all() else None


def _pooled_strata(cells: Cells, own: NDArray[np.bool_], within: NDArray[np.bool_]) -> float:
    """Return the disparity over the strata that count for a group, taken as one."""
    shares = cells[own].sum(axis=0) / cells[within].sum(axis=0)
    return float(shares[0] - shares[1])


def _tables(groups: list[Group], strata: StrataCubes, inner: ScopeCubes) -> tuple[Cells, Cells, Layout]:
    """Return the rows of real and synthetic by stratum and group, and how they are read.

    A stratum has a row for each group that is published in it, and one for everybody else in it. All strata that are not
    published make one last row.
    """
    rows: list[list[Cells]] = [[], []]
    starts: list[int] = []
    owners: list[Group | None] = []
    for stratum in strata.total.real.groups:
        starts.append(len(owners))
        known = [group for group in groups if (*group, *stratum) in inner.real.groups]
        owners += [*known, None]
        for found, total, table in zip(rows, _of(strata.total), _of(inner), strict=True):
            own = [_row(table, (*group, *stratum)) for group in known]
            found += [*own, _row(total, stratum) - sum(own, np.zeros(2, dtype=np.int64))]
    starts.append(len(owners))
    owners.append(None)
    for found, total in zip(rows, _of(strata.total), strict=True):
        found.append(total.cells.sum(axis=0) - sum(found, np.zeros(2, dtype=np.int64)))
    real, synthetic = (np.array(found) for found in rows)
    used = np.array([[owner == group for owner in owners] for group in groups])
    layout = Layout(np.array(starts), tuple(groups), used)
    both = (np.add.reduceat(synthetic, layout.starts, axis=0) > 0).min(axis=1)[layout.stratum]
    return real, synthetic, Layout(layout.starts, layout.groups, used & both)


def _of(scope: ScopeCubes) -> tuple[GroupTable, GroupTable]:
    return scope.real, scope.synthetic


def _row(table: GroupTable, group: Group) -> Cells:
    if group not in table.groups:
        return np.zeros(2, dtype=np.int64)
    return np.asarray(table.counts[table.groups.index(group)], dtype=np.int64)


def _reasons(synthetic: Cells, layout: Layout) -> list[str | None]:
    """Return why each group cannot be estimated, or None."""
    found: list[str | None] = []
    for rows in layout.used:
        if not rows.any():
            found.append("no_estimable_stratum")
        elif not synthetic[rows].sum():
            found.append("group_without_synthetic_rows")
        else:
            # with fewer rows a percentile interval is too short
            found.append("too_few_synthetic_rows" if synthetic[rows].sum(axis=0).min() < SPARSE else None)
    return found


@dataclass(frozen=True, slots=True)
class _Draws:
    """Disparities of drawn tables, shape (draws, groups) each."""

    real: Values
    synthetic: Values
    null: Values


def _draw(real: Cells, synthetic: Cells, layout: Layout, policy: Policy, run: Run, key: tuple[str, ...]) -> _Draws:
    """Draw the bootstrap and the null; the null is drawn from real, because the holdout is not published by stratum."""
    boot, chance = run.rng("strata bootstrap", *key), run.rng("strata null", *key)
    share = real / real.sum()
    own = synthetic / max(int(synthetic.sum()), 1)
    first, second, third, fourth = (
        _disparities(shares, rows, layout, policy.draws, rng)
        for shares, rows, rng in (
            (share, int(real.sum()), boot),
            (own, int(synthetic.sum()), boot),
            (share, int(real.sum()), chance),
            (share, int(synthetic.sum()), chance),
        )
    )
    return _Draws(first, second, np.abs(fourth - third))


def _disparities(shares: Values, rows: int, layout: Layout, draws: int, rng: np.random.Generator) -> Values:
    size = max(_CHUNK // shares.size, 1)
    parts = [disparity(sample_tables(shares, rows, min(size, draws - start), rng), layout) for start in range(0, draws, size)]
    return np.concatenate(parts)


def _finding(
    scope: dict[str, Any], place: int, tables: tuple[Cells, Cells], layout: Layout, draws: _Draws, policy: Policy
) -> Finding:
    real, synthetic = (float(disparity(cells, layout)[place]) for cells in tables)
    null = null_quantile(draws.null[:, place], policy.level)
    if not np.isfinite(null) or not np.isfinite(draws.synthetic[:, place]).all():
        return not_estimable(DISPARITY, scope, "too_few_synthetic_rows")
    effect = bootstrap_effect(real, draws.real[:, place], draws.synthetic[:, place], policy.level)
    margin = max(policy.margin(DISPARITY), null)
    within = layout.within()[place][layout.stratum]
    outcome = bias_outcome(effect, margin)
    return Finding(
        DISPARITY,
        scope,
        outcome,
        real=number(real),
        synthetic=number(synthetic),
        value=number(synthetic - real),
        ci=interval(effect.value),
        null=number(null),
        margin=margin,
        n={"strata": int(layout.used[place].sum())},
        detail={
            "interval": "bootstrap",
            "margin_from": "null" if margin == null else "policy",
            "coverage_real": float(tables[0][within].sum() / tables[0].sum()),
            "coverage_synthetic": float(tables[1][within].sum() / tables[1].sum()),
            **{
                f"unconditional_covered_{name}": _pooled_strata(table, layout.used[place], within)
                for name, table in zip(_NAMES, tables, strict=True)
            },
            "caution": _CAUTION,
        },
        p=bias_p_value(effect, synthetic, margin, outcome, policy.level),
    )
