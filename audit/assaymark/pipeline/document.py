"""The audit document, ``audit.json``: everything that was measured, and what it was measured with."""

from __future__ import annotations

import platform
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from assaymark import __version__
from assaymark.checks.utility.learners import LEARNERS
from assaymark.cubes.published import POOLED, GroupTable, PublishedCubes, group_name
from assaymark.policy.gates import gate_counts
from assaymark.tables.schema import Column, Role, Schema

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from assaymark.pipeline.measuring import Measured
    from assaymark.policy.model import Policy

AUDIT_SCHEMA = "assaymark-audit/1"

NOT_TESTED = (
    ("stronger attacks, and attackers who know more", "a low risk is that of the attacks that were made"),
    ("causes of a difference between groups", "an audit of data cannot tell why groups differ"),
    (
        "whether the target itself is fair",
        "rows that repeat biased decisions faithfully pass, and classifiers that repeat them count as accurate",
    ),
    ("rows whose target is missing", "left out of every fairness measure, and counted"),
)


@dataclass(frozen=True, slots=True)
class RealData:
    """What a document says of real rows: never a plain digest.

    Attributes:
        rows: Number of rows.
        columns: Number of columns.
        commitment: Salted commitment to the file.
    """

    rows: int
    columns: int
    commitment: str

    def document(self) -> dict[str, Any]:
        """Return the JSON-ready form."""
        return {"rows": self.rows, "columns": self.columns, "commitment": self.commitment}


@dataclass(frozen=True, slots=True)
class SyntheticData:
    """What a document says of the synthetic file.

    Attributes:
        file: File name in the release.
        rows: Number of rows.
        columns: Number of columns.
        sha256: Digest of its bytes.
        nulls: Texts that read as missing.
        rename: Headers of the file to headers of real.
        notes: How values were read where that is not plain.
    """

    file: str
    rows: int
    columns: int
    sha256: str
    nulls: tuple[str, ...]
    rename: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Context:
    """What surrounds the measurement of one audit."""

    created: str
    seed: int
    schema: Schema
    protected: tuple[str, ...]
    policy: Policy
    real: RealData
    holdout: RealData | None
    synthetic: SyntheticData
    generator: Mapping[str, Any] | None
    split: Mapping[str, Any] | None
    references: Mapping[str, str] = field(default_factory=dict)


def audit_document(measured: Measured, context: Context) -> dict[str, Any]:
    """Return the JSON-ready audit document; it says the same for the same seed, but for ``created`` and commitments."""
    schema, policy = context.schema, context.policy
    return {
        "schema": AUDIT_SCHEMA,
        "assaymark": __version__,
        "created": context.created,
        "verdict": measured.verdict.value,
        "summary": {"gates": gate_counts(measured.findings)},
        "policy": policy_summary(policy),
        "datasets": {
            "synthetic": _synthetic(context.synthetic, schema),
            "real": context.real.document(),
            "holdout": None if context.holdout is None else context.holdout.document(),
        },
        "task": _task(context, measured.cubes),
        "generator": None if context.generator is None else dict(context.generator),
        "reference": measured.reference.document(),
        "method": _method(context, measured),
        "findings": [finding.document() for finding in measured.findings],
        "tables": published_tables(measured.cubes),
        "not_tested": _not_tested(measured),
        "environment": {"python": platform.python_version(), "platform": f"{platform.system()}-{platform.machine()}".lower()},
    }


def policy_summary(policy: Policy) -> dict[str, Any]:
    """Return what the document says of the policy."""
    return {
        "name": policy.name,
        "sha256": policy.sha256,
        "min_group_size": policy.min_group_size,
        "min_positives": policy.min_positives,
        "small_cell": policy.small_cell,
        "level": policy.level,
        "draws": policy.draws,
        "learner_seeds": policy.learner_seeds,
        "real_refits": policy.real_refits,
        "attacks": policy.attacks,
        "margins": dict(policy.margins),
        "gated": sorted(policy.gated),
        "fail_on": sorted(policy.fail_on),
    }


def _synthetic(data: SyntheticData, schema: Schema) -> dict[str, Any]:
    return {
        "file": data.file,
        "rows": data.rows,
        "columns": data.columns,
        "sha256": data.sha256,
        "schema": [_column(column) for column in schema],
        "nulls": list(data.nulls),
        "rename": dict(data.rename),
        "notes": list(data.notes),
    }


def _column(column: Column) -> dict[str, Any]:
    return {"name": column.name, "kind": column.kind.value, "decimals": column.decimals, "layout": column.layout}


def _task(context: Context, cubes: PublishedCubes) -> dict[str, Any]:
    schema = context.schema
    missing = cubes.target_missing
    return {
        "target": cubes.target,
        "positive": cubes.positive,
        "positive_above": None if schema.positive is None else schema.positive.above,
        "protected": list(context.protected),
        "strata": [column.name for column in schema.with_role(Role.STRATA)],
        "references": dict(context.references),
        "bins": {column.name: list(column.bins) for column in schema if column.bins},
        "target_missing": {name: missing.get(name) for name in ("real", "synthetic", "holdout")},
    }


def _method(context: Context, measured: Measured) -> dict[str, Any]:
    return {
        "seed": context.seed,
        "numpy": np.__version__,
        "interval": "multinomial bootstrap of the published tables, percentile; closed forms where a count is under ten",
        "null": "95th percentile of the absolute effect between two samples of real and holdout together",
        "draws": context.policy.draws,
        "level": context.policy.level,
        "split": None if context.split is None else dict(context.split),
        "classifiers": "; ".join(f"{one.name}: {one.title}" for one in LEARNERS) if measured.predictions else None,
    }


def _not_tested(measured: Measured) -> list[dict[str, str]]:
    told = [{"what": what, "why": why} for what, why in NOT_TESTED]
    if not measured.cubes.strata and not measured.cubes.strata_withheld:
        told.append({"what": "conditional demographic disparity", "why": "no column was declared as --strata"})
    if not any(finding.id == "privacy.shadow_membership" for finding in measured.findings):
        told.append(
            {"what": "an attack on the generator by shadow models", "why": "not measured: it is run by `run --deep` only"}
        )
    told += [
        {"what": "intersection of " + " and ".join(scope), "why": "too many combinations of groups to publish safely"}
        for scope in measured.cubes.withheld
    ]
    told += [
        {"what": f"strata of {column}", "why": "too many combinations of groups and strata to publish safely"}
        for column in measured.cubes.strata_withheld
    ]
    return told


def published_tables(cubes: PublishedCubes) -> list[dict[str, Any]]:
    """Return rows and positives by group for every scope; real and holdout as published, synthetic whole."""
    return [
        {
            "protected": list(scope.protected),
            "real": _rows(scope.real),
            "synthetic": _rows(scope.synthetic),
            "holdout": None if scope.holdout is None else _rows(scope.holdout),
        }
        for scope in cubes.scopes
    ]


def _rows(table: GroupTable) -> list[dict[str, Any]]:
    rows = [(group_name(group), counts) for group, counts in zip(table.groups, table.counts, strict=True)]
    if table.pooled is not None:
        rows.append((POOLED, table.pooled))
    return [{"group": name, "n": int(counts.sum()), "positive": int(counts[1])} for name, counts in rows]


def merge_notes(parts: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Return all notes once, in order."""
    return tuple(dict.fromkeys(note for part in parts for note in part))
