"""Salted commitments to real data: they bind its holder to one file, and tell nobody else anything."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assaymark.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Mapping

_DOMAIN = b"assaymark-commitment/1\x00"
_SALT_BYTES = 32
DISCLOSURE_SCHEMA = "assaymark-disclosure/1"


def commit(sha256: str) -> tuple[str, str]:
    """Return a commitment to a file's digest and the salt that opens it, both hexadecimal.

    Without the salt the commitment cannot be held against guesses, as a plain digest could.
    """
    salt = secrets.token_hex(_SALT_BYTES)
    return commitment_of(sha256, salt), salt


def commitment_of(sha256: str, salt: str) -> str:
    """Return the commitment to a digest under a salt."""
    return hashlib.sha256(_DOMAIN + bytes.fromhex(salt) + bytes.fromhex(sha256)).hexdigest()


def opens(commitment: str, sha256: str, salt: str) -> bool:
    """Return whether a salt and a file's digest open a commitment."""
    return hmac.compare_digest(commitment, commitment_of(sha256, salt))


def write_disclosure(path: Path, entries: Mapping[str, Any]) -> None:
    """Write the salts beside a release, readable by their owner only.

    Raises:
        OutputError: When the file cannot be written.
    """
    document = {"schema": DISCLOSURE_SCHEMA, "opens": "sha256(domain, salt, sha256 of the file)", **entries}
    name: str | None = None
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # mode 0600 from the start
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(document, file, indent=2)
            file.write("\n")
        Path(name).replace(path)
    except OSError as error:
        if name is not None:
            Path(name).unlink(missing_ok=True)
        raise OutputError(
            "the disclosure could not be written",
            where=str(path),
            found=error.strerror or type(error).__name__,
            remedy="Check free space and permissions.",
        ) from error
