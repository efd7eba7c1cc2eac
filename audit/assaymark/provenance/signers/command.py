"""Sign by a command: the bytes to sign on its standard input, the signature on its standard output.

Works with OpenSSL as it is: ``ASSAYMARK_SIGNER_COMMAND="openssl dgst -sha256 -sign key.pem"``.
"""

from __future__ import annotations

import os
import shlex
import subprocess

from assaymark.errors import SigningKeyError
from assaymark.provenance.signers.external import ExternalSigner, external_signer, no_answer
from assaymark.provenance.signing import setting

COMMAND_VARIABLE = "ASSAYMARK_SIGNER_COMMAND"
_SECONDS = 120
_MOST_BYTES = 8192
_REMEDY = f"Run the command of {COMMAND_VARIABLE} by hand; it must sign its standard input and print nothing but the signature."


def open_command_signer() -> ExternalSigner:
    """Open the signer that ``ASSAYMARK_SIGNER_COMMAND`` names; its algorithm is in ``ASSAYMARK_ALGORITHM`` when it runs.

    Raises:
        SigningKeyError: When a variable is not set or the chain cannot be used.
    """
    text = setting(COMMAND_VARIABLE, "command", "a command that signs its standard input")
    try:
        command = shlex.split(text)
    except ValueError as error:
        raise SigningKeyError("the command cannot be read", where=COMMAND_VARIABLE, found=str(error), remedy=_REMEDY) from error

    def ask(algorithm: str, data: bytes) -> bytes:
        environment = {**os.environ, "ASSAYMARK_ALGORITHM": algorithm}
        try:
            done = subprocess.run(  # noqa: S603 - the owner of this process names the command; no shell reads it
                command, input=data, capture_output=True, check=False, timeout=_SECONDS, env=environment
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise no_answer(COMMAND_VARIABLE, f"{type(error).__name__}: {error}", _REMEDY) from error
        if done.returncode or not 0 < len(done.stdout) <= _MOST_BYTES:
            told = done.stderr.decode(errors="replace").strip() or f"{len(done.stdout)} bytes"
            raise no_answer(COMMAND_VARIABLE, f"exit code {done.returncode}: {told}", _REMEDY)
        return done.stdout

    return external_signer("command", COMMAND_VARIABLE, ask)
