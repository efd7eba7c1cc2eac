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
        SignerSpec(
            "command",
            "a command, named by ASSAYMARK_SIGNER_COMMAND, that signs its standard input; such as OpenSSL's",
            "assaymark.provenance.signers.command:open_command_signer",
        ),
        SignerSpec(
            "service",
            "a signing service of your own over HTTPS, at ASSAYMARK_SIGNER_URL",
            "assaymark.provenance.signers.service:open_service_signer",
        ),
        SignerSpec(
            "pkcs11",
            "a hardware security module, by the variables ASSAYMARK_PKCS11_MODULE, _TOKEN, _KEY and _PIN_FILE",
            "assaymark.provenance.signers.pkcs11:open_pkcs11_signer",
        ),
        SignerSpec(
            "aws-kms",
            "AWS Key Management Service, the key named by ASSAYMARK_AWS_KMS_KEY",
            "assaymark.provenance.signers.aws:open_aws_kms_signer",
        ),
    )
