"""CycloneDX 1.6: a bill of materials of the synthetic table, with its generator, and each gate of the policy as a declaration.

Source: ECMA-424, first edition (CycloneDX 1.6): components of type ``data`` and ``machine-learning-model``, ``definitions`` and
``declarations``. A requirement is a gate of the release's own policy; conformance to it says nothing of any law.
"""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

from assaymark_reports import wording

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SCHEMA = "http://cyclonedx.org/schema/bom-1.6.schema.json"
_POLICY_NOTE = "A gate of the release's own policy: a trigger for review, not a legal limit."
_METRICS = ("fidelity.shapes", "fidelity.trends", "utility.auc", "utility.accuracy")
_GENERATED = uuid.UUID("6f0d5b0a-7a34-5c0e-9b51-6d1c86b0a5a1")  # namespace of serial numbers


def render(audit: Mapping[str, Any]) -> bytes:
    """Return the bill of materials; the same audit gives the same bytes."""
    table = audit["datasets"]["synthetic"]
    gated = [finding for finding in audit["findings"] if finding["gate"] != "ungated"]
    document = {
        "$schema": _SCHEMA,
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": uuid.uuid5(_GENERATED, f"{table['sha256']} {audit['created']}").urn,
        "version": 1,
        "metadata": {
            "timestamp": audit["created"],
            "tools": {"components": [{"type": "application", "name": "assaymark", "version": audit["assaymark"]}]},
            "component": _table(audit),
        },
        "components": _components(audit),
        "dependencies": _dependencies(audit),
        "definitions": {"standards": [_standard(audit, gated)]},
        "declarations": _declarations(audit, gated),
    }
    return (json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _properties(**values: Any) -> list[dict[str, str]]:
    return [{"name": f"assaymark:{name}", "value": str(value)} for name, value in values.items() if value is not None]


def _hashes(digest: str) -> list[dict[str, str]]:
    return [{"alg": "SHA-256", "content": digest.removeprefix("sha256:")}]


def _table(audit: Mapping[str, Any]) -> dict[str, Any]:
    table = audit["datasets"]["synthetic"]
    contents = {"properties": _properties(rows=table["rows"], columns=table["columns"])}
    return {
        "bom-ref": "synthetic",
        "type": "data",
        "name": table["file"],
        "hashes": _hashes(table["sha256"]),
        "data": [{"type": "dataset", "name": table["file"], "contents": contents, "description": "Synthetic rows."}],
    }


def _components(audit: Mapping[str, Any]) -> list[dict[str, Any]]:
    found = [
        {
            "bom-ref": "policy",
            "type": "data",
            "name": "policy.toml",
            "hashes": _hashes(audit["policy"]["sha256"]),
            "data": [{"type": "configuration", "name": audit["policy"]["name"]}],
        }
    ]
    for name in ("real", "holdout"):
        data = audit["datasets"][name]
        if data is not None:
            told = {"properties": _properties(**data)}
            text = "Not disclosed; a salted commitment binds its holder to it."
            part = {"type": "dataset", "name": name, "contents": told, "description": text}
            found.append({"bom-ref": name, "type": "data", "name": f"{name} data, not disclosed", "data": [part]})
    if audit["generator"] is not None:
        found.append(_generator(audit, audit["generator"]))
    return found


def _generator(audit: Mapping[str, Any], generator: Mapping[str, Any]) -> dict[str, Any]:
    about = {key: generator[key] for key in ("distribution", "seed")}
    config = json.dumps(generator["config"], sort_keys=True)
    limits = [f"{entry['what']}: {entry['why']}" for entry in audit["not_tested"]]
    component = {
        "bom-ref": "generator",
        "type": "machine-learning-model",
        "name": generator["name"],
        "version": generator["version"],
        "modelCard": {
            "modelParameters": {"task": "tabular data generation", "datasets": [{"ref": "real"}]},
            "quantitativeAnalysis": {"performanceMetrics": _metrics(audit["findings"])},
            "considerations": {
                "technicalLimitations": [*generator["notes"], *limits],
                "fairnessAssessments": _fairness(audit["findings"]),
            },
        },
        "properties": _properties(**about, config=config),
    }
    if generator["digest"]:
        component["hashes"] = _hashes(generator["digest"])
    return component


def _metrics(findings: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the scores of the generator's rows that have one number each."""
    found = []
    for finding in findings:
        if finding["id"] in _METRICS and finding["synthetic"] is not None:
            scope = finding["scope"]
            about = ", ".join(f"{key} {scope[key]}" for key in ("learner", "trained_on") if scope.get(key))
            found.append({"type": finding["id"], "value": repr(finding["synthetic"]), **({"slice": about} if about else {})})
    return found


def _fairness(findings: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    return [
        {"groupAtRisk": " and ".join(finding["scope"]["protected"]), "harms": wording.sentence(finding)}
        for finding in findings
        if finding["id"] == "bias.demographic_parity_difference"
    ]


def _dependencies(audit: Mapping[str, Any]) -> list[dict[str, Any]]:
    if audit["generator"] is None:
        return [{"ref": "synthetic"}]
    return [{"ref": "synthetic", "dependsOn": ["generator"]}, {"ref": "generator", "dependsOn": ["real"]}]


def _standard(audit: Mapping[str, Any], gated: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "bom-ref": "policy-gates",
        "name": f"policy {audit['policy']['name']}",
        "version": audit["policy"]["sha256"],
        "description": _POLICY_NOTE,
        "requirements": [
            {"bom-ref": f"gate:{identifier}", "identifier": identifier, "title": wording.name(identifier), "text": _POLICY_NOTE}
            for identifier in sorted({finding["id"] for finding in gated})
        ],
    }


def _declarations(audit: Mapping[str, Any], gated: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return a claim for each gated finding; one that failed counts against its requirement, with counter-evidence."""
    claims, by_gate = [], dict[str, dict[str, list[str]]]()
    for number, finding in enumerate(gated):
        reference, failed = f"claim:{number}", finding["gate"] == "fail"
        claim = {"bom-ref": reference, "target": "synthetic", "predicate": wording.sentence(finding)}
        claims.append({**claim, "counterEvidence" if failed else "evidence": ["evidence"]})
        kind = {"pass": "claims", "fail": "counterClaims", "inconclusive": "undecided"}[finding["gate"]]
        by_gate.setdefault(finding["id"], {}).setdefault(kind, []).append(reference)
    evidence = {
        "bom-ref": "evidence",
        "description": "The audit that measured it, with intervals and counts.",
        "data": [{"name": "audit.json", "contents": {"url": "audit.json"}}],
        "created": audit["created"],
    }
    attestation = {
        "summary": f"Verdict under the policy {audit['policy']['name']}: {audit['verdict']}.",
        "assessor": "assessor",
        "map": [_mapped(identifier, claimed) for identifier, claimed in sorted(by_gate.items())],
    }
    return {
        "assessors": [{"bom-ref": "assessor", "thirdParty": False, "organization": {"name": "whoever signed this release"}}],
        "attestations": [attestation],
        "claims": claims,
        "evidence": [evidence],
    }


def _mapped(identifier: str, claimed: Mapping[str, list[str]]) -> dict[str, Any]:
    undecided, failed = claimed.get("undecided", []), claimed.get("counterClaims", [])
    entry: dict[str, Any] = {"requirement": f"gate:{identifier}"}
    if claimed.get("claims"):
        entry["claims"] = claimed["claims"]
    if failed:
        entry["counterClaims"] = failed
    if undecided:
        # no score: half of nothing known would be a number that nobody measured
        entry["conformance"] = {"rationale": f"The data cannot decide {', '.join(undecided)}."}
    else:
        entry["conformance"] = {
            "score": 0 if failed else 1,
            "rationale": "Every gate holds." if not failed else "A gate failed.",
        }
    return entry
