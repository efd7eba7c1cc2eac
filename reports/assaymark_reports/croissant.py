"""Croissant: a machine-readable description of the synthetic table (MLCommons Croissant 1.0, with its responsible-AI terms)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_TYPES = {
    "integer": "sc:Integer",
    "float": "sc:Float",
    "boolean": "sc:Boolean",
    "datetime": "sc:DateTime",
    "categorical": "sc:Text",
    "text": "sc:Text",
    "identifier": "sc:Text",
}
_FORMATS = {"csv": "text/csv", "parquet": "application/x-parquet"}
_CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}


def render(audit: Mapping[str, Any]) -> bytes:
    """Return the JSON-LD description of the table that an audit is about."""
    table = audit["datasets"]["synthetic"]
    headers = {new: old for old, new in table["rename"].items()}
    fields = [
        {
            "@type": "cr:Field",
            "@id": f"rows/{column['name']}",
            "name": column["name"],
            "dataType": _TYPES[column["kind"]],
            "source": {
                "fileObject": {"@id": table["file"]},
                "extract": {"column": headers.get(column["name"], column["name"])},
            },
        }
        for column in table["schema"]
    ]
    document = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": ["http://mlcommons.org/croissant/1.0", "http://mlcommons.org/croissant/RAI/1.0"],
        "name": f"synthetic-{table['sha256'][:12]}",
        "description": _description(audit),
        "dateCreated": audit["created"],
        "datePublished": audit["created"],
        "version": "1.0.0",
        "distribution": [
            {
                "@type": "cr:FileObject",
                "@id": table["file"],
                "name": table["file"],
                "contentUrl": table["file"],
                "encodingFormat": _FORMATS[table["file"].rpartition(".")[2]],
                "sha256": table["sha256"],
            }
        ],
        "recordSet": [{"@type": "cr:RecordSet", "@id": "rows", "name": "rows", "field": fields}],
        "rai:dataCollection": _collection(audit),
        "rai:dataManipulationProtocol": _manipulation(audit),
        "rai:personalSensitiveInformation": [f"{name}: protected attribute" for name in audit["task"]["protected"]],
        "rai:dataBiases": _biases(audit),
        "rai:dataSocialImpact": _impact(audit),
        "rai:dataLimitations": [f"{entry['what']}: {entry['why']}" for entry in audit["not_tested"]],
        "rai:hasSyntheticData": True,
    }
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()


def _description(audit: Mapping[str, Any]) -> str:
    table, task = audit["datasets"]["synthetic"], audit["task"]
    made = "" if audit["generator"] is None else f" made by the generator {audit['generator']['name']}"
    return (
        f"Synthetic table of {table['rows']} rows and {table['columns']} columns{made}. "
        f"Audited for {task['target']} by {', '.join(task['protected'])} under the policy {audit['policy']['name']}: "
        f"{audit['verdict']}."
    )


def _collection(audit: Mapping[str, Any]) -> str:
    real, generator = audit["datasets"]["real"], audit["generator"]
    if generator is None:
        return "A table that was brought along for an audit; how it was made is not known."
    return (
        f"Sampled from the generator {generator['name']} {generator['version']}, fitted to {real['rows']} real rows, "
        "which are not disclosed."
    )


def _manipulation(audit: Mapping[str, Any]) -> list[str]:
    made = [] if audit["generator"] is None else [str(note) for note in audit["generator"]["notes"]]
    return [*made, *audit["datasets"]["synthetic"]["notes"]] or ["none that is known"]


def _impact(audit: Mapping[str, Any]) -> str:
    gates = audit["summary"]["gates"]
    return (
        f"Held against the policy {audit['policy']['name']} for bias, representation and privacy: {gates['pass']} gates hold, "
        f"{gates['fail']} failed, {gates['inconclusive']} are undecided. This is no statement of compliance with a law."
    )


def _biases(audit: Mapping[str, Any]) -> list[str]:
    return [
        f"{finding['id']} by {' and '.join(finding['scope'].get('protected', []))}: real {finding['real']}, "
        f"synthetic {finding['synthetic']}, {finding['outcome']}"
        for finding in audit["findings"]
        if finding["id"] == "bias.demographic_parity_difference" and finding["real"] is not None
    ]
