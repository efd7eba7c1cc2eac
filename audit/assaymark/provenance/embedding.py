"""Images and documents that carry their manifest: where it lies in PNG, SVG and PDF, and what the other bytes hash to.

The manifest is found here, not by the C2PA library, so that both readers of manifests check such a file the same way: the
claim must leave out exactly the bytes where the manifest lies, and hash all others. Sources: C2PA 2.2 appendices A.3 (PNG),
A.3.3 (SVG) and A.4 (PDF); PNG, third edition, section 5.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import re
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assaymark.errors import ManifestError
from assaymark.provenance.digests import Fingerprint, UnreadableError, read_plain
from assaymark.provenance.jumbf import claimed_place, place_and_sha256, read_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

EMBEDDED_LIMIT = 256 * 2**20  # bytes of a file that is held in memory
PNG, SVG, PDF = "image/png", "image/svg+xml", "application/pdf"
_PNG_START = b"\x89PNG\r\n\x1a\n"
_PNG_LIMIT = 2**31 - 1  # bytes of a chunk
_SVG_MANIFEST = re.compile(rb"<c2pa:manifest(?:\s[^<>]*)?>([^<]*)</c2pa:manifest\s*>")
_STORE = re.compile(rb"jumb\x00\x00\x00\x1ejumdc2pa\x00\x11\x00\x10\x80\x00\x00\xaa\x00\x38\x9b\x71\x03c2pa\x00")
_MOST_STORES = 100  # places in a PDF that look like a manifest store
_HEAD = 64 * 2**10
_SVG_ROOTS = frozenset({"svg", "http://www.w3.org/2000/svg svg"})


@dataclass(frozen=True, slots=True)
class Embedded:
    """A manifest within a file.

    Attributes:
        manifest: Its bytes.
        start: Where the bytes begin that its claim leaves out.
        length: How many these are.
        content: Size of the file, and :func:`~assaymark.provenance.jumbf.place_and_sha256` of it.
    """

    manifest: bytes
    start: int
    length: int
    content: Fingerprint


def media_type(path: Path) -> str | None:
    """Return the media type of a file that can carry a manifest, by its name and its first bytes; None for all others.

    Raises:
        UnreadableError: When it cannot be read safely.
    """
    kind = {".png": PNG, ".svg": SVG, ".pdf": PDF}.get(path.suffix.lower())
    if kind is None:
        return None
    with path.open("rb") as file:
        start = file.read(_HEAD)
    matches = {
        PNG: start.startswith(_PNG_START),
        PDF: start.startswith(b"%PDF-"),
        SVG: kind == SVG and _root(start) in _SVG_ROOTS,
    }
    return kind if matches[kind] else None


def _root(start: bytes) -> str | None:
    """Return the name of the outermost element of a document that begins so; None when it is no XML."""
    from xml.parsers import expat

    names: list[str] = []
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = lambda name, _: names.append(name)
    with contextlib.suppress(expat.ExpatError):  # what comes after the root is not asked for
        parser.Parse(start)
    return names[0] if names else None


def embedded_in(path: Path) -> Embedded | None:
    """Return the manifest that a file carries; None when it carries none, or is of a kind that cannot.

    Raises:
        ManifestError: When what it carries is malformed, or more than one.
        UnreadableError: When the file cannot be read safely.
    """
    try:
        kind = media_type(path)
    except OSError as error:
        raise UnreadableError(f"it cannot be read: {error.strerror}") from error
    return None if kind is None else find_embedded(read_plain(path, EMBEDDED_LIMIT), kind)


def find_embedded(content: bytes, kind: str) -> Embedded | None:
    """Return the manifest within the bytes of a file; None when there is none.

    Args:
        content: All of the file.
        kind: Its media type.

    Raises:
        ManifestError: When there is more than one, or it is malformed.
    """
    found = list(_FINDERS[kind](content))
    if len(found) > 1:
        raise _refused(f"{len(found)} manifests")
    if not found:
        return None
    manifest, start, length = found[0]
    digest = hashlib.sha256(memoryview(content)[:start])
    digest.update(memoryview(content)[start + length :])
    return Embedded(manifest, start, length, Fingerprint(len(content), place_and_sha256(start, length, digest.digest())))


def _refused(found: str) -> ManifestError:
    return ManifestError(
        "the manifest in the file cannot be read",
        found=found,
        expected="one manifest, in canonical form",
        remedy="Do not trust it.",
    )


def _in_png(content: bytes) -> Iterator[tuple[bytes, int, int]]:
    place = len(_PNG_START)
    while place < len(content):
        if len(content) - place < 12:  # noqa: PLR2004 - length, type and checksum of a chunk
            raise _refused("a chunk that is cut off")
        size, kind = struct.unpack_from(">I4s", content, place)
        end = place + 12 + size
        if size > _PNG_LIMIT or end > len(content):
            raise _refused("a chunk longer than the file")
        if kind == b"caBX":
            data = content[place + 8 : end - 4]
            if zlib.crc32(b"caBX" + data) != int.from_bytes(content[end - 4 : end], "big"):
                raise _refused("a chunk with a wrong checksum")
            yield data, place, size + 12
        place = end
        if kind == b"IEND":  # what follows is hashed, and is no chunk
            return


def _in_svg(content: bytes) -> Iterator[tuple[bytes, int, int]]:
    for match in _SVG_MANIFEST.finditer(content):
        try:
            manifest = base64.b64decode(match[1], validate=True)
        except binascii.Error as error:
            raise _refused(f"base64: {error}") from error
        if base64.b64encode(manifest) != match[1]:
            raise _refused("base64 in another form")
        yield manifest, match.start(1), len(match[1])


def _in_pdf(content: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Find the manifest whose claim names the very place where it lies; images in a document may carry others.

    When none does, the document was changed, and the last one shows it.
    """
    found: list[tuple[bytes, int, int]] = []
    problem: ManifestError | None = None
    for number, match in enumerate(_STORE.finditer(content, 4)):
        if number >= _MOST_STORES:
            raise _refused("too many manifests")
        start = match.start() - 4
        length = int.from_bytes(content[start : match.start()], "big")
        manifest = content[start : start + length]
        try:
            place = claimed_place(read_store(manifest)[-1])
        except ManifestError as error:
            problem = error
            continue
        if place is not None:
            found.append((manifest, start, length))
    own = [each for each in found if claimed_place(read_store(each[0])[-1]) == each[1:]]
    if not found and problem is not None:
        raise problem
    yield from own or found[-1:]


_FINDERS: dict[str, Callable[[bytes], Iterator[tuple[bytes, int, int]]]] = {PNG: _in_png, SVG: _in_svg, PDF: _in_pdf}
