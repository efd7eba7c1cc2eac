"""What the utility checks declare. Imports nothing heavy."""

from __future__ import annotations

from assaymark.host.specs import CheckSpec, Family

PERFORMANCE_IDS = ("utility.auc", "utility.accuracy")
MODEL_FAIRNESS_IDS = ("utility.demographic_parity_difference", "utility.equalized_odds_difference")

CHECKS = (
    CheckSpec(
        "utility",
        "classifiers trained on real and on synthetic rows, tested on the holdout",
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
)
