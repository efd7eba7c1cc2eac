"""Sign by a service of your own over HTTP: a key service, a hardware module behind a door, a signing proxy.

One request for each signature: ``POST`` of ``{"algorithm": "es256", "data": "<base64>"}`` is answered by ``{"signature":
"<base64>"}``. Over plain HTTP on this machine only; elsewhere over HTTPS.
"""

from __future__ import annotations

import base64
import json
import os
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

from assaymark.errors import SigningKeyError
from assaymark.provenance.key_files import read_key_file
from assaymark.provenance.signers.external import ExternalSigner, external_signer, no_answer
from assaymark.provenance.signing import setting

URL_VARIABLE, TOKEN_VARIABLE = "ASSAYMARK_SIGNER_URL", "ASSAYMARK_SIGNER_TOKEN_FILE"
_SECONDS = 60
_MOST_BYTES = 65_536
_REMEDY = f"Check that the service of {URL_VARIABLE} is up and takes this machine's token."
_HERE = frozenset({"127.0.0.1", "localhost", "::1"})


def _opener() -> urllib.request.OpenerDirector:
    """Return what opens addresses without proxies and without following redirects, which could carry the token elsewhere."""
    opener = urllib.request.OpenerDirector()
    handlers = (urllib.request.HTTPHandler, urllib.request.HTTPSHandler, urllib.request.HTTPDefaultErrorHandler)
    for handler in (*handlers, urllib.request.HTTPErrorProcessor):
        opener.add_handler(handler())
    return opener


def open_service_signer() -> ExternalSigner:
    """Open the signer whose address is in ``ASSAYMARK_SIGNER_URL``, with the bearer token of a file, if one is named.

    Raises:
        SigningKeyError: When a variable is not set, or the address, the token or the chain cannot be used.
    """
    url = setting(URL_VARIABLE, "service", "the address of the signing service")
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _HERE):
        raise SigningKeyError(
            "the signing service is not reached safely",
            where=URL_VARIABLE,
            expected="an https:// address, or http:// on this machine",
            remedy="Give the service a certificate, or a tunnel to this machine.",
        )
    headers = {"Content-Type": "application/json", **_authorization()}
    opener = _opener()

    def ask(algorithm: str, data: bytes) -> bytes:
        body = json.dumps({"algorithm": algorithm, "data": base64.b64encode(data).decode()}).encode()
        request = urllib.request.Request(url, body, headers, method="POST")  # noqa: S310 - the scheme was checked above
        try:
            with opener.open(request, timeout=_SECONDS) as answer:
                document = json.loads(answer.read(_MOST_BYTES))
            return base64.b64decode(document["signature"], validate=True)
        except (OSError, ValueError, KeyError, TypeError) as error:
            if isinstance(error, urllib.error.HTTPError):
                error.close()
            raise no_answer(URL_VARIABLE, f"{type(error).__name__}: {error}", _REMEDY) from error

    return external_signer("service", URL_VARIABLE, ask)


def _authorization() -> dict[str, str]:
    path = os.environ.get(TOKEN_VARIABLE)
    if not path:
        return {}
    token = read_key_file(Path(path))[0].decode("ascii", errors="replace").strip()
    if not token.isprintable():
        raise SigningKeyError("the token cannot be used", where=path, expected="one line of text", remedy="Correct the file.")
    return {"Authorization": f"Bearer {token}"}
