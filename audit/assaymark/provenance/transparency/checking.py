"""Check a log as it is stored: every entry, every hash, every head. Nothing here raises for what a stranger wrote into it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from assaymark.errors import LogError, ManifestError
from assaymark.provenance.transparency import merkle
from assaymark.provenance.transparency.entries import Entry, Head, Stamp, open_head, read_entry, read_time
from assaymark.provenance.transparency.storage import index_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from assaymark.provenance.transparency.storage import Log
    from assaymark.provenance.trust import TrustLike

MAX_DELAY = timedelta(hours=24)
_AHEAD = timedelta(minutes=5)  # how far a release's clock may be ahead of the log's
_MOST = 50
_BEGINNING = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a check has to say.

    Attributes:
        code: Stable code.
        message: What it is, one sentence without a final full stop.
        entry: Number of the entry that it is about, or size of the head; None when it is about the whole.
    """

    code: str
    message: str
    entry: int | None = None


@dataclass(frozen=True, slots=True)
class LogCheck:
    """What checking a log found.

    Attributes:
        problems: What is wrong with the log; empty when it is whole.
        notices: Entries that were withdrawn, or logged long after they say they were made.
        size: Number of entries.
        head: The newest head; None when it cannot be read.
        trusted: Whether the newest head's signer is anchored.
        signer: Who signed it.
    """

    problems: tuple[Finding, ...]
    notices: tuple[Finding, ...]
    size: int
    head: Head | None
    trusted: bool
    signer: str


@dataclass(slots=True)
class _Walk:
    """What walking over the entries has found so far."""

    log: Log
    max_delay: timedelta
    stack: list[tuple[int, int, bytes]] = field(default_factory=list)  # level, position, hash: the subtrees so far
    roots: dict[int, bytes] = field(default_factory=dict)
    problems: list[Finding] = field(default_factory=list)
    notices: list[Finding] = field(default_factory=list)
    stamps: dict[int, str] = field(default_factory=dict)
    last: datetime = _BEGINNING
    whole: bool = True

    def add(self, position: int, key: object, content: object) -> None:
        """Take the next entry; ``content`` is None when its row is missing or too long."""
        stored = _stored(self.log, 0, position)
        leaf = merkle.leaf_hash(content) if isinstance(content, bytes) else None
        if leaf is None:
            self.tell("entry_missing", f"entry {position} is missing", position)
        elif stored is None:
            self.tell("tree_damaged", f"the hash of entry {position} is missing", position)
        elif leaf != stored:
            self._changed(position, leaf)
        elif isinstance(content, bytes):
            self._read(position, key, content)
        # the stored hash stands for an entry that is gone or changed, so that only this one is named
        self._grow(position, stored or leaf)

    def skip(self, position: int, end: int) -> int:
        """Take entries that have no row, up to ``end`` while there is room to tell of them; return the next."""
        while position < end and len(self.problems) < _MOST:
            self.add(position, None, None)
            position += 1
        return max(position, end)

    def tell(self, code: str, message: str, entry: int | None = None) -> None:
        if len(self.problems) < _MOST:
            self.problems.append(Finding(code, message, entry))

    def _changed(self, position: int, leaf: bytes) -> None:
        other = self.log.place_of_leaf(leaf)
        if other is not None:
            self.tell("entry_moved", f"in the place of entry {position} stands what was logged as entry {other}", position)
        else:
            self.tell("entry_altered", f"entry {position} is not what was logged", position)

    def _grow(self, position: int, leaf: bytes | None) -> None:
        if leaf is None:
            self.whole = False
        if not self.whole or leaf is None:
            return
        held = {(level, place): value for level, place, value in self.stack}
        fresh = list(merkle.completed(lambda level, position: held[level, position], position, leaf))
        for level, place, value in fresh[1:]:
            if _stored(self.log, level, place) != value:
                told = f"the hash over entries {place << level} to {((place + 1) << level) - 1} is wrong"
                self.tell("tree_damaged", told)
        # one subtree of each level below the new one went into it
        self.stack = [*self.stack[: len(self.stack) - len(fresh) + 1], fresh[-1]]
        top = self.stack[-1][2]
        for _, _, value in reversed(self.stack[:-1]):
            top = merkle.node_hash(value, top)
        self.roots[position + 1] = top

    def _read(self, position: int, key: object, content: bytes) -> None:
        try:
            entry = read_entry(content)
        except ManifestError as error:
            self.tell("entry_malformed", f"entry {position} cannot be read: {error.found}", position)
            return
        if index_key(entry) != key:
            self.tell("index_altered", f"entry {position} is listed under a digest that is not its own", position)
        logged = read_time(entry.logged)
        if logged < self.last:
            self.tell("time_reversed", f"entry {position} was logged before the one in front of it", position)
        self.last = max(self.last, logged)
        if isinstance(entry, Stamp):
            self.stamps[position] = entry.name
            self.notices += [Finding(code, message, position) for code, message in lateness(entry, position, self.max_delay)]
        elif entry.entry not in self.stamps:
            self.tell("entry_malformed", f"entry {position} withdraws entry {entry.entry}, which is no earlier stamp", position)
        else:
            name = self.stamps[entry.entry]
            told = f"entry {entry.entry} ({name!r}) was withdrawn on {entry.logged}: {entry.reason!r}"
            self.notices.append(Finding("withdrawn", told, entry.entry))


