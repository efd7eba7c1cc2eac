"""JUnit and SARIF: valid by schemas, one entry for each gate, true to the audit, and safe against hostile names."""

from __future__ import annotations

import copy
import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from jsonschema import Draft4Validator

from assaymark_reports import junit, naming, sarif, wording

TESTS = Path(__file__).resolve().parents[1]
OFFICIAL = TESTS / "interop/node_modules/@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json"
HOSTILE = [
    "</testcase><failure/>",
    "]]>\"'&amp;&",
    "\x00\x07\x1b[31m\u202e\ufffe",
    "\ud800 alone",
    "{0} {placeholder} [link](https://example.org) \\[a\\](b)",
    "<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>&e;",
    "\nnew line\r\ttab",
]


@pytest.fixture(scope="module")
def audit(release):
    return json.loads((release / "audit.json").read_bytes())


@pytest.fixture(scope="module")
def decided(audit):
    """The audit with one gate of each kind at the front, and a verdict to match."""
    document = copy.deepcopy(audit)
    gated = [finding for finding in document["findings"] if finding["gate"] != "ungated"]
    for finding, gate in zip(gated, ("fail", "inconclusive"), strict=False):
        finding["gate"] = gate
    for finding in gated[2:]:
        finding["gate"] = "pass"
    document["verdict"] = "fail"
    return document


def hostile(audit, text):
    """The same with a column, groups, the target, the file and the policy called ``text``."""
    document = json.loads(json.dumps(audit).replace('"Female"', json.dumps(text)).replace('"sex"', json.dumps(text)))
    document["task"]["target"] = document["policy"]["name"] = document["datasets"]["synthetic"]["file"] = text
    return document


@pytest.fixture(scope="module")
def audits(audit, decided):
    foreign = copy.deepcopy(audit)
    foreign["generator"] = None
    return [audit, decided, foreign, *(hostile(decided, text) for text in HOSTILE)]


def cases(audit):
    return ET.fromstring(junit.render(audit)).findall("testsuite/testcase")


def outcome(case):
    return next((child.tag for child in case), "passed")


def test_the_suite_has_a_case_for_the_verdict_and_for_each_gate(decided):
    found = cases(decided)
    gates = [finding for finding in decided["findings"] if finding["gate"] != "ungated"]
    assert [case.get("name") for case in found] == ["verdict", *(name for name, _ in naming.gated(decided))]
    wanted = {"fail": "failure", "inconclusive": "skipped", "pass": "passed"}
    assert [outcome(case) for case in found] == ["failure", *(wanted[finding["gate"]] for finding in gates)]
    failure = found[1].find("failure")
    assert failure.get("type") == gates[0]["outcome"]
    assert failure.get("message") == failure.text == wording.sentence(gates[0])
    assert found[2].find("skipped").get("message") == wording.sentence(gates[1])


def test_the_counts_of_the_suite_are_those_of_its_cases(audits):
    for audit in audits:
        root = ET.fromstring(junit.render(audit))
        suite = root.find("testsuite")
        outcomes = [outcome(case) for case in suite.iter("testcase")]
        wanted = {"tests": len(outcomes), "failures": outcomes.count("failure"), "errors": 0}
        wanted["skipped"] = outcomes.count("skipped")
        assert {key: int(suite.get(key)) for key in wanted} == wanted
        assert {key: int(root.get(key)) for key in ("tests", "failures", "errors")}.items() <= wanted.items()


@pytest.mark.parametrize(("verdict", "told"), [("pass", "passed"), ("fail", "failure"), ("inconclusive", "skipped")])
def test_the_verdict_is_the_first_case(audit, verdict, told):
    first = cases({**audit, "verdict": verdict})[0]
    assert first.get("name") == "verdict"
    assert outcome(first) == told


def test_the_suite_is_valid_by_the_schema(audits):
    etree = pytest.importorskip("lxml.etree", reason="lxml is not installed; it validates JUnit reports")
    schema = etree.XMLSchema(etree.parse(str(TESTS / "fixtures/reports/junit.xsd")))
    for audit in audits:
        assert schema.validate(etree.fromstring(junit.render(audit))), schema.error_log
    for wrong in (b"<testsuites><testsuite name='x'/></testsuites>", b"<testsuites><testcase name='x'/></testsuites>"):
        assert not schema.validate(etree.fromstring(wrong))


@pytest.mark.parametrize("text", HOSTILE)
def test_no_name_becomes_xml(decided, text):
    plain, changed = (ET.fromstring(junit.render(each)) for each in (decided, hostile(decided, text)))
    assert [element.tag for element in changed.iter()] == [element.tag for element in plain.iter()]
    shown = changed.find("testsuite").get("name").removeprefix("policy ")
    assert shown == re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]", "\ufffd", text)


