"""Commitments bind, hide, and open with their salt only."""

from __future__ import annotations

import json
import stat

import pytest

from assaymark.errors import OutputError
from assaymark.provenance.commitment import commit, commitment_of, opens, write_disclosure

DIGEST = "ab" * 32


def test_a_commitment_opens_with_its_own_salt_and_digest_only():
    commitment, salt = commit(DIGEST)
    assert opens(commitment, DIGEST, salt)
    assert not opens(commitment, "ac" * 32, salt)
    assert not opens(commitment, DIGEST, commit(DIGEST)[1])


def test_two_commitments_to_one_file_cannot_be_linked():
    first, second = commit(DIGEST), commit(DIGEST)
    assert len({first[0], second[0], DIGEST}) == 3
    assert len(bytes.fromhex(first[1])) == 32


def test_the_commitment_is_what_the_documentation_says():
    """Recorded once: a change of the formula would make every older commitment impossible to open."""
    assert commitment_of("00" * 32, "11" * 32) == "88bb0ea96eff6a6b4b8a0b7838b0593b60bb6c33d915576b93f8d34247856680"


def test_a_disclosure_is_private_and_whole(tmp_path):
    path = tmp_path / "out.disclosure.json"
    write_disclosure(path, {"real": {"commitment": "c", "salt": "s"}})
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert json.loads(path.read_text())["real"]["salt"] == "s"
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_a_disclosure_that_cannot_be_written_leaves_nothing(tmp_path):
    (tmp_path / "taken").mkdir()
    with pytest.raises(OutputError):
        write_disclosure(tmp_path / "taken", {})
    assert [entry.name for entry in tmp_path.iterdir()] == ["taken"]
