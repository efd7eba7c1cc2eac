"""What a reader makes of a manifest: there are two, :mod:`.manifests` and :mod:`.independent`, and one form of answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assaymark.provenance.credentials import Credentials
    from assaymark.provenance.trust import TrustLike


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader makes of a manifest.

    Attributes:
        state: ``trusted`` (intact, signer anchored), ``valid`` (intact, signer not anchored) or ``invalid``.
        problems: Codes of what failed.
        store: The manifest store as the C2PA library tells it, empty when it could not be read.
        credentials: Who signed it and when; None when that could not be read.
    """

    state: str
    problems: tuple[str, ...] = ()
    store: Mapping[str, Any] = field(default_factory=dict)
    credentials: Credentials | None = None

    @property
    def active(self) -> Mapping[str, Any]:
        """The manifest that speaks for the file."""
        manifest: Mapping[str, Any] = self.store.get("manifests", {}).get(self.store.get("active_manifest"), {})
        return manifest


class ReadManifest(Protocol):
    """Reads a detached manifest against the digest of its file."""

    def __call__(self, manifest: bytes, sha256: bytes, anchors: TrustLike) -> Reading:
        """Return the reading; never raise for what a stranger wrote."""
        ...
