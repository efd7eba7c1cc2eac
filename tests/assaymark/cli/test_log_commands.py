"""The transparency log as a user calls it: what stamps go in, proofs beside releases, exit codes, and words."""

from __future__ import annotations

import io
import json
import shutil
from contextlib import redirect_stderr, redirect_stdout
from types import SimpleNamespace

import pytest

from assaymark.cli.application import run


def call(*arguments: object, cwd, **environment: str) -> SimpleNamespace:
    """Call a command in this process, which saves a start of Python each time."""
    out, err, code = io.StringIO(), io.StringIO(), None
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.chdir(cwd)
        for name, value in environment.items():
            patch.setenv(name, value)
        try:
            run([str(argument) for argument in arguments])
        except SystemExit as ended:
            code = ended.code
    return SimpleNamespace(returncode=code, stdout=out.getvalue(), stderr=err.getvalue())


def told(*arguments: object, cwd, code: int = 0) -> dict:
    done = call(*arguments, "--json", cwd=cwd)
    assert done.returncode == code, done.stdout + done.stderr
    return json.loads(done.stdout)


def codes(*arguments: object, cwd) -> list[str]:
    return [problem["code"] for problem in told(*arguments, cwd=cwd, code=1)["problems"]]


@pytest.fixture
def own(tmp_path, monkeypatch):
    monkeypatch.setenv("ASSAYMARK_LOG", str(tmp_path / "log.sqlite"))
    (tmp_path / "a.csv").write_text("x\n1\n")
    (tmp_path / "b.csv").write_text("x\n2\n")
    return tmp_path


def test_stamps_are_logged_unless_that_is_refused(own):
    assert call("stamp", "a.csv", cwd=own).returncode == 0
    assert call("stamp", "b.csv", "--no-log", cwd=own).returncode == 0
    shown = told("log", "show", cwd=own)
    assert [(entry["kind"], entry["name"]) for entry in shown["entries"]] == [("stamp", "a.csv")]
    assert told("log", "check", "a.csv", cwd=own)["entry"]["index"] == 0
    # as if the process had died between stamp and log
    assert codes("log", "check", "b.csv", cwd=own) == ["not_logged"]
    assert call("log", "prove", "b.csv", cwd=own).returncode == 2
    added = told("log", "append", "b.csv", "a.csv", cwd=own)["entries"]
    assert [(entry["index"], entry["new"]) for entry in added] == [(1, True), (0, False)]
    assert told("log", "check", "b.csv", cwd=own)["ok"]
    assert call("stamp", "a.csv", "--log", "x", "--no-log", "--force", cwd=own).returncode == 2


def test_another_log_by_option(own):
    assert call("stamp", "a.csv", "--log", "team/log.sqlite", cwd=own).returncode == 0
    assert (own / "team" / "log.sqlite").is_file()
    assert not (own / "log.sqlite").exists()
    assert call("log", "check", cwd=own).returncode == 2
    assert told("log", "check", "--log", "team/log.sqlite", cwd=own)["size"] == 1


def test_a_release_is_logged_and_its_proof_lies_beside_it(people, own):
    shutil.copy(people, own / "people.csv")
    roles = ["--target", "approved", "--positive", "yes", "--protected", "sex", "--quiet"]
    assert call("audit", "people.csv", "people.csv", *roles, "--out", "out", cwd=own).returncode in {0, 1, 3}
    assert call("verify", "out", cwd=own).returncode == 0
    proof = own / "out.log-proof.json"
    found = told("log", "check", "out", cwd=own)
    assert (found["ok"], found["entry"]["name"], found["entry"]["what"]) == (True, "out", "release")
    assert told("log", "check", proof, cwd=own)["entry"] == found["entry"]
    # without the log: a reader's machine
    away = told("log", "check", proof, "--log", "nowhere.sqlite", cwd=own)
    assert away["ok"]
    assert [notice["code"] for notice in away["notices"]] == ["no_log"]
    assert verified("out", cwd=own)["log"]["state"] == "logged"
    call("log", "withdraw", "out", "--reason", "the holdout overlapped", cwd=own)
    refused = verified("out", cwd=own, code=1)
    assert [problem["code"] for problem in refused["problems"]] == ["withdrawn"]
    assert "the holdout overlapped" in refused["problems"][0]["message"]
    release = json.loads((own / "out" / "release.json").read_bytes())
    (own / "out" / "release.json").write_text(json.dumps(release))
    assert codes("log", "check", proof, cwd=own) == ["altered", "withdrawn"]
    assert codes("log", "check", "out", cwd=own) == ["withdrawn", "altered"]
    assert call("log", "append", "out", cwd=own).returncode == 2
    assert call("audit", "people.csv", "people.csv", *roles, "--out", "quiet", "--no-log", cwd=own).returncode in {0, 1, 3}
    assert not (own / "quiet.log-proof.json").exists()
    assert told("log", "show", cwd=own)["size"] == 2


