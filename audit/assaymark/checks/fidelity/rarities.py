"""What is rare in real: categories of few rows, and the tails of numbers. Only shares and counts are told, never a value.

What fewer than ten real rows hold is neither looked for nor counted, so that no finding speaks of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from assaymark.checks.statements import interval, not_estimable, number
from assaymark.results.findings import Finding, Outcome
from assaymark.statistics.intervals import newcombe_difference

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from assaymark.checks.fidelity.levels import Coded, Points
    from assaymark.host.specs import CheckInput

    Counts = NDArray[np.int64]

RARE = "fidelity.rare_categories"
TAIL = "fidelity.tail"
IDS = (RARE, TAIL)

_RARE = 0.01  # largest share of real rows that a rare category holds
_TAIL = 0.01  # share of real numbers beyond a tail's end
_DECIMALS = 3  # of shares that rest on few rows


def rare_categories(coded: Sequence[Coded], data: CheckInput) -> Finding:
    """Return which share of the rare categories of all columns has a synthetic row."""
    small, rows = data.policy.small_cell, data.real.rows
    columns: list[dict[str, Any]] = []
    total = np.zeros(3)  # categories, kept, expected to be kept by fresh rows
    weight = np.zeros(len(coded[0].codes) if coded else 2, dtype=np.int64)
    for one in coded:
        if one.points is not None:
            continue
        counts = [one.counts(table)[:-1] for table in range(len(one.codes))]
        rare = (counts[0] >= small) & (counts[0] <= _RARE * rows)
        kept = rare & (counts[1] > 0)
        if not rare.any():
            continue
        expected = float((1.0 - (1.0 - counts[0][rare] / rows) ** data.synthetic.rows).sum())
        total += [rare.sum(), kept.sum(), expected]
        weight += [int(own[rare].sum()) for own in counts]
        columns.append({"column": one.column.name, "rare": int(rare.sum()), "kept": int(kept.sum())})
    n = {"real": rows, "synthetic": data.synthetic.rows}
    if not columns:
        return not_estimable(RARE, {}, "no_rare_categories", n=n)
    return _rare_finding(columns, total, weight, n, data)


def _rare_finding(
    columns: list[dict[str, Any]], total: NDArray[np.float64], weight: Counts, n: dict[str, int], data: CheckInput
) -> Finding:
    rows = [data.real.rows, data.synthetic.rows]
    low, high = newcombe_difference(weight[1], rows[1], weight[0], rows[0], data.policy.level)
    fresh = None if data.holdout is None or weight[2] < data.policy.small_cell else weight[2] / data.holdout.rows
    kept, expected = total[1] / total[0], total[2] / total[0]
    return Finding(
        RARE,
        {},
        Outcome.SHOWN,
        real=round(float(expected), _DECIMALS),
        synthetic=number(kept),
        value=number(kept - round(float(expected), _DECIMALS)),
        null=number(round(1.0 - float(expected), _DECIMALS)),
        n=n,
        detail={
            "categories": int(total[0]),
            "kept": int(total[1]),
            "columns": columns,
            "rare_is": f"held by {data.policy.small_cell} or more real rows, and by at most 1%",
            "real_is": "share of them that as many fresh rows would be expected to have",
            "null_is": "share of them that as many fresh rows would be expected to lack",
            "rows_in_them": {
                "real": number(weight[0] / rows[0]),
                "synthetic": number(weight[1] / rows[1]),
                "holdout": None if fresh is None else number(float(fresh)),
                "difference_interval": [number(float(low)), number(float(high))],
            },
        },
    )


def tails(one: Coded, data: CheckInput) -> Iterator[Finding]:
    """Return how much of a numeric column lies below and above the 1% and 99% quantiles of real."""
    if one.points is None:
        return
    known = [int(counts.sum()) for counts in one.points.counts]
    for side, share in (("lower", _TAIL), ("upper", 1.0 - _TAIL)):
        scope = {"column": one.column.name, "tail": side}
        n = {"real": data.real.rows, "synthetic": data.synthetic.rows}
        beyond = _beyond(one.points, share, upper=side == "upper")
        if beyond is None or beyond[0] < data.policy.small_cell:
            yield not_estimable(TAIL, scope, "no_tail", n=n)
        elif not known[1]:
            yield not_estimable(TAIL, scope, "too_few_synthetic_rows", n=n)
        else:
            yield _tail_finding(scope, beyond, known, n, data)


def _beyond(points: Points, share: float, *, upper: bool) -> list[int] | None:
    end = points.quantiles(0, [share])
    if not len(end):
        return None
    outside = points.values > end[0] if upper else points.values < end[0]
    return [int(counts[outside].sum()) for counts in points.counts]


def _tail_finding(scope: dict[str, Any], beyond: list[int], known: list[int], n: dict[str, int], data: CheckInput) -> Finding:
    low, high = newcombe_difference(beyond[1], known[1], beyond[0], known[0], data.policy.level)
    shares = [round(count / rows, _DECIMALS) if rows else 0.0 for count, rows in zip(beyond, known, strict=True)]
    held = len(beyond) > 2 and beyond[2] >= data.policy.small_cell  # noqa: PLR2004 - real, synthetic, holdout
    return Finding(
        TAIL,
        scope,
        Outcome.SHOWN,
        real=shares[0],
        synthetic=shares[1],
        value=number(round(shares[1] - shares[0], _DECIMALS)),
        ci=interval((round(float(low), _DECIMALS), round(float(high), _DECIMALS))),
        null=number(round(abs(shares[2] - shares[0]), _DECIMALS)) if held else None,
        n=n,
        detail={
            "beyond": "the 1% quantile of real" if scope["tail"] == "lower" else "the 99% quantile of real",
            "null_is": f"difference of holdout from real; withheld where fewer than {data.policy.small_cell} rows lie beyond",
        },
    )
