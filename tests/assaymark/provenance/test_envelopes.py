"""A signed statement that was handed on alone: verified by itself, and against the files beside it."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assaymark.pipeline.requests import TrustRequest, VerifyRequest
from assaymark.pipeline.verifying import verify
from assaymark.provenance.dsse import seal
from assaymark.provenance.envelopes import verify_envelope
from assaymark.provenance.keys import trusted_anchors
from assaymark.provenance.signing import open_development_signer
from assaymark_reports import attestation

KIND = "application/vnd.in-toto+json"


@pytest.fixture
def statement(release, tmp_path):
    """The statement of a release in an envelope, beside the table that it is about."""
    audit = json.loads((release / "audit.json").read_bytes())
    (tmp_path / "synthetic.csv").write_bytes((release / "synthetic.csv").read_bytes())
    path = tmp_path / "audit.intoto.json"
    path.write_text(json.dumps(seal(open_development_signer(), KIND, attestation.render(audit))))
    return path


def codes(path, **options) -> list[tuple[str, str]]:
    return [(problem["file"], problem["code"]) for problem in verify(VerifyRequest(path, **options)).problems]


def test_a_statement_alone_verifies(statement, authority):
    assert codes(statement) == []
    (statement.parent / "synthetic.csv").unlink()
    assert codes(statement) == []
    root, stranger = authority()
    statement.write_text(json.dumps(seal(stranger, KIND, b'{"subject": []}')))
    assert codes(statement) == [("audit.intoto.json", "untrusted")]
    assert codes(statement, allow_untrusted=True) == []
    (statement.parent / "root.pem").write_bytes(root)
    assert codes(statement, trust=TrustRequest((statement.parent / "root.pem",))) == []


def test_a_table_beside_it_that_it_does_not_speak_of_is_altered(statement):
    table = statement.parent / "synthetic.csv"
    table.write_bytes(table.read_bytes() + b"\n")
    assert codes(statement) == [("synthetic.csv", "altered")]


def test_a_changed_statement_does_not_hold(statement):
    envelope = json.loads(statement.read_bytes())
    payload = base64.b64decode(envelope["payload"]).replace(b"WARNED", b"PASSED").replace(b"FAILED", b"PASSED")
    statement.write_text(json.dumps({**envelope, "payload": base64.b64encode(payload + b" ").decode()}))
    assert codes(statement) == [("audit.intoto.json", "invalid")]
    statement.write_text(json.dumps({**envelope, "payloadType": "application/json"}))
    assert codes(statement) == [("audit.intoto.json", "invalid")]


def test_names_that_lead_elsewhere_are_not_followed(statement):
    subjects = [{"name": name, "digest": {"sha256": "0" * 64}} for name in ("../x", "/etc/passwd", ".", "", "a/b", None, 5)]
    subjects += [None, {"name": "synthetic.csv"}, {"name": "synthetic.csv", "digest": {"sha256": 5}}]
    for content in ({"subject": subjects}, {"subject": {}}, [], "text", None):
        statement.write_text(json.dumps(seal(open_development_signer(), KIND, json.dumps(content).encode())))
        assert codes(statement) == []


def test_other_files_are_none(tmp_path):
    for name, content in {
        "a.json": "{}",
        "b.json": "no JSON",
        "c.json": "[" * 100_000,
        "d.json": '{"payload": 1, "payload": 2, "payloadType": 3, "signatures": []}',
        "e.txt": "x",
    }.items():
        (tmp_path / name).write_text(content)
        assert verify_envelope(tmp_path / name, ()) is None
        assert codes(tmp_path / name) == [(f"{name}.c2pa", "no_sidecar")]


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_no_change_of_a_byte_is_taken_or_raises(statement, data):
    content = bytearray(statement.read_bytes())
    envelope = json.loads(content)
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    path = statement.with_name("changed.json")
    path.write_bytes(content)
    checked = verify_envelope(path, trusted_anchors())
    if checked is not None and not checked.problems and checked.trusted:
        # what is not signed may change: the hint by which a key may be found
        again = json.loads(path.read_bytes())
        assert again["payload"] == envelope["payload"]