def verified(path: str, *options: str, cwd, code: int = 0) -> dict:
    return told("verify", path, *options, cwd=cwd, code=code)


def test_verify_tells_what_the_log_says(own, tmp_path):
    call("stamp", "a.csv", "b.csv", cwd=own)
    assert verified("a.csv", cwd=own)["log"]["state"] == "logged"
    assert verified("a.csv", "--log", "nowhere", cwd=own)["log"] is None
    call("log", "prove", "a.csv", "--out", "a.csv.log-proof.json", cwd=own)
    assert verified("a.csv", "--log", "nowhere", cwd=own)["log"]["sentence"].startswith(
        "By a proof beside it, it was logged on "
    )
    shutil.copy(own / "a.csv.log-proof.json", own / "b.csv.log-proof.json")  # another's
    assert verified("b.csv", cwd=own)["log"]["state"] == "unproven"
    (own / "b.csv.log-proof.json").write_text("{}")
    assert verified("b.csv", cwd=own)["log"]["state"] == "unproven"
    (own / "b.csv.log-proof.json").unlink()
    call("log", "withdraw", "b.csv", "--reason", "wrong", cwd=own)
    assert verified("b.csv", cwd=own, code=1)["log"]["state"] == "withdrawn"
    assert verified("b.csv", "--log", "nowhere", cwd=own)["ok"]  # whoever has no log cannot know
    (own / "log.sqlite").write_text("no log")
    assert verified("b.csv", cwd=own)["log"]["state"] == "unreadable"


def test_a_stranger_cannot_withdraw(own, tmp_path):
    """A proof that somebody else signed says nothing, and so cannot make a release fail."""
    call("stamp", "a.csv", cwd=own)
    (own / "log.sqlite").rename(own / "mine.sqlite")
    stranger = str(tmp_path / "stranger")
    assert call("log", "append", "a.csv", cwd=own, ASSAYMARK_CONFIG_DIR=stranger).returncode == 0
    call("log", "withdraw", "a.csv", "--reason", "spite", cwd=own, ASSAYMARK_CONFIG_DIR=stranger)
    call("log", "prove", "a.csv", "--out", "a.csv.log-proof.json", cwd=own)
    found = verified("a.csv", "--log", "nowhere", cwd=own)
    assert found["ok"]
    assert found["log"]["state"] == "unproven"


def test_a_withdrawal_shows_everywhere(own):
    call("stamp", "a.csv", "b.csv", cwd=own)
    call("log", "prove", "a.csv", "--out", "a.csv.log-proof.json", cwd=own)
    assert told("log", "check", "a.csv.log-proof.json", cwd=own)["ok"]
    assert call("log", "withdraw", "a.csv", "--reason", "a column was wrong\x1b[2J", cwd=own).returncode == 0
    assert codes("log", "check", "a.csv", cwd=own) == ["withdrawn"]
    assert codes("log", "check", "a.csv.log-proof.json", cwd=own) == ["withdrawn"]
    assert told("log", "check", "b.csv", cwd=own)["ok"]
    assert [notice["code"] for notice in told("log", "check", cwd=own)["notices"]] == ["withdrawn"]
    shown = call("log", "show", cwd=own).stdout + call("log", "check", cwd=own).stdout
    assert "WITHDRAWN by entry 2" in shown
    assert "\x1b[2J" not in shown
    call("log", "prove", "a.csv", "--out", "later.json", cwd=own)
    assert codes("log", "check", "later.json", "--log", "nowhere", cwd=own) == ["withdrawn"]
    assert call("log", "withdraw", "a.csv", "--reason", "again", cwd=own).returncode == 2
    assert call("log", "withdraw", "--entry", "1", "--reason", "too", cwd=own).returncode == 0
    assert call("log", "withdraw", "--reason", "nothing", cwd=own).returncode == 2


