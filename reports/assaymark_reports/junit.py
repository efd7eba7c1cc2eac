"""JUnit: the gates of the policy as test cases, for the test reports of a CI server.

There is no standard of this format. What is written follows the schema of the Jenkins xUnit plugin (``junit-10.xsd``), which
Jenkins, GitLab and GitHub actions read: a gate that failed is a failure, one that is undecided is skipped.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING, Any

from assaymark_reports import escaping, naming, wording
from assaymark_reports.approvals import approvals

if TYPE_CHECKING:
    from collections.abc import Mapping

_VERDICTS = {
    "pass": "Every gate of the policy holds.",
    "fail": "At least one gate of the policy failed.",
    "inconclusive": "No gate failed, but the data cannot decide all of them.",
}


def render(audit: Mapping[str, Any]) -> bytes:
    """Return the test suite of an audit; the same audit gives the same bytes."""
    gates = naming.gated(audit)
    told = [audit["verdict"], *(finding["gate"] for _, finding in gates)]
    counts = {"tests": len(told), "failures": told.count("fail"), "errors": 0, "skipped": told.count("inconclusive")}
    # that schema knows no count of skipped cases at the root
    root = ET.Element("testsuites", {"name": "assaymark", **{key: str(n) for key, n in counts.items() if key != "skipped"}})
    suite = ET.SubElement(
        root,
        "testsuite",
        {
            "name": escaping.xml(f"policy {audit['policy']['name']}"),
            **{key: str(n) for key, n in counts.items()},
            "timestamp": str(audit["created"]).removesuffix("Z"),  # readers know no time zone here
            "time": "0",
        },
    )
    properties = ET.SubElement(suite, "properties")
    for name, value in _facts(audit).items():
        ET.SubElement(properties, "property", {"name": name, "value": escaping.xml(value)})
    _case(suite, "assaymark", "verdict", audit["verdict"], _VERDICTS[audit["verdict"]])
    for name, finding in gates:
        family = str(finding["id"]).partition(".")[0]
        _case(suite, f"assaymark.{family}", name, finding["gate"], wording.sentence(finding), str(finding["outcome"]))
    _waivers(suite, audit)
    ET.indent(root)
    content: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return content + b"\n"


def _facts(audit: Mapping[str, Any]) -> dict[str, str]:
    table, task, generator = audit["datasets"]["synthetic"], audit["task"], audit["generator"]
    return {
        "assaymark": str(audit["assaymark"]),
        "policy.sha256": audit["policy"]["sha256"],
        "table": table["file"],
        "table.sha256": table["sha256"],
        "generator": "not known" if generator is None else f"{generator['name']} {generator['version']}",
        "target": f"{task['target']} {task['positive']}",
        "protected": ", ".join(task["protected"]),
    }


def _case(suite: ET.Element, group: str, name: str, gate: str, told: str, kind: str = "verdict") -> None:
    case = ET.SubElement(suite, "testcase", {"classname": escaping.xml(group), "name": escaping.xml(name), "time": "0"})
    text = escaping.xml(told)
    if gate == "fail":
        ET.SubElement(case, "failure", {"type": escaping.xml(kind), "message": text}).text = text
    elif gate == "inconclusive":
        ET.SubElement(case, "skipped", {"message": text})


def _waivers(suite: ET.Element, audit: Mapping[str, Any]) -> None:
    """Tell who approved or waived; a waiver changes no measurement, so a waived gate still counts as failed."""
    lines = [
        line
        for one in approvals(audit.get("approvals", ()))
        for line in (one.headline + (f": {one.reason}" if one.reason else ""), *one.waived, one.signature)
    ]
    if lines:
        ET.SubElement(suite, "system-out").text = escaping.xml("\n".join(lines))
