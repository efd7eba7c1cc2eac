"""A log grows by whole entries, keeps proofs of every size, and shows by name whatever was done to it."""

from __future__ import annotations

import copy
import hashlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assaymark.errors import LogError, ManifestError
from assaymark.provenance.keys import trusted_anchors
from assaymark.provenance.transparency import merkle, storage
from assaymark.provenance.transparency.checking import check_log
from assaymark.provenance.transparency.entries import Head, open_head, read_entry, sign_head, write_entry
from assaymark.provenance.transparency.proofs import check_proof, check_since, newest_head, prove_consistency, prove_inclusion
from assaymark.provenance.transparency.storage import Log, log_path


def checked(path, **options):
    with Log(path) as log:
        return check_log(log, trusted_anchors(), **options)


def codes(path) -> set[str]:
    return {problem.code for problem in checked(path).problems}


def spoil(path, *statements) -> None:
    """Change rows as somebody would who can write the file: without its triggers."""
    with sqlite3.connect(path) as db:
        for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            db.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            db.execute(*([statement] if isinstance(statement, str) else statement))
    db.close()


def content(path, position: int) -> bytes:
    with sqlite3.connect(path) as db:
        found = db.execute("SELECT content FROM entries WHERE position = ?", (position,)).fetchone()[0]
    db.close()
    return found


def test_a_log_of_64_entries_proves_each_and_its_growth_from_each_size(tmp_path, signer, make_stamp):
    path = tmp_path / "log.sqlite"
    with Log(path, create=True) as log:
        for number in range(64):
            assert log.append(make_stamp(number), signer) == number
    found = checked(path)
    assert (found.problems, found.notices, found.size, found.trusted) == ((), (), 64, True)
    with Log(path) as log:
        for number in range(64):
            proof = check_proof(json.loads(json.dumps(prove_inclusion(log, number))), trusted_anchors())
            assert (proof.problems, proof.position, proof.entry.name) == ((), number, f"release-{number}")
            early = log.envelope(number + 1)
            assert check_since(log, early, trusted_anchors()) == ()
            assert check_proof(prove_consistency(log, early), trusted_anchors()).problems == ()


def test_the_root_is_that_of_the_entries_hashed_by_hand(own):
    leaves = [hashlib.sha256(b"\x00" + content(own, number)).digest() for number in range(7)]

    def node(left, right):
        return hashlib.sha256(b"\x01" + left + right).digest()

    a, b, c = (node(leaves[i], leaves[i + 1]) for i in (0, 2, 4))
    assert checked(own).head.root == node(node(a, b), node(c, leaves[6])).hex()


def head_as(path, signer, **change):
    """Sign the newest head again, changed, with a signer of choice."""
    with Log(path) as log:
        head, _ = open_head(newest_head(log))
    fields = {"log": head.log, "size": head.size, "root": head.root, "time": head.time, "previous": head.previous, **change}
    return json.dumps(sign_head(Head(**fields), signer))


def edit(path, position: int) -> bytes:
    return content(path, position).replace(b"release-", b"relaese-")


def rebuild(contents: list[bytes]) -> list[tuple]:
    """The nodes of a tree over other entries."""
    nodes: dict[tuple[int, int], bytes] = {}
    for index, entry in enumerate(contents):
        for level, position, value in merkle.completed(lambda *key: nodes[key], index, merkle.leaf_hash(entry)):
            nodes[level, position] = value
    return [("INSERT INTO nodes VALUES (?, ?, ?)", (*key, value)) for key, value in nodes.items()]


def edited(path, signer):
    yield "UPDATE entries SET content = ? WHERE position = 3", (edit(path, 3),)


def edited_with_its_hash(path, signer):
    other = edit(path, 3)
    yield "UPDATE entries SET content = ? WHERE position = 3", (other,)
    yield "UPDATE nodes SET hash = ? WHERE level = 0 AND position = 3", (merkle.leaf_hash(other),)


def deleted(path, signer):
    yield "DELETE FROM entries WHERE position = 3", ()


def last_deleted(path, signer):
    yield "DELETE FROM entries WHERE position = 6", ()


def swapped(path, signer):
    first, second = content(path, 1), content(path, 4)
    yield "UPDATE entries SET content = ? WHERE position = 1", (second,)
    yield "UPDATE entries SET content = ? WHERE position = 4", (first,)


