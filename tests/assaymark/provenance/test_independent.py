"""The second reader agrees with the C2PA library: on what is good, and on every change of a byte."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from assaymark.provenance import independent, keys, manifests
from assaymark.provenance.digests import Fingerprint
from assaymark.provenance.keys import trusted_anchors
from assaymark.provenance.verification import verify_release

FILES = ("audit.json", "cubes.json", "policy.toml", "synthetic.csv", "release.json")


def both(folder, name, anchors):
    mark = Fingerprint.of((folder / name).read_bytes())
    sidecar = (folder / f"{name}.c2pa").read_bytes()
    return [read(sidecar, mark.sha256, anchors) for read in (manifests.read_manifest, independent.read_manifest)]


@pytest.mark.parametrize("name", FILES)
def test_both_readers_say_the_same_of_a_good_file(small, name):
    for anchors in (trusted_anchors(), []):
        library, own = both(small, name, anchors)
        assert (library.state, library.problems) == (own.state, own.problems) == ("trusted" if anchors else "valid", ())
        assert library.active["title"] == own.active["title"] == name
        told = [{a["label"]: a["data"] for a in one.active["assertions"] if a.get("created")} for one in (library, own)]
        assert {**told[0]} == {k: v for k, v in told[1].items() if k in told[0]}
        assert library.active["signature_info"]["common_name"] == own.active["signature_info"]["common_name"]


@pytest.mark.parametrize("name", FILES)
def test_both_readers_refuse_each_of_200_changed_bytes(small, name):
    sidecar = (small / f"{name}.c2pa").read_bytes()
    sha256 = Fingerprint.of((small / name).read_bytes()).sha256
    rng = np.random.default_rng(7)
    for place in rng.choice(len(sidecar), 200, replace=False):
        changed = bytearray(sidecar)
        changed[place] ^= 1 << int(rng.integers(8))
        for read in (manifests.read_manifest, independent.read_manifest):
            assert read(bytes(changed), sha256, trusted_anchors()).state == "invalid", (place, read.__module__)


def test_both_readers_refuse_another_file(small):
    other = Fingerprint.of(b"something else").sha256
    for read in (manifests.read_manifest, independent.read_manifest):
        reading = read((small / "audit.json.c2pa").read_bytes(), other, trusted_anchors())
        assert (reading.state, reading.problems) == ("invalid", ("assertion.dataHash.mismatch",))


def test_a_release_verifies_by_either(small):
    library, own = (verify_release(small, trusted_anchors(), r) for r in (manifests.read_manifest, independent.read_manifest))
    assert library == own
    assert (own.problems, own.trusted) == ((), True)


def test_the_second_reader_does_not_load_the_library(small):
    script = (
        "import sys; from pathlib import Path; from assaymark.provenance import independent\n"
        f"p = Path({str(small / 'audit.json.c2pa')!r})\n"
        "independent.read_manifest(p.read_bytes(), b'0' * 32, [])\n"
        "assert 'c2pa' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_both_readers_tell_an_expired_certificate(stamped, authority):
    root, signer = authority(lifetime=timedelta(seconds=4))
    folder = stamped(signer)
    time.sleep(5.5)
    for reading in both(folder, "audit.json", [root]):
        assert reading.state == "invalid"
        assert "signingCredential.expired" in reading.problems


def test_an_authority_that_is_not_named_is_valid_and_not_trusted(stamped, authority):
    root, signer = authority()
    folder = stamped(signer)
    assert [one.state for one in both(folder, "audit.json", trusted_anchors())] == ["valid", "valid"]
    assert [one.state for one in both(folder, "audit.json", [root])] == ["trusted", "trusted"]


class AnySigner:
    """Signs with a key of any kind that manifests have."""

    def __init__(self, key, certificates: bytes, algorithm: str) -> None:
        self.key, self.certificates, self.algorithm, self.label = key, certificates, algorithm, "any"

    def sign(self, data: bytes) -> bytes:
        if self.algorithm == "ed25519":
            return self.key.sign(data)
        digest = hashes.SHA256()
        return self.key.sign(data, padding.PSS(padding.MGF1(digest), digest.digest_size), digest)

    def __enter__(self):
        return self

    def __exit__(self, *exc: object) -> None: ...


def certificate(subject, key, issuer, issuer_key, *, signs=True, issues=False, ca=None, purpose=True):
    now = datetime.now(UTC).replace(microsecond=0)
    name = [x509.NameAttribute(NameOID.COMMON_NAME, subject), x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Somebody")]
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name(name))
        .issuer_name(issuer if issuer is not None else x509.Name(name))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=issues if ca is None else ca, path_length=None), critical=True)
        .add_extension(keys._usage(signs=signs, issues=issues), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if purpose and not issues:
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
    return builder.sign(issuer_key, None if isinstance(issuer_key, ed25519.Ed25519PrivateKey) else hashes.SHA256())


def chain_of(leaf_key, **options):
    """Return a root in PEM and the chain of a leaf below an intermediate."""
    root_key, middle_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root = certificate("Root", root_key, None, root_key, signs=False, issues=True)
    middle = certificate("Middle", middle_key, root.subject, root_key, signs=False, issues=True)
    leaf = certificate("Leaf", leaf_key, middle.subject, middle_key, **options)
    pem = serialization.Encoding.PEM
    return root.public_bytes(pem), leaf.public_bytes(pem) + middle.public_bytes(pem)


@pytest.mark.parametrize("algorithm", ["ed25519", "ps256"])
def test_other_algorithms_and_an_intermediate_are_read_alike(stamped, algorithm):
    key = ed25519.Ed25519PrivateKey.generate() if algorithm == "ed25519" else rsa.generate_private_key(65537, 2048)
    root, chain = chain_of(key)
    folder = stamped(AnySigner(key, chain, algorithm))
    assert [one.state for one in both(folder, "release.json", [root])] == ["trusted", "trusted"]
    assert [one.state for one in both(folder, "release.json", [])] == ["valid", "valid"]
    other, _ = chain_of(key)
    assert [one.state for one in both(folder, "release.json", [other])] == ["valid", "valid"]


def test_es384_is_read_alike(stamped, authority):
    root, signer = authority(curve=ec.SECP384R1(), high=True)
    folder = stamped(signer)
    assert [one.state for one in both(folder, "audit.json", [root])] == ["trusted", "trusted"]


def test_what_may_not_sign_is_told_from_what_may():
    from assaymark.provenance.certificates import leaf_problem

    key, issuer = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Issuer")])
    now = datetime.now(UTC)
    good = certificate("Leaf", key, name, issuer)
    assert leaf_problem(good, now) is None
    assert leaf_problem(good, now + timedelta(days=2)) == "signingCredential.expired"
    assert leaf_problem(good, now - timedelta(days=2)) == "signingCredential.expired"
    for options in ({"signs": False}, {"purpose": False}, {"ca": True}):
        assert leaf_problem(certificate("Leaf", key, name, issuer, **options), now) == "signingCredential.invalid"
    weak = rsa.generate_private_key(65537, 1024)
    assert leaf_problem(certificate("Leaf", weak, name, issuer), now) == "signingCredential.invalid"


def test_random_junk_never_raises(small):
    rng = np.random.default_rng(0)
    sidecar = (small / "audit.json.c2pa").read_bytes()
    for size in (0, 1, 8, 100, 5000):
        assert independent.read_manifest(rng.bytes(size), b"0" * 32, []).state == "invalid"
    for _ in range(100):
        start, length = rng.integers(len(sidecar)), rng.integers(1, 64)
        changed = sidecar[:start] + rng.bytes(int(length)) + sidecar[start + length :]
        assert independent.read_manifest(changed, b"0" * 32, []).state == "invalid"
