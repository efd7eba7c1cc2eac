"""A copy of a release without some of its files or fields: signed anew, and following the original by digest."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from assaymark.errors import RedactionError
from assaymark.host.registry import Registered, Registry, load_registry
from assaymark.pipeline.logbook import log_release, proof_beside, write_proof
from assaymark.pipeline.releasing import (
    AUDIT_FILE,
    CUBES_FILE,
    POLICY_FILE,
    claims_of,
    json_bytes,
    open_signer,
    released,
    write_lineage,
)
from assaymark.pipeline.requests import TrustRequest
from assaymark.pipeline.staging import refuse_existing, staged_folder, write_file
from assaymark.pipeline.trusting import load_trust
from assaymark.pipeline.verifying import open_parent
from assaymark.provenance.lineage import REDACTABLE, Parent, masked
from assaymark.provenance.stamping import LINEAGE_FILE, RELEASE_FILE, stamp_release
from assaymark.provenance.verification import verify_release
from assaymark.results.document import validate_audit

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from assaymark.host.specs import RendererSpec

LONGEST_REASON = 2000


@dataclass(frozen=True, slots=True)
class RedactRequest:
    """Copy a release without some of it.

    Attributes:
        release: Folder of the original.
        out: Folder of the copy.
        reason: Why; it is signed and shown.
        files: Names of files to leave out.
        fields: Fields of the audit to blank, of :data:`~assaymark.provenance.lineage.REDACTABLE`.
        signer: Name of the signer of the copy.
        timestamp: Address of a time-stamp authority; None for no time stamps.
        trust: Whom to trust, for the original.
        log: Transparency log that the copy goes into; None to log nothing.
        force: Whether an earlier release in ``out`` may be replaced.
    """

    release: Path
    out: Path
    reason: str
    files: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    signer: str = "development"
    timestamp: str | None = None
    trust: TrustRequest = field(default_factory=TrustRequest)
    log: Path | None = None
    force: bool = False


def redact(request: RedactRequest) -> dict[str, Any]:
    """Leave a redacted copy of a release in ``request.out``; return what was taken out, as the copy says it.

    Raises:
        RedactionError: When that cannot be taken out, or nothing is asked for.
        ParentError: When the original does not verify.
    """
    refuse_existing(request.out, force=request.force)
    registry, parent = load_registry(), open_parent(request.release, request.trust)
    folder = request.release.parent if request.release.name == RELEASE_FILE else request.release
    _check(request, parent)
    audit = masked(parent.audit, request.fields)
    validate_audit(audit)
    kept = [entry["name"] for entry in parent.release["files"] if entry["name"] not in {*request.files, LINEAGE_FILE}]
    again = _made_again(kept, registry, audit) if request.fields else {}
    told = {
        "files": sorted(set(request.files)),
        "fields": sorted(set(request.fields)),
        "reason": request.reason,
        "created": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    mining = verify_release(folder, load_trust(request.trust)).mining
    signer = open_signer(registry, request.signer, request.timestamp)
    with signer, staged_folder(request.out, force=request.force) as stage:
        for name in kept:
            if name == AUDIT_FILE and request.fields:
                write_file(stage / name, json_bytes(audit))
            elif name in again:
                write_file(stage / name, released(again[name], json_bytes(audit), signer))
            else:
                shutil.copyfile(folder / name, stage / name)
        write_lineage(stage, audit, parent, told)
        stamp_release(stage, signer, claims=claims_of(audit, registry, parent=parent, mining=mining))
        if request.log is not None:
            write_proof(
                proof_beside(request.out), log_release(stage, request.out.resolve().name, request.log, signer), force=True
            )
    return told


def _check(request: RedactRequest, parent: Parent) -> None:
    names = [entry["name"] for entry in parent.release["files"]]
    needed = {AUDIT_FILE, CUBES_FILE, POLICY_FILE, parent.audit["datasets"]["synthetic"]["file"]}
    if not request.files and not request.fields:
        raise RedactionError("there is nothing to take out", where="--file", remedy="Name a file or a field.")
    if not request.reason.strip() or len(request.reason) > LONGEST_REASON:
        expected = f"1 to {LONGEST_REASON} characters"
        raise RedactionError("a redaction needs a reason", where="--reason", expected=expected, remedy="Say why.")
    for name in request.files:
        if name not in names or name in needed:
            what = "the release has no such file" if name not in names else "without this file nothing could be verified"
            free = ", ".join(sorted(set(names) - needed - {LINEAGE_FILE}))
            raise RedactionError(what, where="--file", found=name[:200], expected=free, remedy="Name another file.")
    for name in request.fields:
        if name not in REDACTABLE or parent.audit["generator"] is None:
            free = ", ".join(REDACTABLE) if parent.audit["generator"] is not None else "none: the release names no generator"
            raise RedactionError("there is no such field to blank", where="--field", found=name[:200], expected=free)


def _made_again(kept: Collection[str], registry: Registry, audit: Mapping[str, Any]) -> dict[str, Registered[RendererSpec]]:
    """Return who renders the files that are made of the audit; whatever else could show the fields is refused."""
    made = {one.spec.filename: one for one in registry.renderers.values() if one.spec.filename != AUDIT_FILE}
    own = {AUDIT_FILE, CUBES_FILE, POLICY_FILE, audit["datasets"]["synthetic"]["file"]}
    unknown = sorted(set(kept) - set(made) - own)
    if unknown:
        raise RedactionError(
            "a file may show what is to be taken out, and cannot be made again",
            where=", ".join(unknown),
            expected="files of renderers that are installed here",
            remedy="Leave it out as well, by --file, or install the plugin that made it.",
        )
    return {name: made[name] for name in kept if name in made}
