"""Which certificates were revoked, by local lists: CRLs of authorities (RFC 5280 section 5), and plain lists of one's own."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from assaymark.provenance.certificates import fingerprint

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cryptography import x509

_FORM = re.compile(r"(?:(?:serial|sha256)[=:])?((?:[0-9A-F]{2}:?)*[0-9A-F]{1,2})(?:\s+(\S+))?", re.IGNORECASE | re.ASCII)
_FINGERPRINT_DIGITS = 64
_LINES = 100_000
# RFC 3161 section 4: for these reasons, what a clock stamped before stays good; for all others it may have been stolen earlier
_ORDERLY = frozenset({"unspecified", "affiliationChanged", "superseded", "cessationOfOperation"})


@dataclass(frozen=True, slots=True)
class Revocation:
    """That a certificate was revoked.

    Attributes:
        date: Since when; None when the list does not say, which counts as always.
        source: The list that says so.
        orderly: Whether its key was, by the reason that is given, never in other hands.
    """

    date: datetime | None
    source: str
    orderly: bool = False

    @property
    def since(self) -> datetime:
        """The date; the first of all where there is none."""
        return self.date or datetime.min.replace(tzinfo=UTC)

    def holds_at(self, moment: datetime) -> bool:
        """Return whether the certificate was revoked at a moment."""
        return self.since <= moment

    def __str__(self) -> str:
        since = "at an unknown time" if self.date is None else f"on {self.date:%Y-%m-%d %H:%M} UTC"
        return f"revoked {since}, by {self.source}"


@dataclass(frozen=True, slots=True)
class Revocations:
    """Lists of revoked certificates, taken as whoever named them gives them.

    Attributes:
        issued: Revocations by issuer and serial number.
        named: Revocations by fingerprint, or by serial number of any issuer, hexadecimal.
    """

    issued: Mapping[tuple[bytes, int], Revocation] = field(default_factory=dict)
    named: Mapping[str, Revocation] = field(default_factory=dict)

    def of(self, certificate: x509.Certificate) -> Revocation | None:
        """Return the revocation of a certificate, the earliest; None when no list has it."""
        found = [
            self.issued.get((certificate.issuer.public_bytes(), certificate.serial_number)),
            self.named.get(fingerprint(certificate)),
            self.named.get(f"{certificate.serial_number:x}"),
        ]
        known = [each for each in found if each is not None]
        return min(known, key=lambda each: each.since, default=None)

    def __or__(self, other: Revocations) -> Revocations:
        """Return both; where both have a certificate, the earlier."""
        return Revocations(_earlier(self.issued, other.issued), _earlier(self.named, other.named))


def _earlier(one: Mapping[Any, Revocation], other: Mapping[Any, Revocation]) -> dict[Any, Revocation]:
    both = dict(one)
    for key, found in other.items():
        held = both.get(key)
        if held is None or found.since < held.since:
            both[key] = found
    return both


def parse_revocations(content: bytes, source: str) -> Revocations:
    """Return what a list says: CRLs in PEM, a CRL in DER, or lines of a serial number or a fingerprint and a date.

    Raises:
        ValueError: When it is none of these.
    """
    from cryptography import x509

    if content.startswith(b"\x30"):
        return _of_list(x509.load_der_x509_crl(content), source)
    if b"-----BEGIN" in content:
        blocks = re.findall(rb"-----BEGIN X509 CRL-----.+?-----END X509 CRL-----", content, flags=re.DOTALL)
        if not blocks:
            raise ValueError("PEM without a CRL")
        found = Revocations()
        for block in blocks:
            found |= _of_list(x509.load_pem_x509_crl(block), source)
        return found
    return Revocations(named=dict(_lines(content.decode("utf-8"), source)))


def _of_list(crl: x509.CertificateRevocationList, source: str) -> Revocations:
    from cryptography import x509

    issuer, found = crl.issuer.public_bytes(), dict[tuple[bytes, int], Revocation]()
    for entry in crl:
        date, orderly = entry.revocation_date_utc, False
        for extension in entry.extensions:
            if isinstance(extension.value, x509.InvalidityDate):
                date = min(date, extension.value.invalidity_date_utc)
            if isinstance(extension.value, x509.CRLReason):
                orderly = extension.value.reason.value in _ORDERLY
        found[issuer, entry.serial_number] = Revocation(date, source, orderly)
    return Revocations(issued=found)


def _lines(text: str, source: str) -> Iterator[tuple[str, Revocation]]:
    lines = text.splitlines()
    if len(lines) > _LINES:
        raise ValueError(f"more than {_LINES} lines")
    for number, line in enumerate(lines, start=1):
        content = line.partition("#")[0].strip()
        if not content:
            continue
        match = _FORM.fullmatch(content)
        if match is None:
            raise ValueError(f"line {number} is no serial number or fingerprint, and a date: {content[:60]!r}")
        digits = match[1].replace(":", "").lower()
        key = digits if len(digits) == _FINGERPRINT_DIGITS else digits.lstrip("0")
        yield key, Revocation(_date(match[2], number), source)


def _date(text: str | None, number: int) -> datetime | None:
    if text is None:
        return None
    try:
        date = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"line {number} has no date such as 2026-03-01 or 2026-03-01T12:00:00Z: {text[:60]!r}") from error
    return date if date.tzinfo is not None else date.replace(tzinfo=UTC)