def test_names_stay_when_the_numbers_change(decided):
    later = copy.deepcopy(decided)
    for finding in later["findings"]:
        if "groups" in finding["scope"]:
            finding["scope"]["groups"] = finding["scope"]["groups"][::-1]
        finding["value"] = finding["real"] = finding["synthetic"] = 0.5
    assert [name for name, _ in naming.gated(later)] == [name for name, _ in naming.gated(decided)]


def test_no_name_occurs_twice():
    one = {"id": "x.y", "scope": {"protected": ["sex"], "groups": ["a", "b"]}, "gate": "pass"}
    other = {**one, "scope": {"protected": ["sex"], "groups": ["a", "c"]}}
    free = {**one, "gate": "ungated"}
    names = [name for name, _ in naming.gated({"findings": [one, free, other]})]
    assert names == ["x.y[protected=sex]", "x.y[protected=sex] (2)"]


def test_a_waiver_is_told_and_changes_no_case(decided):
    waived = next(finding for finding in decided["findings"] if finding["gate"] == "fail")
    approval = {
        "by": "A. Steward", "created": "2026-11-25", "reason": "seen", "signer": "CN=x", "trusted": True, "same_signer": False,
        "waives": [waived],
    }  # fmt: skip
    root = ET.fromstring(junit.render({**decided, "approvals": [approval]}))
    assert [outcome(case) for case in root.iter("testcase")] == [outcome(case) for case in cases(decided)]
    assert "A. Steward waived 1 gate" in root.find("testsuite/system-out").text


def log(audit):
    return json.loads(sarif.render(audit))


def test_the_log_has_a_result_for_each_gate_that_does_not_hold(decided):
    run = log(decided)["runs"][0]
    failed, undecided = [f for f in decided["findings"] if f["gate"] in {"fail", "inconclusive"}]
    assert [(result["ruleId"], result["level"]) for result in run["results"]] == [
        (failed["id"], "error"),
        (undecided["id"], "warning"),
    ]
    assert run["results"][0]["properties"]["value"] == failed["value"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == sorted({f["id"] for f in decided["findings"] if f["gate"] != "ungated"})
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    table = decided["datasets"]["synthetic"]
    assert run["artifacts"][0]["hashes"] == {"sha-256": table["sha256"]}
    assert run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == table["file"]


def test_rules_tell_what_is_measured_and_what_is_allowed(decided):
    rules = {rule["id"]: rule for rule in log(decided)["runs"][0]["tool"]["driver"]["rules"]}
    rule = rules["bias.demographic_parity_difference"]
    assert rule["shortDescription"]["text"] == "Demographic parity difference"
    assert "The policy default allows a change of 0.02." in rule["help"]["text"]
    assert "not a legal limit" in rule["help"]["text"]


def test_every_result_has_a_fingerprint_of_its_own(audit):
    document = copy.deepcopy(audit)
    for finding in document["findings"]:
        finding["gate"] = "fail"
    results = log(document)["runs"][0]["results"]
    prints = {result["partialFingerprints"]["assaymarkGate/v1"] for result in results}
    assert len(prints) == len(results) == len(document["findings"])


def test_a_name_in_a_message_is_no_link_and_no_placeholder(decided):
    text = "{0} [click](https://example.org) \\[a](b)"
    for result in log(hostile(decided, text))["runs"][0]["results"]:
        message = result["message"]["text"]
        assert not re.search(r"(?<!\\)(\\\\)*[\[\]]", message)
        assert "{" not in message.replace("{{", "")


def test_the_log_is_valid_by_the_schema_of_the_standard(audits):
    if not OFFICIAL.is_file():
        pytest.skip("the schema of SARIF is not installed: npm install --prefix tests/interop")
    validator = Draft4Validator(json.loads(OFFICIAL.read_bytes()))
    for audit in audits:
        assert [error.message for error in validator.iter_errors(log(audit))] == []
    assert not validator.is_valid({"version": "2.1.0", "runs": [{"results": []}]})
    wrong = log(audits[1])
    wrong["runs"][0]["results"][0]["level"] = "fatal"
    assert not validator.is_valid(wrong)


@pytest.mark.parametrize("renderer", [junit, sarif])
def test_the_same_audit_gives_the_same_bytes_and_claims_nothing(audits, renderer):
    for audit in audits:
        content = renderer.render(audit)
        assert content == renderer.render(copy.deepcopy(audit))
        assert b"complian" not in content.lower()
