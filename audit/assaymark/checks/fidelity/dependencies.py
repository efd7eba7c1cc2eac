"""Functional dependencies: columns whose value another column's value decides, as a code decides a name.

Such pairs are found in real, each way, among columns of few distinct values. Which value goes with which is not told.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from typing import TYPE_CHECKING

import numpy as np

from assaymark.checks.fidelity.rules import HOLDS, Broken, Rule, holds
from assaymark.checks.fidelity.tallies import DENSE, tally

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from assaymark.checks.fidelity.levels import Coded
    from assaymark.host.specs import CheckInput

    Codes = NDArray[np.integer]
    Counts = NDArray[np.int64]

DEPENDENCY = "fidelity.functional_dependency"
IDS = (DEPENDENCY,)

_LEVELS = 1000  # distinct values of a column up to which it is looked at
_COVERED = 0.9  # share of real rows whose deciding value is held by enough rows
_SURPRISING = 0.01  # share of rows that would break it if the deciding column were ignored


@dataclass(frozen=True, slots=True)
class _Exact:
    """A column whose every distinct value is a level; the highest is for missing values."""

    name: str
    codes: tuple[Codes, ...]
    width: int


def dependencies(coded: Sequence[Coded], data: CheckInput) -> list[Rule]:
    """Return the dependencies that hold in real, and how often they are broken."""
    columns = [exact for exact in (_exact(one) for one in coded) if exact is not None]
    found = []
    for done, (one, other) in enumerate(permutations(columns, 2)):
        if not done % 64:
            data.run.check()
        if one.width * other.width > DENSE:
            continue
        rule = _dependency(one, other, data.policy.small_cell) if _promising(one, other) else None
        if rule is not None:
            found.append(rule)
    return found


def _exact(one: Coded) -> _Exact | None:
    if one.points is None:
        return _Exact(one.column.name, one.codes, one.width) if one.width <= _LEVELS else None
    values = one.points.values
    if len(values) > _LEVELS:
        return None
    kind = np.uint16
    codes = tuple(np.where(np.isnan(own), len(values), np.searchsorted(values, own)).astype(kind) for own in one.numbers)
    return _Exact(one.column.name, codes, len(values) + 1)


def _promising(one: _Exact, other: _Exact) -> bool:
    """Return whether a dependency may hold, judged by the first rows: all must be counted only if it holds there."""
    some = slice(2000)
    counts = tally([one.codes[0][some]], one.width, [other.codes[0][some]], other.width).counts[0]
    table = counts.reshape(one.width, other.width)
    broken, rows = int((table.sum(axis=1) - table.max(axis=1)).sum()), int(table.sum())
    return broken <= 10 * HOLDS * rows + 5


def _dependency(one: _Exact, other: _Exact, small: int) -> Rule | None:
    counts = [own.reshape(one.width, other.width) for own in tally(one.codes, one.width, other.codes, other.width).counts]
    real = counts[0]
    often = real.sum(axis=1) >= small
    covered = real[often]
    rows, alone = int(covered.sum()), int(covered.sum() - covered.sum(axis=0).max(initial=0))
    if rows < _COVERED * real.sum() or alone < max(_SURPRISING * rows, small):
        return None
    decided = real.argmax(axis=1)
    broken = [_broken(own, often, decided) for own in counts]
    if not holds(broken):
        return None
    scope = {"columns": [one.name, other.name], "direction": "first -> second"}
    return Rule(scope, tuple(broken), {"deciding_values": int(often.sum())})


def _broken(counts: Counts, often: NDArray[np.bool_], decided: Counts) -> Broken:
    rows = int(counts[often].sum())
    kept = int(counts[np.flatnonzero(often), decided[often]].sum())
    return Broken(rows - kept, rows)
