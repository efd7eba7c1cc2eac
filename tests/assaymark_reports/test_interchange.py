"""Formats for other people's tools: valid by those tools, complete, deterministic, and true to the audit."""

from __future__ import annotations

import copy
import json
import re

import pytest

from assaymark_reports import attestation, bill_of_materials, croissant, lineage

RENDERERS = {"in-toto": attestation, "cyclonedx": bill_of_materials, "prov": lineage}
HOSTILE = "</script><b>&\u202e\x07\"'"


@pytest.fixture(scope="module")
def audit(release):
    return json.loads((release / "audit.json").read_bytes())


@pytest.fixture(scope="module")
def audits(audit):
    """The audit of a release, and what else an audit can be: foreign, failed, undecided, hostile."""
    foreign = copy.deepcopy(audit)
    foreign["generator"], foreign["datasets"]["holdout"] = None, None
    failed = copy.deepcopy(audit)
    gated = [finding for finding in failed["findings"] if finding["gate"] != "ungated"]
    gated[0]["gate"], gated[1]["gate"], failed["verdict"] = "fail", "inconclusive", "fail"
    hostile = json.loads(json.dumps(audit).replace("Female", "F"))
    hostile["task"]["target"] = hostile["generator"]["name"] = HOSTILE
    hostile["generator"]["config"] = {"a": HOSTILE, "n": [1, None, 0.1]}
    hostile["findings"][0]["scope"]["group"] = HOSTILE
    bare = copy.deepcopy(audit)
    bare["generator"].update(digest=None, notes=[], config={})
    return {"own": audit, "foreign": foreign, "failed": failed, "hostile": hostile, "bare": bare}


@pytest.mark.parametrize("renderer", [*RENDERERS.values(), croissant])
def test_the_same_audit_gives_the_same_bytes(audits, renderer):
    for audit in audits.values():
        assert renderer.render(audit) == renderer.render(copy.deepcopy(audit))


@pytest.mark.parametrize("renderer", [*RENDERERS.values(), croissant])
def test_nothing_claims_compliance(audits, renderer):
    for audit in audits.values():
        text = renderer.render(audit).decode().lower()
        assert "compliant" not in text
        assert "no statement of compliance" in text or "complian" not in text


@pytest.mark.parametrize("renderer", RENDERERS.values())
def test_no_format_says_more_of_real_rows_than_the_audit(audits, renderer):
    """Every number in it stands in the audit, or counts its findings."""
    audit = audits["own"]
    known = json.dumps(audit)
    text = renderer.render(audit).decode()
    assert audit["datasets"]["real"]["commitment"] in text
    for digest in re.findall(r"[0-9a-f]{64}", text):
        assert digest in known


def test_the_statement_names_every_gate_once(audits):
    for name, audit in audits.items():
        statement = json.loads(attestation.render(audit))
        assert statement["_type"] == "https://in-toto.io/Statement/v1"
        table = audit["datasets"]["synthetic"]
        assert statement["subject"] == [{"name": table["file"], "digest": {"sha256": table["sha256"]}}]
        predicate = statement["predicate"]
        assert statement["predicateType"] == "https://in-toto.io/attestation/test-result/v0.1"
        assert predicate["result"] == {"pass": "PASSED", "fail": "FAILED", "inconclusive": "WARNED"}[audit["verdict"]]
        told = {key: predicate[f"{key}Tests"] for key in ("passed", "warned", "failed")}
        gates = [finding["gate"] for finding in audit["findings"]]
        expected = {"passed": "pass", "warned": "inconclusive", "failed": "fail"}
        assert {key: len(tests) for key, tests in told.items()} == {key: gates.count(gate) for key, gate in expected.items()}
        every = [test for tests in told.values() for test in tests]
        assert len(set(every)) == len(every), name
        assert [key for key in predicate if ":" in key] == ["urn:assaymark:audit:1"]  # what is not of the predicate is a URI


