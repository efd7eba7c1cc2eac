"""Whom a verifier trusts: by option, by the configuration folder, and by the C2PA trust list where the user has it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from assaymark.errors import MissingFileError, TrustError
from assaymark.folders import config_folder
from assaymark.provenance.keys import trusted_anchors
from assaymark.provenance.revocation import Revocations, parse_revocations
from assaymark.provenance.trust import Anchor, Trust

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assaymark.pipeline.requests import TrustRequest

DEVELOPMENT = "this machine's development root"
C2PA_LIST, C2PA_CLOCKS = "C2PA-TRUST-LIST.pem", "C2PA-TSA-TRUST-LIST.pem"
_MOST_BYTES = 16 * 2**20


def load_trust(request: TrustRequest) -> Trust:
    """Return whom to trust.

    Raises:
        MissingFileError: When a file that was named cannot be read.
        TrustError: When a file holds no certificate, or is no list of revoked ones.
        SigningKeyError: When others can write to the folder of the development root.
    """
    folder = config_folder() / "trust"
    anchors = [Anchor(pem, DEVELOPMENT) for pem in trusted_anchors()]
    clocks = list[Anchor]()
    anchors += [_anchor(path, f"trust folder: {path.name}") for path in _files(folder)]
    clocks += [_anchor(path, f"trust folder: {path.name}") for path in _files(folder / "timestamp")]
    anchors += [_anchor(path, f"--trust-anchor {path}") for path in request.anchors]
    clocks += [_anchor(path, f"--timestamp-anchor {path}") for path in request.clocks]
    if request.c2pa is not None:
        listed = folder / "c2pa" / C2PA_LIST if request.c2pa == "config" else Path(request.c2pa)
        anchors.append(_anchor(listed, "the C2PA trust list"))
        beside = listed.with_name(C2PA_CLOCKS)
        if beside.is_file():
            clocks.append(_anchor(beside, "the C2PA list of time-stamp authorities"))
    revoked = Revocations()
    for path in request.revoked:
        revoked |= _revocations(path)
    return Trust(tuple(anchors), tuple(clocks), revoked)


def _files(folder: Path) -> Iterator[Path]:
    yield from sorted(folder.glob("*.pem")) if folder.is_dir() else ()


def _read(path: Path, what: str) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise MissingFileError(
            f"the {what} cannot be read",
            where=str(path),
            found=error.strerror or type(error).__name__,
            remedy="Check the path.",
        ) from error
    if len(content) > _MOST_BYTES:
        raise TrustError(f"the {what} is too large", where=str(path), expected=f"at most {_MOST_BYTES} bytes")
    return content


def _anchor(path: Path, source: str) -> Anchor:
    from cryptography import x509

    content = _read(path, "trust anchor")
    try:
        x509.load_pem_x509_certificates(content)
        content.decode("ascii")
    except (ValueError, x509.InvalidVersion) as error:
        raise TrustError(
            "the trust anchor is no certificate",
            where=str(path),
            found=str(error)[:200],
            expected="one or more root certificates in PEM",
            remedy="Ask whoever signed the release for the root certificate; convert DER by `openssl x509 -inform der`.",
        ) from error
    return Anchor(content, source)


def _revocations(path: Path) -> Revocations:
    content = _read(path, "list of revoked certificates")
    try:
        return parse_revocations(content, str(path))
    except ValueError as error:
        raise TrustError(
            "the list of revoked certificates cannot be read",
            where=str(path),
            found=str(error)[:200],
            expected="a CRL in PEM or DER, or lines of a serial number or SHA-256 fingerprint and a date",
            remedy="Correct it; a list that cannot be read protects nobody.",
        ) from error
