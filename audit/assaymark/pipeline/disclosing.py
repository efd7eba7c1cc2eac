"""Prove, without showing a row, that a file is the source that a release committed to; and check such a proof."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from assaymark.errors import DisclosureError, MissingFileError, ReleaseError
from assaymark.provenance.disclosure import DATASETS, disclosure_of, proof_document, read_salts, source_digest
from assaymark.provenance.file_checks import verify_file
from assaymark.provenance.keys import trusted_anchors
from assaymark.provenance.stamping import AUDIT_FILE, RELEASE_FILE, sidecar_of
from assaymark.provenance.strict_json import loads_strict
from assaymark.provenance.verification import verify_release

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from assaymark.provenance.trust import TrustLike
    from assaymark.provenance.verification import ReleaseCheck

_NOTHING = "so nothing can be proved of it"
_SIZE_LIMIT = 256 * 2**20


@dataclass(frozen=True, slots=True)
class Disclosed:
    """A proof, and what was found with it.

    Attributes:
        proof: The JSON-ready proof.
        files: By dataset, the file that was held against the commitment; a dataset without one rests on the proof alone.
        split: Whether the holdout was split off the real file, so that one file is both.
        release_signer: Who signed the release.
        release_trusted: Whether that signer chains to a trust anchor.
        proof_signer: Who signed the proof; None when it has no sidecar.
        proof_trusted: Whether that signer chains to a trust anchor.
    """

    proof: Mapping[str, Any]
    files: Mapping[str, Path] = field(default_factory=dict)
    split: bool = False
    release_signer: str = ""
    release_trusted: bool = False
    proof_signer: str | None = None
    proof_trusted: bool = False


def disclose(release: Path, files: Mapping[str, Path], disclosure: Path | None = None) -> Disclosed:
    """Open a release's commitments by the files themselves.

    Args:
        release: Release folder.
        files: File by dataset, ``real`` or ``holdout``; only these are disclosed.
        disclosure: File of salts; None for the one beside the release.

    Raises:
        ReleaseError: When the release is not intact.
        DisclosureError: When the salts cannot be used, or the release has no such dataset.
        CommitmentError: When a file is not the one that was committed to.
    """
    checked = intact_release(release, trusted_anchors(), _NOTHING)
    audit = read_audit(release)
    salts = read_salts(disclosure or disclosure_of(release))
    opened: dict[str, dict[str, str]] = {}
    for dataset, path in files.items():
        sha256 = source_digest(path)
        opened[dataset] = {**salts.check(dataset, commitment_in(audit, dataset), sha256), "sha256": sha256}
    proof = proof_document(release_digest(release), opened)
    return Disclosed(proof, dict(files), audit["method"]["split"] is not None, checked.signer, checked.trusted)


def check_proof(release: Path, proof: Path, files: Mapping[str, Path], anchors: TrustLike = ()) -> Disclosed:
    """Check somebody's proof against a release, and against the files where they are at hand.

    Args:
        release: Release folder.
        proof: The proof; a sidecar beside it is checked as well.
        files: File by dataset, where there is one.
        anchors: Whom to trust.

    Raises:
        ReleaseError: When the release, or the signature of the proof, does not hold.
        DisclosureError: When the proof cannot be read, or is about another release.
        CommitmentError: When the proof opens no commitment of the release, or a file is not the one.
    """
    checked = intact_release(release, anchors, _NOTHING)
    audit, salts = read_audit(release), read_salts(proof)
    if salts.release is None:
        raise DisclosureError(
            "this is the owner's file of all salts, and no proof",
            where=str(proof),
            remedy="Ask the owner for a proof by `assaymark disclose --out`; the file of salts should stay with its owner.",
        )
    if salts.release != release_digest(release):
        raise DisclosureError("the proof is about another release", where=str(proof), remedy="Name the release it is about.")
    for dataset in files:
        salts.check(dataset, commitment_in(audit, dataset), source_digest(files[dataset]))
    for dataset, entry in salts.entries.items():
        salts.check(dataset, commitment_in(audit, dataset), entry["sha256"])
    signer, trusted = _proof_signer(proof, anchors)
    document = proof_document(salts.release, salts.entries)
    split = audit["method"]["split"] is not None
    return Disclosed(document, dict(files), split, checked.signer, checked.trusted, signer, trusted)


def _proof_signer(proof: Path, anchors: TrustLike) -> tuple[str | None, bool]:
    if not sidecar_of(proof).exists():
        return None, False
    stamped = verify_file(proof, anchors)
    if stamped.problems:
        first = stamped.problems[0]
        raise ReleaseError("the proof's signature does not hold", where=first.file, found=first.message)
    return stamped.signer, stamped.trusted


def intact_release(release: Path, anchors: TrustLike, consequence: str) -> ReleaseCheck:
    """Return what a release that is intact, whoever signed it, was found to be.

    Raises:
        MissingFileError: When there is none.
        ReleaseError: When it is not intact; its text ends in what follows from that.
    """
    if not release.is_dir():
        raise MissingFileError("there is no release folder", where=str(release), remedy="Name the folder of a release.")
    checked = verify_release(release, anchors)
    if checked.problems:
        first = checked.problems[0]
        raise ReleaseError(
            f"the release does not verify, {consequence}",
            where=str(release / first.file),
            found=first.message,
            remedy="Run `assaymark verify` on it, and use the release as it was made.",
        )
    return checked


def release_digest(release: Path) -> str:
    """Return the SHA-256 of ``release.json``, by which a release is named."""
    return hashlib.sha256((release / RELEASE_FILE).read_bytes()).hexdigest()


def read_audit(release: Path) -> Any:
    """Return the parsed audit of a release that has been verified."""
    return loads_strict((release / AUDIT_FILE).read_bytes(), max_bytes=_SIZE_LIMIT, where=AUDIT_FILE)


def commitment_in(audit: Mapping[str, Any], dataset: str) -> str:
    """Return the commitment to a dataset that an audit document states.

    Raises:
        DisclosureError: When the release has no such dataset.
    """
    data = audit["datasets"].get(dataset) if dataset in DATASETS else None
    if data is None:
        raise DisclosureError(
            f"the release has no {dataset} data", where=AUDIT_FILE, remedy=f"Leave --{dataset} out, or name another release."
        )
    return str(data["commitment"])