def test_the_statement_in_an_envelope_is_read_by_another_library(audit):
    dsse = pytest.importorskip("securesystemslib.dsse", reason="securesystemslib is not installed; it verifies envelopes")
    from cryptography.x509 import load_pem_x509_certificates
    from securesystemslib.signer import SSlibKey

    from assaymark.provenance.dsse import seal
    from assaymark.provenance.signing import open_development_signer

    signer = open_development_signer()
    envelope = seal(signer, "application/vnd.in-toto+json", attestation.render(audit))
    found = dsse.Envelope.from_dict(copy.deepcopy(envelope))
    public = SSlibKey.from_crypto(
        load_pem_x509_certificates(signer.certificates)[0].public_key(), envelope["signatures"][0]["keyid"]
    )
    assert found.verify([public], 1)
    assert json.loads(found.payload)["subject"][0]["digest"]["sha256"] == audit["datasets"]["synthetic"]["sha256"]


@pytest.fixture(scope="module")
def strict():
    """The strict validator of CycloneDX's own library."""
    pytest.importorskip("cyclonedx", reason="cyclonedx-python-lib is not installed; it validates bills of materials")
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    validator = JsonStrictValidator(SchemaVersion.V1_6)
    assert validator.validate_str('{"bomFormat": "CycloneDX", "specVersion": "1.6", "unknown": 1}') is not None
    assert validator.validate_str('{"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 0}') is not None
    return validator


def test_the_bill_of_materials_is_strictly_valid(audits, strict):
    for name, audit in audits.items():
        error = strict.validate_str(bill_of_materials.render(audit).decode())
        assert error is None, (name, error)


