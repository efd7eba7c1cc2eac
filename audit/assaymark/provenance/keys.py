"""The development keys: a root of its own for each user, and a leaf that signs. Labelled as such everywhere."""

from __future__ import annotations

import os
import stat
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assaymark.errors import SigningKeyError
from assaymark.folders import FOLDER_VARIABLE, config_folder
from assaymark.provenance.key_files import INIT_HINT, check_leaf, load_private_key, read_key_file, unreadable

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec

LABEL = "development certificate"
ROOT_FILE, CHAIN_FILE, KEY_FILE = "root.pem", "chain.pem", "key.pem"
_LIFETIME = timedelta(days=365)
_BACKDATED = timedelta(minutes=5)  # so that a clock a little behind ours finds the certificate valid


def keys_folder() -> Path:
    """Return the folder of the development keys."""
    return config_folder() / "development"


@dataclass(frozen=True, slots=True)
class DevelopmentKeys:
    """Development keys as they lie on disk; the private key stays in its file.

    Attributes:
        folder: Folder that holds them.
        anchor: Root certificate, PEM.
        chain: Leaf certificate, PEM.
        not_after: When the leaf expires.
        fingerprint: SHA-256 of the leaf, hexadecimal.
        subject: The leaf's subject.
        serial: The leaf's serial number, hexadecimal.
    """

    folder: Path
    anchor: bytes
    chain: bytes
    not_after: datetime
    fingerprint: str
    subject: str
    serial: str

    @property
    def key_path(self) -> Path:
        """Where the private key lies."""
        return self.folder / KEY_FILE

    def describe(self) -> dict[str, Any]:
        """Return what ``keys show`` tells; never the private key."""
        return {
            "kind": LABEL,
            "subject": self.subject,
            "fingerprint": self.fingerprint,
            "serial": self.serial,
            "not_after": self.not_after.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "days_left": max((self.not_after - datetime.now(UTC)).days, 0),
            "folder": str(self.folder),
            "trust_anchor": str(self.folder / ROOT_FILE),
        }


def ensure_keys() -> tuple[DevelopmentKeys, bool]:
    """Return the development keys, and whether they were made just now."""
    folder = keys_folder()
    if (folder / KEY_FILE).exists():
        return load_keys(folder), False
    created = _make(folder, force=False)  # false when another process made them since
    return load_keys(folder), created


def init_keys(*, force: bool = False) -> DevelopmentKeys:
    """Make development keys.

    They are written beside their place and then take it in one step, so that two processes cannot mix theirs. The key of the
    root is thrown away at once: nobody, not even its owner, can sign another leaf with it.

    Raises:
        SigningKeyError: When there are keys already and ``force`` is false, or the folder cannot be written.
    """
    folder = keys_folder()
    if (folder / KEY_FILE).exists() and not force:
        raise SigningKeyError(
            "there are development keys already",
            where=str(folder),
            remedy="Add --force to replace them; this machine then no longer trusts what the old ones signed.",
        )
    _make(folder, force=force)
    return load_keys(folder)


def _make(folder: Path, *, force: bool) -> bool:
    """Put new keys in place; return whether they are ours, not those of another process that was first."""
    import shutil

    try:
        folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        stage = Path(tempfile.mkdtemp(prefix=".development.", dir=folder.parent))
        try:
            _write_keys(stage)
            return _take_place(stage, folder, force=force)
        finally:
            shutil.rmtree(stage, ignore_errors=True)  # gone already when it took its place
    except OSError as error:
        raise SigningKeyError(
            "the keys could not be written",
            where=str(folder),
            found=error.strerror or type(error).__name__,
            remedy=f"Make the folder writable, or name another by {FOLDER_VARIABLE}.",
        ) from error


def _take_place(stage: Path, folder: Path, *, force: bool) -> bool:
    import shutil

    if force and folder.exists():
        old = Path(tempfile.mkdtemp(prefix=".replaced.", dir=folder.parent))
        folder.rename(old / "development")
        shutil.rmtree(old, ignore_errors=True)
    try:
        stage.rename(folder)
    except OSError:
        if not (folder / KEY_FILE).exists():  # otherwise another process was first, and its keys serve as well
            raise
        return False
    return True


