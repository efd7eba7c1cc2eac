"""Stamps: a signed sidecar beside each file, and one over a whole release."""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assaymark.errors import ManifestError, MissingFileError, NotAFileError, OutputError, OutputExistsError, StampError
from assaymark.provenance.definitions import (
    Component,
    ReleaseClaims,
    audited_definition,
    computed_definition,
    embedded_definition,
    generated_definition,
    release_definition,
)
from assaymark.provenance.digests import Fingerprint, UnreadableError, fingerprint, read_plain
from assaymark.provenance.embedding import EMBEDDED_LIMIT, PDF, find_embedded, media_type
from assaymark.provenance.jumbf import read_store
from assaymark.provenance.manifests import Stamper, read_manifest
from assaymark.tables.atomic import refuse_existing, write_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from assaymark.host.specs import Signer
    from assaymark.provenance.reading import Reading

RELEASE_SCHEMA = "assaymark-release/1"
RELEASE_FILE = "release.json"
AUDIT_FILE, POLICY_FILE = "audit.json", "policy.toml"
LINEAGE_FILE = "parent.json"
APPROVALS = "approvals"
SUFFIX = ".c2pa"
FILE_LIMIT = 16 * 2**40  # bytes of one file

# \Z, not $, which would let a line end through; never the name of a sidecar, a device or an option, nor with a dot at its end
FILE_NAME = (
    r"^(?!(?:[cC][oO][nN]|[pP][rR][nN]|[aA][uU][xX]|[nN][uU][lL]|(?:[cC][oO][mM]|[lL][pP][tT])[0-9])(?:\.|\Z))"
    r"[A-Za-z0-9_][A-Za-z0-9._-]{0,199}(?<!\.c2pa)(?<!\.)\Z"
)
_LABEL = re.compile(r"(?!c2pa\.|cawg\.|stds\.|org\.assaymark\.)[a-z0-9-]+(\.[A-Za-z0-9-]+(_[A-Za-z0-9-]+)*)+\Z", re.ASCII)
_SIGNED_PDF = re.compile(rb"/ByteRange\s*\[|/Encrypt\s")

__all__ = [
    "AUDIT_FILE",
    "FILE_NAME",
    "POLICY_FILE",
    "RELEASE_FILE",
    "RELEASE_SCHEMA",
    "SUFFIX",
    "ReleaseClaims",
    "embed_file",
    "stamp_file",
    "stamp_release",
]


def sidecar_of(path: Path) -> Path:
    """Return where the sidecar of a file lies: its whole name, and ``.c2pa``."""
    return path.with_name(path.name + SUFFIX)


def stamp_file(path: Path, signer: Signer, *, force: bool = False, mining: Mapping[str, Any] | None = None) -> Path:
    """Stamp one file that was computed from data; the file itself is not touched.

    Args:
        path: The file.
        signer: Who signs.
        force: Whether an earlier sidecar may be replaced.
        mining: What may be done with the file; None to say nothing.

    Returns:
        The path of the sidecar.

    Raises:
        MissingFileError: When there is no such file.
        NotAFileError: When it is a folder or the like.
        OutputExistsError: When it has a sidecar already and ``force`` is false.
        StampError: When it is empty or cannot be signed.
    """
    from assaymark import __version__

    if not path.exists():
        raise MissingFileError("there is no file to stamp", where=str(path), remedy="Check the path.")
    if not path.is_file():
        raise NotAFileError("only files can be stamped", where=str(path), remedy="Name the files of the folder.")
    target = sidecar_of(path)
    if target.exists() and not force:
        raise OutputExistsError("the file has a sidecar already", where=str(target), remedy="Add --force to replace it.")
    content = _content(path)
    with Stamper(signer) as stamper:
        _write(target, stamper.sign(computed_definition(path.name, content, __version__, mining), content.sha256))
    return target


