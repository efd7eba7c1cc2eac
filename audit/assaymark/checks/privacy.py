"""Privacy: rows that occur verbatim in real, against how often fresh real rows do so by chance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assaymark.checks.rows import row_keys
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

_LEVEL = 0.95
_SMALL = 10


def check(data: CheckInput) -> Iterator[Finding]:
    """Return both findings."""
    if data.holdout is None:
        for identifier in IDS:
            yield not_estimable(identifier, {}, "no_holdout")
        return
    real, holdout, synthetic = row_keys((data.real, data.holdout, data.synthetic))
    if data.privacy_disabled is not None:
        yield not_estimable(VERBATIM, {}, data.privacy_disabled)
    else:
        yield _verbatim(data, real, holdout, synthetic)
    yield _overlap(real, holdout)


def _verbatim(
    data: CheckInput, real: NDArray[np.int64], holdout: NDArray[np.int64], synthetic: NDArray[np.int64]
) -> Finding:
    """The value is the share of synthetic rows found in real, less the share of holdout rows found there."""
    copied, chance = int(np.isin(synthetic, real).sum()), int(np.isin(holdout, real).sum())
    low, high = newcombe_difference(copied, len(synthetic), chance, len(holdout), data.policy.level)
    margin = data.policy.margin(VERBATIM)
    span = (float(low), float(high))
    return Finding(
        VERBATIM,
        {},
        upper_outcome(span, margin),
        real=_share(chance, len(holdout)),
        synthetic=_share(copied, len(synthetic)),
        value=number(copied / len(synthetic) - chance / len(holdout)) if min(copied, chance) >= _SMALL or copied == 0 else _rounded(copied / len(synthetic) - chance / len(holdout)),
        ci=interval(span),
        margin=margin,
        n={"synthetic": len(synthetic), "holdout": len(holdout)},
        detail={"interval": "Newcombe", "compared": "all learnable columns", "baseline": "holdout rows found in real"},
    )


def _share(count: int, total: int) -> float | None:
    """Return a share of real rows, unless it would give away a count under ten."""
    return None if 0 < count < _SMALL else count / total


def _rounded(value: float) -> float:
    return round(value, 3)


def overlap(real: NDArray[np.int64], holdout: NDArray[np.int64]) -> tuple[int, int]:
    """Return how many holdout rows are in real, and how many real rows are there more than once."""
    _, inverse, counts = np.unique(real, return_inverse=True, return_counts=True)
    return int(np.isin(holdout, real).sum()), int((counts[inverse] > 1).sum())


def overlap_problem(real: Table, holdout: Table) -> str | None:
    """Return a reason when the holdout shares more rows with real than real repeats its own: then it is no holdout."""
    keys = row_keys((real, holdout))
    shared, repeated = overlap(*keys)
    low, _ = newcombe_difference(shared, len(keys[1]), repeated, len(keys[0]), _LEVEL)
    return OVERLAPS if float(low) > 0 else None


def _overlap(real: NDArray[np.int64], holdout: NDArray[np.int64]) -> Finding:
    shared, repeated = overlap(real, holdout)
    low, high = newcombe_difference(shared, len(holdout), repeated, len(real), _LEVEL)
    return Finding(
        OVERLAP,
        {},
        Outcome.SHOWN,
        real=_share(repeated, len(real)),
        value=_share(shared, len(holdout)),
        ci=None,
        n={"holdout": len(holdout), "real": len(real)},
        detail={"disables_privacy": bool(float(low) > 0), "real_is": "share of real rows that occur more than once"},
    )
