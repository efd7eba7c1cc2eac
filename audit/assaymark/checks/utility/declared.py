"""What the utility checks declare. Imports nothing heavy."""

from __future__ import annotations

from assaymark.host.specs import CheckSpec, Family

PERFORMANCE_IDS = ("utility.auc", "utility.accuracy")
MODEL_FAIRNESS_IDS = (
    "utility.demographic_parity_difference",
    "utility.demographic_parity_ratio",
    "utility.equalized_odds_difference",
    "utility.true_positive_rate_gap",
    "utility.false_positive_rate_gap",
    "utility.accuracy_gap",
    "utility.group_metric",
)
GROUP_SCORES_IDS = ("utility.calibration_gap", "utility.group_auc")

CHECKS = (
    CheckSpec(
        "utility",
        "classifiers trained on real, on synthetic and on both rows, tested on the holdout",
        "assaymark.checks.utility.performance:check",
        Family.UTILITY,
        PERFORMANCE_IDS,
    ),
    CheckSpec(
        "model-fairness",
        "group metrics of those classifiers",
        "assaymark.checks.utility.model_fairness:check",
        Family.UTILITY,
        MODEL_FAIRNESS_IDS,
    ),
    CheckSpec(
        "model-scores",
        "calibration and ranking of those classifiers by group",
        "assaymark.checks.utility.group_scores:check",
        Family.UTILITY,
        GROUP_SCORES_IDS,
    ),
)