def embed_file(
    path: Path, signer: Signer, *, out: Path | None = None, force: bool = False, mining: Mapping[str, Any] | None = None
) -> Path:
    """Put a manifest into an image or document, in place or in a copy.

    Args:
        path: A file of which :func:`~assaymark.provenance.embedding.media_type` is known.
        signer: Who signs.
        out: Where to write the copy; None to replace the file.
        force: Whether a manifest that it carries, its sidecar, or ``out`` may be replaced.
        mining: What may be done with the file; None to say nothing.

    Returns:
        The path of the file that was written.

    Raises:
        OutputExistsError: When it is stamped already, or ``out`` exists, and ``force`` is false.
        StampError: When it cannot carry a manifest.
        OutputError: When it cannot be written.
    """
    from assaymark import __version__

    if getattr(signer, "time_stamp", None) is not None:
        raise StampError(
            "a manifest within a file cannot be time-stamped",
            where=str(path),
            remedy="Stamp it beside the file by --sidecar, or without a time by --no-timestamp.",
        )
    target = path.resolve() if out is None else out
    beside = sidecar_of(target)
    refuse_existing(target, overwrite=force or out is None)
    content, kind = _carrier(path, force=force)
    if beside.exists() and not force:
        raise OutputExistsError("the file has a sidecar already", where=str(beside), remedy="Add --force to replace it.")
    with Stamper(signer) as stamper:
        stamped = stamper.embed(embedded_definition(target.name, __version__, mining), content, kind)
    _check_embedded(target, stamped, kind)
    mode = path.stat().st_mode
    write_bytes(target, stamped, overwrite=True)
    target.chmod(stat.S_IMODE(mode))
    beside.unlink(missing_ok=True)  # it was made for other bytes
    return target


def _carrier(path: Path, *, force: bool) -> tuple[bytes, str]:
    """Return the bytes and media type of a file that is to carry a manifest."""
    try:
        kind, content = media_type(path), read_plain(path.resolve(), EMBEDDED_LIMIT)
        if kind is None:
            raise UnreadableError("it is no PNG, SVG or PDF")  # noqa: TRY301 - one message for all
        carried = None if force else find_embedded(content, kind)
    except (UnreadableError, ManifestError, OSError) as error:
        raise StampError(
            "the file cannot carry a manifest",
            where=str(path),
            found=str(error),
            remedy="Stamp it beside the file by --sidecar.",
        ) from error
    if carried is not None:
        raise OutputExistsError("the file carries a manifest already", where=str(path), remedy="Add --force to replace it.")
    if kind == PDF and _SIGNED_PDF.search(content):
        raise StampError(
            "the document is signed or encrypted, which a manifest in it would break",
            where=str(path),
            remedy="Stamp it beside the file by --sidecar.",
        )
    return content, kind


def _check_embedded(path: Path, stamped: bytes, kind: str) -> None:
    """Read back what was made, as verification does."""
    try:
        found = find_embedded(stamped, kind)
    except ManifestError as error:
        raise StampError("the file would not be accepted by verification", where=str(path), found=error.found) from error
    problems = ("no manifest",) if found is None else read_manifest(found.manifest, found.content.sha256, ()).problems
    if problems:
        raise StampError(
            "the stamp that was just made does not hold",
            where=str(path),
            found=", ".join(problems),
            remedy="Stamp it beside the file by --sidecar.",
        )


def _content(path: Path) -> Fingerprint:
    try:
        content = fingerprint(path.resolve(), FILE_LIMIT)
    except UnreadableError as error:
        raise StampError("the file cannot be stamped", where=str(path), found=str(error), remedy="Check the file.") from error
    if not content.size:
        raise StampError("an empty file cannot be stamped", where=str(path), remedy="Stamp a file that has content.")
    return content


def _write(path: Path, content: bytes) -> None:
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(name).chmod(0o644)
            Path(name).replace(path)
        finally:
            Path(name).unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(
            "the sidecar could not be written",
            where=str(path),
            found=error.strerror or type(error).__name__,
            remedy="Check free space and permissions.",
        ) from error


