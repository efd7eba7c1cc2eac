"""W3C PROV: what was made from what, by whom, as PROV-JSON (W3C member submission of 24 April 2013).

All names lie under a URN of the table's digest, so that documents about different tables can be put together.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_TERMS = "urn:assaymark:terms:"


def render(audit: Mapping[str, Any]) -> bytes:
    """Return the lineage of the synthetic table and of its audit."""
    table = audit["datasets"]["synthetic"]
    document: dict[str, Any] = {
        "prefix": {"assaymark": _TERMS, "this": f"urn:assaymark:table:{table['sha256']}:"},
        "entity": _entities(audit),
        "activity": {
            "this:auditing": {
                "prov:endTime": audit["created"],
                "prov:label": "audit",
                "assaymark:seed": audit["method"]["seed"],
            }
        },
        "agent": {"this:assaymark": _software("Assaymark", audit["assaymark"])},
        "used": _numbered(
            "used",
            [
                {"prov:activity": "this:auditing", "prov:entity": f"this:{name}"}
                for name in ("synthetic", "real", "holdout")
                if audit["datasets"][name] is not None
            ],
        ),
        "wasGeneratedBy": {
            "_:made0": {"prov:entity": "this:audit", "prov:activity": "this:auditing", "prov:time": audit["created"]}
        },
        "wasDerivedFrom": {"_:derived0": {"prov:generatedEntity": "this:audit", "prov:usedEntity": "this:synthetic"}},
        "wasAssociatedWith": {
            "_:by0": {"prov:activity": "this:auditing", "prov:agent": "this:assaymark", "prov:plan": "this:policy"}
        },
    }
    if audit["generator"] is not None:
        _add_generation(document, audit["generator"])
    return (json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _entities(audit: Mapping[str, Any]) -> dict[str, Any]:
    table, gates = audit["datasets"]["synthetic"], audit["summary"]["gates"]
    entities = {
        "this:synthetic": {
            "prov:type": {"$": "assaymark:SyntheticTable", "type": "prov:QUALIFIED_NAME"},
            "prov:label": table["file"],
            **_own(sha256=table["sha256"], rows=table["rows"], columns=table["columns"]),
        },
        "this:policy": {
            "prov:type": {"$": "prov:Plan", "type": "prov:QUALIFIED_NAME"},
            "prov:label": "policy.toml",
            **_own(name=audit["policy"]["name"], sha256=audit["policy"]["sha256"]),
        },
        "this:audit": {
            "prov:label": "audit.json",
            **_own(verdict=audit["verdict"], **{f"gates_{name}": count for name, count in gates.items()}),
        },
    }
    for name, label in (("real", "real data, not disclosed"), ("holdout", "holdout of real data, not disclosed")):
        data = audit["datasets"][name]
        if data is not None:
            entities[f"this:{name}"] = {"prov:label": label, **_own(**data)}
    return entities


def _own(**values: Any) -> dict[str, Any]:
    return {f"assaymark:{name}": value for name, value in values.items() if value is not None}


def _software(name: str, version: str) -> dict[str, Any]:
    kind = {"$": "prov:SoftwareAgent", "type": "prov:QUALIFIED_NAME"}
    return {"prov:type": kind, "prov:label": name, **_own(version=version)}


def _numbered(name: str, entries: list[dict[str, str]]) -> dict[str, dict[str, str]]:
    return {f"_:{name}{number}": entry for number, entry in enumerate(entries)}


def _add_generation(document: dict[str, Any], generator: Mapping[str, Any]) -> None:
    """Say that the table was sampled from a generator that was fitted to the real data."""
    config = json.dumps(generator["config"], sort_keys=True)
    document["activity"]["this:generation"] = {
        "prov:label": "fit and sample",
        **_own(seed=generator["seed"], config=config),
    }
    document["agent"]["this:generator"] = {
        **_software(generator["name"], generator["version"]),
        **_own(distribution=generator["distribution"], digest=generator["digest"]),
    }
    made, used = {"prov:entity": "this:synthetic", "prov:activity": "this:generation"}, document["used"]
    document["wasGeneratedBy"]["_:made1"] = made
    used[f"_:used{len(used)}"] = {"prov:activity": "this:generation", "prov:entity": "this:real"}
    derived = {"prov:generatedEntity": "this:synthetic", "prov:usedEntity": "this:real", "prov:activity": "this:generation"}
    document["wasDerivedFrom"]["_:derived1"] = derived
    document["wasAssociatedWith"]["_:by1"] = {"prov:activity": "this:generation", "prov:agent": "this:generator"}
