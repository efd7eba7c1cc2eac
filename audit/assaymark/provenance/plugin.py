"""Declares the built-in signers. Imports nothing heavy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assaymark.host.hooks import hookimpl
from assaymark.host.specs import SignerSpec

if TYPE_CHECKING:
    from collections.abc import Iterable


@hookimpl
def assaymark_signers() -> Iterable[SignerSpec]:
    """Declare the signers."""
    return (
        SignerSpec(
            "development",
            "a key of your own under the configuration folder, made on first use; trusted on this machine only",
            "assaymark.provenance.signing:open_development_signer",
        ),
        SignerSpec(
            "pem",
            "key and certificate chain from the files that ASSAYMARK_SIGNING_KEY and ASSAYMARK_SIGNING_CHAIN name",
            "assaymark.provenance.signing:open_pem_signer",
        ),
    )
