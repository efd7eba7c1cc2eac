"""Which part of a changed difference between groups comes from a shifted overall rate, and which from the groups themselves.

A difference of rates moves when the overall rate moves, even where every odds ratio between groups stays. So the synthetic rows
are weighted by outcome until their overall rate is that of real. Such weights shift the log odds of every group by the same
amount (prior probability shift: Saerens, Latinne & Decaestecker, 2002; Elkan, 2001, theorem 2), so they keep all odds ratios,
and the shares of the groups among the positive rows and among the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from assaymark.checks.bias.measures import overall_rate, rates
from assaymark.checks.statements import interval, number
from assaymark.statistics.bootstrap import percentile_interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assaymark.checks.bias.sampling import ScopeSample

    Cells = NDArray[np.int64]
    Values = NDArray[np.float64]


def rates_at(cells: Cells, rate: Values) -> Values:
    """Return the selection rates that groups have once outcomes are weighted so that the overall rate is ``rate``.

    Args:
        cells: Tables, shape (..., groups, 2), with rows of both outcomes.
        rate: Overall rates, shape (..., 1), in (0, 1).
    """
    own = overall_rate(cells)
    with np.errstate(divide="ignore", invalid="ignore"):
        positive = cells[..., 1] * (rate / own)
        rest = cells[..., 0] * ((1.0 - rate) / (1.0 - own))
        return np.asarray(positive / (positive + rest), dtype=np.float64)


def base_rate_parts(sample: ScopeSample, a: int, b: int, level: float) -> dict[str, Any]:
    """Return the overall rates, the difference at the overall rate of real, and the two parts of the change.

    ``due_to_base_rate`` and ``due_to_association`` sum to the change of the difference. Both are None when synthetic rows have
    one outcome only, for then no weights bring back the other.
    """
    rate = overall_rate(sample.real)
    p, q = rates(sample.real), rates(sample.synthetic)
    at = rates_at(sample.synthetic, rate)
    real, synthetic, moved = (float(each[a] - each[b]) for each in (p, q, at))
    with np.errstate(invalid="ignore"):
        first = rates(sample.real_draws)
        second = rates_at(sample.synthetic_draws, overall_rate(sample.real_draws))
        draws = (second[:, a] - second[:, b]) - (first[:, a] - first[:, b])
    ends = percentile_interval(draws, level) if np.isfinite(draws).all() else (np.nan, np.nan)
    return {
        "real": number(float(rate[0])),
        "synthetic": number(float(overall_rate(sample.synthetic)[0])),
        "synthetic_at_rate_of_real": number(moved),
        "due_to_base_rate": number(synthetic - moved),
        "due_to_association": number(moved - real),
        "due_to_association_ci": list(interval((float(ends[0]), float(ends[1])))),
    }
