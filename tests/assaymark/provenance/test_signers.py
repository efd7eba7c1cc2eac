"""Signers whose key is elsewhere: OpenSSL as a command, a service on this machine, SoftHSM, and a stand-in for AWS KMS."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from assaymark.errors import SigningKeyError
from assaymark.provenance import keys
from assaymark.provenance.algorithms import algorithm_of, sign_with, verify_signature
from assaymark.provenance.independent import read_manifest as read_independently
from assaymark.provenance.manifests import read_manifest
from assaymark.provenance.requests import subject_name
from assaymark.provenance.signers.aws import open_aws_kms_signer
from assaymark.provenance.signers.command import open_command_signer
from assaymark.provenance.signers.pkcs11 import open_pkcs11_signer
from assaymark.provenance.signers.service import open_service_signer
from assaymark.provenance.signing import open_pem_signer
from assaymark.provenance.verification import verify_release

PEM = serialization.Encoding.PEM
MODULES = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
)
KINDS = {
    "es256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "es384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "ed25519": ed25519.Ed25519PrivateKey.generate,
    "ps256": lambda: rsa.generate_private_key(65537, 2048),
}


def issue(public_key, name="Data office"):
    """Return a root in PEM and the certificate that it issues for a key."""
    root_key = ec.generate_private_key(ec.SECP256R1())
    root, now = keys._root(root_key), datetime.now(UTC).replace(microsecond=0)
    subject = [x509.NameAttribute(NameOID.COMMON_NAME, name), x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Somebody")]
    leaf = (
        x509.CertificateBuilder()
        .subject_name(x509.Name(subject))
        .issuer_name(root.subject)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(keys._usage(signs=True, issues=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), critical=False)
        .sign(root_key, hashes.SHA256())
    )
    return root.public_bytes(PEM), leaf.public_bytes(PEM)


@pytest.fixture
def certified(tmp_path, monkeypatch):
    """Put a certificate for a key where the signers look for it; return the root."""

    def make(public_key) -> bytes:
        root, chain = issue(public_key)
        (tmp_path / "chain.pem").write_bytes(chain)
        monkeypatch.setenv("ASSAYMARK_SIGNING_CHAIN", str(tmp_path / "chain.pem"))
        return root

    return make


def written(key, path: Path, passphrase: bytes | None = None) -> Path:
    secret = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    path.touch(mode=0o600)
    path.write_bytes(key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, secret))
    return path


def assert_signs(signer, root, stamped, algorithm):
    """A release that it signs is intact and trusted by its root, by both readers."""
    assert signer.algorithm == algorithm
    folder = stamped(signer)
    for read in (read_manifest, read_independently):
        checked = verify_release(folder, [root], read)
        assert (checked.problems, checked.trusted, checked.signer) == ((), True, "Data office")


@pytest.mark.parametrize("algorithm", sorted(KINDS))
def test_each_kind_of_key_signs_what_its_public_key_verifies(algorithm):
    key = KINDS[algorithm]()
    assert algorithm_of(key.public_key()) == algorithm
    signature = sign_with(key, algorithm, b"data")
    assert verify_signature(key.public_key(), algorithm, signature, b"data")
    assert not verify_signature(key.public_key(), algorithm, signature, b"date")
    assert not verify_signature(KINDS[algorithm]().public_key(), algorithm, signature, b"data")
    assert not verify_signature(key.public_key(), algorithm, signature[:-1], b"data")


def test_keys_that_manifests_have_no_algorithm_for():
    assert algorithm_of(ec.generate_private_key(ec.SECP521R1()).public_key()) is None
    assert algorithm_of(rsa.generate_private_key(65537, 1024).public_key()) is None


@pytest.mark.parametrize("algorithm", sorted(KINDS))
def test_pem_files_of_each_kind(algorithm, certified, stamped, tmp_path, monkeypatch):
    key = KINDS[algorithm]()
    root = certified(key.public_key())
    monkeypatch.setenv("ASSAYMARK_SIGNING_KEY", str(written(key, tmp_path / "key.pem")))
    assert_signs(open_pem_signer(), root, stamped, algorithm)


def test_an_encrypted_key_asks_for_its_passphrase(certified, stamped, tmp_path, monkeypatch):
    key = KINDS["es256"]()
    root = certified(key.public_key())
    monkeypatch.setenv("ASSAYMARK_SIGNING_KEY", str(written(key, tmp_path / "key.pem", b"open sesame")))
    with pytest.raises(SigningKeyError, match="encrypted"):
        open_pem_signer()
    secret = tmp_path / "passphrase"
    secret.touch(mode=0o600)
    monkeypatch.setenv("ASSAYMARK_SIGNING_PASSPHRASE_FILE", str(secret))
    secret.write_text("open barley\n")
    with pytest.raises(SigningKeyError, match="does not open"):
        open_pem_signer()
    secret.write_text("open sesame\n")
    assert_signs(open_pem_signer(), root, stamped, "es256")


@pytest.mark.skipif(shutil.which("openssl") is None, reason="OpenSSL is not installed")
class TestCommand:
    @pytest.mark.parametrize(
        ("algorithm", "digest"),
        [
            ("es256", "-sha256"),
            ("es384", "-sha384"),
            ("ps256", "-sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32 -sigopt rsa_mgf1_md:sha256"),
        ],
    )
    def test_openssl_signs(self, algorithm, digest, certified, stamped, tmp_path, monkeypatch):
        key = KINDS[algorithm]()
        root = certified(key.public_key())
        path = written(key, tmp_path / "key.pem")
        monkeypatch.setenv("ASSAYMARK_SIGNER_COMMAND", f"openssl dgst {digest} -sign {path}")
        assert_signs(open_command_signer(), root, stamped, algorithm)

    def test_a_key_of_another_certificate_is_told(self, certified, tmp_path, monkeypatch):
        certified(KINDS["es256"]().public_key())
        path = written(KINDS["es256"](), tmp_path / "key.pem")
        monkeypatch.setenv("ASSAYMARK_SIGNER_COMMAND", f"openssl dgst -sha256 -sign {path}")
        with pytest.raises(SigningKeyError, match="does not belong to the certificate"):
            open_command_signer().sign(b"data")

    @pytest.mark.parametrize(
        ("command", "told"),
        [("false", "exit code 1"), ("/nowhere/to/be/found", "FileNotFoundError"), ("true", "0 bytes")],
    )
    def test_a_command_that_fails_is_told(self, command, told, certified, monkeypatch):
        certified(KINDS["es256"]().public_key())
        monkeypatch.setenv("ASSAYMARK_SIGNER_COMMAND", command)
        with pytest.raises(SigningKeyError) as caught:
            open_command_signer().sign(b"data")
        assert told in caught.value.found

    def test_a_command_that_cannot_be_read(self, certified, monkeypatch):
        certified(KINDS["es256"]().public_key())
        monkeypatch.setenv("ASSAYMARK_SIGNER_COMMAND", "sign 'me")
        with pytest.raises(SigningKeyError, match="cannot be read"):
            open_command_signer()


@pytest.fixture
def service(tmp_path, monkeypatch):
    """A signing service in a thread; what it answers is up to the test."""

    def start(answer, token=None):
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                if token is not None and self.headers.get("Authorization") != f"Bearer {token}":
                    self.send_error(401)
                    return
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                body = answer(asked)
                self.send_response(200)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: object) -> None: ...

        server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        monkeypatch.setenv("ASSAYMARK_SIGNER_URL", f"http://127.0.0.1:{server.server_port}/sign")

    servers: list[HTTPServer] = []
    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


class TestService:
    def test_a_service_signs(self, service, certified, stamped, tmp_path, monkeypatch):
        key = KINDS["ed25519"]()
        root = certified(key.public_key())

        def answer(asked):
            assert asked["algorithm"] == "ed25519"
            return json.dumps({"signature": base64.b64encode(key.sign(base64.b64decode(asked["data"]))).decode()}).encode()

        service(answer, token="a-token")
        token = tmp_path / "token"
        token.touch(mode=0o600)
        token.write_text("a-token\n")
        monkeypatch.setenv("ASSAYMARK_SIGNER_TOKEN_FILE", str(token))
        assert_signs(open_service_signer(), root, stamped, "ed25519")
        monkeypatch.delenv("ASSAYMARK_SIGNER_TOKEN_FILE")
        with pytest.raises(SigningKeyError) as caught:
            open_service_signer().sign(b"data")
        assert "401" in caught.value.found

    @pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"signature": 5}', b'{"signature": "%%"}'])
    def test_an_answer_that_is_none(self, body, service, certified):
        certified(KINDS["es256"]().public_key())
        service(lambda _: body)
        with pytest.raises(SigningKeyError, match="gave no signature"):
            open_service_signer().sign(b"data")

    def test_a_service_that_is_down(self, certified, monkeypatch):
        certified(KINDS["es256"]().public_key())
        monkeypatch.setenv("ASSAYMARK_SIGNER_URL", "http://127.0.0.1:9/sign")
        with pytest.raises(SigningKeyError, match="gave no signature"):
            open_service_signer().sign(b"data")

    def test_plain_http_leaves_this_machine_never(self, certified, monkeypatch):
        certified(KINDS["es256"]().public_key())
        for url in ("http://example.org/sign", "file:///etc/passwd", "ftp://localhost/x"):
            monkeypatch.setenv("ASSAYMARK_SIGNER_URL", url)
            with pytest.raises(SigningKeyError, match="not reached safely"):
                open_service_signer()


@pytest.fixture
def hsm(tmp_path, monkeypatch):
    """A token of SoftHSM with a PIN; returns what imports a key into it."""
    pytest.importorskip("pkcs11", reason="python-pkcs11 is not installed")
    module = next((path for path in MODULES if Path(path).exists()), None)
    if module is None or shutil.which("softhsm2-util") is None:
        pytest.skip("SoftHSM is not installed")
    (tmp_path / "tokens").mkdir()
    settings = f"directories.tokendir = {tmp_path / 'tokens'}\nobjectstore.backend = file\nlog.level = ERROR\n"
    (tmp_path / "softhsm2.conf").write_text(settings)
    monkeypatch.setenv("SOFTHSM2_CONF", str(tmp_path / "softhsm2.conf"))
    pin = tmp_path / "pin"
    pin.touch(mode=0o600)
    pin.write_text("1234\n")
    for name, value in (("MODULE", module), ("TOKEN", "office"), ("KEY", "stamp"), ("PIN_FILE", str(pin))):
        monkeypatch.setenv(f"ASSAYMARK_PKCS11_{name}", value)

    def tool(*arguments: str) -> None:
        subprocess.run(["softhsm2-util", *arguments], check=True, capture_output=True)

    tool("--init-token", "--free", "--label", "office", "--so-pin", "4321", "--pin", "1234")

    def load(key) -> None:
        path = written(key, tmp_path / "imported.pem")
        tool("--import", str(path), "--token", "office", "--label", "stamp", "--id", "01", "--pin", "1234")
        path.unlink()

    return load


SCRIPT = """
import sys
from pathlib import Path
from assaymark.provenance.signers.pkcs11 import open_pkcs11_signer
from assaymark.errors import SigningKeyError
try:
    with open_pkcs11_signer() as signer:
        sys.stdout.buffer.write(signer.sign(b"data"))
