"""What the bias checks declare. Imports nothing heavy."""

from __future__ import annotations

from assaymark.host.specs import CheckSpec, Family

BIAS_IDS = (
    "bias.demographic_parity_difference",
    "bias.impact_ratio",
    "bias.log_odds_ratio",
    "bias.demographic_parity_spread",
    "bias.directional_amplification",
    "bias.directional_amplification_cell",
    "bias.group_parity_difference",
    "bias.group_impact_ratio",
    "bias.group_log_odds_ratio",
    "bias.mals",
    "bias.multi_attribute_amplification",
    "bias.differential_fairness_epsilon",
    "bias.cramers_v",
    "bias.mutual_information",
    "bias.unknown_group_bounds",
    "bias.conditional_demographic_disparity",
)
REPRESENTATION_IDS = ("representation.log_disparity", "representation.lost_group", "representation.invented_group")
GENERATION_IDS = ("bias.generation_variability",)

CHECKS = (
    CheckSpec(
        "bias",
        "selection rates by group, overall and within strata, association, and bias amplification",
        "assaymark.checks.bias.panel:check",
        Family.BIAS,
        BIAS_IDS,
    ),
    CheckSpec(
        "representation",
        "group shares, lost and invented groups",
        "assaymark.checks.bias.representation:check",
        Family.REPRESENTATION,
        REPRESENTATION_IDS,
    ),
    CheckSpec(
        "generation-seeds",
        "whether another sample of the generator would have told the same",
        "assaymark.checks.bias.generation:check",
        Family.BIAS,
        GENERATION_IDS,
    ),
)