def lateness(entry: Entry, position: int, max_delay: timedelta = MAX_DELAY) -> Iterator[tuple[str, str]]:
    """Yield code and message when a release says that it was made long before, or after, it was logged."""
    if not isinstance(entry, Stamp) or entry.created is None:
        return
    created, logged = read_time(entry.created), read_time(entry.logged)
    told = f"entry {position} ({entry.name!r}) says that it was made on {entry.created}, and was logged on {entry.logged}"
    if logged - created > max_delay:
        yield "back_dated", f"{told}, {_span(logged - created)} later; nothing shows that it existed before"
    elif created - logged > _AHEAD:
        yield "post_dated", f"{told}, {_span(created - logged)} before that"


def _span(time: timedelta) -> str:
    hours = time.total_seconds() / 3600
    return f"{hours / 24:.1f} days" if hours >= 48 else f"{hours:.1f} hours"  # noqa: PLR2004 - two days


def _stored(log: Log, level: int, position: int) -> bytes | None:
    try:
        return log.node(level, position)
    except LogError:
        return None


def check_log(log: Log, anchors: TrustLike, max_delay: timedelta = MAX_DELAY) -> LogCheck:
    """Check a log.

    Args:
        log: The log, open.
        anchors: Whom to trust: roots that vouch for signers, PEM, or more.
        max_delay: How long after its making a release may be logged without a notice.

    Raises:
        LogError: When the file cannot be read at all.
    """
    with log.reading():
        size = log.size
        walk = _Walk(log, max_delay)
        position = 0
        for number, key, content in log.rows():
            position = walk.skip(position, min(number, size))
            if number != position or position >= size:
                walk.tell("entry_uncovered", f"entry {number} is covered by no signed head", number)
                continue
            walk.add(position, key, content)
            position += 1
        walk.skip(position, size)
        newest = _check_heads(log, size, walk)
    if newest is None:
        return LogCheck(tuple(walk.problems), tuple(walk.notices), size, None, trusted=False, signer="")
    head, opened = newest
    trusted = opened.trusted(anchors, read_time(head.time))
    return LogCheck(tuple(walk.problems), tuple(walk.notices), size, head, trusted, opened.signer)


def _check_heads(log: Log, size: int, walk: _Walk) -> tuple[Head, Any] | None:
    previous: str | None = None
    newest, last, rewritten = None, _BEGINNING, False
    for number in range(1, size + 1):
        envelope = log.envelope(number)
        found = None if envelope is None else _open(envelope)
        if found is None:
            missing = envelope is None
            told = "is missing or unreadable" if missing else "has a signature that does not hold"
            walk.tell("head_missing" if missing else "head_altered", f"the signed head of size {number} {told}", number)
            previous, newest = None, None
            if len(walk.problems) >= _MOST:
                break
            continue
        head, opened = found
        if (head.log, head.size) != (log.id, number) or (newest is not None and head.previous != previous):
            walk.tell("head_altered", f"the signed head of size {number} is that of another log, or of another history", number)
        if read_time(head.time) < last:
            walk.tell("time_reversed", f"the signed head of size {number} is older than the one before", number)
        top = walk.roots.get(number)
        if top is not None and head.root != top.hex() and not rewritten:
            rewritten = True
            walk.tell("tree_rewritten", f"the first {number} entries are not those over which a head was signed", number)
        previous, last = hashlib.sha256(opened.payload).hexdigest(), max(last, read_time(head.time))
        newest = found
    return newest


def _open(envelope: Mapping[str, Any]) -> tuple[Head, Any] | None:
    try:
        return open_head(envelope)
    except ManifestError:
        return None
