"""Salts that open commitments: the owner's private file of all, and proofs that disclose one dataset's only."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assaymark.errors import CommitmentError, DisclosureError, ReleaseError
from assaymark.forms import DIGEST, Form, closed
from assaymark.provenance.commitment import DISCLOSURE_SCHEMA, opens
from assaymark.provenance.digests import UnreadableError, fingerprint
from assaymark.provenance.stamping import FILE_LIMIT
from assaymark.provenance.strict_json import loads_strict

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PROOF_SCHEMA = "assaymark-opening/1"
DATASETS = ("real", "holdout")
_SIZE_LIMIT = 64 * 1024

_SALT = closed({"commitment": DIGEST, "salt": DIGEST})
_OPENED = closed({**_SALT["properties"], "sha256": DIGEST})
_DISCLOSURE_FORM = Form(
    closed(
        {"schema": {"const": DISCLOSURE_SCHEMA}, "opens": {"type": "string"}, "real": _SALT, "holdout": _SALT},
        ["schema", "real"],
    )
)
_PROOF_FORM = Form(
    closed(
        {
            "schema": {"const": PROOF_SCHEMA},
            "opens": {"type": "string"},
            "release": closed({"sha256": DIGEST}),
            "opened": {**closed({"real": _OPENED, "holdout": _OPENED}, []), "minProperties": 1},
        },
        ["schema", "release", "opened"],
    )
)


@dataclass(frozen=True, slots=True)
class Salts:
    """What a file of salts holds.

    Attributes:
        path: The file.
        entries: By dataset, ``commitment`` and ``salt``, and in a proof ``sha256``; hexadecimal.
        release: In a proof, the digest of the ``release.json`` that it is about; None in the owner's file.
    """

    path: Path
    entries: Mapping[str, Mapping[str, str]]
    release: str | None = None

    def check(self, dataset: str, commitment: str, sha256: str) -> Mapping[str, str]:
        """Hold a file's digest against a release's commitment; return the entry that opens it.

        Raises:
            DisclosureError: When the salts are those of another release, or there is none for the dataset.
            CommitmentError: When the file is not the one that was committed to.
        """
        entry = self.entries.get(dataset)
        if entry is None:
            raise DisclosureError(
                f"there is no salt for the {dataset} data",
                where=str(self.path),
                found=", ".join(self.entries),
                remedy="Name a file of salts that has one by --disclosure.",
            )
        if entry["commitment"] != commitment:
            raise DisclosureError(
                f"the salts are not those of this release's {dataset} data",
                where=str(self.path),
                found=f"commitment {entry['commitment'][:16]}…",
                expected=f"commitment {commitment[:16]}…",
                remedy="Name the file of salts that was written together with this release by --disclosure.",
            )
        if not opens(commitment, sha256, entry["salt"]) or entry.get("sha256", sha256) != sha256:
            raise CommitmentError(
                f"the file is not the {dataset} data that the release committed to, or the salt was changed",
                expected=f"the file that, with the salt, gives the commitment {commitment[:16]}…",
                remedy="Name the file as it was, byte for byte, when the release was made.",
            )
        return entry


def disclosure_of(release: Path) -> Path:
    """Return where the salts of a release lie: beside its folder."""
    folder = release.resolve()
    return folder.with_name(folder.name + ".disclosure.json")


def read_salts(path: Path) -> Salts:
    """Read the owner's file of salts, which nobody else may be able to read, or a proof, which is meant to be handed on.

    Raises:
        DisclosureError: When it is missing, of another form, or can be read by others.
    """
    content, mode = _read(path)
    try:
        document = loads_strict(content, max_bytes=_SIZE_LIMIT, where=str(path))
    except ReleaseError as error:
        raise _malformed(path, error.found or "no JSON") from error
    schema = document.get("schema") if isinstance(document, dict) else None
    form = {DISCLOSURE_SCHEMA: _DISCLOSURE_FORM, PROOF_SCHEMA: _PROOF_FORM}.get(schema if isinstance(schema, str) else "")
    if form is None:
        raise _malformed(path, f"schema {str(schema)[:60]!r}")
    fault = form.fault(document)
    if fault is not None:
        raise _malformed(path, f"{fault.place}: not of the expected form")  # its text might show a salt
    if schema == PROOF_SCHEMA:
        return Salts(path, document["opened"], document["release"]["sha256"])
    if os.name == "posix" and mode & 0o077:
        raise DisclosureError(
            "the salts can be read by others",
            where=str(path),
            found=f"mode {mode:04o}",
            expected="mode 0600",
            remedy=f"Run `chmod 600 {path.name}` in its folder; whoever read them can hold guesses against the commitments.",
        )
    return Salts(path, {name: document[name] for name in DATASETS if name in document})


def _read(path: Path) -> tuple[bytes, int]:
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise _malformed(path, "no plain file")
            return file.read(_SIZE_LIMIT + 1), stat.S_IMODE(status.st_mode)
    except OSError as error:
        raise DisclosureError(
            "the salts cannot be read",
            where=str(path),
            found=error.strerror or type(error).__name__,
            expected="the .disclosure.json that was written beside the release, or a proof by `assaymark disclose --out`",
            remedy="Name it by --disclosure; without the salt nobody can open the commitment.",
        ) from error


def _malformed(path: Path, found: str) -> DisclosureError:
    return DisclosureError(
        "the file holds no salts",
        where=str(path),
        found=found,
        expected=f"{DISCLOSURE_SCHEMA} or {PROOF_SCHEMA}",
        remedy="Name the .disclosure.json that was written beside the release, or a proof by `assaymark disclose --out`.",
    )


def source_digest(path: Path) -> str:
    """Return the SHA-256 of a file of real rows, hexadecimal.

    Raises:
        DisclosureError: When it cannot be read.
    """
    try:
        return fingerprint(path.resolve(), FILE_LIMIT).sha256.hex()
    except UnreadableError as error:
        raise DisclosureError(
            "the file cannot be read", where=str(path), found=str(error), remedy="Check the path and its permissions."
        ) from error


def proof_document(release_sha256: str, entries: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """Return the JSON-ready proof that files are those that a release committed to.

    Args:
        release_sha256: Digest of ``release.json``.
        entries: By dataset, ``commitment``, ``salt`` and ``sha256``; no other dataset's salt is in the proof.
    """
    return {
        "schema": PROOF_SCHEMA,
        "opens": 'commitment = sha256("assaymark-commitment/1" + 0x00 + salt + sha256 of the file)',
        "release": {"sha256": release_sha256},
        "opened": {name: dict(entry) for name, entry in entries.items()},
    }
