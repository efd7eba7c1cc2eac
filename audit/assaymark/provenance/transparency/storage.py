"""Where a log lies: one SQLite file, to which rows are only ever added.

Appending is one transaction: the entry, the subtrees that it completes, and a signed head over all, or nothing. Several
processes take turns. Triggers guard the tables against accidents; what guards against intent is the tree, and heads elsewhere.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import sqlite3
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assaymark.errors import LogError
from assaymark.folders import config_folder
from assaymark.provenance.transparency import merkle
from assaymark.provenance.transparency.entries import (
    ENTRY_LIMIT,
    Entry,
    Head,
    Stamp,
    Withdrawal,
    open_head,
    read_entry,
    read_time,
    sign_head,
    time_text,
    write_entry,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from assaymark.host.specs import Signer

LOG_VARIABLE = "ASSAYMARK_LOG"
LOG_FILE = "log.sqlite"
HEAD_LIMIT = 64 * 2**10  # bytes of a signed head, certificates included
_FAILURES = (sqlite3.Error, UnicodeError)  # even SQLite's message may quote what is no text
_SCHEMA = "assaymark-log/1"
_WAIT = 60.0  # seconds for other processes, and their signers, to finish
_SKEW = timedelta(minutes=5)  # a clock may be so far behind the last entry; times then stand still
_TABLES = {
    "log": "CREATE TABLE log (schema TEXT NOT NULL, id TEXT NOT NULL)",
    "entries": "CREATE TABLE entries (position INTEGER PRIMARY KEY, manifest TEXT NOT NULL, content BLOB NOT NULL)",
    "nodes": "CREATE TABLE nodes (level INTEGER NOT NULL, position INTEGER NOT NULL, hash BLOB NOT NULL, "
    "PRIMARY KEY (level, position)) WITHOUT ROWID",
    "heads": "CREATE TABLE heads (size INTEGER PRIMARY KEY, content TEXT NOT NULL)",
}
_INDEX = "CREATE INDEX entries_by_manifest ON entries (manifest)"
_GUARD = "CREATE TRIGGER {table}_no_{verb} BEFORE {verb} ON {table} BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;"


def log_path(chosen: Path | None) -> Path:
    """Return where the log lies: where an option or ``ASSAYMARK_LOG`` says, else ``log.sqlite`` in the configuration folder."""
    named = os.environ.get(LOG_VARIABLE)
    return chosen or (Path(named) if named else config_folder() / LOG_FILE)


class Log:
    """An open log; a context manager. Its rows may be a stranger's: reading them raises :class:`LogError`, nothing else.

    Args:
        path: The file.
        create: Whether to make it, and to append to it; otherwise it is only read.

    Raises:
        LogError: When it is no log, is not there, or cannot be read or made.
    """

    def __init__(self, path: Path, *, create: bool = False) -> None:
        self.path = path
        if not create and not path.is_file():
            raise LogError("there is no log", where=str(path), remedy="Stamp something, or name a log by --log.")
        try:
            if create:
                path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            # a reader that may write can finish what a process that died had begun
            mode = "rwc" if create else "rw" if os.access(path, os.W_OK) and os.access(path.parent, os.W_OK) else "ro"
            self._db = sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True, timeout=_WAIT, isolation_level=None)
        except (*_FAILURES, OSError) as error:
            raise self._broken(error) from error
        try:
            self._db.text_factory = lambda text: text.decode("utf-8", "replace")  # a stranger's text may be none
            self._db.execute("PRAGMA trusted_schema = OFF")
            if create:
                self._make()
            else:
                self._db.execute("PRAGMA query_only = ON")
            self.id = self._identity()
        except _FAILURES as error:
            self._db.close()
            raise self._broken(error) from error
        except LogError:
            self._db.close()
            raise

    def __enter__(self) -> Log:  # noqa: PYI034 - nothing derives from it
        return self

    def __exit__(self, *exc: object) -> None:
        self._db.close()

    def _broken(self, error: Exception) -> LogError:
        return LogError(
            "the log cannot be used",
            where=str(self.path),
            found=str(error)[:200],
            remedy="Check the path, its permissions and free space; a damaged log is shown by `assaymark log check`.",
        )

    def _make(self) -> None:
        with self._transaction():
            if self._rows("SELECT name FROM sqlite_master"):
                return
            for statement in (*_TABLES.values(), _INDEX):
                self._db.execute(statement)
            for table in _TABLES:
                for verb in ("UPDATE", "DELETE"):
                    self._db.execute(_GUARD.format(table=table, verb=verb))
            self._db.execute("INSERT INTO log VALUES (?, ?)", (_SCHEMA, secrets.token_hex(16)))

    def _identity(self) -> str:
        tables = dict(self._rows("SELECT name, sql FROM sqlite_master WHERE type IN ('table', 'view')"))
        found = self._rows("SELECT schema, id FROM log") if tables == _TABLES else []
        if len(found) != 1 or found[0][0] != _SCHEMA or not isinstance(found[0][1], str):
            raise LogError("the file is no log", where=str(self.path), expected=_SCHEMA, remedy="Name a log by --log.")
        return found[0][1]

    def _rows(self, query: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        try:
            return self._db.execute(query, values).fetchall()
        except _FAILURES as error:
            raise self._broken(error) from error

    @contextmanager
    def _transaction(self) -> Generator[None]:
        try:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")
        except _FAILURES as error:
            raise self._broken(error) from error

    @contextmanager
    def reading(self) -> Generator[None]:
        """Let all reads of the block see the log as it is at one moment."""
        try:
            self._db.execute("BEGIN")
            try:
                yield
            finally:
                self._db.execute("ROLLBACK")
        except _FAILURES as error:
            raise self._broken(error) from error

    @property
    def size(self) -> int:
        """Number of entries that the newest head covers."""
        newest = self._rows("SELECT max(size) FROM heads")[0][0]
        return int(newest or 0)

    def node(self, level: int, position: int) -> bytes:
        """Return the hash of a complete subtree.

        Raises:
            LogError: When it is not stored, or is no hash.
        """
        found = self._rows("SELECT hash FROM nodes WHERE level = ? AND position = ?", (level, position))
        if not found or not isinstance(found[0][0], bytes):
            raise LogError(
                "a hash is missing",
                where=str(self.path),
                found=f"level {level}, number {position}",
                remedy="Run `assaymark log check`.",
            )
        return found[0][0]

    def place_of_leaf(self, value: bytes) -> int | None:
        """Return the number under which a leaf hash is stored, if it is."""
        found = self._rows("SELECT min(position) FROM nodes WHERE level = 0 AND hash = ?", (value,))
        return None if found[0][0] is None else int(found[0][0])

    def rows(self) -> Iterator[tuple[Any, Any, Any]]:
        """Yield number, indexed digest and bytes of every entry as stored, in order; bytes that are too many come as None."""
        query = "SELECT position, manifest, iif(length(content) <= ?, content, NULL) FROM entries ORDER BY position"
        try:
            yield from self._db.execute(query, (ENTRY_LIMIT,))
        except _FAILURES as error:
            raise self._broken(error) from error

    def entry(self, position: int) -> Entry:
        """Return one entry.

        Raises:
            LogError: When there is none of that number.
            ManifestError: When it cannot be read.
        """
        found = self._rows("SELECT content FROM entries WHERE position = ? AND length(content) <= ?", (position, ENTRY_LIMIT))
        if not found or not isinstance(found[0][0], bytes):
            raise LogError(
                "there is no such entry", where=str(self.path), found=str(position), remedy="See `assaymark log show`."
            )
        return read_entry(found[0][0])

    def find(self, manifest: str) -> int | None:
        """Return the number of the first entry that logged a manifest, by its digest; a later one would hide its withdrawal."""
        query = "SELECT position FROM entries WHERE manifest = ? ORDER BY position"
        for (position,) in self._rows(query, (manifest,)):
            if isinstance(self.entry(int(position)), Stamp):
                return int(position)
        return None

    def withdrawal_of(self, position: int) -> int | None:
        """Return the number of the entry that withdraws another."""
        found = self._rows("SELECT position FROM entries WHERE manifest = ? ORDER BY position", (_withdrawn_key(position),))
        return int(found[0][0]) if found else None

    def envelope(self, size: int) -> dict[str, Any] | None:
        """Return the signed head over the first ``size`` entries as stored, if it is there and is JSON."""
        found = self._rows("SELECT content FROM heads WHERE size = ? AND length(content) <= ?", (size, HEAD_LIMIT))
        try:
            document: Any = json.loads(found[0][0]) if found else None
        except (ValueError, TypeError, RecursionError):
            return None
        return document if isinstance(document, dict) else None

    def check_usable(self) -> None:
        """Find out now whether an entry could be appended, rather than after the work that it would log.

        Raises:
            LogError: When the log is damaged, busy for too long, or ahead of the clock.
            ManifestError: When its newest head does not hold.
        """
        with self._transaction():
            self._time(self._checked_head(self.size))

    def append(self, make: Callable[[str], Entry], signer: Signer) -> int:
        """Append one entry and a head over all; return its number.

        Args:
            make: Makes the entry for the time at which it is logged.
            signer: Signs the head.

        Raises:
            LogError: When the log is damaged, busy for too long, or ahead of the clock.
        """
        with self._transaction():
            return self._append(make, signer)

    def append_once(self, manifest: str, make: Callable[[str], Entry], signer: Signer) -> tuple[int, bool]:
        """Append what logs a manifest, unless it is in the log already; return its number, and whether it is new.

        Raises:
            LogError: When it was withdrawn, which is for good.
        """
        with self._transaction():
            found = self.find(manifest)
            if found is None:
                return self._append(make, signer), True
            if self.withdrawal_of(found) is not None:
                raise LogError(
                    "what was withdrawn cannot be logged again",
                    where=str(self.path),
                    found=f"entry {found}",
                    remedy="Stamp it anew, which makes another manifest.",
                )
            return found, False

    def withdraw(self, position: int, reason: str, signer: Signer) -> int:
        """Append the withdrawal of an entry; return its number.

        Raises:
            LogError: When there is no such stamp, or it was withdrawn before.
        """
        with self._transaction():
            if not isinstance(self.entry(position), Stamp) or self.withdrawal_of(position) is not None:
                raise LogError(
                    "the entry cannot be withdrawn",
                    where=str(self.path),
                    found=f"entry {position}",
                    expected="a stamp that stands",
                    remedy="See `assaymark log show`.",
                )
            return self._append(lambda now: Withdrawal(position, reason, now), signer)

    def _append(self, make: Callable[[str], Entry], signer: Signer) -> int:
        size = self.size
        last = self._checked_head(size)
        entry = make(self._time(last))
        content = write_entry(entry)
        read_entry(content)  # what could not be read back is not written
        for level, position, value in list(merkle.completed(self.node, size, merkle.leaf_hash(content))):
            self._db.execute("INSERT INTO nodes VALUES (?, ?, ?)", (level, position, value))
        self._db.execute("INSERT INTO entries VALUES (?, ?, ?)", (size, index_key(entry), content))
        top = merkle.root(self.node, size + 1).hex()
        head = Head(self.id, size + 1, top, entry.logged, None if last is None else last[1])
        self._db.execute("INSERT INTO heads VALUES (?, ?)", (size + 1, json.dumps(sign_head(head, signer))))
        return size

    def _checked_head(self, size: int) -> tuple[Head, str] | None:
        """Return the newest head and its digest, held against the tree: a damaged log is not signed over."""
        stored = self._rows("SELECT count(*), max(position) FROM entries")[0]
        if stored != ((size, size - 1) if size else (0, None)):
            raise self._damaged("its entries are not those that the newest head covers")
        if not size:
            return None
        envelope = self.envelope(size)
        if envelope is None:
            raise self._damaged("its newest head cannot be read")
        head, opened = open_head(envelope)
        if (head.log, head.size, head.root) != (self.id, size, merkle.root(self.node, size).hex()):
            raise self._damaged("its newest head is over another tree")
        return head, hashlib.sha256(opened.payload).hexdigest()

    def _damaged(self, found: str) -> LogError:
        return LogError(
            "the log is damaged, and nothing is appended to it",
            where=str(self.path),
            found=found,
            remedy="Run `assaymark log check`; restore a copy, or begin another log by --log.",
        )

    def _time(self, last: tuple[Head, str] | None) -> str:
        now = datetime.now(UTC)
        if last is None:
            return time_text(now)
        before = read_time(last[0].time)
        if now < before - _SKEW:
            raise LogError(
                "the clock is behind the log",
                where=str(self.path),
                found=time_text(now),
                expected=f"not before {last[0].time}, when the last entry was logged",
                remedy="Set the clock.",
            )
        return time_text(max(now, before))


def index_key(entry: Entry) -> str:
    """Return the text under which an entry is found again."""
    return entry.manifest if isinstance(entry, Stamp) else _withdrawn_key(entry.entry)


def _withdrawn_key(position: int) -> str:
    return f"withdraws {position}"
