"""SARIF 2.1.0: gates that failed (errors) or are undecided (warnings) as results, for code scanning.

Source: OASIS Static Analysis Results Interchange Format 2.1.0. An undecided gate has the kind ``fail``, too: SARIF's own kind
for it, ``open``, must have no level (3.27.10), so that a reader which sorts by level would not show it.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from assaymark_reports import naming, wording

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Finding = Mapping[str, Any]

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {"fail": "error", "inconclusive": "warning"}
_HELP = {
    "bias": "Compares how outcomes differ between groups in the synthetic rows with how they differ in the real ones.",
    "representation": "Compares the share of each group in the synthetic rows with its share in the real ones.",
    "fidelity": "Compares columns, and how they hang together, in the synthetic rows with those in the real ones.",
    "utility": "Compares classifiers trained on synthetic rows with those trained on real ones, on rows that neither has seen.",
    "privacy": "Holds an attack, or a count, against the synthetic rows: what do they tell of single real people?",
}
_OTHER = "A measure of a plugin."
_FAILED = (
    "Where it fails, a person looks before the table is released. Where it is undecided, more rows would narrow the interval."
)
_NO_LAW = "A gate is a trigger for review that this policy sets, not a legal limit."
_NUMBERS = ("real", "synthetic", "value", "ci", "null", "margin", "p_adjusted", "outcome", "reason", "gate")


def render(audit: Mapping[str, Any]) -> bytes:
    """Return the log as JSON; the same audit gives the same bytes."""
    gates = naming.gated(audit)
    identifiers = sorted({finding["id"] for _, finding in gates})
    table = audit["datasets"]["synthetic"]
    location = {"uri": quote(table["file"], safe="", errors="replace")}
    run = {
        "tool": {
            "driver": {
                "name": "Assaymark",
                "version": audit["assaymark"],
                "rules": [_rule(identifier, audit) for identifier in identifiers],
            }
        },
        "invocations": [{"executionSuccessful": True, "endTimeUtc": audit["created"]}],
        "artifacts": [{"location": location, "roles": ["analysisTarget"], "hashes": {"sha-256": table["sha256"]}}],
        "results": [_result(name, finding, identifiers, location) for name, finding in gates if finding["gate"] in _LEVELS],
        "properties": {
            "verdict": audit["verdict"],
            "policy": audit["policy"]["name"],
            "policySha256": audit["policy"]["sha256"],
            "gates": dict(audit["summary"]["gates"]),
            "notTested": [f"{entry['what']}: {entry['why']}" for entry in audit["not_tested"]],
        },
    }
    document = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return (json.dumps(document, indent=2, allow_nan=False) + "\n").encode()


def _rule(identifier: str, audit: Mapping[str, Any]) -> dict[str, Any]:
    family = identifier.partition(".")[0]
    margin = audit["policy"]["margins"].get(identifier)
    allowed = "" if margin is None else f" The policy {audit['policy']['name']} allows a change of {wording.number(margin)}."
    return {
        "id": identifier,
        "shortDescription": {"text": wording.name(identifier)},
        "fullDescription": {"text": f"{wording.name(identifier)}. {_HELP.get(family, _OTHER)}"},
        "help": {"text": f"{_HELP.get(family, _OTHER)}{allowed} {_FAILED} {_NO_LAW}"},
        "defaultConfiguration": {"level": "error"},
        "properties": {"tags": [family]},
    }


def _result(name: str, finding: Finding, identifiers: Sequence[str], location: Mapping[str, str]) -> dict[str, Any]:
    return {
        "ruleId": finding["id"],
        "ruleIndex": identifiers.index(finding["id"]),
        "level": _LEVELS[finding["gate"]],
        "message": {"text": _literal(wording.sentence(finding))},
        # no line is to blame: the finding is about the whole table; readers that want a line get the first
        "locations": [
            {
                "physicalLocation": {"artifactLocation": {**location, "index": 0}, "region": {"startLine": 1}},
                "logicalLocations": [{"fullyQualifiedName": name}],
            }
        ],
        "partialFingerprints": {"assaymarkGate/v1": hashlib.sha256(name.encode(errors="replace")).hexdigest()},
        "properties": {key: finding[key] for key in _NUMBERS if finding.get(key) is not None},
    }


def _literal(text: str) -> str:
    """Return a message in which no brace is a placeholder and no bracket an embedded link (3.11.5, 3.11.6)."""
    return text.replace("\\", "\\\\").replace("{", "{{").replace("}", "}}").replace("[", "\\[").replace("]", "\\]")
