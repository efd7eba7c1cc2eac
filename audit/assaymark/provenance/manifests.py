"""C2PA manifests by c2pa-python: the only module that knows it."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from assaymark.errors import ManifestError, StampError
from assaymark.provenance.algorithms import lower_form
from assaymark.provenance.certificates import PURPOSES
from assaymark.provenance.cose import signature_of, with_token
from assaymark.provenance.credentials import UNREADABLE, read_credentials
from assaymark.provenance.jumbf import claimed_sha256, parse_store, read_store
from assaymark.provenance.reading import Reading
from assaymark.provenance.trust import Trust, as_trust

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from assaymark.host.specs import Signer
    from assaymark.provenance.credentials import Credentials
    from assaymark.provenance.trust import Anchor, TrustLike

MEDIA_TYPE = "application/octet-stream"  # keeps every file as it is, byte for byte
_MISMATCH, _MATCH = "assertion.dataHash.mismatch", "assertion.dataHash.match"
_TRUSTED, _UNTRUSTED = "signingCredential.trusted", "signingCredential.untrusted"
_STAMPED, _CLOCK_TRUSTED = "timeStamp.validated", "timeStamp.trusted"
_VALIDATED = frozenset({"claimSignature.validated", "claimSignature.insideValidity", _MATCH})
_ALGORITHMS = {"es256": "ES256", "es384": "ES384", "ed25519": "ED25519", "ps256": "PS256"}


def _context(trust: Trust) -> Any:
    """Return what the library works under: offline, and with these roots.

    It lets roots of clocks vouch for signers too, so whom it calls trusted is held against the roots of signers afterwards.
    """
    from c2pa import Context, Settings

    settings: dict[str, Any] = {
        "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False},
        "core": {"allowed_network_hosts": []},
        "builder": {"thumbnail": {"enabled": False}},
    }
    trusted: dict[str, Any] = {"trust_config": PURPOSES}
    if trust.anchors:
        trusted["trust_anchors"] = b"\n".join(anchor.pem for anchor in trust.anchors).decode("utf-8", "replace")
    if trust.clocks:
        pem = b"\n".join(anchor.pem for anchor in trust.clocks).decode()
        trusted["anchors"] = [{"trust_anchors": pem, "trust_kind": "tsa"}]
    settings["trust"] = trusted
    return Context(Settings.from_dict(settings))


@lru_cache(maxsize=4)  # every file of a release is read under the same one
def _reading_context(anchors: tuple[Anchor, ...], clocks: tuple[Anchor, ...]) -> Any:
    return _context(Trust(anchors, clocks))


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
        self._context = _context(Trust())

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

    def sign(self, definition: Mapping[str, Any], sha256: bytes, resources: Sequence[Resource] = ()) -> bytes:
        """Return a detached manifest that holds; see :meth:`sign_and_read`."""
        return self.sign_and_read(definition, sha256, resources)[0]

    def sign_and_read(
        self, definition: Mapping[str, Any], sha256: bytes, resources: Sequence[Resource] = ()
    ) -> tuple[bytes, Reading]:
        """Return a detached manifest, and what it reads as: it was read back as verification does and found to hold.

        Args:
            definition: What the manifest says; its ``c2pa.hash.data`` holds ``sha256``.
            sha256: Digest of the file.
            resources: Bytes that the definition refers to.

        Raises:
            StampError: When the library refuses, or what it made does not hold.
        """
        from c2pa import Builder, C2paError

        # components go one at a time: the library refuses a definition of more than 1 MiB, which some 500 of them make
        ingredients = definition.get("ingredients", ())
        others = [each for each in ingredients if each.get("relationship") != "componentOf"]
        try:
            text = json.dumps({**definition, "ingredients": others}, allow_nan=False)
            components = [
                json.dumps(each, allow_nan=False) for each in ingredients if each.get("relationship") == "componentOf"
            ]
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
                for component in components:
                    builder.add_ingredient(component, MEDIA_TYPE, io.BytesIO())
                manifest = bytes(builder.sign(self._native, MEDIA_TYPE, io.BytesIO(), io.BytesIO()))
        except C2paError as error:
            cause = self._failure or error
            raise StampError(
                "the manifest could not be signed",
                where=str(definition.get("title")),
                found=f"{type(cause).__name__}: {cause}"[:300],
                remedy="Check the signing key and certificate by `assaymark keys show`.",
            ) from cause
        manifest = self._timed(manifest, str(definition.get("title")))
        reading = read_manifest(manifest, sha256, ())
        if reading.state == "invalid":
            raise StampError(
                "the manifest that was just signed does not hold",
                where=str(definition.get("title")),
                found=", ".join(reading.problems) or "unreadable",
                remedy="Check the certificate: it needs a current, non-CA leaf with digitalSignature and an allowed key usage.",
            )
        return manifest, reading

    def _timed(self, sidecar: bytes, name: str) -> bytes:
        """Return the sidecar, time-stamped where the signer has a clock."""
        clock = getattr(self._signer, "time_stamp", None)
        if clock is not None:
            last = parse_store(sidecar)[-1]
            sidecar = with_token(sidecar, last, clock(signature_of(last).stamped_bytes()))
        _check_canonical(name, sidecar)
        return sidecar

    def embed(self, definition: Mapping[str, Any], content: bytes, media: str) -> bytes:
        """Return a file with a manifest in it, as the library places it; it is not read back here.

        Args:
            definition: What the manifest says.
            content: The file without it.
            media: Its media type: PNG, SVG or PDF.

        Raises:
            StampError: When the library refuses.
        """
        from c2pa import Builder, C2paError

        target, name = io.BytesIO(), str(definition.get("title"))
        try:
            with Builder(json.dumps(definition, allow_nan=False), self._context) as builder:
                builder.sign(self._native, media, io.BytesIO(content), target)
        except C2paError as error:
            cause = self._failure or error
            raise StampError(
                "the file cannot carry a manifest",
                where=name,
                found=f"{type(cause).__name__}: {cause}"[:300],
                remedy="Check the file and the key, or stamp it beside the file by --sidecar.",
            ) from cause
        return target.getvalue()


def _check_canonical(name: str, sidecar: bytes) -> None:
    """Refuse a sidecar that our own verification would not read."""
    try:
        read_store(sidecar)
    except ManifestError as error:
        raise StampError(
            "the manifest would not be accepted by verification",
            where=name,
            found=error.found,
            remedy="Check the labels and values of assertions that plugins add.",
        ) from error


def read_manifest(manifest: bytes, sha256: bytes, anchors: TrustLike) -> Reading:
    """Read a detached manifest against the digest of its file; never raises for what a stranger wrote.

    The library would hold the whole file in memory. It is given none of it, and so finds that the bytes are not those of the
    manifest; that complaint, and no other, is dropped when the manifest claims exactly ``sha256``, over all bytes.
    """
    from c2pa import C2paError, Reader

    try:
        trust = as_trust(anchors)
        context = _reading_context(trust.anchors, trust.clocks)
    except (C2paError, ValueError) as error:
        return Reading("invalid", (f"trust anchors: {error}"[:200],))
    try:
        last = read_store(manifest)[-1]
        claimed, credentials = claimed_sha256(last), read_credentials(last, trust)
        with Reader(MEDIA_TYPE, io.BytesIO(), manifest, context=context) as reader:
            store = json.loads(reader.json())
    except (C2paError, ManifestError, *UNREADABLE) as error:
        return Reading("invalid", (f"{type(error).__name__}: {error}"[:200],))
    results = store.get("validation_results", {})
    active = results.get("activeManifest", {})
    _confirm_bytes(active)
    failed = _codes(active, "failure") - {_UNTRUSTED}
    for delta in results.get("ingredientDeltas", []):
        failed |= _codes(delta.get("validationDeltas", {}), "failure")
    passed = _codes(active, "success")
    failed |= set(credentials.problems) | (_expected(credentials) - passed)
    if claimed != sha256:
        failed |= {_MISMATCH}  # beside what else failed: only a manifest that holds can tell of its file
    if failed:
        return Reading("invalid", tuple(sorted(failed)), store, credentials)
    trusted = _TRUSTED in passed and credentials.anchor is not None
    return Reading("trusted" if trusted else "valid", (), store, credentials)


def _expected(credentials: Credentials) -> frozenset[str]:
    """Return what the library must have found to hold; of a time stamp it must find what our own reading of it did."""
    if credentials.stamp is None:
        return _VALIDATED
    return _VALIDATED | ({_STAMPED, _CLOCK_TRUSTED} if credentials.stamp.trusted else {_STAMPED})


def _codes(results: Mapping[str, Any], kind: str) -> set[str]:
    return {str(entry.get("code")) for entry in results.get(kind) or []}


def _confirm_bytes(results: dict[str, Any]) -> None:
    """Let the results of validation say what our own digest showed: the bytes are those of the manifest."""
    kept, dropped = list[Any](), list[Any]()
    for failure in results.get("failure", []):
        (dropped if failure.get("code") == _MISMATCH else kept).append(failure)
    results["failure"] = kept
    for failure in dropped:
        results.setdefault("success", []).append(
            {"code": _MATCH, "url": failure.get("url", ""), "explanation": "data hash valid"}
        )
