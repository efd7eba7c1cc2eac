"""What the privacy checks declare. Imports nothing heavy."""

from __future__ import annotations

from assaymark.host.specs import CheckSpec, Family

REPLAY_IDS = ("privacy.verbatim_rows", "privacy.holdout_overlap")

CHECKS = (
    CheckSpec(
        "privacy",
        "verbatim rows against the holdout's baseline",
        "assaymark.checks.privacy.replay:check",
        Family.PRIVACY,
        REPLAY_IDS,
    ),
)
