"""How close synthetic rows lie to real ones, against fresh real rows: shown, and never a reason to pass.

Copies of which some columns are shifted are far from every real row, and give away all the same who was in the data (Yao et
al., 2025, "The DCR Delusion"). And where synthetic rows come from the holdout, they are farther from real than they should be.
So these numbers are no test; who is used to them finds them here, beside those that are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from assaymark.checks.privacy.proximity import Points, closest, points
from assaymark.checks.statements import interval, not_estimable, number
from assaymark.results.findings import Finding, Outcome
from assaymark.statistics.intervals import mover_sum, wilson
from assaymark.statistics.quantiles import quantile_interval

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from assaymark.execution import Run
    from assaymark.host.specs import CheckInput
    from assaymark.tables.table import Table

    Values = NDArray[np.float64]

DISTANCE = "privacy.distance_to_closest_record"
RATIO = "privacy.nearest_neighbour_distance_ratio"
IDS = (DISTANCE, RATIO)
WHY = "shown, not judged: shifted copies lie far from real rows, and give away who was in the data all the same"

_QUERIES, _BASE = 40_000, 200_000
_COMPARED = 10_000
_LOW = 0.05
_FEWEST_BELOW = 10  # rows that a published percentile must have on its small side
_DECIMALS = 3


@dataclass(frozen=True, slots=True)
class Distances:
    """Distances to the two closest rows of real, shape (rows, 2) each, and which of two equal samples is closer.

    Attributes:
        synthetic: Of synthetic rows.
        holdout: Of holdout rows.
        closer: For each of some synthetic rows 1 where a sample of real is closer than as many holdout rows, 0 where it is
            farther, else 0.5.
        base: How many rows of real were searched.
        sample: Size of those two samples.
    """

    synthetic: Values
    holdout: Values
    closer: Values
    base: int
    sample: int


def check(data: CheckInput) -> Iterator[Finding]:
    """Return both findings."""
    reason = _unusable(data)
    if reason is not None or data.holdout is None:
        yield from (not_estimable(identifier, {}, reason or "no_holdout") for identifier in IDS)
        return
    found = _measure(data.real, data.holdout, data.synthetic, data.run)
    share = float(found.closer.mean())
    ends = wilson(found.closer.sum(), len(found.closer), data.policy.level)
    yield _finding(
        DISTANCE,
        found.synthetic[:, 0],
        found.holdout[:, 0],
        data,
        found.base,
        share_closer_to_real=round(share, _DECIMALS),
        share_closer_to_real_ci=[round(float(end), _DECIMALS) for end in ends],
        share_by_chance=0.5,
        rows_in_that_share={"synthetic": len(found.closer), "real": found.sample, "holdout": found.sample},
    )
    yield _finding(RATIO, _ratio(found.synthetic), _ratio(found.holdout), data, found.base)


def _unusable(data: CheckInput) -> str | None:
    if data.holdout is None:
        return "no_holdout"
    if data.privacy_disabled is not None:
        return data.privacy_disabled
    if not data.schema.learnable:
        return "no_columns"
    fewest = _FEWEST_BELOW / _LOW
    if data.synthetic.rows < fewest:
        return "too_few_synthetic_rows"
    return "too_few_rows" if min(data.real.rows, data.holdout.rows) < fewest else None


def _measure(real: Table, holdout: Table, synthetic: Table, run: Run) -> Distances:
    rng = run.rng("closest-records")
    known = [table.take(rng.permutation(table.rows)[:_BASE]) for table in (real, holdout)]
    some = synthetic.take(rng.permutation(synthetic.rows)[:_QUERIES])
    base, held, asked = points(known, [some], real.schema.learnable, run)
    sample = min(base.count, held.count)
    first = np.arange(sample)
    steps: list[Callable[[], Values]] = [
        lambda: closest(asked, base, 2, run),
        lambda: closest(held.take(np.arange(min(held.count, _QUERIES))), base, 2, run),
        lambda: _closer(asked.take(np.arange(min(asked.count, _COMPARED))), base.take(first), held.take(first), run),
    ]
    found: list[Values] = []
    for done, measure in enumerate(steps):
        run.progress(done, len(steps), "distances to closest records")
        found.append(measure())
    return Distances(found[0], found[1], found[2], base.count, sample)


def _closer(asked: Points, base: Points, held: Points, run: Run) -> Values:
    to_base, to_held = (closest(asked, some, 1, run)[:, 0] for some in (base, held))
    return np.where(to_base == to_held, 0.5, to_base < to_held)


def _ratio(distances: Values) -> Values:
    """Return the distance to the closest row over that to the second closest; 1 where both are 0."""
    first, second = distances.T
    return np.where(second > 0, first / np.where(second > 0, second, 1.0), 1.0)


def _finding(identifier: str, synthetic: Values, holdout: Values, data: CheckInput, base: int, **more: Any) -> Finding:
    level = data.policy.level
    low, ends_low = _quantile(synthetic, _LOW, level)
    fresh, ends_fresh = _quantile(holdout, _LOW, level)
    down, up = mover_sum(
        np.array([low, fresh]), np.array([ends_low[0], ends_fresh[0]]), np.array([ends_low[1], ends_fresh[1]]), (1, -1)
    )
    return Finding(
        identifier,
        {},
        Outcome.SHOWN,
        real=round(fresh, _DECIMALS),
        synthetic=round(low, _DECIMALS),
        value=number(round(low - fresh, _DECIMALS)),
        ci=interval((round(float(down), _DECIMALS), round(float(up), _DECIMALS))),
        n={"real": base, "synthetic": len(synthetic), "holdout": len(holdout)},
        detail={
            "interval": "order statistics, MOVER",
            "percentile": _LOW,
            "median": {
                "synthetic": round(float(np.median(synthetic)), _DECIMALS),
                "holdout": round(float(np.median(holdout)), _DECIMALS),
            },
            "real_is": "fresh real rows, those of the holdout, against real",
            "not_judged": WHY,
            **more,
        },
    )


def _quantile(values: Values, share: float, level: float) -> tuple[float, tuple[float, float]]:
    estimate, low, high = quantile_interval(values, share, level)
    return estimate, (low, high)