def stamp_release(folder: Path, signer: Signer, *, claims: ReleaseClaims) -> None:
    """Stamp every file of a folder, write ``release.json`` over them all, and stamp that.

    Raises:
        StampError: When a file is empty, has a name that verification refuses, or cannot be signed, the table is missing, or
            a plugin's assertion has a label that is reserved or no label.
        OutputError: When a sidecar cannot be written.
    """
    names = _names(folder, claims)
    components: list[Component] = []
    entries: list[dict[str, Any]] = []
    with Stamper(signer) as stamper:
        for name in names:
            content = _content(folder / name)
            sidecar, reading = _sign(stamper, name, content, claims)
            _write(folder / (name + SUFFIX), sidecar)
            components.append(
                Component(name, sidecar, read_store(sidecar)[-1].label, reading.store.get("validation_results", {}))
            )
            entries.append(_entry(name, content, sidecar))
        release = (json.dumps(_release(claims, entries), indent=2, ensure_ascii=False) + "\n").encode()
        _write(folder / RELEASE_FILE, release)
        over_all = Fingerprint.of(release)
        definition, resources = release_definition(RELEASE_FILE, over_all, claims, components)
        _write(folder / (RELEASE_FILE + SUFFIX), stamper.sign(definition, over_all.sha256, resources))


def colliding(names: Iterable[str]) -> set[str]:
    """Return the names of files that, they or their sidecars, are one file with another's where a disk ignores case."""
    kept = [(name, whole) for name in (*names, RELEASE_FILE) for whole in (name, name + SUFFIX)]
    holders: dict[str, list[str]] = {}
    for name, whole in kept:
        holders.setdefault(whole.lower(), []).append(name)
    return {name for held in holders.values() if len(held) > 1 for name in held}


def _names(folder: Path, claims: ReleaseClaims) -> list[str]:
    """Return the files to stamp; whatever verification would refuse later is refused before anything is written.

    The library aborts the whole process for a label that is not ASCII, so none reaches it.
    """
    names = sorted(path.name for path in folder.iterdir())
    collisions = colliding(names)
    for name in names:
        if name in collisions or not re.match(FILE_NAME, name) or name == RELEASE_FILE or not (folder / name).is_file():
            raise StampError(
                "this cannot be part of a release",
                where=repr(name),
                expected="a file named by letters, digits, dots, dashes and underscores, whatever their case unlike any other;"
                " no sidecar and no release.json",
                remedy="Give the file of the renderer another name.",
            )
    if claims.data_file not in names:
        raise StampError("the synthetic table is not in the release", where=str(folder), expected=claims.data_file)
    for label in claims.extra_assertions:
        if not _LABEL.match(label):
            raise StampError(
                "a plugin's assertion has a label that cannot be used",
                found=repr(label),
                expected="a name under a domain of the plugin's own, such as org.example.review",
                remedy="Change the label in the plugin, or remove the plugin.",
            )
    return names


def _sign(stamper: Stamper, name: str, content: Fingerprint, claims: ReleaseClaims) -> tuple[bytes, Reading]:
    if name != claims.data_file:
        return stamper.sign_and_read(computed_definition(name, content, claims.assaymark), content.sha256)
    if not claims.generated:
        return stamper.sign_and_read(audited_definition(claims, content), content.sha256)
    definition, resources = generated_definition(claims, content)
    return stamper.sign_and_read(definition, content.sha256, resources)


def _entry(name: str, content: Fingerprint, sidecar: bytes) -> dict[str, Any]:
    return {
        "name": name,
        "bytes": content.size,
        "sha256": content.sha256.hex(),
        "sidecar": {"name": name + SUFFIX, "bytes": len(sidecar), "sha256": hashlib.sha256(sidecar).hexdigest()},
    }


def _release(claims: ReleaseClaims, entries: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "schema": RELEASE_SCHEMA,
        "assaymark": claims.assaymark,
        "created": claims.created,
        "verdict": claims.verdict,
        "policy_sha256": claims.policy_sha256,
        "files": entries,
    }
