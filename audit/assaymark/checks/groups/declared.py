"""What the group checks declare. Imports nothing heavy."""

from __future__ import annotations

from assaymark.host.specs import CheckSpec, Family

SHIFT_IDS = ("bias.label_conditional_shift",)
MISSINGNESS_IDS = ("bias.missingness_gap",)
LEAKAGE_IDS = ("bias.proxy_leakage",)
PARITY_IDS = ("fidelity.group_distance", "fidelity.parity_gap")
DETECTION_IDS = ("fidelity.group_detection",)

CHECKS = (
    CheckSpec(
        "label-shift",
        "what rows of one group and one outcome look like",
        "assaymark.checks.groups.shift:check",
        Family.BIAS,
        SHIFT_IDS,
    ),
    CheckSpec(
        "missingness",
        "missing values by group",
        "assaymark.checks.groups.missingness:check",
        Family.BIAS,
        MISSINGNESS_IDS,
    ),
    CheckSpec(
        "proxies",
        "how well the other columns give a protected attribute away",
        "assaymark.checks.groups.leakage:check",
        Family.BIAS,
        LEAKAGE_IDS,
    ),
    CheckSpec(
        "group-fidelity",
        "how far each group is from its real rows, and the gap between groups",
        "assaymark.checks.groups.parity:check",
        Family.FIDELITY,
        PARITY_IDS,
    ),
    CheckSpec(
        "group-detection",
        "whether a classifier tells a group's real rows from its synthetic ones",
        "assaymark.checks.groups.detection:check",
        Family.FIDELITY,
        DETECTION_IDS,
    ),
)
