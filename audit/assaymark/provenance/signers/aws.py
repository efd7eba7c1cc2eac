"""Sign by AWS Key Management Service; the key never leaves it."""

from __future__ import annotations

import hashlib

from assaymark.provenance.signers.external import ExternalSigner, external_signer, missing_library, no_answer
from assaymark.provenance.signing import setting

KEY_VARIABLE = "ASSAYMARK_AWS_KMS_KEY"
_REMEDY = f"Check the key of {KEY_VARIABLE}, the region and the credentials; the role needs kms:Sign."
_NAMES = {"es256": "ECDSA_SHA_256", "es384": "ECDSA_SHA_384", "ps256": "RSASSA_PSS_SHA_256"}
_MOST_BYTES = 4096
_DIGESTS = {"es256": hashlib.sha256, "es384": hashlib.sha384, "ps256": hashlib.sha256}


def open_aws_kms_signer() -> ExternalSigner:
    """Open the key whose id, alias or ARN is in ``ASSAYMARK_AWS_KMS_KEY``; credentials as boto3 finds them.

    Raises:
        SigningKeyError: When a variable is not set, boto3 is absent, or the chain cannot be used.
    """
    try:
        import boto3
        from botocore.exceptions import BotoCoreError, ClientError
    except ImportError as error:
        raise missing_library("aws-kms", "aws") from error
    key = setting(KEY_VARIABLE, "aws-kms", "the key's id, alias or ARN")
    try:
        client = boto3.client("kms")
    except BotoCoreError as error:
        raise no_answer(KEY_VARIABLE, str(error), _REMEDY) from error

    def ask(algorithm: str, data: bytes) -> bytes:
        if algorithm not in _NAMES:
            raise no_answer(KEY_VARIABLE, f"the service does not sign by {algorithm}", "Use a key on P-256, P-384 or RSA.")
        # the service hashes what it is given, up to a limit; beyond it, it takes a digest made here
        short = len(data) <= _MOST_BYTES
        message = data if short else _DIGESTS[algorithm](data).digest()
        kind = "RAW" if short else "DIGEST"
        try:
            answer = client.sign(KeyId=key, Message=message, MessageType=kind, SigningAlgorithm=_NAMES[algorithm])
        except (BotoCoreError, ClientError) as error:
            raise no_answer(KEY_VARIABLE, str(error), _REMEDY) from error
        return bytes(answer["Signature"])

    return external_signer("aws-kms", KEY_VARIABLE, ask)
