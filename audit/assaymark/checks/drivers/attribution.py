"""What accounts for a gap that moved: first which group's rate, then, column by column, composition and rates.

Each decomposition adds up to the change. It says what goes with it, never what caused it: no audit of data can.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from assaymark.checks.drivers.change import Change, changes
from assaymark.checks.drivers.decomposition import Parts, decompose, shares_and_rates
from assaymark.checks.drivers.pooling import merge, pooled_levels
from assaymark.checks.named_levels import NamedLevels, named_levels
from assaymark.checks.rounding import coarse, outward, step, upward
from assaymark.checks.statements import interval, not_estimable, number
from assaymark.results.findings import Finding, Outcome
from assaymark.statistics.bootstrap import percentile_interval, resample, sample_tables
from assaymark.statistics.intervals import newcombe_difference
from assaymark.tables.groups import group_labels, outcome
from assaymark.tables.schema import Role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from assaymark.host.specs import CheckInput
    from assaymark.tables.table import Table

    Counts = NDArray[np.int64]

DRIVER = "bias.driver"
IDS = (DRIVER,)
OTHER = "other levels"

_DRAWS = 500  # of a smooth function of counts: enough for its interval
_SHOWN_LEVELS = 8
_SHOWN_CELLS = 4
_FINEST = 1e-4
_ACROSS = 10  # real rows from one step of a level's part to the next


def check(data: CheckInput) -> Iterator[Finding]:
    """Return, for each gap that moved, one finding for its groups and one for each candidate column, largest first."""
    tables = [data.real, data.synthetic] if data.holdout is None else [data.real, data.synthetic, data.holdout]
    known: dict[str, NamedLevels] = {}
    for change in changes(data):
        yield _by_group(change, data.policy.level)
        sides = [_sides(table, change) for table in tables]
        found: list[_Attribution] = []
        hidden: list[str] = []
        for column in data.schema.learnable:
            if Role.TARGET in column.roles or column.name in change.subject.protected:
                continue
            data.run.check()
            if column.name not in known:
                known[column.name] = named_levels(tables, column, data.policy.small_cell)
            attribution = _attribute(change, known[column.name], sides, data)
            if attribution is None:
                hidden.append(column.name)
            else:
                found.append(attribution)
        found.sort(key=lambda one: (-abs(one.composition), one.column))
        for rank, one in enumerate(found, start=1):
            yield _finding(change, one, rank)
        for name in hidden:
            yield not_estimable(DRIVER, _scope(change, name), "small_cell", n=change.n())


def _scope(change: Change, column: str | None) -> dict[str, Any]:
    return change.subject.scope(groups=list(change.names), column=column)


def _by_group(change: Change, level: float) -> Finding:
    """Return which group's rate moved: the change is that of p(a) less that of p(b)."""
    parts = []
    for name, sign, real, synthetic in zip(change.names, (1.0, -1.0), change.real, change.synthetic, strict=True):
        rates = float(real[1] / real.sum()), float(synthetic[1] / synthetic.sum())
        ends = [float(end) for end in newcombe_difference(synthetic[1], synthetic.sum(), real[1], real.sum(), level)]
        parts.append(
            {
                "group": name,
                "real": rates[0],
                "synthetic": rates[1],
                "contribution": number(sign * (rates[1] - rates[0])),
                "ci": sorted(sign * end for end in ends),
            }
        )
    estimate = change.estimate
    return Finding(
        DRIVER,
        _scope(change, None),
        Outcome.SHOWN,
        real=number(estimate.shown_real),
        synthetic=number(estimate.shown_synthetic),
        value=number(estimate.value),
        ci=interval(estimate.effect.value),
        null=number(estimate.null),
        n=change.n(),
        detail={"column": None, "explains": change.outcome.value, "parts": parts, "adds_up_to": change.delta},
    )


def _sides(table: Table, change: Change) -> NDArray[np.int64]:
    """Return 0 to 3 for the rows of both groups, by group and outcome; -1 for all other rows."""
    truth = outcome(table, table.schema).astype(np.int64)
    sides = np.full(table.rows, -1, dtype=np.int64)
    coded = [group_labels(table, table.schema[name]) for name in change.subject.protected]
    for side, group in enumerate(change.groups):
        held = truth >= 0
        for label, (codes, labels) in zip(group, coded, strict=True):
            held &= codes == (labels.index(label) if label in labels else -1)
        sides[held] = 2 * side + truth[held]
    return sides


@dataclass(frozen=True, slots=True)
class _Attribution:
    """The decomposition of a change by one column.

    Attributes:
        column: Name of the column.
        names: Names of its levels; the last one is the pool if there is one.
        real: Counts of real rows, shape (levels, 2 groups, 2 outcomes).
        synthetic: The same of synthetic rows.
        parts: What each level contributes.
        composition: The composition part, as it is told.
        ends: Its interval.
        null: 95th percentile of its absolute value between two samples of real rows.
    """

    column: str
    names: tuple[str, ...]
    real: Counts
    synthetic: Counts
    parts: Parts
    composition: float
    ends: tuple[float, float]
    null: float


