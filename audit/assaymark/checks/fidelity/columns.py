"""Fidelity: how far the columns of the synthetic table, one by one and in pairs, are from those of the real one.

Only aggregate distances are published, never a level or a value of real rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from assaymark.checks.fidelity.comparison import Part, compare
from assaymark.checks.fidelity.levels import CATEGORICAL_KINDS
from assaymark.checks.fidelity.telling import Told
from assaymark.checks.statements import interval, not_estimable, number
from assaymark.results.findings import Finding, Outcome
from assaymark.statistics.intervals import wilson

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from assaymark.checks.fidelity.levels import Coded
    from assaymark.checks.fidelity.measures import Measure
    from assaymark.host.specs import CheckInput

SHAPE = "fidelity.column_shape"
TREND = "fidelity.pair_trend"
SHAPES = "fidelity.shapes"
TRENDS = "fidelity.trends"
UNSEEN = "fidelity.unseen_categories"
IDS = (SHAPE, TREND, SHAPES, TRENDS, UNSEEN)

_LISTED_PAIRS = 200  # of wide tables only the most distant pairs are listed; the means are over all


def check(data: CheckInput) -> Iterator[Finding]:
    """Return the fidelity findings: single columns, pairs, and the two scores over all of them."""
    tables = [data.real, data.synthetic] if data.holdout is None else [data.real, data.synthetic, data.holdout]
    n = {"real": data.real.rows, "synthetic": data.synthetic.rows}
    if not all(table.rows for table in tables):
        yield from (not_estimable(identifier, {}, "too_few_rows", n=n) for identifier in (SHAPES, TRENDS))
        return
    found = compare(tables, data.schema.learnable, data.run)
    told = Told.of(data)
    for measure in found.shapes.measures:
        yield _finding(SHAPE, {"column": measure.columns[0]}, measure, n, data, told)
    listed = _most_distant(found.trends.measures)
    for measure in listed:
        yield _finding(TREND, {"columns": list(measure.columns)}, measure, n, data, told)
    yield _score(SHAPES, found.shapes, len(found.shapes.measures), n, data)
    yield _score(TRENDS, found.trends, len(listed), n, data)
    for one in found.columns:
        if one.column.kind in CATEGORICAL_KINDS:
            yield _unseen(one, data)


def _most_distant(trends: Sequence[Measure]) -> Sequence[Measure]:
    if len(trends) <= _LISTED_PAIRS:
        return trends
    kept = {measure.columns for measure in sorted(trends, key=lambda one: (-one.value, one.columns))[:_LISTED_PAIRS]}
    return [measure for measure in trends if measure.columns in kept]


def _finding(
    identifier: str, scope: dict[str, Any], measure: Measure, n: dict[str, int], data: CheckInput, told: Told
) -> Finding:
    if not told.usable:
        return not_estimable(identifier, scope, "too_few_rows", n=n)
    theirs, fresh = measure.theirs, Told.of_holdout(data)
    return Finding(
        identifier,
        scope,
        Outcome.SHOWN,
        value=told.number(measure.value),
        ci=told.around(measure.value, measure.distances[0].interval(data.policy.level)),
        null=fresh.null(measure.null) if fresh.usable else None,
        n=n,
        detail={
            "rounded_to": told.step,
            "metric": measure.metric,
            "null_is": None if measure.null is None else "distance of holdout from real",
            "sdmetrics": {
                "metric": theirs.metric,
                "score": told.score(theirs.scores[0]),
                "holdout": fresh.score(theirs.scores[1]) if len(theirs.scores) > 1 and fresh.usable else None,
                "counted": theirs.counted,
            },
        },
    )


def _score(identifier: str, part: Part, listed: int, n: dict[str, int], data: CheckInput) -> Finding:
    """Return 1 - the mean distance: 1 is best. Of real rows it is the score of the holdout, the best that can be hoped for."""
    if part.synthetic is None:
        return not_estimable(identifier, {}, "too_few_columns", n=n)
    told = Told.of_holdout(data, len(part.measures))
    if not told.usable:
        return not_estimable(identifier, {}, "too_few_rows", n=n)
    level, holdout = data.policy.level, part.holdout
    score, (low, high) = 1.0 - part.synthetic.value, part.synthetic.interval(level)
    floor = None if holdout is None else 1.0 - holdout.value
    excess = None if holdout is None else part.synthetic.excess(holdout, level)
    return Finding(
        identifier,
        {},
        Outcome.SHOWN,
        real=told.score(floor),
        synthetic=told.score(score),
        value=None if floor is None else told.difference(score, floor),
        ci=None if excess is None or floor is None else told.around_difference(score, floor, (-excess[1], -excess[0])),
        null=None if holdout is None else told.null(holdout.sampling(level)),
        n=n,
        detail={
            "distances": len(part.measures),
            "listed": listed,
            "rounded_to": told.step,
            "score_interval": told.around_score(score, (1.0 - high, 1.0 - low)),
            "real_is": None if floor is None else "score of the holdout",
            "null_is": None if floor is None else "how far the scores of two such holdouts lie apart, by sampling alone",
            "sdmetrics": _theirs(part, data),
        },
    )


def _theirs(part: Part, data: CheckInput) -> dict[str, Any]:
    """Return the means that SDMetrics' report gives, and those over all columns or pairs that have a score."""
    counted = [measure.theirs for measure in part.measures if measure.theirs.counted]
    every = [measure.theirs for measure in part.measures]
    held = part.holdout is not None
    return {
        "score": _mean([theirs.scores[0] for theirs in counted], data),
        "holdout": _mean([theirs.scores[-1] for theirs in counted], data) if held else None,
        "counted": sum(theirs.scores[0] is not None for theirs in counted),
        "score_of_all": _mean([theirs.scores[0] for theirs in every], data),
        "holdout_of_all": _mean([theirs.scores[-1] for theirs in every], data) if held else None,
    }


def _mean(scores: Sequence[float | None], data: CheckInput) -> float | None:
    known = [score for score in scores if score is not None]
    return Told.of_holdout(data, len(known)).score(float(np.mean(known))) if known else None


def _unseen(one: Coded, data: CheckInput) -> Finding:
    small = data.policy.small_cell
    counts = [one.counts(table)[:-1] for table in range(len(one.codes))]
    rare = counts[0] < small
    unseen = rare & (counts[1] > 0)
    rows, fresh = int(counts[1][unseen].sum()), int(counts[2][rare].sum()) if data.holdout is not None else 0
    share = rows / data.synthetic.rows
    low, high = wilson(rows, data.synthetic.rows, data.policy.level)
    return Finding(
        UNSEEN,
        {"column": one.column.name},
        Outcome.SHOWN,
        synthetic=number(share),
        value=number(share),
        ci=interval((float(low), float(high))),
        null=number(fresh / data.holdout.rows) if data.holdout is not None and fresh >= small else None,
        n={"synthetic": data.synthetic.rows},
        detail={
            "categories": int(unseen.sum()),
            "rows": rows,
            "unseen_is": f"held by fewer than {small} real rows",
            "null_is": f"share of the holdout; withheld where it is of fewer than {small} rows",
        },
    )
