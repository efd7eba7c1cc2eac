"""C2PA manifests by c2pa-python: the only module that knows it."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from assaymark.errors import StampError
from assaymark.provenance.signing import lower_form

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from assaymark.host.specs import Signer

MEDIA_TYPE = "application/octet-stream"  # keeps every file as it is, byte for byte
_ALGORITHMS = {"es256": "ES256", "es384": "ES384", "ed25519": "ED25519", "ps256": "PS256"}


@dataclass(frozen=True, slots=True)
class Reading:
    """What the C2PA reader makes of a manifest.

    Attributes:
        state: ``trusted`` (intact, signer anchored), ``valid`` (intact, signer not anchored) or ``invalid``.
        problems: Codes of what failed.
        store: The manifest store as the reader gives it, empty when it could not be read.
    """

    state: str
    problems: tuple[str, ...] = ()
    store: Mapping[str, Any] = field(default_factory=dict)

    @property
    def active(self) -> Mapping[str, Any]:
        """The manifest that speaks for the file."""
        manifest: Mapping[str, Any] = self.store.get("manifests", {}).get(self.store.get("active_manifest"), {})
        return manifest


def _context(anchors: Sequence[bytes]) -> Any:
    from c2pa import Context, Settings

    settings: dict[str, Any] = {
        "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False},
        "core": {"allowed_network_hosts": []},
        "builder": {"thumbnail": {"enabled": False}},
    }
    if anchors:
        settings["trust"] = {"trust_anchors": b"\n".join(anchors).decode()}
    return Context(Settings.from_dict(settings))


@dataclass(frozen=True, slots=True)
class Resource:
    """Bytes that a definition refers to by an identifier."""

    identifier: str
    content: bytes


class Stamper:
    """Signs manifests with one signer; a context manager, because the library holds native memory."""

    def __init__(self, signer: Signer) -> None:
        from c2pa import C2paSigningAlg
        from c2pa import Signer as NativeSigner

        if signer.algorithm not in _ALGORITHMS:
            raise StampError(
                "the signer uses an algorithm that manifests do not have",
                found=signer.algorithm,
                expected=", ".join(_ALGORITHMS),
                remedy="Choose another signer.",
            )
        algorithm = getattr(C2paSigningAlg, _ALGORITHMS[signer.algorithm])
        self._failure: BaseException | None = None
        self._signer = signer
        self._native = NativeSigner.from_callback(self._sign, algorithm, signer.certificates.decode(), None)
        self._context = _context(())

    def _sign(self, data: bytes) -> bytes:
        try:
            return lower_form(self._signer.algorithm, self._signer.sign(data))
        except Exception as error:  # the library swallows it, so it is kept and raised again below
            self._failure = error
            raise

    def __enter__(self) -> Stamper:  # noqa: PYI034 - nothing derives from it
        return self

    def __exit__(self, *exc: object) -> None:
        self._native.close()
        self._context.close()

    def sign(self, definition: Mapping[str, Any], data: bytes, resources: Sequence[Resource] = ()) -> bytes:
        """Return a detached manifest for ``data``, already read back and found intact.

        Raises:
            StampError: When the library refuses, or what it made does not hold.
        """
        from c2pa import Builder, C2paError

        try:
            text = json.dumps(definition, allow_nan=False)
        except (TypeError, ValueError, RecursionError) as error:
            raise StampError(
                "the manifest cannot hold a value",
                where=str(definition.get("title")),
                found=str(error)[:300],
                expected="what JSON can hold",
                remedy="Check the assertions that plugins add.",
            ) from error
        try:
            with Builder(text, self._context) as builder:
                builder.set_no_embed()
                for resource in resources:
                    builder.add_resource(resource.identifier, io.BytesIO(resource.content))
                manifest = bytes(builder.sign(self._native, MEDIA_TYPE, io.BytesIO(), io.BytesIO()))
        except C2paError as error:
            cause = self._failure or error
            raise StampError(
                "the manifest could not be signed",
                where=str(definition.get("title")),
                found=f"{type(cause).__name__}: {cause}"[:300],
                remedy="Check the signing key and certificate by `assaymark keys show`.",
            ) from cause
        reading = read_manifest(manifest, data, ())
        if reading.state == "invalid":
            raise StampError(
                "the manifest that was just signed does not hold",
                where=str(definition.get("title")),
                found=", ".join(reading.problems) or "unreadable",
                remedy="Check the certificate: it needs a current, non-CA leaf with digitalSignature and an allowed key usage.",
            )
        return manifest


def read_manifest(manifest: bytes, data: bytes, anchors: Sequence[bytes]) -> Reading:
    """Read a detached manifest against the bytes of its file; never raises for what a stranger wrote."""
    from c2pa import C2paError, Reader

    try:
        context = _context(anchors)
    except C2paError as error:
        return Reading("invalid", (f"trust anchors: {error}"[:200],))
    try:
        with Reader(MEDIA_TYPE, io.BytesIO(data), manifest, context=context) as reader:
            store = json.loads(reader.json())
            state = str(reader.get_validation_state()).rsplit(".", 1)[-1].lower()
    except (C2paError, ValueError) as error:
        return Reading("invalid", (f"{type(error).__name__}: {error}"[:200],))
    failures = store.get("validation_results", {}).get("activeManifest", {}).get("failure", [])
    codes = tuple(str(failure.get("code")) for failure in failures)
    return Reading(state if state in {"trusted", "valid"} else "invalid", codes, store)