def deleted_and_closed_up(path, signer):
    yield "DELETE FROM entries WHERE position = 2", ()
    for position in range(3, 7):
        yield "UPDATE entries SET position = ? WHERE position = ?", (position - 1, position)


def tree_rewritten(path, signer):
    contents = [edit(path, n) if n == 3 else content(path, n) for n in range(7)]
    yield "UPDATE entries SET content = ? WHERE position = 3", (contents[3],)
    yield "DELETE FROM nodes", ()
    yield from rebuild(contents)


def inner_hash(path, signer):
    yield "UPDATE nodes SET hash = ? WHERE level = 1 AND position = 1", (b"\0" * 32,)


def leaf_hash_deleted(path, signer):
    yield "DELETE FROM nodes WHERE level = 0 AND position = 5", ()


def head_deleted(path, signer):
    yield "DELETE FROM heads WHERE size = 4", ()


def newest_head_deleted(path, signer):
    yield "DELETE FROM heads WHERE size = 7", ()


def head_of_another_root(path, signer):
    yield "UPDATE heads SET content = ? WHERE size = 7", (head_as(path, signer, root="00" * 32),)


def head_of_another_log(path, signer):
    yield "UPDATE heads SET content = ? WHERE size = 7", (head_as(path, signer, log="00" * 16),)


def head_of_another_history(path, signer):
    yield "UPDATE heads SET content = ? WHERE size = 7", (head_as(path, signer, previous="00" * 32),)


def signature_changed(path, signer):
    envelope = json.loads(head_as(path, signer))
    envelope["payload"] = envelope["payload"].replace("A", "B", 1)
    yield "UPDATE heads SET content = ? WHERE size = 7", (json.dumps(envelope),)


def head_is_junk(path, signer):
    yield "UPDATE heads SET content = ? WHERE size = 7", ("[" * 5000,)


def listed_elsewhere(path, signer):
    yield "UPDATE entries SET manifest = ? WHERE position = 3", ("0" * 64,)


def added_without_a_head(path, signer):
    yield "INSERT INTO entries VALUES (7, 'x', ?)", (content(path, 3),)


def added_far_away(path, signer):
    yield "INSERT INTO entries VALUES (9000000000000000000, 'x', ?)", (content(path, 3),)
    yield "INSERT INTO entries VALUES (-5, 'x', ?)", (content(path, 3),)


def too_long(path, signer):
    yield "UPDATE entries SET content = zeroblob(20000000) WHERE position = 3", ()


ATTACKS = {
    edited: {"entry_altered"},
    edited_with_its_hash: {"tree_damaged", "tree_rewritten"},
    deleted: {"entry_missing"},
    last_deleted: {"entry_missing"},
    swapped: {"entry_moved"},
    deleted_and_closed_up: {"entry_moved", "entry_missing"},
    tree_rewritten: {"tree_rewritten"},
    inner_hash: {"tree_damaged"},
    leaf_hash_deleted: {"tree_damaged"},
    head_deleted: {"head_missing"},
    newest_head_deleted: {"entry_uncovered"},
    head_of_another_root: {"tree_rewritten"},
    head_of_another_log: {"head_altered"},
    head_of_another_history: {"head_altered"},
    signature_changed: {"head_altered"},
    head_is_junk: {"head_missing"},
    listed_elsewhere: {"index_altered"},
    added_without_a_head: {"entry_uncovered"},
    added_far_away: {"entry_uncovered"},
    too_long: {"entry_missing"},
}


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_what_was_done_to_the_rows_shows_by_name(own, signer, attack):
    assert codes(own) == set()
    spoil(own, *attack(own, signer))
    assert codes(own) == ATTACKS[attack]


@pytest.mark.parametrize("attack", [last_deleted, newest_head_deleted, head_of_another_root, head_is_junk])
def test_nothing_is_appended_to_what_is_seen_to_be_damaged(own, signer, make_stamp, attack):
    spoil(own, *attack(own, signer))
    before = own.read_bytes()
    with Log(own, create=True) as log, pytest.raises((LogError, ManifestError)):
        log.append(make_stamp(7), signer)
    assert own.read_bytes() == before


def test_rows_are_guarded_against_accidents(own):
    db = sqlite3.connect(own)
    for statement in (
        "DELETE FROM entries",
        "UPDATE heads SET size = 9",
        "DELETE FROM nodes WHERE level = 0",
        "DELETE FROM log",
    ):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            db.execute(statement)
    db.close()


