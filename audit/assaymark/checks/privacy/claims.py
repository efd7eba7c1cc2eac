"""A generator's claim of differential privacy: shown as claimed, and held against what an attack measured.

Under (ε, δ)-differential privacy no test can tell a table with a row from one without it better than a line allows (Wasserman &
Zhou, 2010; Kairouz et al., 2015). An attack below that line proves nothing. One that is surely above it contradicts the claim.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from assaymark.checks.statements import interval
from assaymark.results.findings import Finding, Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assaymark.host.specs import PrivacyClaim
    from assaymark.statistics.operating_point import OperatingPoint

CLAIM = "privacy.dp_claim"


def largest_rate(epsilon: float, delta: float, false_rate: float) -> float:
    """Return the largest true positive rate that (ε, δ)-differential privacy allows at a false positive rate.

    It is the smaller of ``e^ε·FPR + δ`` and ``1 - e^-ε·(1 - δ - FPR)``, the same bound with the two tables' roles changed.

    Args:
        epsilon: At least 0.
        delta: In [0, 1).
        false_rate: In [0, 1].
    """
    growth = math.exp(min(epsilon, 700.0))  # beyond it a float64 overflows, and the bound has been 1 for long
    return max(min(growth * false_rate + delta, 1.0 - (1.0 - delta - false_rate) / growth, 1.0), 0.0)


def finding(claim: PrivacyClaim, points: Mapping[str, OperatingPoint], false_rate: float) -> Finding:
    """Return the claim beside the most successful attack.

    Args:
        claim: What the generator claims.
        points: True positive rates by attack, their intervals at a joint level; empty where no attack could be run.
        false_rate: The false positive rate that they were measured at.
    """
    bound = None if claim.epsilon is None else largest_rate(claim.epsilon, claim.delta, false_rate)
    best = max(points, key=lambda name: points[name].low, default=None)
    scope = {"mechanism": claim.mechanism}
    detail = {
        **claim.document(),
        "false_positive_rate": false_rate,
        "attack": best,
        "real_is": "the rate that the claim allows",
    }
    if bound is None or best is None:
        return Finding(CLAIM, scope, Outcome.SHOWN, real=bound, detail=detail)
    point = points[best]
    ends = (point.low - bound, point.high - bound)
    return Finding(
        CLAIM,
        scope,
        Outcome.EXCEEDED if ends[0] > 0 else Outcome.SHOWN,
        real=bound,
        synthetic=round(point.rate, 3),
        value=round(point.rate - bound, 3),
        ci=interval((round(ends[0], 3), round(ends[1], 3))),
        margin=0.0,
        detail=detail,
    )
