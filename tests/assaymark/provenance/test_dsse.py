"""Envelopes: the specification's own example, another library's verification, and whatever was changed."""

from __future__ import annotations

import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from assaymark.errors import ManifestError, StampError
from assaymark.provenance.dsse import seal, signed_bytes, unseal
from assaymark.provenance.signing import PemSigner, open_development_signer

KIND = "application/vnd.in-toto+json"


def test_the_signed_bytes_are_those_of_the_specification():
    assert signed_bytes("http://example.com/HelloWorld", b"hello world") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )


def self_signed(key) -> bytes:
    from datetime import UTC, datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.x509.oid import NameOID

    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "A signer")])
    now = datetime.now(UTC)
    digest = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    certificate = builder.not_valid_before(now).not_valid_after(now + timedelta(days=1)).sign(key, digest)
    return certificate.public_bytes(serialization.Encoding.PEM)


KEYS = {
    "es256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "es384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "ed25519": ed25519.Ed25519PrivateKey.generate,
    "ps256": lambda: rsa.generate_private_key(65537, 2048),
}


@pytest.mark.parametrize("algorithm", KEYS)
def test_another_library_verifies_every_algorithm(algorithm):
    dsse = pytest.importorskip("securesystemslib.dsse", reason="securesystemslib is not installed; it verifies envelopes")
    from securesystemslib.signer import SSlibKey

    key = KEYS[algorithm]()
    envelope = seal(PemSigner(self_signed(key), "A signer", key), KIND, b'{"a": 1}')
    keyid = envelope["signatures"][0]["keyid"]
    public = SSlibKey.from_crypto(key.public_key(), keyid)
    if algorithm == "ps256":
        assert public.scheme == "rsassa-pss-sha256"
    plain = {**envelope, "signatures": [{"keyid": keyid, "sig": envelope["signatures"][0]["sig"]}]}
    found = dsse.Envelope.from_dict(json.loads(json.dumps(plain)))
    assert found.payload == b'{"a": 1}'
    assert found.verify([public], 1)
    assert unseal(envelope, KIND).payload == b'{"a": 1}'


@pytest.fixture(scope="module")
def envelope():
    return seal(open_development_signer(), KIND, b"content")


def changes(envelope):
    signature = envelope["signatures"][0]
    other = seal(open_development_signer(), KIND, b"other")
    return {
        "payload": {**envelope, "payload": base64.b64encode(b"Content").decode()},
        "payload of another": {**envelope, "payload": other["payload"]},
        "type": {**envelope, "payloadType": "application/json"},
        "no signature": {**envelope, "signatures": []},
        "two signatures": {**envelope, "signatures": [signature, signature]},
        "signature of another": {**envelope, "signatures": other["signatures"]},
        "junk signature": {**envelope, "signatures": [{**signature, "sig": "AAAA"}]},
        "no base64": {**envelope, "signatures": [{**signature, "sig": "*"}]},
        "no certificate": {**envelope, "signatures": [{**signature, "certificate": ""}]},
        "many certificates": {**envelope, "signatures": [{**signature, "intermediates": [signature["certificate"]] * 9}]},
        "no list": {**envelope, "signatures": {}},
        "empty": {},
    }


def test_whatever_was_changed_is_refused(envelope):
    assert unseal(envelope, KIND).payload == b"content"
    for other in changes(envelope).values():
        with pytest.raises(ManifestError):
            unseal(other, KIND)


def test_a_signer_whose_certificate_is_anothers_is_refused():
    key, other = KEYS["es256"](), KEYS["es256"]()
    with pytest.raises(StampError):
        seal(PemSigner(self_signed(other), "A signer", key), KIND, b"x")
