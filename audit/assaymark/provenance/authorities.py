"""Ask a time-stamp authority (RFC 3161) over HTTP for a token, and check what comes back before it is used."""

from __future__ import annotations

import os
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPException
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from assaymark.errors import TimeStampError
from assaymark.provenance.credentials import SKEW
from assaymark.provenance.der import with_sorted_certificates
from assaymark.provenance.timestamps import TokenError, parse_response, read_token
from assaymark.provenance.trust import Trust

if TYPE_CHECKING:
    from datetime import timedelta

    from assaymark.host.specs import Signer
    from assaymark.provenance.timestamps import TimeStamp

URL_VARIABLE = "ASSAYMARK_TIMESTAMP_URL"
_SECONDS = 30
_MOST_BYTES = 64 * 1024
_QUERY, _REPLY = "application/timestamp-query", "application/timestamp-reply"
_REMEDY = "Check the address and the network, or continue without a time stamp by --no-timestamp."


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Leaves a redirect as it is, which is then no answer."""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> None:
        """Follow none."""


@dataclass(frozen=True, slots=True)
class TimeStampAuthority:
    """A time-stamp authority behind an address.

    Attributes:
        url: Its address, over HTTP or HTTPS: the token is signed, so that HTTP is as safe.
    """

    url: str

    def __post_init__(self) -> None:
        try:
            parts = urlsplit(self.url)
            usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.username is None
        except ValueError:
            usable = False
        if not usable:
            raise TimeStampError(
                "the address of the time-stamp authority cannot be used",
                where="--timestamp",
                expected="http:// or https:// and a host, without a name and a password",
                remedy="Correct it.",
            )

    def stamp(self, message: bytes) -> bytes:
        """Return a token over a message, in DER.

        Raises:
            TimeStampError: When the authority is out of reach, refuses, or answers with something else.
        """
        from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

        request = TimestampRequestBuilder().data(message).hash_algorithm(HashAlgorithm.SHA256).nonce(nonce=True).build()
        response = self._ask(request.as_bytes())
        try:
            token = _token(response, request.nonce)
            stamp = read_token(token, message, Trust())
        except TokenError as error:
            raise self._problem("the time-stamp authority gave no time stamp", str(error)) from error
        self._check_clock(stamp)
        return token

    def _check_clock(self, stamp: TimeStamp) -> None:
        apart: timedelta = abs(stamp.time - datetime.now(UTC))
        if apart > SKEW:
            raise TimeStampError(
                "the clocks of the time-stamp authority and of this machine differ",
                where=self.url,
                found=f"{stamp.time:%Y-%m-%d %H:%M:%S} UTC there, {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC here",
                expected=f"at most {SKEW.seconds // 60} minutes",
                remedy="Set this machine's clock, or use another authority.",
            )

    def _ask(self, query: bytes) -> bytes:
        headers = {"Content-Type": _QUERY, "Accept": _REPLY, "User-Agent": "assaymark"}
        request = urllib.request.Request(self.url, query, headers, method="POST")  # noqa: S310 - the scheme was checked
        try:
            with urllib.request.build_opener(_NoRedirect).open(request, timeout=_SECONDS) as answer:
                kind = answer.headers.get_content_type()
                content = _read(answer)
        except urllib.error.HTTPError as error:
            error.close()
            raise self._problem("the time-stamp authority refused", f"HTTP {error.code}") from error
        except (OSError, HTTPException, ValueError) as error:
            reason = getattr(error, "reason", error)
            raise self._problem("the time-stamp authority cannot be reached", f"{type(reason).__name__}: {reason}") from error
        if kind != _REPLY:
            raise self._problem("the time-stamp authority gave no time stamp", f"an answer of type {kind}")
        return content

    def _problem(self, what: str, found: str) -> TimeStampError:
        return TimeStampError(what, where=self.url, found=found[:300], remedy=_REMEDY)


def _token(response: bytes, nonce: int | None) -> bytes:
    answer = parse_response(with_sorted_certificates(response))
    if answer.tst_info.nonce != nonce:
        raise TokenError("it is an answer to another request")
    return bytes(answer.time_stamp_token())


def _read(answer: Any) -> bytes:
    """Read an answer, of limited size and in limited time however slowly it drips."""
    end, content = time.monotonic() + _SECONDS, b""
    while chunk := answer.read1(_MOST_BYTES):
        content += chunk
        if len(content) > _MOST_BYTES or time.monotonic() > end:
            raise ValueError("an answer that is too long or too slow")
    return content


@dataclass(frozen=True, slots=True, repr=False)
class TimedSigner:
    """A signer whose signatures an authority stamps with the time.

    Attributes:
        signer: Who signs.
        authority: Who stamps.
    """

    signer: Signer
    authority: TimeStampAuthority

    @property
    def algorithm(self) -> str:
        """COSE algorithm name."""
        return self.signer.algorithm

    @property
    def certificates(self) -> bytes:
        """PEM chain, leaf first."""
        return self.signer.certificates

    @property
    def label(self) -> str:
        """What to call the signer."""
        return self.signer.label

    def sign(self, data: bytes) -> bytes:
        """Return the raw signature."""
        return self.signer.sign(data)

    def time_stamp(self, message: bytes) -> bytes:
        """Return a token over a message."""
        return self.authority.stamp(message)

    def __repr__(self) -> str:
        return f"TimedSigner({self.signer!r}, {self.authority.url!r})"

    def __enter__(self) -> Self:
        self.signer.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        self.signer.__exit__(*exc)


def with_clock(signer: Signer, url: str | None) -> Signer:
    """Return a signer whose signatures are time-stamped, having asked the authority once; with None the signer as it is.

    Long work comes before the first signature, so an authority that does not answer is told of before it begins.

    Raises:
        TimeStampError: When the authority does not stamp.
    """
    if url is None:
        return signer
    authority = TimeStampAuthority(url)
    authority.stamp(os.urandom(32))
    return TimedSigner(signer, authority)
