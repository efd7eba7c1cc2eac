"""What the bias checks declare. Imports nothing heavy."""

from __future__ import annotations

from assaymark.host.specs import CheckSpec, Family

RATES_IDS = (
    "bias.demographic_parity_difference",
    "bias.impact_ratio",
    "bias.log_odds_ratio",
    "bias.demographic_parity_spread",
    "bias.directional_amplification",
    "bias.directional_amplification_cell",
)
REPRESENTATION_IDS = ("representation.log_disparity", "representation.lost_group", "representation.invented_group")
GENERATION_IDS = ("bias.generation_variability",)

CHECKS = (
    CheckSpec(
        "bias",
        "selection rates by group, and directional bias amplification",
        "assaymark.checks.bias.rates:check",
        Family.BIAS,
        RATES_IDS,
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
