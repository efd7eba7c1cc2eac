"""Certificates that may not sign: each is told of by name before anything is signed, and by whoever verifies."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import cbor2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from assaymark.errors import SigningKeyError
from assaymark.provenance import independent, keys, manifests
from assaymark.provenance.algorithms import sign_with
from assaymark.provenance.certificates import usage_problem
from assaymark.provenance.file_checks import verify_file
from assaymark.provenance.jumbf import read_store
from assaymark.provenance.signing import open_pem_signer
from assaymark.provenance.stamping import stamp_file
from assaymark.provenance.verification import verify_release

PEM = serialization.Encoding.PEM
NOW = datetime.now(UTC).replace(microsecond=0)


def name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text), x509.NameAttribute(NameOID.ORGANIZATION_NAME, "X")])


def certify(key, subject, issuer_key, issuer, *, ca=False, days=(-1, 100), purposes=None, leave_out=(), signs=True):
    start, end = (NOW + timedelta(days=each) for each in days)
    extensions = {
        "constraints": (x509.BasicConstraints(ca=ca, path_length=None), True),
        "usage": (keys._usage(signs=signs, issues=ca), True),
        "purposes": (x509.ExtendedKeyUsage(purposes or [ExtendedKeyUsageOID.EMAIL_PROTECTION]), False),
        "authority": (x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), False),
    }
    builder = x509.CertificateBuilder().subject_name(name(subject)).issuer_name(name(issuer)).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(start).not_valid_after(end)
    for label, (extension, critical) in extensions.items():
        if label not in leave_out:
            builder = builder.add_extension(extension, critical=critical)
    return builder.sign(issuer_key, hashes.SHA256())


ROOT, MIDDLE, KEY = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
INTERMEDIATE = certify(MIDDLE, "Middle", ROOT, "Root", ca=True)
LEAF = certify(KEY, "Office", MIDDLE, "Middle")
WEAK = rsa.generate_private_key(65537, 1024)


def plain(**change):
    return [certify(KEY, "Office", ROOT, "Root", **change)]


CASES = {
    "expired": (plain(days=(-9, -1)), "the certificate has expired", "expired on"),
    "not yet valid": (plain(days=(1, 9)), "the certificate is not valid yet", "valid from"),
    "for web servers": (plain(purposes=[ExtendedKeyUsageOID.SERVER_AUTH]), "may not sign", "another purpose"),
    "no purpose": (plain(leave_out=("purposes",)), "may not sign", "extendedKeyUsage"),
    "no digital signature": (plain(signs=False, leave_out=("usage",)), "may not sign", "keyUsage"),
    "no issuer's key": (plain(leave_out=("authority",)), "may not sign", "authorityKeyIdentifier"),
    "an authority as signer": (plain(ca=True), "may not sign", "that of an authority"),
    "self-signed": ([certify(KEY, "Office", KEY, "Office")], "self-signed", "nobody else"),
    "wrong order": ([INTERMEDIATE, LEAF], "wrong order", "first"),
    "a link missing": ([LEAF, certify(ROOT, "Root", ROOT, "Root", ca=True)], "chain of certificates is broken", "number 1"),
    "weak RSA": ([certify(WEAK, "Office", ROOT, "Root")], "may not sign", "1024 bits"),
    "of another key": ([certify(ROOT, "Office", MIDDLE, "Middle")], "do not belong together", ""),
}


@pytest.fixture
def own(tmp_path, monkeypatch):
    def make(chain):
        key = tmp_path / "key.pem"
        key.touch(mode=0o600)
        key.write_bytes(KEY.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
        (tmp_path / "chain.pem").write_bytes(b"".join(each.public_bytes(PEM) for each in chain))
        monkeypatch.setenv("ASSAYMARK_SIGNING_KEY", str(key))
        monkeypatch.setenv("ASSAYMARK_SIGNING_CHAIN", str(tmp_path / "chain.pem"))
        return tmp_path

    return make


@pytest.mark.parametrize("case", list(CASES))
def test_each_is_told_of_by_name(own, case):
    chain, what, found = CASES[case]
    own(chain)
    with pytest.raises(SigningKeyError, match=what) as caught:
        open_pem_signer()
    assert caught.value.code == "AM612"
    assert found in (caught.value.found or "")
    assert caught.value.remedy


def test_a_chain_that_is_in_order_signs(own):
    own([LEAF, INTERMEDIATE])
    with open_pem_signer() as signer:
        assert signer.sign(b"data")


def test_nothing_is_written_with_such_a_certificate(own):
    folder = own(CASES["for web servers"][0])
    (folder / "a.csv").write_text("x\n1\n")
    command = [sys.executable, "-m", "assaymark.cli", "stamp", "a.csv", "--signer", "pem"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert (done.returncode, "error[AM612]" in done.stderr) == (2, True)
    assert sorted(path.name for path in folder.iterdir()) == ["a.csv", "chain.pem", "key.pem"]


def test_what_a_certificate_says_for_itself():
    assert usage_problem(LEAF) is None
    assert "digital signatures" in usage_problem(_silent())


def _silent():
    """A certificate whose key usage allows agreements on keys only."""
    usage = x509.KeyUsage(
        digital_signature=False, content_commitment=False, key_encipherment=False, data_encipherment=False, key_agreement=True,
        key_cert_sign=False, crl_sign=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    builder = x509.CertificateBuilder().subject_name(name("Office")).issuer_name(name("Root")).public_key(KEY.public_key())
    builder = builder.serial_number(5).not_valid_before(NOW).not_valid_after(NOW + timedelta(days=9))
    return builder.add_extension(usage, critical=True).sign(ROOT, hashes.SHA256())


def call(*arguments, cwd):
    command = [sys.executable, "-m", "assaymark.cli", "keys", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


def test_keys_show_tells_of_any_chain(own):
    folder = own(plain(days=(-300, 12)))
    soon = call("show", "--chain", "chain.pem", cwd=folder)
    assert soon.returncode == 0, soon.stderr
    assert "ends in 11 days" in soon.stderr or "ends in 12 days" in soon.stderr
    own(CASES["expired"][0])
    told = call("show", "--chain", "chain.pem", "--json", cwd=folder)
    assert told.returncode == 1
    assert "has expired" in json.loads(told.stdout)["problem"]


def test_renewal_asks_for_the_same_name_and_key(own):
    folder = own(CASES["expired"][0])
    done = call("renew", "--chain", "chain.pem", "--key", "key.pem", "--out", "again.csr", cwd=folder)
    assert done.returncode == 0, done.stderr
    request = x509.load_pem_x509_csr((folder / "again.csr").read_bytes())
    assert request.is_signature_valid
    assert (request.subject, request.public_key()) == (name("Office"), KEY.public_key())
    own([certify(ROOT, "Other", MIDDLE, "Middle")])
    other = call("renew", "--chain", "chain.pem", "--key", "key.pem", "--out", "other.csr", cwd=folder)
    assert (other.returncode, "do not belong together" in other.stderr) == (2, True)


@pytest.mark.parametrize("purpose", ["1.3.6.1.5.5.7.3.4", "1.3.6.1.5.5.7.3.36", "1.3.6.1.4.1.62558.2.1"])
def test_each_purpose_that_may_sign_is_trusted_by_both_readers(own, stamped, purpose):
    root = certify(ROOT, "Root", ROOT, "Root", ca=True)
    own([certify(KEY, "Office", MIDDLE, "Middle", purposes=[x509.ObjectIdentifier(purpose)]), INTERMEDIATE])
    folder = stamped(open_pem_signer())
    for read in (manifests.read_manifest, independent.read_manifest):
        checked = verify_release(folder, [root.public_bytes(PEM)], read)
        assert (checked.problems, checked.trusted) == ((), True)


def swapped(sidecar: bytes, leaf: x509.Certificate) -> bytes:
    """Return a sidecar as somebody would make it who has no scruples about certificates: signed again, under another one."""
    content = read_store(sidecar)[-1].child("c2pa.signature").contents[0][1]
    claim = read_store(sidecar)[-1].child("c2pa.claim.v2").contents[0][1]
    protected, unprotected, payload, _ = cbor2.loads(content).value
    header = cbor2.loads(protected)
    header = {**header, 33: leaf.public_bytes(serialization.Encoding.DER)}
    protected = cbor2.dumps(header)
    raw = sign_with(KEY, "es256", cbor2.dumps(["Signature1", protected, b"", claim]))
    room = len(unprotected["pad"])
    while True:
        again = cbor2.dumps(cbor2.CBORTag(18, [protected, {"pad": bytes(room)}, payload, raw]))
        if len(again) == len(content):
            return sidecar.replace(content, again)
        room += len(content) - len(again)


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        ("for web servers", "another purpose"),
        ("an authority as signer", "that of an authority"),
        ("not yet valid", "not valid yet"),
    ],
)
def test_whoever_verifies_is_told_why_a_certificate_does_not_count(own, tmp_path, case, reason):
    own(plain())
    file = tmp_path / "a.csv"
    file.write_bytes(b"x\n1\n")
    stamp_file(file, open_pem_signer())
    beside = tmp_path / "a.csv.c2pa"
    beside.write_bytes(swapped(beside.read_bytes(), CASES[case][0][0]))
    root = certify(ROOT, "Root", ROOT, "Root", ca=True).public_bytes(PEM)
    for read in (manifests.read_manifest, independent.read_manifest):
        (problem,) = verify_file(file, [root], read).problems
        assert reason in problem.message, (read.__module__, problem)
        assert problem.code in {"credential", "expired"}
