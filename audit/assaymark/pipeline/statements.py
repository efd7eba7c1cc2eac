"""What verification comes to, in four statements that a person understands who has never heard of C2PA."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from assaymark.pipeline.trusting import DEVELOPMENT
from assaymark.provenance.file_checks import printable
from assaymark.results.findings import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from assaymark.provenance.credentials import Credentials

YES, NO, NOT_CHECKED = "yes", "no", "not_checked"
# what is wrong with whoever signed, or with when; the bytes may be what they were
_OF_SIGNERS = frozenset({"expired", "revoked", "untrusted", "credential"})
# what is found after the bytes were in order
_LATER = frozenset({"recomputed_differently", "verdict_not_pass", "untrusted", "policy_order", "policy_proof"})
_WARN = timedelta(days=30)

Statements = dict[str, dict[str, str]]


def statements(
    codes: Sequence[str], signer: str, credentials: Credentials | None, verdict: Verdict | None, counts: tuple[int, int]
) -> Statements:
    """Return the four statements, each with an answer and a sentence.

    Args:
        codes: Codes of all problems.
        signer: Who signed.
        credentials: The same in full; None when that could not be read.
        verdict: The audit's verdict; None when nothing was computed again.
        counts: How many findings were computed again, and how many are signed only.
    """
    broken = [code for code in codes if code not in _LATER]
    return {
        "intact": _intact(broken),
        "trusted_signer": _signer(broken, signer, credentials),
        "recomputed": _recomputed(codes, verdict, counts),
        "policy_met": _policy(codes, verdict),
    }


def _told(answer: str, sentence: str) -> dict[str, str]:
    return {"answer": answer, "sentence": sentence}


def _intact(broken: Sequence[str]) -> dict[str, str]:
    if not broken:
        return _told(YES, "Every file is exactly what was signed; none is missing, added or changed.")
    if set(broken) <= _OF_SIGNERS:
        return _told(NOT_CHECKED, "The files were not all compared, because the signature over them counts no longer.")
    return _told(NO, "Something here is not what was signed, or cannot be read as such.")


def _signer(broken: Sequence[str], signer: str, credentials: Credentials | None) -> dict[str, str]:
    name = signer or "Somebody unknown"
    if set(broken) & _OF_SIGNERS:
        whose = signer or (printable(credentials.name) if credentials is not None else "") or "the signer"
        return _told(NO, f"The certificate of {whose} does not count, for the reason that is given.")
    if broken:
        return _told(NOT_CHECKED, "Who signed does not matter where it is not what was signed.")
    if credentials is None or credentials.anchor is None:
        return _told(NO, f"{name} signed it, and nobody that you trust vouches for them; the name could be anybody's.")
    if credentials.anchor.source == DEVELOPMENT:
        own = "It was signed with a development certificate of this machine's own, for trying out"
        return _told(YES, f"{own}; nobody else has reason to trust that signature.")
    subject, source = printable(credentials.anchor.subject), credentials.anchor.source
    return _told(YES, f"{name} signed it, and an authority that you trust vouches for them: {subject} ({source}).")


def _recomputed(codes: Sequence[str], verdict: Verdict | None, counts: tuple[int, int]) -> dict[str, str]:
    if "recomputed_differently" in codes:
        return _told(NO, "Numbers were computed again from the published counts, and do not come out as the report has them.")
    if verdict is None:
        return _told(NOT_CHECKED, "No number was computed again.")
    again, signed = counts
    rest = f"; {signed} more need the real data, and rest on the signature" if signed else ""
    return _told(YES, f"{again} results and the verdict were computed again from the published counts, and are the same{rest}.")


def _policy(codes: Sequence[str], verdict: Verdict | None) -> dict[str, str]:
    if verdict is None or "recomputed_differently" in codes:
        return _told(NOT_CHECKED, "Whether the requirements are met is not known.")
    sentence = {
        Verdict.PASS: "The data meet every requirement of the policy that ships with them.",
        Verdict.FAIL: "The data miss at least one requirement of the policy that ships with them; the report says which.",
        Verdict.INCONCLUSIVE: "The data cannot show that every requirement of the policy is met; none is shown to be missed.",
    }[verdict]
    return _told(YES if verdict is Verdict.PASS else NO, sentence)


def time_told(credentials: Credentials | None) -> dict[str, Any] | None:
    """Return when it was signed, as a time stamp says; None without one."""
    if credentials is None or credentials.stamp is None:
        return None
    stamp = credentials.stamp
    authority = printable(stamp.authority)
    by = f"{authority}, on {_day(stamp.time)} at {stamp.time:%H:%M:%S} UTC"
    sentence = (
        f"It existed by then: stamped by the clock of {by}."
        if stamp.trusted
        else f"It has a time stamp of {by}, for whom nobody that you trust vouches; name a root by --timestamp-anchor."
    )
    anchor = None if stamp.anchor is None else _anchor_document(stamp.anchor.subject, stamp.anchor.sha256, stamp.anchor.source)
    return {
        "time": stamp.time.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "authority": authority,
        "trusted": stamp.trusted,
        "anchor": anchor,
        "sentence": sentence,
    }


def _anchor_document(subject: str, sha256: str, source: str) -> dict[str, str]:
    return {"subject": printable(subject), "sha256": sha256, "source": source}


def certificate_told(credentials: Credentials | None) -> dict[str, Any] | None:
    """Return what there is to know of the signer's certificate, with a warning where its end matters; None when unknown."""
    if credentials is None:
        return None
    leaf, anchor = credentials.leaf, credentials.anchor
    return {
        "subject": printable(leaf.subject.rfc4514_string()),
        "sha256": credentials.sha256,
        "serial": f"{leaf.serial_number:x}",
        "not_before": leaf.not_valid_before_utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "not_after": leaf.not_valid_after_utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "anchor": None if anchor is None else _anchor_document(anchor.subject, anchor.sha256, anchor.source),
        "warnings": list(_warnings(credentials)),
    }


def _warnings(credentials: Credentials) -> Iterator[str]:
    now, end = datetime.now(UTC), credentials.leaf.not_valid_after_utc
    stamped = credentials.stamp is not None and credentials.stamp.trusted
    if end < now and stamped:
        yield f"The signer's certificate has expired since, on {_day(end)}; the time stamp shows that it was valid then."
    elif now <= end < now + _WARN and not stamped:
        yield f"The signer's certificate expires on {_day(end)}; without a time stamp this will not verify after that."
    elif now <= end < now + _WARN:
        yield f"The signer's certificate expires on {_day(end)}; the time stamp lets this verify after that, too."
    revocation = credentials.revocation
    if revocation is not None and not revocation.holds_at(credentials.moment):
        yield f"The signer's certificate was {revocation}; the time stamp shows that it was good when it signed."


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"
