"""Proofs that travel without the log: that an entry is in it, that it only grew. Checking raises for no stranger's proof."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assaymark.errors import AssaymarkError, LogError, ManifestError
from assaymark.provenance.transparency import merkle
from assaymark.provenance.transparency.checking import MAX_DELAY, Finding, lateness
from assaymark.provenance.transparency.entries import (
    Entry,
    Head,
    Stamp,
    Withdrawal,
    open_head,
    read_entry,
    read_time,
    write_entry,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

    from assaymark.provenance.transparency.storage import Log
    from assaymark.provenance.trust import TrustLike

PROOF_SCHEMA, CONSISTENCY_SCHEMA = "assaymark-log-proof/1", "assaymark-log-consistency/1"
PROOF_LIMIT = 2**20
_LONGEST_PATH = 64


@dataclass(frozen=True, slots=True)
class ProofCheck:
    """What checking a proof found.

    Attributes:
        problems: What is wrong; empty when it proves what it says.
        trusted: Whether the signer of the newest head in it is anchored.
        signer: Who signed that head.
        head: That head; None when it cannot be read.
        entry: The entry that is proven; None for a proof that the log only grew.
        position: Its number.
    """

    problems: tuple[Finding, ...]
    trusted: bool = False
    signer: str = ""
    head: Head | None = None
    entry: Stamp | None = None
    position: int | None = None


def prove_inclusion(log: Log, position: int) -> dict[str, Any]:
    """Return a proof that a stamp is in the log, and of its withdrawal if there is one.

    Raises:
        LogError: When there is no such stamp, or the log is damaged.
    """
    with log.reading():
        withdrawn = log.withdrawal_of(position)
        return {
            "schema": PROOF_SCHEMA,
            **_member(log, position),
            "withdrawal": None if withdrawn is None else _member(log, withdrawn),
            "head": newest_head(log),
        }


def newest_head(log: Log) -> dict[str, Any]:
    """Return the newest signed head.

    Raises:
        LogError: When there is none.
    """
    return _head_of(log, log.size)


def _head_of(log: Log, size: int) -> dict[str, Any]:
    envelope = log.envelope(size)
    if envelope is None:
        raise LogError(
            "the log has no signed head", where=str(log.path), found=f"size {size}", remedy="Run `assaymark log check`."
        )
    return envelope


def _member(log: Log, position: int) -> dict[str, Any]:
    entry = log.entry(position)
    path = merkle.inclusion_path(log.node, position, log.size)
    return {"entry": json.loads(write_entry(entry)), "index": position, "path": [step.hex() for step in path]}


def prove_consistency(log: Log, since: Mapping[str, Any]) -> dict[str, Any]:
    """Return a proof that the log still begins with what an earlier head was signed over.

    Raises:
        LogError: When the head is that of another log, or of more entries than there are.
        ManifestError: When its signature does not hold.
    """
    with log.reading():
        head, _ = open_head(since)
        if head.log != log.id or head.size > log.size:
            raise LogError(
                "the log does not reach back to that head",
                where=str(log.path),
                found=f"size {head.size} of log {head.log}",
                expected=f"at most {log.size} of log {log.id}",
                remedy="Run `assaymark log check --since` with that head to see what is wrong.",
            )
        path = merkle.consistency_path(log.node, head.size, log.size)
        return {
            "schema": CONSISTENCY_SCHEMA,
            "first": dict(since),
            "second": newest_head(log),
            "path": [step.hex() for step in path],
        }


def check_since(log: Log, since: Mapping[str, Any], anchors: TrustLike) -> tuple[Finding, ...]:
    """Return what is wrong with a log in the light of an earlier head of it."""
    try:
        first, opened = open_head(since)
    except ManifestError as error:
        return (Finding("head_altered", f"the earlier head does not hold: {error.found or error.what}"),)
    if not opened.trusted(anchors, read_time(first.time)):
        return (Finding("untrusted", f"the earlier head was signed by {opened.signer or 'somebody'}, who is not trusted"),)
    if first.log != log.id:
        return (Finding("other_log", "the earlier head is that of another log"),)
    if first.size > log.size:
        told = f"the log has {log.size} entries; a head was signed over {first.size}, so entries were taken away"
        return (Finding("log_shortened", told, first.size),)
    try:
        holds = merkle.root(log.node, first.size).hex() == first.root
    except LogError:
        holds = False
    if not holds:
        told = f"its first {first.size} entries are not those over which the earlier head was signed: it was rewritten"
        return (Finding("log_rewritten", told, first.size),)
    return ()


def check_proof(document: Any, anchors: TrustLike, max_delay: timedelta = MAX_DELAY) -> ProofCheck:
    """Check a proof of either kind.

    Args:
        document: The parsed proof.
        anchors: Whom to trust: roots that vouch for signers, PEM, or more.
        max_delay: How long after its making a release may be logged.
    """
    try:
        if document["schema"] == PROOF_SCHEMA:
            return _check_inclusion(document, anchors, max_delay)
        if document["schema"] == CONSISTENCY_SCHEMA:
            return _check_consistency(document, anchors)
    except (AssaymarkError, KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        told = str(error) if isinstance(error, AssaymarkError) else f"{type(error).__name__}: {error}"
        return ProofCheck((Finding("malformed", f"the proof cannot be read: {told[:200]}"),))
    return ProofCheck((Finding("malformed", "it is no proof of a log"),))


def _check_inclusion(document: Mapping[str, Any], anchors: TrustLike, max_delay: timedelta) -> ProofCheck:
    head, opened = open_head(document["head"])
    entry, position, included = _included(document, head)
    if not isinstance(entry, Stamp):
        raise ValueError("a proof of something else than a stamp")  # noqa: TRY004 - a stranger's mistake, told like all others
    problems = (
        [] if included else [Finding("not_included", "the path does not lead from the entry to the signed head", position)]
    )
    problems += [Finding(code, message, position) for code, message in lateness(entry, position, max_delay)]
    if document["withdrawal"] is not None:
        withdrawal, number, included = _included(document["withdrawal"], head)
        if not included or not isinstance(withdrawal, Withdrawal) or withdrawal.entry != position:
            problems.append(Finding("not_included", "the withdrawal is none of this entry", number))
        else:
            told = f"it was withdrawn on {withdrawal.logged}: {withdrawal.reason!r}"
            problems.append(Finding("withdrawn", told, position))
    trusted = opened.trusted(anchors, read_time(head.time))
    return ProofCheck(tuple(problems), trusted, opened.signer, head, entry, position)


def _included(member: Mapping[str, Any], head: Head) -> tuple[Entry, int, bool]:
    content = json.dumps(member["entry"], sort_keys=True, separators=(",", ":"), allow_nan=False).encode()
    position, path = member["index"], _path(member["path"])
    if type(position) is not int:
        raise ValueError("an index that is no number")
    holds = merkle.includes(merkle.leaf_hash(content), position, head.size, path, bytes.fromhex(head.root))
    return read_entry(content), position, holds


def _path(texts: Any) -> list[bytes]:
    if not isinstance(texts, list) or len(texts) > _LONGEST_PATH:
        raise ValueError("no path, or too long a one")
    return [bytes.fromhex(text) for text in texts]


def _check_consistency(document: Mapping[str, Any], anchors: TrustLike) -> ProofCheck:
    (first, early), (second, late) = open_head(document["first"]), open_head(document["second"])
    problems: list[Finding] = []
    if first.log != second.log:
        problems.append(Finding("other_log", "the two heads are those of two logs"))
    elif not merkle.consistent(
        first.size, bytes.fromhex(first.root), second.size, bytes.fromhex(second.root), _path(document["path"])
    ):
        told = f"nothing shows that the {second.size} entries begin with the first {first.size}"
        problems.append(Finding("log_rewritten", told, first.size))
    trusted = all(opened.trusted(anchors, read_time(head.time)) for head, opened in ((first, early), (second, late)))
    return ProofCheck(tuple(problems), trusted, late.signer, second)
