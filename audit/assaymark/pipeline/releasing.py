"""The release folder: synthetic table, audit, cubes, policy, reports, and a signed sidecar for each."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assaymark import __version__
from assaymark.cubes.document import cubes_document
from assaymark.errors import OptionError
from assaymark.host.registry import Registered, Registry, call_guarded, resolve
from assaymark.pipeline.staging import write_file
from assaymark.provenance.authorities import with_clock
from assaymark.provenance.digests import fingerprint
from assaymark.provenance.dsse import seal
from assaymark.provenance.lineage import Parent, lineage_document
from assaymark.provenance.policy_proof import PROOF_FILE
from assaymark.provenance.stamping import FILE_LIMIT, LINEAGE_FILE, ReleaseClaims, stamp_release
from assaymark.results.document import validate_audit

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from assaymark.cubes.published import PublishedCubes
    from assaymark.host.specs import RendererSpec, Signer
    from assaymark.policy.model import Policy

STATEMENT_TYPE = "application/vnd.in-toto+json"  # readers of such a statement look for it in an envelope
AUDIT_FILE, CUBES_FILE, POLICY_FILE = "audit.json", "cubes.json", "policy.toml"


def json_bytes(document: Mapping[str, Any]) -> bytes:
    """Return the bytes in which a document is stored: sorted by nothing, indented by two, numbers in full."""
    return (json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def open_signer(registry: Registry, name: str, timestamp: str | None = None) -> Signer:
    """Open a signer by its name; with the address of a time-stamp authority, one whose signatures are stamped with the time.

    Raises:
        SigningKeyError: When the key or the certificate cannot be used.
        TimeStampError: When the authority does not stamp.
    """
    registered = registry.signer(name)
    signer: Signer = call_guarded(registered, resolve(registered.spec.factory))
    return with_clock(signer, timestamp)


@dataclass(frozen=True, slots=True)
class ReleaseParts:
    """What a release is made of, besides the synthetic table.

    Attributes:
        document: The audit document.
        cubes: The published cubes.
        policy: The policy.
        generated: Whether this release's synthetic table was generated here.
        parent: The release that this one follows, verified; None without one.
        mining: What may be done with the table, as ``cawg.training-mining`` says it; None to say nothing.
        also: Names of formats to render the audit in, beside those that every release has.
    """

    document: Mapping[str, Any]
    cubes: PublishedCubes
    policy: Policy
    generated: bool
    parent: Parent | None = None
    mining: Mapping[str, Any] | None = None
    also: tuple[str, ...] = ()


def write_release(stage: Path, parts: ReleaseParts, registry: Registry, signer: Signer) -> None:
    """Write everything but the synthetic table into ``stage``, where that already lies, and stamp it all.

    Raises:
        StampError: When a file cannot be signed.
        PluginFailedError: When a renderer breaks.
    """
    validate_audit(parts.document)
    audit = json_bytes(parts.document)
    write_file(stage / AUDIT_FILE, audit)
    write_file(stage / CUBES_FILE, json_bytes(cubes_document(parts.cubes)))
    write_file(stage / POLICY_FILE, parts.policy.source)
    if parts.policy.proof is not None:
        write_file(stage / PROOF_FILE, parts.policy.proof)
    for registered in registry.renderers.values():
        if registered.spec.filename != AUDIT_FILE and (registered.spec.in_release or registered.spec.name in parts.also):
            # what a report shows is what audit.json says, so it is rendered from those bytes
            write_file(stage / registered.spec.filename, released(registered, audit, signer))
    write_lineage(stage, parts.document, parts.parent)
    stamp_release(stage, signer, claims=claims_of(parts.document, registry, parent=parts.parent, mining=parts.mining))


def released(registered: Registered[RendererSpec], audit: bytes, signer: Signer) -> bytes:
    """Return a rendered file as a release has it: of the very bytes of ``audit.json``, statements in a signed envelope."""
    content = render(registered, json.loads(audit))
    return enveloped(registered, content, signer) if registered.spec.media_type == STATEMENT_TYPE else content


def write_lineage(
    stage: Path, document: Mapping[str, Any], parent: Parent | None, redacted: Mapping[str, Any] | None = None
) -> None:
    """Write what a release says of its parent, after all of its other files."""
    if parent is not None:
        files = {path.name: fingerprint(path, FILE_LIMIT).sha256.hex() for path in stage.iterdir()}
        write_file(stage / LINEAGE_FILE, json_bytes(lineage_document(parent, files, document, redacted)))


def enveloped(registered: Registered[RendererSpec], content: bytes, signer: Signer) -> bytes:
    """Return what a renderer made in a signed envelope (DSSE), as JSON.

    Raises:
        OptionError: When it is no JSON.
    """
    kind = registered.spec.media_type
    if not kind.endswith("json"):
        raise OptionError(
            "this format cannot be signed by itself",
            where="--sign",
            found=kind,
            expected="a format in JSON",
            remedy="Stamp the file by `assaymark stamp`.",
        )
    return json_bytes(seal(signer, kind, content))


def render(registered: Registered[RendererSpec], audit: Mapping[str, Any]) -> bytes:
    """Return the bytes that a renderer makes of a parsed audit document."""
    content: bytes = call_guarded(registered, lambda: resolve(registered.spec.factory)(audit))
    return content


def claims_of(
    document: Mapping[str, Any], registry: Registry, *, parent: Parent | None, mining: Mapping[str, Any] | None
) -> ReleaseClaims:
    """Return what a release with this audit document claims."""
    return ReleaseClaims.of(
        document,
        __version__,
        parent=None if parent is None else parent.digests,
        mining=mining,
        extra_assertions=registry.manifest_assertions(document),
    )


def table_suffix(source: Path) -> str:
    """Return ``parquet`` or ``csv``, by a file's first bytes."""
    with source.open("rb") as file:
        return "parquet" if file.read(4) == b"PAR1" else "csv"


def copy_table(source: Path, stage: Path, suffix: str) -> Path:
    """Copy an existing synthetic table into a release, byte for byte."""
    target = stage / f"synthetic.{suffix}"
    shutil.copyfile(source, target)
    return target