def test_a_head_kept_elsewhere_shows_a_log_that_was_made_anew(own):
    call("stamp", "a.csv", cwd=own)
    (own / "head.json").write_text(call("log", "show", "--head", cwd=own).stdout)
    call("log", "prove", "a.csv", "--out", "proof.json", cwd=own)
    call("stamp", "b.csv", cwd=own)
    for since in ("head.json", "proof.json"):
        assert told("log", "check", "--since", since, cwd=own)["ok"]
        assert call("log", "prove", "--since", since, "--out", "grown.json", "--force", cwd=own).returncode == 0
        assert told("log", "check", "grown.json", "--log", "nowhere", cwd=own)["ok"]
    (own / "log.sqlite").unlink()
    call("stamp", "b.csv", "--force", cwd=own)
    assert codes("log", "check", "--since", "head.json", cwd=own) == ["other_log"]
    assert call("log", "check", "--since", "a.csv", cwd=own).returncode == 2
    assert call("log", "prove", cwd=own).returncode == 2


def test_a_log_of_somebody_else_needs_a_trust_anchor(own, tmp_path):
    stranger = str(tmp_path / "stranger")
    call("stamp", "a.csv", cwd=own, ASSAYMARK_CONFIG_DIR=stranger)
    assert codes("log", "check", cwd=own) == ["untrusted"]
    assert told("log", "check", "--allow-untrusted", cwd=own)["trusted"] is False
    assert told("log", "check", "--trust-anchor", f"{stranger}/development/root.pem", cwd=own)["trusted"] is True


def test_what_is_not_stamped_is_not_logged(own):
    assert call("log", "append", "a.csv", cwd=own).returncode == 2
    assert "AM201" in call("log", "append", "none.csv", cwd=own).stderr
    call("stamp", "a.csv", "--no-log", cwd=own)
    (own / "a.csv").write_text("x\n3\n")
    refused = call("log", "append", "a.csv", cwd=own)
    assert (refused.returncode, "AM620" in refused.stderr) == (2, True)
    assert not (own / "log.sqlite").exists()


def test_a_log_that_cannot_be_used_stops_the_release(people, own):
    shutil.copy(people, own / "people.csv")
    (own / "log.sqlite").write_text("this was a log once, and then somebody wrote over it")
    roles = ["--target", "approved", "--positive", "yes", "--protected", "sex", "--quiet"]
    done = call("audit", "people.csv", "people.csv", *roles, "--out", "out", cwd=own)
    assert (done.returncode, "AM620" in done.stderr) == (2, True)
    assert call("stamp", "a.csv", cwd=own).returncode == 2
    assert sorted(path.name for path in own.iterdir()) == ["a.csv", "b.csv", "log.sqlite", "people.csv"]


def test_heads_of_a_revoked_certificate_are_not_trusted(own):
    call("stamp", "a.csv", cwd=own)
    fingerprint = json.loads(call("keys", "show", "--json", cwd=own).stdout)["fingerprint"]
    (own / "revoked.txt").write_text(f"{fingerprint} 2099-01-01T00:00:00Z\n")
    assert told("log", "check", "--revoked", "revoked.txt", cwd=own)["trusted"]
    (own / "revoked.txt").write_text(f"{fingerprint} 2026-01-01T00:00:00Z\n")
    assert codes("log", "check", "--revoked", "revoked.txt", cwd=own) == ["untrusted"]
    assert codes("log", "check", "a.csv", "--revoked", "revoked.txt", cwd=own) == ["untrusted"]
