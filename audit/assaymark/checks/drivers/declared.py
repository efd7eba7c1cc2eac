"""What the check of drivers declares. Imports nothing heavy."""

from __future__ import annotations

from assaymark.host.specs import CheckSpec, Family

DRIVER_IDS = ("bias.driver",)

CHECKS = (
    CheckSpec(
        "drivers",
        "what accounts for an amplified, introduced or reversed gap: which group's rate, which columns, which of their levels",
        "assaymark.checks.drivers.attribution:check",
        Family.BIAS,
        DRIVER_IDS,
    ),
)
