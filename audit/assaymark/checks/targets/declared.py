"""What the checks of targets with more than two outcomes declare. Imports nothing heavy."""

from __future__ import annotations

from assaymark.host.specs import CheckSpec, Family

CLASS_IDS = ("bias.class_parity_difference", "bias.class_distribution_distance", "bias.rank_difference")
SCORE_IDS = (
    "bias.mean_difference",
    "bias.quantile_difference",
    "bias.wasserstein_distance",
    "bias.scoring_rate_difference",
)

CHECKS = (
    CheckSpec(
        "classes",
        "each class against the rest by group, distances between groups, and ranks where classes have an order",
        "assaymark.checks.targets.classes:check",
        Family.BIAS,
        CLASS_IDS,
    ),
    CheckSpec(
        "scores",
        "means, quantiles, distributions and scoring rates of a numeric target by group",
        "assaymark.checks.targets.scores:check",
        Family.BIAS,
        SCORE_IDS,
    ),
)
