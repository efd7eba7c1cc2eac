"""Declares the built-in checks. Imports nothing heavy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assaymark.host.hooks import hookimpl
from assaymark.host.specs import CheckSpec, Family

if TYPE_CHECKING:
    from collections.abc import Iterable

BIAS_IDS = (
    "bias.demographic_parity_difference",
    "bias.impact_ratio",
    "bias.log_odds_ratio",
    "bias.demographic_parity_spread",
    "bias.directional_amplification",
    "bias.directional_amplification_cell",
)
REPRESENTATION_IDS = ("representation.log_disparity", "representation.lost_group", "representation.invented_group")
FIDELITY_IDS = (
    "fidelity.column_shape",
    "fidelity.pair_trend",
    "fidelity.shapes",
    "fidelity.trends",
    "fidelity.unseen_categories",
)
UTILITY_IDS = ("utility.auc", "utility.accuracy")
MODEL_IDS = ("utility.demographic_parity_difference", "utility.equalized_odds_difference")
PRIVACY_IDS = ("privacy.verbatim_rows", "privacy.holdout_overlap")


@hookimpl
def assaymark_checks() -> Iterable[CheckSpec]:
    """Declare the built-in checks, in the order in which a report shows them."""
    return (
        CheckSpec(
            "bias",
            "selection rates by group, and directional bias amplification",
            "assaymark.checks.bias:check",
            Family.BIAS,
            BIAS_IDS,
        ),
        CheckSpec(
            "representation",
            "group shares, lost and invented groups",
            "assaymark.checks.representation:check",
            Family.REPRESENTATION,
            REPRESENTATION_IDS,
        ),
        CheckSpec(
            "fidelity",
            "distances of columns and of pairs of columns",
            "assaymark.checks.fidelity:check",
            Family.FIDELITY,
            FIDELITY_IDS,
        ),
        CheckSpec(
            "utility",
            "classifiers trained on real and on synthetic rows, tested on the holdout",
            "assaymark.checks.utility:check",
            Family.UTILITY,
            UTILITY_IDS,
        ),
        CheckSpec(
            "model-fairness",
            "group metrics of those classifiers",
            "assaymark.checks.model_fairness:check",
            Family.UTILITY,
            MODEL_IDS,
        ),
        CheckSpec(
            "privacy",
            "verbatim rows against the holdout's baseline",
            "assaymark.checks.privacy:check",
            Family.PRIVACY,
            PRIVACY_IDS,
        ),
    )
