"""Development keys: private, checked, and safe to make twice at once."""

from __future__ import annotations

import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from assaymark.errors import SigningKeyError
from assaymark.provenance import keys
from assaymark.provenance.algorithms import P256_ORDER
from assaymark.provenance.keys import KEY_FILE, ensure_keys, init_keys, keys_folder, load_keys, trusted_anchors
from assaymark.provenance.signing import open_development_signer, open_pem_signer


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("ASSAYMARK_CONFIG_DIR", str(tmp_path / "configuration"))
    return tmp_path / "configuration" / "development"


def test_keys_are_made_once_and_private(folder):
    made, created = ensure_keys()
    assert created
    assert ensure_keys() == (made, False)
    assert stat.S_IMODE((folder / KEY_FILE).stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert "PRIVATE" not in str(made.describe())


def test_the_key_of_the_root_is_kept_nowhere(folder):
    ensure_keys()
    assert sorted(path.name for path in folder.parent.rglob("*") if path.is_file()) == ["chain.pem", "key.pem", "root.pem"]


def test_force_is_needed_to_replace_keys():
    first = init_keys()
    with pytest.raises(SigningKeyError) as caught:
        init_keys()
    assert "--force" in caught.value.remedy
    assert init_keys(force=True).fingerprint != first.fingerprint


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_key_that_others_can_read_is_refused(folder, mode):
    ensure_keys()
    (folder / KEY_FILE).chmod(mode)
    with pytest.raises(SigningKeyError) as caught:
        load_keys(folder)
    assert caught.value.found == f"mode {mode:04o}"
    assert caught.value.code == "AM601"


def test_keys_that_do_not_belong_together_are_refused(folder, tmp_path, monkeypatch):
    ensure_keys()
    chain = (folder / "chain.pem").read_bytes()
    init_keys(force=True)
    (folder / "chain.pem").write_bytes(chain)
    with pytest.raises(SigningKeyError, match="belong together"):
        load_keys(keys_folder())


@pytest.mark.parametrize("name", ["chain.pem", "root.pem", "key.pem"])
@pytest.mark.parametrize("content", [b"", b"-----BEGIN CERTIFICATE-----\nxx\n-----END CERTIFICATE-----\n"])
def test_damaged_key_files_are_refused(folder, name, content):
    ensure_keys()
    (folder / name).write_bytes(content)
    with pytest.raises(SigningKeyError):
        load_keys(folder)


def test_signatures_are_in_their_lower_form_and_verify():
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    signer = open_development_signer()
    public = x509.load_pem_x509_certificate(signer.certificates).public_key()
    for number in range(20):
        raw = signer.sign(bytes([number]))
        r, s = int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
        assert len(raw) == 64
        assert s <= P256_ORDER // 2
        public.verify(encode_dss_signature(r, s), bytes([number]), ec.ECDSA(hashes.SHA256()))


def test_the_pem_signer_needs_its_variables(monkeypatch):
    monkeypatch.delenv("ASSAYMARK_SIGNING_KEY", raising=False)
    with pytest.raises(SigningKeyError) as caught:
        open_pem_signer()
    assert caught.value.where == "ASSAYMARK_SIGNING_KEY"


def test_processes_that_make_keys_at_once_agree(folder):
    code = "from assaymark.provenance.keys import ensure_keys; print(ensure_keys()[0].fingerprint)"
    with ThreadPoolExecutor(4) as pool:
        jobs = [
            pool.submit(subprocess.run, [sys.executable, "-c", code], capture_output=True, text=True, check=True)
            for _ in range(4)
        ]
    assert len({job.result().stdout for job in jobs}) == 1


def test_a_folder_that_others_can_write_to_is_refused_and_not_trusted(folder):
    ensure_keys()
    folder.chmod(0o777)
    with pytest.raises(SigningKeyError, match="others can write"):
        load_keys(folder)
    with pytest.raises(SigningKeyError, match="others can write"):
        trusted_anchors()


def test_a_root_that_did_not_issue_the_certificate_is_refused(folder):
    ensure_keys()
    root = (folder / "root.pem").read_bytes()
    init_keys(force=True)
    (folder / "root.pem").write_bytes(root)
    with pytest.raises(SigningKeyError, match="did not issue"):
        load_keys(folder)


@pytest.mark.parametrize(("days", "told"), [(-1, "has expired"), (400, None)])
def test_an_expired_certificate_is_refused_with_what_to_do(monkeypatch, days, told):
    monkeypatch.setattr(keys, "_LIFETIME", timedelta(days=days, hours=1))
    monkeypatch.setattr(keys, "_BACKDATED", timedelta(days=30))
    if told is None:
        assert init_keys().not_after > datetime.now(UTC)
        return
    with pytest.raises(SigningKeyError, match=told) as caught:
        init_keys()
    assert "keys init --force" in caught.value.remedy


def test_keys_made_by_another_process_meanwhile_are_taken(folder, monkeypatch):
    """Between the look and the making, another process is first: its keys serve, and nothing is said to be created."""
    real, first = keys._make, []

    def late(place, *, force):
        first.append(real(place, force=force))
        return real(place, force=force)

    monkeypatch.setattr(keys, "_make", late)
    made, created = ensure_keys()
    assert (first, created) == ([True], False)
    assert made == load_keys(folder)
    assert [path.name for path in folder.parent.iterdir()] == ["development"]


def test_keys_that_cannot_be_written_leave_nothing(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ASSAYMARK_CONFIG_DIR", str(tmp_path / "file"))
    with pytest.raises(SigningKeyError, match="could not be written"):
        ensure_keys()
