"""Sign by a hardware security module, or anything else that speaks PKCS#11 (OASIS PKCS #11 v2.40)."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

from assaymark.errors import SigningKeyError
from assaymark.provenance.key_files import read_key_file
from assaymark.provenance.signers.external import ExternalSigner, external_signer, missing_library, no_answer
from assaymark.provenance.signing import setting

MODULE_VARIABLE, TOKEN_VARIABLE = "ASSAYMARK_PKCS11_MODULE", "ASSAYMARK_PKCS11_TOKEN"
KEY_VARIABLE, PIN_VARIABLE = "ASSAYMARK_PKCS11_KEY", "ASSAYMARK_PKCS11_PIN_FILE"
_REMEDY = f"Check {MODULE_VARIABLE}, {TOKEN_VARIABLE}, {KEY_VARIABLE} and the PIN in the file of {PIN_VARIABLE}."
_DIGESTS = {"es256": hashlib.sha256, "es384": hashlib.sha384}


def open_pkcs11_signer() -> ExternalSigner:
    """Open the key with a label, in a token with a label, behind a module (a shared library) that variables name.

    Raises:
        SigningKeyError: When a variable is not set; the module, token, PIN or key is absent or wrong; or the chain is unusable.
    """
    try:
        import pkcs11
        from pkcs11.exceptions import PKCS11Error
    except ImportError as error:
        raise missing_library("pkcs11", "pkcs11") from error
    module = setting(MODULE_VARIABLE, "pkcs11", "the module's shared library")
    token, label = setting(TOKEN_VARIABLE, "pkcs11", "the token's label"), setting(KEY_VARIABLE, "pkcs11", "the key's label")
    try:
        pin = _pin()
        session = pkcs11.lib(module).get_token(token_label=token).open(user_pin=pin)
        key = session.get_key(object_class=pkcs11.ObjectClass.PRIVATE_KEY, label=label)
    except (PKCS11Error, RuntimeError, OSError) as error:
        raise _told(error, module, token, label) from error

    def ask(algorithm: str, data: bytes) -> bytes:
        try:
            return _sign(pkcs11, key, algorithm, data)
        except PKCS11Error as error:
            raise no_answer(MODULE_VARIABLE, f"{type(error).__name__} {error}".strip(), _REMEDY) from error

    return external_signer("pkcs11", MODULE_VARIABLE, ask, session.close)


def _told(error: Exception, module: str, token: str, label: str) -> SigningKeyError:
    """Return the error for what keeps the module from signing, by its kind."""
    kind = type(error).__name__
    if kind in {"PinIncorrect", "PinInvalid", "PinLenRange"}:
        what, where, remedy = "the PIN of the token is wrong", PIN_VARIABLE, "Check it: a token locks after a few wrong ones."
    elif kind == "PinLocked":
        what, where, remedy = "the token is locked after too many wrong PINs", PIN_VARIABLE, "Have its officer unlock it."
    elif kind in {"NoSuchToken", "TokenNotPresent", "TokenNotRecognised", "MultipleTokensReturned"}:
        what, where, remedy = f"the token {token!r} is not there", TOKEN_VARIABLE, "Plug it in, and check its label."
    elif kind in {"NoSuchKey", "MultipleObjectsReturned"}:
        what, where, remedy = f"the token has no one private key {label!r}", KEY_VARIABLE, "Check its label, and the PIN file."
    elif isinstance(error, (RuntimeError, OSError)):
        what, where, remedy = f"the module {module} cannot be loaded", MODULE_VARIABLE, "Name the module's shared library."
    else:
        return no_answer(MODULE_VARIABLE, f"{kind} {error}".strip(), _REMEDY)
    return SigningKeyError(what, where=where, found=kind, remedy=remedy)


def _pin() -> str | None:
    path = os.environ.get(PIN_VARIABLE)
    return None if not path else read_key_file(Path(path))[0].decode(errors="replace").strip()


def _sign(pkcs11: Any, key: Any, algorithm: str, data: bytes) -> bytes:
    mechanism = pkcs11.Mechanism
    if algorithm in _DIGESTS:  # many modules sign a digest only
        return bytes(key.sign(_DIGESTS[algorithm](data).digest(), mechanism=mechanism.ECDSA))
    if algorithm == "ed25519":
        return bytes(key.sign(data, mechanism=mechanism.EDDSA))
    parameters = (mechanism.SHA256, pkcs11.MGF.SHA256, hashlib.sha256().digest_size)
    return bytes(key.sign(data, mechanism=mechanism.SHA256_RSA_PKCS_PSS, mechanism_param=parameters))