def rewrite(path, keep: int, signer, make_stamp) -> None:
    """Cut a log back to its first entries and let it grow another way, with heads signed anew: all that its owner can do."""
    limits = (("entries", "position", keep), ("heads", "size", keep + 1))
    spoil(path, *((f"DELETE FROM {table} WHERE {column} >= ?", (limit,)) for table, column, limit in limits),
          ("DELETE FROM nodes WHERE (position + 1) << level > ?", (keep,)))  # fmt: skip
    with Log(path, create=True) as log:
        for number in range(keep, 9):
            log.append(make_stamp(number + 100), signer)


def test_only_an_earlier_head_shows_that_the_owner_rewrote_the_log(own, signer, make_stamp):
    with Log(own) as log:
        head, proof = newest_head(log), prove_inclusion(log, 6)
    rewrite(own, 4, signer, make_stamp)
    assert codes(own) == set()
    with Log(own) as log:
        assert [found.code for found in check_since(log, head, trusted_anchors())] == ["log_rewritten"]
        forged = prove_consistency(log, head)
    assert [found.code for found in check_proof(forged, trusted_anchors()).problems] == ["log_rewritten"]
    assert check_proof(proof, trusted_anchors()).problems == ()  # it proves what was signed then


def test_only_an_earlier_head_shows_that_entries_were_cut_off(own, signer):
    with Log(own) as log:
        head = newest_head(log)
    spoil(own, "DELETE FROM entries WHERE position >= 5", "DELETE FROM heads WHERE size > 5",
          "DELETE FROM nodes WHERE (position + 1) << level > 5")  # fmt: skip
    assert codes(own) == set()
    with Log(own) as log:
        assert [found.code for found in check_since(log, head, trusted_anchors())] == ["log_shortened"]
        with pytest.raises(LogError, match="reach back"):
            prove_consistency(log, head)


def test_a_log_signed_by_a_stranger_is_not_trusted(own, authority, make_stamp):
    root, stranger = authority()
    rewrite(own, 4, stranger, make_stamp)
    found = checked(own)
    assert (found.problems, found.trusted, found.signer) == ((), False, "Somebody else")
    with Log(own) as log:
        assert check_log(log, [root]).trusted
        assert [one.code for one in check_since(log, newest_head(log), trusted_anchors())] == ["untrusted"]
        assert not check_proof(prove_inclusion(log, 8), trusted_anchors()).trusted


def test_a_head_of_another_log_is_told_apart(own, tmp_path, signer, make_stamp):
    with Log(tmp_path / "other", create=True) as other:
        other.append(make_stamp(1), signer)
        head = newest_head(other)
    with Log(own) as log:
        assert [found.code for found in check_since(log, head, trusted_anchors())] == ["other_log"]
        mixed = {**prove_consistency(log, log.envelope(3)), "first": head}
    assert [found.code for found in check_proof(mixed, trusted_anchors()).problems] == ["other_log"]


def test_a_withdrawal_shows_in_the_log_and_in_new_proofs_and_is_for_good(own, signer, make_stamp):
    with Log(own, create=True) as log:
        before = prove_inclusion(log, 2)
        assert log.withdraw(2, "its holdout was wrong", signer) == 7
        after = prove_inclusion(log, 2)
        for position in (2, 7, 99):
            with pytest.raises(LogError):
                log.withdraw(position, "again", signer)
        with pytest.raises(LogError, match="withdrawn"):
            log.append_once(f"{1002:064x}", make_stamp(2), signer)
    found = checked(own)
    assert found.problems == ()
    assert [(one.code, one.entry) for one in found.notices] == [("withdrawn", 2)]
    assert "its holdout was wrong" in found.notices[0].message
    assert check_proof(before, trusted_anchors()).problems == ()
    assert [one.code for one in check_proof(after, trusted_anchors()).problems] == ["withdrawn"]
    for other in (1, 3):
        moved = {**prove_at(own, other), "withdrawal": after["withdrawal"]}
        assert [one.code for one in check_proof(moved, trusted_anchors()).problems] == ["not_included"]


def prove_at(path, position: int):
    with Log(path) as log:
        return prove_inclusion(log, position)


