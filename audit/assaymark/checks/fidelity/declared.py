"""What the fidelity checks declare. Imports nothing heavy."""

from __future__ import annotations

from assaymark.host.specs import CheckSpec, Family

COLUMNS_IDS = (
    "fidelity.column_shape",
    "fidelity.pair_trend",
    "fidelity.shapes",
    "fidelity.trends",
    "fidelity.unseen_categories",
)

CHECKS = (
    CheckSpec(
        "fidelity",
        "distances of columns and of pairs of columns",
        "assaymark.checks.fidelity.columns:check",
        Family.FIDELITY,
        COLUMNS_IDS,
    ),
)
