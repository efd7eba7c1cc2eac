"""A small release made by hand, and certificate authorities of the tests' own."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from assaymark.provenance import keys
from assaymark.provenance.signing import PemSigner, open_development_signer
from assaymark.provenance.stamping import ReleaseClaims, stamp_release

CREATED = "2026-01-01T00:00:00Z"
CONTENTS = {
    "synthetic.csv": b"age,sex\n31,F\n47,M\n52,F\n",
    "policy.toml": b"small_cell = 10\n",
    "cubes.json": b'{"cubes": [[10, 20], [30, 40]]}\n',
    "report.html": b"<!doctype html><p>An audit.</p>\n",
}


def make_release(folder: Path, signer, *, generated=True, config=None, **change) -> Path:
    """Write files that agree with each other as those of a real release do, and stamp them."""
    folder.mkdir(parents=True)
    for name, content in CONTENTS.items():
        (folder / name).write_bytes(content)
    policy = hashlib.sha256(CONTENTS["policy.toml"]).hexdigest()
    real = {"rows": 100, "columns": 2, "commitment": "ab" * 32}
    generator = {"name": "copula", "version": "1", "config": config or {"bins": 8}, "seed": 0} if generated else None
    table = {"file": "synthetic.csv", "sha256": hashlib.sha256(CONTENTS["synthetic.csv"]).hexdigest()}
    audit = {
        "verdict": "pass",
        "created": CREATED,
        "policy": {"sha256": policy},
        "generator": generator,
        "datasets": {"real": real, "holdout": None, "synthetic": table},
    }
    (folder / "audit.json").write_text(json.dumps(audit))
    stated = {
        "created": CREATED,
        "assaymark": "0.1.0",
        "generated": generated,
        "data_file": "synthetic.csv",
        "generator": generator,
        "real": real,
        "holdout": None,
        "policy_sha256": policy,
        "verdict": "pass",
        **change,
    }
    with signer:
        stamp_release(folder, signer, claims=ReleaseClaims(**stated))
    return folder


@pytest.fixture(scope="session")
def stamped(tmp_path_factory) -> Callable[..., Path]:
    """Make a small release with the development signer, or with another."""

    def make(signer=None, **options) -> Path:
        return make_release(tmp_path_factory.mktemp("stamped") / "out", signer or open_development_signer(), **options)

    return make


@pytest.fixture(scope="session")
def small(stamped) -> Path:
    """A small release; tests copy it before they change it."""
    return stamped()


class HighSigner:
    """Signs as some hardware does: without choosing the lower of the two equivalent signatures, here always the higher."""

    def __init__(self, key, certificates: bytes) -> None:
        self.key, self.certificates, self.label = key, certificates, "high"
        self.algorithm = {"secp256r1": "es256", "secp384r1": "es384"}[key.curve.name]

    def sign(self, data: bytes) -> bytes:
        from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

        from assaymark.provenance.algorithms import ORDERS

        order, width = ORDERS[self.algorithm], self.key.curve.key_size // 8
        digest = hashes.SHA256() if self.algorithm == "es256" else hashes.SHA384()
        r, s = decode_dss_signature(self.key.sign(data, ec.ECDSA(digest)))
        return r.to_bytes(width, "big") + max(s, order - s).to_bytes(width, "big")

    def __enter__(self):
        return self

    def __exit__(self, *exc: object) -> None: ...


@pytest.fixture(scope="session")
def authority() -> Callable[..., tuple[bytes, object]]:
    """Make a root and a signer that it certifies; returns the root and the signer."""

    def make(*, lifetime=timedelta(days=1), name="Somebody else", curve=None, high=False):
        root_key, leaf_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(curve or ec.SECP256R1())
        root = keys._root(root_key)
        now = datetime.now(UTC).replace(microsecond=0)
        subject = [x509.NameAttribute(NameOID.COMMON_NAME, name), x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Somebody")]
        leaf = (
            x509.CertificateBuilder()
            .subject_name(x509.Name(subject))
            .issuer_name(root.subject)
            .public_key(leaf_key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + lifetime)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(keys._usage(signs=True, issues=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), critical=False)
            .sign(root_key, hashes.SHA256())
        )
        pem = serialization.Encoding.PEM
        chain = leaf.public_bytes(pem)
        signer = HighSigner(leaf_key, chain) if high else PemSigner(chain, name, leaf_key)
        return root.public_bytes(pem), signer

    return make


@pytest.fixture(scope="session")
def chain_signer() -> tuple[bytes, object, object]:
    """A root, and a signer under an intermediate of that root: one that shows its whole chain, one that shows its leaf only."""
    root_key, middle_key, leaf_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
    root, now, pem = keys._root(root_key), datetime.now(UTC).replace(microsecond=0), serialization.Encoding.PEM
    middle = _certificate("Middle", middle_key.public_key(), root.subject, root_key, now, issues=True)
    leaf = _certificate("Leaf", leaf_key.public_key(), middle.subject, middle_key, now, issues=False)
    short = leaf.public_bytes(pem)
    whole = short + middle.public_bytes(pem)
    return root.public_bytes(pem), PemSigner(whole, "Leaf", leaf_key), PemSigner(short, "Leaf", leaf_key)


def _certificate(name, key, issuer, issuer_key, now, *, issues):
    subject = [x509.NameAttribute(NameOID.COMMON_NAME, name), x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Somebody")]
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name(subject))
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=issues, path_length=None), critical=True)
        .add_extension(keys._usage(signs=not issues, issues=issues), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    if not issues:
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())