def _attribute(change: Change, levels: NamedLevels, sides: list[NDArray[np.int64]], data: CheckInput) -> _Attribution | None:
    counts = [_count(codes, side, len(levels.names)) for codes, side in zip(levels.codes, sides, strict=True)]
    place = pooled_levels(counts[0], np.sum(counts, axis=(0, 2, 3)) > 0, data.policy.small_cell)
    if place is None:
        return None
    real, synthetic, *holdout = (merge(own, place) for own in counts)
    parts = decompose(real, synthetic)
    key = (*change.subject.protected, levels.column)
    ends = _interval(real, synthetic, data.policy.level, data.run.rng("driver", *key))
    null = _null(real, sum(holdout, real), synthetic, data.policy.level, data.run.rng("driver-null", *key))
    total = coarse(float(parts.total_composition), _FINEST)
    return _Attribution(levels.column, _names(levels.names, place), real, synthetic, parts, total, ends, null)


def _count(codes: NDArray[np.int64], sides: NDArray[np.int64], width: int) -> Counts:
    kept = sides >= 0
    return np.bincount(codes[kept] * 4 + sides[kept], minlength=4 * width).reshape(width, 2, 2)


def _names(names: tuple[str, ...], place: NDArray[np.intp]) -> tuple[str, ...]:
    sizes = np.bincount(place[place >= 0])
    return tuple(
        OTHER if sizes[new] > 1 and new == len(sizes) - 1 else names[int(np.argmax(place == new))] for new in range(len(sizes))
    )


def _interval(real: Counts, synthetic: Counts, level: float, rng: np.random.Generator) -> tuple[float, float]:
    draws = decompose(resample(real, _DRAWS, rng), resample(synthetic, _DRAWS, rng)).total_composition
    low, high = percentile_interval(draws[np.isfinite(draws)], level)
    return outward((float(low), float(high)), _FINEST)


def _null(real: Counts, pool: Counts, synthetic: Counts, level: float, rng: np.random.Generator) -> float:
    """Return the quantile of the absolute composition part between two samples of ``pool``, as large as the two tables."""
    tables = [sample_tables(pool / pool.sum(), int(counts.sum()), _DRAWS, rng) for counts in (real, synthetic)]
    draws = decompose(tables[0], tables[1]).total_composition
    return upward(float(np.quantile(np.abs(draws[np.isfinite(draws)]), level)), _FINEST)


def _finding(change: Change, one: _Attribution, rank: int) -> Finding:
    return Finding(
        DRIVER,
        _scope(change, one.column),
        Outcome.SHOWN,
        value=one.composition,
        ci=one.ends,
        null=one.null,
        n=change.n(),
        detail={
            "column": one.column,
            "explains": change.outcome.value,
            "rank": rank,
            "composition": one.composition,
            "rate": change.delta - one.composition,
            "adds_up_to": change.delta,
            "interval": f"multinomial bootstrap, {_DRAWS} draws, of the composition part",
            **_levels(change, one),
        },
    )


def _levels(change: Change, one: _Attribution) -> dict[str, Any]:
    """Return the largest levels; "other" is the rest of both parts, so that all add up exactly."""
    sizes = change.real.sum(axis=1)
    by = step(int(sizes.min()), across=_ACROSS)
    composition, rate = one.parts.composition.sum(axis=1), one.parts.rate.sum(axis=1)
    order = np.argsort(-(np.abs(composition) + np.abs(rate)), kind="stable")
    named = [int(level) for level in order if one.names[level] != OTHER][:_SHOWN_LEVELS]
    told = [(level, coarse(float(composition[level]), by), coarse(float(rate[level]), by)) for level in named]
    shown = [{"level": one.names[level], "composition": first, "rate": second} for level, first, second in told]
    other = {
        "composition": one.composition - sum(first for _, first, _ in told),
        "rate": change.delta - one.composition - sum(second for _, _, second in told),
    }
    return {
        "levels": shown,
        "other": other,
        "other_is": "rounding" if len(named) == len(one.names) else "levels that are not listed, and rounding",
        "rounded_to": by,
        "cells": _cells(change, one, by),
    }


def _cells(change: Change, one: _Attribution, by: float) -> list[dict[str, Any]]:
    """Return the shares whose change contributes most to the composition part, one group at a time."""
    (real, _), (synthetic, _) = shares_and_rates(one.real), shares_and_rates(one.synthetic)
    found = one.parts.composition
    order = np.argsort(-np.abs(found), axis=None, kind="stable")
    cells = [(int(place) // 2, int(place) % 2) for place in order]
    return [
        {
            "level": one.names[level],
            "group": change.names[side],
            "contribution": coarse(float(found[level, side]), by),
            "real": coarse(float(real[level, side]), by),
            "synthetic": float(synthetic[level, side]),
        }
        for level, side in cells[:_SHOWN_CELLS]
    ]