def _write_keys(folder: Path) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    root_key, leaf_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root = _root(root_key)
    leaf = _leaf(leaf_key, root_key, root)
    private = leaf_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem = serialization.Encoding.PEM
    for name, content in ((ROOT_FILE, root.public_bytes(pem)), (CHAIN_FILE, leaf.public_bytes(pem)), (KEY_FILE, private)):
        handle = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(content)


def _name(text: str) -> x509.Name:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    organisation = x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Assaymark development, not for release to others")
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text), organisation])


def _usage(*, signs: bool, issues: bool) -> x509.KeyUsage:
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=issues,
        crl_sign=issues,
        encipher_only=False,
        decipher_only=False,
    )


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, days: int) -> x509.CertificateBuilder:
    from cryptography import x509

    now = datetime.now(UTC).replace(microsecond=0)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _root(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    name = _name("Assaymark development root")
    builder = _builder(name, name, key.public_key(), 10 * _LIFETIME.days)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    return builder.add_extension(_usage(signs=False, issues=True), critical=True).sign(key, hashes.SHA256())


def _leaf(key: ec.EllipticCurvePrivateKey, root_key: ec.EllipticCurvePrivateKey, root: x509.Certificate) -> x509.Certificate:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key())
    builder = _builder(_name("Assaymark development certificate"), root.subject, key.public_key(), _LIFETIME.days)
    for extension, critical in claim_signing_usage():
        builder = builder.add_extension(extension, critical=critical)
    return builder.add_extension(issuer, critical=False).sign(root_key, hashes.SHA256())


def claim_signing_usage() -> tuple[tuple[x509.ExtensionType, bool], ...]:
    """Return the extensions of a certificate that may sign claims, each with whether it is critical (C2PA 2.2 section 14.5)."""
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID

    return (
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (_usage(signs=True, issues=False), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), False),
    )


def load_keys(folder: Path) -> DevelopmentKeys:
    """Read and check development keys.

    Raises:
        SigningKeyError: When one is missing, open to others, expired, or does not belong to the other.
    """
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes

    _check_folder(folder)
    anchor, chain = _read(folder / ROOT_FILE), _read(folder / CHAIN_FILE)
    key = load_private_key(folder / KEY_FILE)
    try:
        leaf, root = x509.load_pem_x509_certificate(chain), x509.load_pem_x509_certificate(anchor)
    except ValueError as error:
        raise SigningKeyError("a certificate cannot be read", where=str(folder), found=str(error), remedy=INIT_HINT) from error
    check_leaf(leaf, key, str(folder))
    try:
        leaf.verify_directly_issued_by(root)
    except (ValueError, TypeError, InvalidSignature) as error:
        raise SigningKeyError("the root did not issue the certificate", where=str(folder), remedy=INIT_HINT) from error
    fingerprint = leaf.fingerprint(hashes.SHA256()).hex()
    name, serial = leaf.subject.rfc4514_string(), f"{leaf.serial_number:x}"
    return DevelopmentKeys(folder, anchor, chain, leaf.not_valid_after_utc, fingerprint, name, serial)


def _check_folder(folder: Path) -> None:
    """Whoever can write to the folder can put another root there, which this machine would then trust."""
    try:
        mode = stat.S_IMODE(folder.stat().st_mode)
    except OSError as error:
        raise unreadable(folder, error) from error
    if os.name == "posix" and mode & 0o022:
        raise SigningKeyError(
            "others can write to the folder of the keys",
            where=str(folder),
            found=f"mode {mode:04o}",
            expected="mode 0700",
            remedy="Run `chmod 700` on it, and make new keys if others had access.",
        )


def _read(path: Path) -> bytes:
    return read_key_file(path)[0]


def trusted_anchors() -> list[bytes]:
    """Return the root certificates that this machine trusts by itself: its own development root, if there is one.

    Raises:
        SigningKeyError: When others can write to its folder, or it cannot be read.
    """
    path = keys_folder() / ROOT_FILE
    if not path.is_file():
        return []
    _check_folder(path.parent)
    return [_read(path)]
