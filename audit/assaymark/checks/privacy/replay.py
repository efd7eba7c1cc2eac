"""Privacy: rows that occur verbatim in real, against how often fresh real rows do so by chance.

A fresh sample repeats common rows too, so only the excess over the holdout speaks of copying.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assaymark.checks.coding import row_keys
from assaymark.checks.statements import interval, not_estimable, number
from assaymark.results.findings import Finding, Outcome
from assaymark.statistics.intervals import newcombe_difference
from assaymark.statistics.outcomes import upper_outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from assaymark.host.specs import CheckInput
    from assaymark.tables.table import Table

VERBATIM = "privacy.verbatim_rows"
OVERLAP = "privacy.holdout_overlap"
IDS = (VERBATIM, OVERLAP)
OVERLAPS = "holdout_overlaps_real"

_OVERLAP_LEVEL = 0.999  # a precondition of the measure, so it should almost never fail by chance
_SMALL = 10  # counts of real rows below this are not published
_DECIMALS = 3  # what is left of a difference that would give such a count away


@dataclass(frozen=True, slots=True)
class Matches:
    """How many of some rows are found elsewhere."""

    found: int
    rows: int

    @property
    def share(self) -> float:
        """Share of the rows that are found; 0 of no rows."""
        return self.found / self.rows if self.rows else 0.0

    @property
    def small(self) -> bool:
        """Whether the count must not be published."""
        return 0 < self.found < _SMALL

    @property
    def shown(self) -> float | None:
        """The share, None where it would give a small count away."""
        return None if self.small else self.share

    def excess(self, other: Matches, level: float) -> tuple[float, tuple[float, float]]:
        """Return by how much this share exceeds another one, and the interval of that."""
        low, high = newcombe_difference(self.found, self.rows, other.found, other.rows, level)
        return self.share - other.share, (float(low), float(high))


def occurring(keys: NDArray[np.int64], among: NDArray[np.int64]) -> Matches:
    """Count the rows whose key occurs among those of another table."""
    return Matches(int(np.isin(keys, among).sum()), len(keys))


def repeated(keys: NDArray[np.int64]) -> Matches:
    """Count the rows whose key another row of the same table has as well."""
    _, counts = np.unique(keys, return_counts=True)
    return Matches(int(counts[counts > 1].sum()), len(keys))


def overlap_problem(real: Table, holdout: Table) -> str | None:
    """Return ``holdout_overlaps_real`` if more holdout rows are in ``real`` than its own repetitions explain, else None.

    A row drawn as the others were is found in ``real`` as often as a row of ``real`` is found among the others of it.
    """
    if not real.schema.learnable:
        return None
    keys = row_keys([real, holdout], real.schema.learnable)
    return _problem(occurring(keys[1], keys[0]), repeated(keys[0]))


def _problem(held: Matches, repetitions: Matches) -> str | None:
    _, (low, _) = held.excess(repetitions, _OVERLAP_LEVEL)
    return OVERLAPS if low > 0 else None


def check(data: CheckInput) -> Iterator[Finding]:
    """Return both findings."""
    columns = data.schema.learnable
    if not columns:
        yield from (not_estimable(identifier, {}, "no_columns") for identifier in IDS)
        return
    tables = [data.real, data.synthetic] if data.holdout is None else [data.real, data.synthetic, data.holdout]
    real, synthetic, *holdout = row_keys(tables, columns)
    copied = occurring(synthetic, real)
    if not holdout:
        yield _without_baseline(copied)
        yield not_estimable(OVERLAP, {}, "no_holdout")
        return
    held = occurring(holdout[0], real)
    if data.privacy_disabled is not None:
        yield not_estimable(VERBATIM, {}, data.privacy_disabled, n={"synthetic": copied.rows, "holdout": held.rows})
    else:
        yield _verbatim(copied, held, data)
    yield _overlap(held, repeated(real))


def _without_baseline(copied: Matches) -> Finding:
    """A count alone says nothing of copying, as common rows repeat; it is shown all the same."""
    detail = {"verbatim_rows": None if copied.small else copied.found}
    n = {"synthetic": copied.rows}
    return Finding(VERBATIM, {}, Outcome.NOT_ESTIMABLE, reason="no_holdout", n=n, detail=detail)


def _verbatim(copied: Matches, held: Matches, data: CheckInput) -> Finding:
    value, ends = copied.excess(held, data.policy.level)
    null = _sampling_alone(copied, held, data.policy.level)
    margin = max(data.policy.margin(VERBATIM), null)
    hide = copied.small or held.small
    return Finding(
        VERBATIM,
        {},
        upper_outcome(ends, margin),
        real=held.shown,
        synthetic=copied.shown,
        value=_coarse(value, hide=hide),
        ci=interval((_coarse(ends[0], hide=hide), _coarse(ends[1], hide=hide))),
        null=_coarse(null, hide=hide),
        margin=_coarse(margin, hide=hide),
        n={"synthetic": copied.rows, "holdout": held.rows},
        detail={
            "interval": "Newcombe",
            "compared": "all columns but identifiers and free text",
            "real_is": "share of holdout rows that occur verbatim in real",
        },
    )


def _coarse(value: float, *, hide: bool) -> float:
    return round(value, _DECIMALS) + 0.0 if hide else value


def _sampling_alone(copied: Matches, held: Matches, level: float) -> float:
    """Return the upper end of the interval if the two shares were equal: what tables of these sizes cannot tell from 0."""
    share = held.share
    _, high = newcombe_difference(share * copied.rows, copied.rows, share * held.rows, held.rows, level)
    return float(high)


def _overlap(held: Matches, repetitions: Matches) -> Finding:
    value, ends = held.excess(repetitions, _OVERLAP_LEVEL)
    hide = held.small or repetitions.small
    return Finding(
        OVERLAP,
        {},
        Outcome.SHOWN,
        real=repetitions.shown,
        value=number(_coarse(value, hide=hide)),
        ci=interval((_coarse(ends[0], hide=hide), _coarse(ends[1], hide=hide))),
        n={"real": repetitions.rows, "holdout": held.rows},
        detail={
            "interval": "Newcombe",
            "level": _OVERLAP_LEVEL,
            "holdout": held.shown,
            "real_is": "share of real rows that occur more than once",
            "problem": _problem(held, repetitions),
        },
    )
