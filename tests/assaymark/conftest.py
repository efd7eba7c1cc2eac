"""A time-stamp authority on this machine: OpenSSL answers, HTTP carries; and one that says whatever a test wants."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from assaymark.provenance import keys

PEM, DER = serialization.Encoding.PEM, serialization.Encoding.DER
CONFIGURATION = """
[tsa]
default_tsa = here
[here]
dir = {folder}
serial = {folder}/serial
crypto_device = builtin
signer_cert = {folder}/clock.pem
certs = {folder}/chain.pem
signer_key = {folder}/clock.key
signer_digest = sha256
default_policy = 1.3.6.1.4.1.99999.1
digests = sha256, sha384, sha512
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""


@dataclass
class Clock:
    """A time-stamp authority.

    Attributes:
        root: Root certificate, PEM.
        folder: Where its files lie.
        key: Its private key.
        certificate: Its certificate.
        url: Where it listens.
        asked: Queries that came in.
        answer: From a query to a status, a media type and a response.
    """

    root: bytes
    folder: Path
    key: Any
    certificate: x509.Certificate
    url: str = ""
    asked: list[bytes] = field(default_factory=list)
    answer: Callable[[bytes], tuple[int, str, bytes]] | None = None

    @staticmethod
    def certified(*arguments: Any, **options: Any) -> x509.Certificate:
        """Certify a key, as the clock's own was."""
        return certified(*arguments, **options)

    def reply(self, query: bytes) -> bytes:
        """Answer a query by ``openssl ts``."""
        if shutil.which("openssl") is None:
            pytest.skip("OpenSSL is not installed")
        (self.folder / "query").write_bytes(query)
        command = ["openssl", "ts", "-reply", "-config", self.folder / "openssl.cnf", "-queryfile", self.folder / "query"]
        return subprocess.run(command, capture_output=True, check=True).stdout

    def token(self, message: bytes, *, time: datetime | None = None, imprint: bytes | None = None) -> bytes:
        """Make a token over a message without OpenSSL, at any time."""
        from asn1crypto import algos, cms, core, tsp
        from asn1crypto import x509 as asn1

        digest = imprint or hashlib.sha256(message).digest()
        algorithm = algos.DigestAlgorithm({"algorithm": "sha256"})
        info = tsp.TSTInfo(
            {
                "version": "v1",
                "policy": "1.3.6.1.4.1.99999.1",
                "message_imprint": {"hash_algorithm": algorithm, "hashed_message": digest},
                "serial_number": x509.random_serial_number(),
                "gen_time": (time or datetime.now(UTC)).replace(microsecond=0),
            }
        )
        own = asn1.Certificate.load(self.certificate.public_bytes(DER))
        bound = tsp.SigningCertificateV2({"certs": [{"cert_hash": self.certificate.fingerprint(hashes.SHA256())}]})
        attributes = cms.CMSAttributes(
            [
                {"type": "content_type", "values": ["tst_info"]},
                {"type": "message_digest", "values": [hashlib.sha256(info.dump()).digest()]},
                {"type": "signing_certificate_v2", "values": [bound]},
            ]
        )
        signer = cms.SignerInfo(
            {
                "version": "v1",
                "sid": cms.SignerIdentifier(
                    "issuer_and_serial_number",
                    cms.IssuerAndSerialNumber({"issuer": own.issuer, "serial_number": own.serial_number}),
                ),
                "digest_algorithm": algorithm,
                "signed_attrs": attributes,
                "signature_algorithm": algos.SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"}),
                "signature": self.key.sign(attributes.dump(), ec.ECDSA(hashes.SHA256())),
            }
        )
        content = {"content_type": "tst_info", "content": core.ParsableOctetString(info.dump())}
        signed = {
            "version": "v3",
            "digest_algorithms": [algorithm],
            "encap_content_info": content,
            "certificates": [own],
            "signer_infos": [signer],
        }
        return cms.ContentInfo({"content_type": "signed_data", "content": cms.SignedData(signed)}).dump()


def named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name), x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Clocks")])


YEAR = timedelta(days=400)


def certified(
    name: str, key: Any, issuer: str, issuer_key: Any, *extensions: tuple[Any, bool], ends: timedelta = YEAR
) -> x509.Certificate:
    """Certify a key for 400 days before today, and until some time from now."""
    now = datetime.now(UTC).replace(microsecond=0)
    builder = (
        x509.CertificateBuilder()
        .subject_name(named(name))
        .issuer_name(named(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - YEAR)
        .not_valid_after(now + ends)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(issuer_key, hashes.SHA256())


def make_clock(folder: Path, name: str, purposes: list[Any], *, ca: bool, ends: timedelta = YEAR) -> Clock:
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root_name = f"Root of {name}"
    root = certified(
        root_name,
        root_key,
        root_name,
        root_key,
        (x509.BasicConstraints(ca=True, path_length=0), True),
        (keys._usage(signs=False, issues=True), True),
    )
    certificate = certified(
        name,
        key,
        root_name,
        root_key,
        (x509.BasicConstraints(ca=ca, path_length=None), True),
        (keys._usage(signs=True, issues=False), True),
        (x509.ExtendedKeyUsage(purposes), True),
        ends=ends,
    )
    private = key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    files = {
        "clock.pem": certificate.public_bytes(PEM),
        "chain.pem": certificate.public_bytes(PEM),
        "clock.key": private,
        "root.pem": root.public_bytes(PEM),
        "serial": b"01\n",
        "openssl.cnf": CONFIGURATION.format(folder=folder).encode(),
    }
    for file, content in files.items():
        (folder / file).write_bytes(content)
    return Clock(root.public_bytes(PEM), folder, key, certificate)


def served(clock: Clock) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = self.rfile.read(int(self.headers["Content-Length"]))
            clock.asked.append(query)
            if clock.answer is None:
                status, kind, content = 200, "application/timestamp-reply", clock.reply(query)
            else:
                status, kind, content = clock.answer(query)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    clock.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


@pytest.fixture
def clock(tmp_path_factory) -> Iterator[Callable[..., Clock]]:
    """Start time-stamp authorities on this machine, each with a root of its own."""
    servers = []

    def make(name: str = "Clock", purposes: Any = None, *, ca: bool = False, ends: timedelta = YEAR) -> Clock:
        if shutil.which("openssl") is None:
            pytest.skip("OpenSSL is not installed")
        made = make_clock(
            tmp_path_factory.mktemp("clock"), name, purposes or [ExtendedKeyUsageOID.TIME_STAMPING], ca=ca, ends=ends
        )
        servers.append(served(made))
        return made

    yield make
    for server in servers:
        server.shutdown()
        server.server_close()
