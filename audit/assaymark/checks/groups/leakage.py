"""Proxy leakage: how well the other columns give a protected attribute away, to somebody who learned from synthetic rows.

Leaving the attribute out does not hide it where other columns stand in for it. The same attacker learns once from real and
once from as many synthetic rows, and both are tested on the same real rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from assaymark.checks.groups.areas import macro_area
from assaymark.checks.groups.association import cramers_v
from assaymark.checks.groups.attackers import LEARNER, features, probabilities
from assaymark.checks.groups.membership import HOLDOUT, REAL, SYNTHETIC, Membership, memberships, tables_of
from assaymark.checks.groups.sampling import most_rows, some_rows
from assaymark.checks.named_levels import named_levels
from assaymark.checks.statements import interval, not_estimable, number
from assaymark.results.findings import Finding
from assaymark.statistics.outcomes import upper_outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from assaymark.checks.statements import Subject
    from assaymark.host.specs import CheckInput
    from assaymark.tables.schema import Column

LEAKAGE = "bias.proxy_leakage"
IDS = (LEAKAGE,)

_MOST_CELLS = 280_000  # rows times columns to learn from, and to test on
_BINARY = 2
_STRONGEST = 5


def check(data: CheckInput) -> Iterator[Finding]:
    """Return a finding for each attribute."""
    for subject, groups in memberships(data):
        reason = groups if isinstance(groups, str) else _problem(groups, data)
        if isinstance(groups, str) or reason is not None:
            yield not_estimable(LEAKAGE, subject.scope(), str(reason))
        else:
            yield _finding(subject, groups, data)


def _problem(groups: Membership, data: CheckInput) -> str | None:
    if groups.estimable.sum() < _BINARY:
        return "single_group" if len(groups.names) == 1 and not groups.pooled else "group_too_small"
    if len(data.schema.learnable) < _BINARY:
        return "too_few_columns"
    if groups.counts[SYNTHETIC][groups.estimable].sum() < data.policy.min_group_size:
        return "too_few_synthetic_rows"
    tested = groups.counts[HOLDOUT] if HOLDOUT in groups.counts else groups.counts[REAL] // 2
    sizes = tested[groups.estimable].sum(axis=1)
    return None if (sizes >= data.policy.min_positives).sum() >= _BINARY else "too_few_rows"


@dataclass(frozen=True, slots=True)
class _Attack:
    """Rows that the attacker learns from, in real and in synthetic, and the real rows that both are tested on."""

    real: NDArray[np.int64]
    synthetic: NDArray[np.int64]
    tested: NDArray[np.int64]
    tested_in: str


def _attack(groups: Membership, data: CheckInput) -> _Attack:
    def usable(table: str) -> NDArray[np.int64]:
        codes = groups.codes[table]
        return np.flatnonzero((codes >= 0) & groups.estimable[codes])

    most = most_rows(_MOST_CELLS, len(data.schema.learnable) - 1)

    def some(rows: NDArray[np.int64], purpose: str) -> NDArray[np.int64]:
        return some_rows(rows, min(most, size), data.run.rng("proxy-rows", purpose, groups.attribute))

    real, synthetic, size = usable(REAL), usable(SYNTHETIC), most
    if data.holdout is not None:
        where, tested = HOLDOUT, some(usable(HOLDOUT), "tested")
    else:  # half of real to learn from, the other half to be tested on
        size = len(real) // 2
        where, tested = REAL, some(real, "tested")
        real = np.setdiff1d(real, tested)
    size = min(len(real), len(synthetic))
    return _Attack(some(real, REAL), some(synthetic, SYNTHETIC), tested, where)


def _finding(subject: Subject, groups: Membership, data: CheckInput) -> Finding:
    attack = _attack(groups, data)
    tables = tables_of(data)
    columns = [column for column in data.schema.learnable if column.name != groups.attribute]
    rows = (attack.real, attack.synthetic, attack.tested)
    (real, synthetic, tested), categorical = features(
        [tables[REAL], tables[SYNTHETIC], tables[attack.tested_in]], columns, rows
    )
    truth = groups.codes[attack.tested_in][attack.tested]
    counted = _counted(groups, truth, data.policy.min_positives)
    scored = []
    for done, (name, known, learned) in enumerate(((REAL, real, attack.real), (SYNTHETIC, synthetic, attack.synthetic))):
        data.run.check()
        data.run.progress(done, 2, f"proxies of {groups.attribute}, learned from {name} rows")
        scores = probabilities(
            known,
            groups.codes[name][learned],
            tested,
            categorical,
            width=len(groups.names),
            seed=data.run.entropy("proxy", groups.attribute),
        )
        scored.append(macro_area(truth, scores, counted))
    detail = _detail(groups, attack, len(columns), counted) | {"strongest": _strongest(groups, columns, attack, data)}
    return _judged(subject, scored, data, detail)


def _strongest(groups: Membership, columns: list[Column], attack: _Attack, data: CheckInput) -> list[dict[str, object]]:
    """Return the columns that go with the attribute most strongly by themselves, by Cramer's V in the rows learned from."""
    found: list[tuple[float, float, str]] = []
    for column in columns:
        levels = named_levels([data.real, data.synthetic], column, data.policy.small_cell)
        width = len(levels.names)
        shared = []
        for name, codes, rows in zip((REAL, SYNTHETIC), levels.codes, (attack.real, attack.synthetic), strict=True):
            joint = groups.codes[name][rows] * width + codes[rows]
            counts = np.bincount(joint, minlength=len(groups.names) * width).reshape(-1, width)
            shared.append(round(cramers_v(counts), 2))
        found.append((shared[0], shared[1], column.name))
    found.sort(key=lambda one: (-max(one[:2]), one[2]))
    return [{"column": name, "real": real, "synthetic": synthetic} for real, synthetic, name in found[:_STRONGEST]]


def _counted(groups: Membership, truth: NDArray[np.int64], fewest: int) -> list[int]:
    """Return the groups whose areas are averaged: those with enough tested rows; of two, one, as both areas are the same."""
    sizes = np.bincount(truth, minlength=len(groups.names))
    kept = [int(group) for group in np.flatnonzero(groups.estimable & (sizes >= fewest))]
    return kept[-1:] if len(kept) == _BINARY == len(np.unique(truth)) else kept


def _judged(
    subject: Subject, scored: list[tuple[float, NDArray[np.float64]]], data: CheckInput, detail: dict[str, object]
) -> Finding:
    (real, first), (synthetic, second) = scored
    z = NormalDist().inv_cdf(0.5 + data.policy.level / 2.0)
    half = z * float(np.sqrt(((second - first) ** 2).sum()))
    ends = (synthetic - real - half, synthetic - real + half)
    margin = max(data.policy.margin(LEAKAGE), half)
    return Finding(
        LEAKAGE,
        subject.scope(),
        upper_outcome(ends, margin),
        real=number(real),
        synthetic=number(synthetic),
        value=number(synthetic - real),
        ci=interval(ends),
        null=number(half),
        margin=margin,
        detail=detail | {"margin_from": "null" if margin == half else "policy"},
    )


def _detail(groups: Membership, attack: _Attack, columns: int, counted: list[int]) -> dict[str, object]:
    return {
        "interval": "DeLong, paired",
        "learner": LEARNER,
        "predictors": columns,
        "predictors_are": "all columns but the attribute itself, identifiers and free text",
        "tested_on": "holdout" if attack.tested_in == HOLDOUT else "real rows that the attacker did not learn from",
        "averaged_over": [groups.names[group] for group in counted],
        "rows_used": {"learned_from": len(attack.real), "tested": len(attack.tested)},
    }