def test_a_back_dated_release_shows(own, signer, make_stamp):
    later = (datetime.now(UTC) + timedelta(days=3)).strftime("%Y-%m-%dT%H:%M:%SZ")
    with Log(own, create=True) as log:
        log.append(make_stamp(7, created="2026-01-01T00:00:00Z"), signer)
        log.append(make_stamp(8, created=later), signer)
    found = checked(own)
    assert [(one.code, one.entry) for one in found.notices] == [("back_dated", 7), ("post_dated", 8)]
    assert [one.code for one in check_proof(prove_at(own, 7), trusted_anchors()).problems] == ["back_dated"]
    assert check_proof(prove_at(own, 7), trusted_anchors(), timedelta(days=4000)).problems == ()
    assert [one.code for one in check_proof(prove_at(own, 8), trusted_anchors()).problems] == ["post_dated"]


def test_times_never_go_back(own, signer, make_stamp, monkeypatch):
    class Clock(datetime):
        shift = timedelta(minutes=-2)

        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + cls.shift

    monkeypatch.setattr(storage, "datetime", Clock)
    with Log(own, create=True) as log:
        log.append(make_stamp(7), signer)  # a little behind: time stands still
        Clock.shift = timedelta(hours=-1)
        with pytest.raises(LogError, match="clock"):
            log.append(make_stamp(8), signer)
    assert codes(own) == set()
    assert read_entry(content(own, 7)).logged == read_entry(content(own, 6)).logged


def test_an_entry_is_logged_once(own, signer, make_stamp):
    with Log(own, create=True) as log:
        assert log.append_once(f"{1003:064x}", make_stamp(3), signer) == (3, False)
        assert log.append_once(f"{1007:064x}", make_stamp(7), signer) == (7, True)
        assert log.size == 8


APPEND = """
import sys
from pathlib import Path
from assaymark.provenance.signing import open_development_signer
from assaymark.provenance.transparency.entries import Stamp
from assaymark.provenance.transparency.storage import Log
signer = open_development_signer()
for number in range(int(sys.argv[2]), int(sys.argv[3])):
    with Log(Path(sys.argv[1]), create=True) as log:
        log.append(lambda now: Stamp("file", "f", f"{number:064x}", f"{number:064x}", None, now), signer)
"""


def appending(path, start: int, end: int, code: str = APPEND) -> subprocess.Popen:
    return subprocess.Popen([sys.executable, "-c", code, str(path), str(start), str(end)], stderr=subprocess.PIPE, text=True)


def test_processes_take_turns(tmp_path, signer):
    path = tmp_path / "new" / "log.sqlite"
    running = [appending(path, start, start + 12) for start in (0, 100, 200)]
    assert [(one.communicate(timeout=120)[1], one.returncode) for one in running] == [("", 0)] * 3
    found = checked(path)
    assert (found.problems, found.size) == ((), 36)
    with Log(path) as log:
        assert {log.entry(n).sha256 for n in range(36)} == {f"{s + n:064x}" for s in (0, 100, 200) for n in range(12)}


KILLED = APPEND.replace(
    "signer = open_development_signer()",
    "import os\nfrom assaymark.provenance.transparency import storage\n"
    "def dies(*_): os.kill(os.getpid(), 9)\nstorage.sign_head = dies\nsigner = open_development_signer()",
)


def test_a_process_that_dies_while_it_appends_leaves_the_log_as_it_was(own, signer, make_stamp):
    one = appending(own, 50, 51, KILLED)
    one.communicate(timeout=60)
    assert one.returncode == -signal.SIGKILL
    assert (codes(own), checked(own).size) == (set(), 7)
    with Log(own, create=True) as log:
        assert log.append(make_stamp(7), signer) == 7
    assert codes(own) == set()


def test_a_signer_that_fails_leaves_the_log_as_it_was(own, authority, make_stamp, monkeypatch):
    _, signer = authority(high=True)
    monkeypatch.setattr(signer, "sign", lambda data: b"\x01" * 64)
    with Log(own, create=True) as log, pytest.raises(Exception, match="certificate"):
        log.append(make_stamp(7), signer)
    assert (codes(own), checked(own).size) == (set(), 7)


@pytest.mark.parametrize("high", [False, True])
def test_heads_of_any_signer_hold(tmp_path, authority, make_stamp, high):
    root, signer = authority(high=high)
    with Log(tmp_path / "l", create=True) as log:
        log.append(make_stamp(0), signer)
        assert check_log(log, [root]).trusted


@pytest.mark.parametrize(
    "make",
    [
        lambda path: path.write_bytes(b"no database at all, but some text that is long enough to look like one"),
        lambda path: path.write_bytes(b""),
        lambda path: None,
        lambda path: path.mkdir(),
    ],
    ids=["text", "empty", "absent", "folder"],
)
def test_what_is_no_log_is_refused(tmp_path, make):
    make(tmp_path / "l")
    with pytest.raises(LogError):
        Log(tmp_path / "l")


