"""Several audits of one real table, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assaymark import __version__
from assaymark.pipeline.releasing import json_bytes
from assaymark.provenance.stamping import stamp_file
from assaymark.tables.atomic import write_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from assaymark.host.specs import Signer
    from assaymark.pipeline.requests import AuditResult

COMPARISON_SCHEMA = "assaymark-comparison/1"
COMPARISON_FILE = "comparison.json"


def quality(document: Mapping[str, Any]) -> float | None:
    """Return the mean of column shapes and pair trends, 0 to 1; None when either is absent."""
    scores = [f["synthetic"] for f in document["findings"] if f["id"] in {"fidelity.shapes", "fidelity.trends"}]
    known = [score for score in scores if score is not None]
    return sum(known) / len(known) if known else None


def ranking(audits: Sequence[AuditResult]) -> tuple[str, ...]:
    """Return names, best first: fewest failed gates, then fewest undecided ones, then highest fidelity."""

    def key(audit: AuditResult) -> tuple[int, int, float, str]:
        gates = audit.document["summary"]["gates"]
        return gates["fail"], gates["inconclusive"], -(quality(audit.document) or 0.0), audit.name

    return tuple(audit.name for audit in sorted(audits, key=key))


def comparison_document(audits: Sequence[AuditResult], order: Sequence[str]) -> dict[str, Any]:
    """Return the JSON-ready comparison."""
    by_name = {audit.name: audit for audit in audits}
    return {
        "schema": COMPARISON_SCHEMA,
        "assaymark": __version__,
        "ranked_by": ["failed gates", "undecided gates", "fidelity"],
        "audits": [
            {
                "rank": rank,
                "name": name,
                "verdict": by_name[name].verdict.value,
                "gates": by_name[name].document["summary"]["gates"],
                "fidelity": quality(by_name[name].document),
                "synthetic_sha256": by_name[name].document["datasets"]["synthetic"]["sha256"],
            }
            for rank, name in enumerate(order, start=1)
        ],
    }


def write_comparison(folder: Path, audits: Sequence[AuditResult], order: Sequence[str], signer: Signer) -> Path:
    """Write and stamp ``comparison.json`` into the folder that holds the releases; return where it is."""
    path = folder / COMPARISON_FILE
    write_bytes(path, json_bytes(comparison_document(audits, order)), overwrite=True)
    stamp_file(path, signer, force=True)
    return path
