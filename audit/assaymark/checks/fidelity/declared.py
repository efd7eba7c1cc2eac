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

STRUCTURE_IDS = (
    "fidelity.marginals",
    "fidelity.rare_categories",
    "fidelity.tail",
    "fidelity.functional_dependency",
    "fidelity.constraint",
)
DETECTION_IDS = ("fidelity.detection",)
REALISM_IDS = ("fidelity.alpha_precision", "fidelity.beta_recall", "fidelity.density", "fidelity.coverage")

CHECKS = (
    CheckSpec(
        "fidelity",
        "distances of columns and of pairs of columns",
        "assaymark.checks.fidelity.columns:check",
        Family.FIDELITY,
        COLUMNS_IDS,
    ),
    CheckSpec(
        "fidelity-structure",
        "triples of columns, rare categories, tails, and rules that hold in real",
        "assaymark.checks.fidelity.structure:check",
        Family.FIDELITY,
        STRUCTURE_IDS,
    ),
    CheckSpec(
        "fidelity-detection",
        "whether a classifier tells synthetic from real rows, and by which columns",
        "assaymark.checks.fidelity.detection:check",
        Family.FIDELITY,
        DETECTION_IDS,
    ),
    CheckSpec(
        "fidelity-realism",
        "density, coverage, alpha-precision and beta-recall",
        "assaymark.checks.fidelity.realism:check",
        Family.FIDELITY,
        REALISM_IDS,
    ),
)