def test_a_log_of_other_tables_is_never_written_to(tmp_path):
    path = tmp_path / "l"
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE people (name)")
    db.commit()
    db.close()
    before = path.read_bytes()
    with pytest.raises(LogError):
        Log(path, create=True)
    assert path.read_bytes() == before


def test_a_truncated_file_is_an_error_of_ours(own):
    whole = own.read_bytes()
    for size in range(1000, len(whole), 4096):
        own.write_bytes(whole[:size])
        try:
            found = checked(own)
        except LogError:
            continue
        assert found.problems


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**31), st.integers(1, 255))
def test_a_changed_byte_of_the_file_never_raises_anything_else(seven, tmp_path, place, change):
    content = bytearray(seven.read_bytes())
    content[place % len(content)] ^= change
    path = tmp_path / "changed.sqlite"
    path.write_bytes(content)
    try:
        found = checked(path)
        with Log(path) as log:
            assert (found.size, found.problems) != (7, ()) or all(log.entry(n).name == f"release-{n}" for n in range(7))
    except LogError:
        pass


def test_where_the_log_lies(monkeypatch, tmp_path):
    monkeypatch.delenv("ASSAYMARK_LOG", raising=False)
    assert log_path(None).name == "log.sqlite"
    assert str(log_path(None).parent) == os.environ["ASSAYMARK_CONFIG_DIR"]
    monkeypatch.setenv("ASSAYMARK_LOG", str(tmp_path / "team.sqlite"))
    assert log_path(None) == tmp_path / "team.sqlite"
    assert log_path(tmp_path / "x") == tmp_path / "x"


def places(value, at=()):
    """Every place in a JSON value."""
    yield at
    if isinstance(value, dict):
        for key in value:
            yield from places(value[key], (*at, key))
    elif isinstance(value, list):
        for index in range(len(value)):
            yield from places(value[index], (*at, index))


JUNK = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 2**70), st.text(max_size=6), st.just([]), st.just({}), st.just([[1]])
)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_proof_with_any_part_replaced_proves_nothing_and_raises_nothing(seven, data):
    with Log(seven) as log:
        proof = data.draw(st.sampled_from([prove_inclusion(log, 2), prove_consistency(log, log.envelope(3))]))
    proof = copy.deepcopy(proof)
    # hints, by which nothing is decided here: the leaf's issuer is an anchor
    spots = [spot for spot in places(proof) if not {"keyid", "intermediates"} & set(spot)]
    spot = data.draw(st.sampled_from(spots))
    junk = data.draw(JUNK)
    if not spot:
        whole = junk
    else:
        whole = inner = proof
        for step in spot[:-1]:
            inner = inner[step]
        if inner[spot[-1]] == junk:
            return
        inner[spot[-1]] = junk
    assert check_proof(whole, trusted_anchors()).problems


def test_entries_have_one_form(own):
    entry = read_entry(content(own, 0))
    assert write_entry(entry) == content(own, 0)
    document = json.loads(content(own, 0))
    for other in (
        json.dumps(document).encode(),
        content(own, 0) + b"\n",
        content(own, 0).replace(b'"name"', b'"nome"'),
        json.dumps({**document, "logged": "2026-1-1T00:00:00Z"}, sort_keys=True, separators=(",", ":")).encode(),
        json.dumps({**document, "sha256": "AB" * 32}, sort_keys=True, separators=(",", ":")).encode(),
        json.dumps({**document, "name": ""}, sort_keys=True, separators=(",", ":")).encode(),
        json.dumps({**document, "name": "x" * 1001}, sort_keys=True, separators=(",", ":")).encode(),
        b"{}", b"[]", b"null", b"\xff", b'{"schema": 1, "kind": []}',
    ):  # fmt: skip
        with pytest.raises(ManifestError):
            read_entry(other)


def test_a_copy_that_cannot_be_written_is_still_checked(own, tmp_path):
    folder = tmp_path / "published"
    folder.mkdir()
    shutil.copy(own, folder / "log.sqlite")
    (folder / "log.sqlite").chmod(0o444)
    folder.chmod(0o555)
    try:
        assert codes(folder / "log.sqlite") == set()
    finally:
        folder.chmod(0o755)