except SigningKeyError as error:
    print(error)
"""


def in_a_process(**environment: str) -> bytes:
    """A module keeps the state of its process, so each try gets one of its own."""
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, check=False, env={**os.environ, **environment})
    assert done.returncode == 0, done.stderr
    return done.stdout


class TestHardware:
    @pytest.mark.parametrize("algorithm", ["es256", "es384", "ps256"])
    def test_a_module_signs(self, algorithm, hsm, certified):
        key = KINDS[algorithm]()
        hsm(key)
        certified(key.public_key())
        assert verify_signature(key.public_key(), algorithm, in_a_process(), b"data")

    def test_a_release_signed_by_a_module(self, hsm, certified, stamped):
        key = KINDS["es256"]()
        hsm(key)
        root = certified(key.public_key())
        assert_signs(open_pkcs11_signer(), root, stamped, "es256")

    def test_what_is_absent_or_wrong_is_told(self, hsm, certified, tmp_path):
        key = KINDS["es256"]()
        hsm(key)
        certified(key.public_key())
        wrong = tmp_path / "wrong"
        wrong.touch(mode=0o600)
        wrong.write_text("9999")
        for change, expected in (
            ({"ASSAYMARK_PKCS11_MODULE": "/nowhere.so"}, b"the module /nowhere.so cannot be loaded"),
            ({"ASSAYMARK_PKCS11_TOKEN": "another"}, b"the token 'another' is not there"),
            ({"ASSAYMARK_PKCS11_KEY": "another"}, b"no one private key 'another'"),
            ({"ASSAYMARK_PKCS11_PIN_FILE": str(wrong)}, b"the PIN of the token is wrong"),
        ):
            told = in_a_process(**change)
            assert expected in told, (change, told)


class TestAws:
    @pytest.fixture(autouse=True)
    def region(self, monkeypatch):
        for name, value in (("AWS_DEFAULT_REGION", "eu-central-1"), ("AWS_ACCESS_KEY_ID", "x"), ("AWS_SECRET_ACCESS_KEY", "x")):
            monkeypatch.setenv(name, value)

    # not RSA: the stand-in salts by as many bytes as fit, the service by those of the digest, as manifests want it
    @pytest.mark.parametrize(("algorithm", "kind"), [("es256", "ECC_NIST_P256"), ("es384", "ECC_NIST_P384")])
    def test_the_service_signs(self, algorithm, kind, certified, stamped, monkeypatch):
        boto3, moto = (pytest.importorskip(name, reason=f"{name} is not installed") for name in ("boto3", "moto"))
        with moto.mock_aws():
            client = boto3.client("kms")
            key = client.create_key(KeyUsage="SIGN_VERIFY", KeySpec=kind)["KeyMetadata"]["KeyId"]
            public = serialization.load_der_public_key(client.get_public_key(KeyId=key)["PublicKey"])
            root = certified(public)
            monkeypatch.setenv("ASSAYMARK_AWS_KMS_KEY", key)
            assert_signs(open_aws_kms_signer(), root, stamped, algorithm)

    def test_a_key_that_is_not_there(self, certified, monkeypatch):
        moto = pytest.importorskip("moto", reason="moto is not installed")
        certified(KINDS["es256"]().public_key())
        monkeypatch.setenv("ASSAYMARK_AWS_KMS_KEY", "alias/none")
        with moto.mock_aws(), pytest.raises(SigningKeyError, match="gave no signature"):
            open_aws_kms_signer().sign(b"data")


@pytest.mark.parametrize("opener", [open_command_signer, open_service_signer, open_aws_kms_signer, open_pkcs11_signer])
def test_a_signer_that_is_not_set_up_says_which_variable_it_needs(opener, monkeypatch):
    for name in list(os.environ):
        if name.startswith("ASSAYMARK_") and name != "ASSAYMARK_CONFIG_DIR":
            monkeypatch.delenv(name)
    with pytest.raises(SigningKeyError) as caught:
        opener()
    assert caught.value.where.startswith("ASSAYMARK_")
    assert caught.value.where in caught.value.remedy


def test_an_expired_certificate_is_refused_before_anything_is_signed(certified, tmp_path, monkeypatch):
    monkeypatch.setenv("ASSAYMARK_SIGNER_COMMAND", "true")
    root_key, leaf_key = KINDS["es256"](), KINDS["es256"]()
    monkeypatch.setattr(keys, "_LIFETIME", timedelta(days=-1))
    monkeypatch.setattr(keys, "_BACKDATED", timedelta(days=30))
    leaf = keys._leaf(leaf_key, root_key, keys._root(root_key))
    (tmp_path / "old.pem").write_bytes(leaf.public_bytes(PEM))
    monkeypatch.setenv("ASSAYMARK_SIGNING_CHAIN", str(tmp_path / "old.pem"))
    with pytest.raises(SigningKeyError, match="expired"):
        open_command_signer()


def call(*arguments: object) -> int:
    return subprocess.run(
        [sys.executable, "-m", "assaymark.cli", *map(str, arguments)], capture_output=True, check=False
    ).returncode


class TestRequests:
    @pytest.mark.parametrize("algorithm", sorted(KINDS))
    def test_a_request_becomes_a_certificate_that_signs(self, algorithm, stamped, tmp_path, monkeypatch):
        key, out = tmp_path / "key.pem", tmp_path / "request.csr"
        subject = ["--subject", "CN=Data office,O=Somebody", "--algorithm", algorithm]
        assert call("keys", "csr", *subject, "--key", key, "--out", out) == 0
        assert key.stat().st_mode & 0o777 == 0o600
        request = x509.load_pem_x509_csr(out.read_bytes())
        assert request.is_signature_valid
        assert request.extensions.get_extension_for_class(x509.KeyUsage).value.digital_signature
        root, chain = issue(request.public_key())
        (tmp_path / "chain.pem").write_bytes(chain)
        monkeypatch.setenv("ASSAYMARK_SIGNING_CHAIN", str(tmp_path / "chain.pem"))
        monkeypatch.setenv("ASSAYMARK_SIGNING_KEY", str(key))
        assert_signs(open_pem_signer(), root, stamped, algorithm)

    def test_a_key_is_used_again_and_never_replaced(self, tmp_path):
        key = written(KINDS["es256"](), tmp_path / "key.pem")
        before = key.read_bytes()
        options = ["keys", "csr", "--subject", "CN=a,O=b", "--key", key, "--out", tmp_path / "r.csr"]
        assert call(*options) == 0
        assert key.read_bytes() == before
        assert call(*options) == 2

    @pytest.mark.parametrize("subject", ["", "Data office", "CN=only", "CN=a,O", "O=only"])
    def test_a_subject_that_names_nobody_leaves_nothing(self, subject, tmp_path):
        with pytest.raises(SigningKeyError, match="subject cannot be used"):
            subject_name(subject)
        assert call("keys", "csr", "--subject", subject, "--key", tmp_path / "k", "--out", tmp_path / "r") == 2
        assert not list(tmp_path.iterdir())