def references(value):
    """Every ``bom-ref`` of a document, and everything that refers to one."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "bom-ref":
                yield "has", inner
            elif key in {"ref", "target", "assessor", "requirement"}:
                yield "names", inner
            elif (
                key in {"dependsOn", "claims", "counterClaims", "evidence", "counterEvidence"}
                and inner
                and isinstance(inner[0], str)
            ):
                yield from (("names", each) for each in inner)
            else:
                yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def test_references_in_the_bill_of_materials_lead_somewhere(audits):
    for audit in audits.values():
        found = list(references(json.loads(bill_of_materials.render(audit))))
        held = [name for kind, name in found if kind == "has"]
        assert len(set(held)) == len(held)
        assert {name for kind, name in found if kind == "names"} <= set(held)


def test_each_gate_is_a_claim_for_or_against_its_requirement(audits):
    audit = audits["failed"]
    document = json.loads(bill_of_materials.render(audit))
    declared = document["declarations"]
    gated = [finding for finding in audit["findings"] if finding["gate"] != "ungated"]
    assert len(declared["claims"]) == len(gated)
    by_requirement = {entry["requirement"]: entry for entry in declared["attestations"][0]["map"]}
    assert set(by_requirement) == {f"gate:{finding['id']}" for finding in gated}
    first, second = by_requirement[f"gate:{gated[0]['id']}"], by_requirement[f"gate:{gated[1]['id']}"]
    assert first["counterClaims"] == ["claim:0"]
    assert first["conformance"].get("score", 0) == 0
    assert "claim:1" in second["conformance"]["rationale"]
    assert "score" not in second["conformance"]
    assert declared["claims"][0]["counterEvidence"] == ["evidence"]
    whole = [entry for entry in by_requirement.values() if entry is not first and entry is not second]
    assert all(entry["conformance"]["score"] == 1 for entry in whole if "score" in entry["conformance"])
    table = document["metadata"]["component"]
    assert table["hashes"] == [{"alg": "SHA-256", "content": audit["datasets"]["synthetic"]["sha256"]}]


def test_a_table_of_unknown_origin_has_no_model(audits):
    document = json.loads(bill_of_materials.render(audits["foreign"]))
    assert {component["type"] for component in document["components"]} == {"data"}
    text = lineage.render(audits["foreign"]).decode()
    assert "generation" not in text
    assert "not known" in json.loads(croissant.render(audits["foreign"]))["rai:dataCollection"]


def test_the_lineage_is_read_by_another_library(audits):
    prov = pytest.importorskip("prov.model", reason="prov is not installed; it reads lineage")
    for audit in audits.values():
        content = lineage.render(audit).decode()
        document = prov.ProvDocument.deserialize(content=content, format="json")
        again = prov.ProvDocument.deserialize(content=document.serialize(format="json"), format="json")
        assert document == again
        parsed = json.loads(content)
        kinds = {"entity": prov.ProvEntity, "activity": prov.ProvActivity, "agent": prov.ProvAgent,
                 "used": prov.ProvUsage, "wasGeneratedBy": prov.ProvGeneration, "wasDerivedFrom": prov.ProvDerivation,
                 "wasAssociatedWith": prov.ProvAssociation}  # fmt: skip
        for key, kind in kinds.items():
            assert len(list(document.get_records(kind))) == len(parsed[key]), key
        named = {str(record.identifier) for record in document.get_records() if record.identifier}
        for relation in document.get_records(prov.ProvRelation):
            ends = [str(value) for _, value in relation.formal_attributes if isinstance(value, prov.QualifiedName)]
            assert set(ends) <= named


def test_the_lineage_leads_from_the_audit_to_the_real_data(audit):
    document = json.loads(lineage.render(audit))
    derived = {entry["prov:generatedEntity"]: entry["prov:usedEntity"] for entry in document["wasDerivedFrom"].values()}
    assert derived == {"this:audit": "this:synthetic", "this:synthetic": "this:real"}
    assert document["entity"]["this:real"]["assaymark:commitment"] == audit["datasets"]["real"]["commitment"]
    assert audit["datasets"]["synthetic"]["sha256"] in document["prefix"]["this"]


def test_croissant_tells_what_is_known_of_the_data(audits):
    document = json.loads(croissant.render(audits["own"]))
    assert "fitted to 2400 real rows" in document["rai:dataCollection"]
    assert document["rai:personalSensitiveInformation"] == ["sex: protected attribute"]
    gates = audits["own"]["summary"]["gates"]
    assert f"{gates['pass']} gates hold, {gates['fail']} failed" in document["rai:dataSocialImpact"]


@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")  # of the validator's own library
def test_croissant_of_every_audit_is_valid(audits):
    mlcroissant = pytest.importorskip("mlcroissant", reason="mlcroissant is not installed; it validates Croissant files")
    for audit in audits.values():
        found = mlcroissant.Dataset(jsonld=json.loads(croissant.render(audit)))
        assert found.metadata.data_biases


def test_a_release_takes_further_formats_stamped_like_every_file(people, tmp_path):
    from assaymark.execution import Run
    from assaymark.pipeline.auditing import audit as audit_request
    from assaymark.pipeline.requests import AuditRequest, VerifyRequest
    from assaymark.pipeline.verifying import verify
    from assaymark.provenance.dsse import unseal
    from assaymark.tables.loading import TableOptions
    from assaymark.tables.roles import RoleOptions

    roles = RoleOptions(target="approved", positive="yes", protected=("sex",))
    also = ("in-toto", "cyclonedx", "prov", "markdown", "json", "html", "pdf")
    request = AuditRequest(people, people, roles, TableOptions(), out=tmp_path / "out", also=also)
    audit_request(request, Run(0))
    out = tmp_path / "out"
    names = ["audit.intoto.json", "bom.cdx.json", "prov.json", "report.md", "audit.json", "report.html", "report.pdf"]
    assert all((out / name).is_file() and (out / f"{name}.c2pa").is_file() for name in names)
    assert verify(VerifyRequest(out)).ok
    audit = json.loads((out / "audit.json").read_bytes())
    assert (out / "bom.cdx.json").read_bytes() == bill_of_materials.render(audit)
    opened = unseal(json.loads((out / "audit.intoto.json").read_bytes()), "application/vnd.in-toto+json")
    assert opened.payload == attestation.render(audit)
