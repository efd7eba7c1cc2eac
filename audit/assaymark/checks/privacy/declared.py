"""What the privacy checks declare. Imports nothing heavy."""

from __future__ import annotations

from assaymark.host.specs import CheckSpec, Family

REPLAY_IDS = ("privacy.verbatim_rows", "privacy.holdout_overlap")
MEMBERSHIP_IDS = (
    "privacy.membership_inference",
    "privacy.membership_inference_outliers",
    "privacy.membership_inference_group",
    "privacy.membership_auc",
    "privacy.dp_claim",
)
SINGLING_OUT_IDS = ("privacy.singling_out_univariate", "privacy.singling_out_multivariate")
RECORD_ATTACK_IDS = ("privacy.linkability", "privacy.attribute_inference")

CHECKS = (
    CheckSpec(
        "privacy",
        "verbatim rows against the holdout's baseline",
        "assaymark.checks.privacy.replay:check",
        Family.PRIVACY,
        REPLAY_IDS,
    ),
    CheckSpec(
        "membership",
        "membership inference, of all rows, outliers and protected groups",
        "assaymark.checks.privacy.membership:check",
        Family.PRIVACY,
        MEMBERSHIP_IDS,
    ),
    CheckSpec(
        "closest-records",
        "distances of synthetic rows to the closest real ones, shown beside those of fresh rows",
        "assaymark.checks.privacy.closest_records:check",
        Family.PRIVACY,
        ("privacy.distance_to_closest_record", "privacy.nearest_neighbour_distance_ratio"),
    ),
    CheckSpec(
        "k-anonymity",
        "the smallest count of real people that the release publishes",
        "assaymark.checks.privacy.k_anonymity:check",
        Family.PRIVACY,
        ("privacy.k_anonymity",),
    ),
    CheckSpec(
        "shadow-models",
        "membership inference against the generator, fitted anew with and without exposed rows",
        "assaymark.checks.privacy.shadows:check",
        Family.PRIVACY,
        ("privacy.shadow_membership",),
    ),
    CheckSpec(
        "singling-out",
        "predicates that synthetic rows suggest, and whether they single a real person out",
        "assaymark.checks.privacy.singling_out:check",
        Family.PRIVACY,
        SINGLING_OUT_IDS,
    ),
    CheckSpec(
        "record-attacks",
        "linking the halves of a record, and inferring a secret, by the nearest synthetic rows",
        "assaymark.checks.privacy.record_attacks:check",
        Family.PRIVACY,
        RECORD_ATTACK_IDS,
    ),
)
