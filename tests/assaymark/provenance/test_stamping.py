"""What stamps state, which files get them, and that nothing half-made is left."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from assaymark.errors import MissingFileError, NotAFileError, OutputExistsError, SigningKeyError, StampError
from assaymark.provenance.digests import Fingerprint
from assaymark.provenance.file_checks import verify_file
from assaymark.provenance.keys import trusted_anchors
from assaymark.provenance.manifests import Stamper, read_manifest
from assaymark.provenance.signing import open_development_signer, open_pem_signer
from assaymark.provenance.stamping import ReleaseClaims, stamp_file, stamp_release
from assaymark.provenance.verification import verify_release


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "table.csv"
    path.write_bytes(b"a,b\n1,2\n")
    return path


def manifest_of(folder: Path, name: str) -> dict:
    return dict(
        read_manifest(
            (folder / f"{name}.c2pa").read_bytes(), Fingerprint.of((folder / name).read_bytes()).sha256, trusted_anchors()
        ).active
    )


def action_of(manifest: dict) -> dict:
    (actions,) = [each["data"]["actions"] for each in manifest["assertions"] if each["label"] == "c2pa.actions.v2"]
    return actions[0]


def test_a_file_is_stamped_and_not_touched(file):
    sidecar = stamp_file(file, open_development_signer())
    assert sidecar.name == "table.csv.c2pa"
    assert file.read_bytes() == b"a,b\n1,2\n"
    assert sorted(path.name for path in file.parent.iterdir()) == ["table.csv", "table.csv.c2pa"]
    checked = verify_file(file, trusted_anchors())
    assert (checked.problems, checked.trusted) == ((), True)
    assert not verify_file(file, []).trusted


def test_a_sidecar_is_replaced_by_force_only(file):
    first = stamp_file(file, open_development_signer()).read_bytes()
    with pytest.raises(OutputExistsError):
        stamp_file(file, open_development_signer())
    assert stamp_file(file, open_development_signer(), force=True).read_bytes() != first


def test_what_cannot_be_stamped_is_refused_and_leaves_nothing(tmp_path):
    (tmp_path / "empty.csv").touch()
    signer = open_development_signer()
    with pytest.raises(StampError, match="empty"):
        stamp_file(tmp_path / "empty.csv", signer)
    with pytest.raises(MissingFileError):
        stamp_file(tmp_path / "none.csv", signer)
    with pytest.raises(NotAFileError):
        stamp_file(tmp_path, signer)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(NotAFileError):
        stamp_file(tmp_path / "pipe", signer)
    assert not list(tmp_path.glob("*.c2pa"))


@pytest.mark.parametrize("name", ["with space.csv", "ünïcode.csv", "a.b.c.parquet", "noextension", "quote'\".csv"])
def test_names_of_all_kinds_are_kept(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b"x")
    stamp_file(path, open_development_signer())
    assert verify_file(path, trusted_anchors()).problems == ()


def test_a_generated_table_says_how_it_was_made_and_hides_the_real_data(small):
    manifest = manifest_of(small, "synthetic.csv")
    assert action_of(manifest)["digitalSourceType"].endswith("/trainedAlgorithmicData")
    (ingredient,) = manifest["ingredients"]
    assert (ingredient["relationship"], ingredient["title"]) == ("inputTo", "real data, not disclosed")
    assert b'"commitment": "' + b"ab" * 32 in (small / "synthetic.csv.c2pa").read_bytes()


def test_a_table_that_was_only_audited_is_not_called_generated(stamped):
    folder = stamped(generated=False)
    manifest = manifest_of(folder, "synthetic.csv")
    assert action_of(manifest)["action"] == "c2pa.opened"
    assert "trainedAlgorithmicData" not in json.dumps(manifest)
    assert manifest["ingredients"][0]["relationship"] == "parentOf"
    checked = verify_release(folder, trusted_anchors())
    assert (checked.problems, checked.trusted) == ((), True)


def test_the_release_nests_the_manifest_of_every_file(small):
    manifest = manifest_of(small, "release.json")
    nested = {each["title"]: each["relationship"] for each in manifest["ingredients"]}
    assert nested == dict.fromkeys(["audit.json", "cubes.json", "policy.toml", "report.html", "synthetic.csv"], "componentOf")


def test_numbers_that_a_manifest_would_change_are_kept(stamped):
    """Fractions of 17 digits and integers beyond 64 bits do not survive JSON to CBOR and back."""
    config = {"rates": [123456789.123456789, 0.1 + 0.2, 1e-7, 1.0, -0.0], "seeds": [2**63 - 1, 2**63, 2**64, 2**70, -(2**80)]}
    folder = stamped(config=config)
    assert verify_release(folder, trusted_anchors()).problems == ()
    stated = verify_file(folder / "synthetic.csv", trusted_anchors()).assertions["org.assaymark.release"]
    assert [float(text) for text in stated["generator"]["config"]["rates"]] == config["rates"]
    assert [int(number) for number in stated["generator"]["config"]["seeds"]] == config["seeds"]


def test_assertions_of_plugins_are_signed(stamped):
    folder = stamped(extra_assertions={"org.example.review": {"by": "Ada", "notes": [1, "two", None, 0.5, 2**64]}})
    assertions = verify_file(folder / "release.json", trusted_anchors()).assertions
    assert assertions["org.example.review"] == {"value": {"by": "Ada", "notes": [1, "two", None, "0.5", str(2**64)]}}
    assert verify_release(folder, trusted_anchors()).problems == ()


@pytest.mark.parametrize(
    "label",
    [
        "é",
        "org.example.é",
        "",
        "review",
        "with space.x",
        "org.example/x",
        "org.example.x__1",
        "c2pa.actions",
        "org.assaymark.x",
        "stds.exif",
    ],
)
def test_a_label_that_is_reserved_or_none_never_reaches_the_library(stamped, label):
    """It would abort the process for one that is not ASCII."""
    with pytest.raises(StampError) as caught:
        stamped(extra_assertions={label: 1})
    assert caught.value.found == repr(label)


@pytest.mark.parametrize("name", ["é.html", "a b.html", ".hidden", "x.c2pa", "release.json", "x\n"])
def test_a_name_that_verification_would_refuse_is_not_stamped(tmp_path, name):
    (tmp_path / "synthetic.csv").write_bytes(b"a\n1\n")
    (tmp_path / name).write_bytes(b"x")
    claims = ReleaseClaims("2026-01-01T00:00:00Z", "0.1.0", False, "synthetic.csv", None, {}, None, "00" * 32, "pass")
    with pytest.raises(StampError) as caught:
        stamp_release(tmp_path, open_development_signer(), claims=claims)
    assert caught.value.where == repr(name)
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("value", ["\ud800", {"\ud800": 1}, object(), {1, 2}, b"bytes"])
def test_values_that_a_manifest_cannot_hold_are_refused(stamped, value):
    with pytest.raises(StampError):
        stamped(extra_assertions={"org.example.x": value})


def test_a_release_without_its_table_is_refused(stamped):
    with pytest.raises(StampError, match="synthetic table"):
        stamped(data_file="other.csv")


@pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP384R1()])
def test_signers_need_not_choose_the_lower_form(stamped, authority, curve):
    root, signer = authority(curve=curve, high=True)
    checked = verify_release(stamped(signer), [root])
    assert (checked.problems, checked.trusted, checked.signer) == ((), True, "Somebody else")


def test_a_signer_that_breaks_is_named_with_its_cause(file, authority, monkeypatch):
    _, signer = authority(high=True)

    def broken(data: bytes) -> bytes:
        raise SigningKeyError("the token was taken out")

    monkeypatch.setattr(signer, "sign", broken)
    with pytest.raises(StampError) as caught:
        stamp_file(file, signer)
    assert "the token was taken out" in caught.value.found
    assert not list(file.parent.glob("*.c2pa"))


def test_an_algorithm_that_manifests_do_not_have_is_refused(authority):
    _, signer = authority(high=True)
    signer.algorithm = "md5"
    with pytest.raises(StampError, match="algorithm"):
        Stamper(signer)


def test_the_pem_signer_holds_key_against_certificate(tmp_path, monkeypatch, authority):
    from cryptography.hazmat.primitives import serialization

    root, signer = authority()
    _, other = authority()
    private = signer.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "key.pem").write_bytes(private)
    (tmp_path / "key.pem").chmod(0o600)
    (tmp_path / "chain.pem").write_bytes(signer.certificates)
    (tmp_path / "other.pem").write_bytes(other.certificates)
    monkeypatch.setenv("ASSAYMARK_SIGNING_KEY", str(tmp_path / "key.pem"))
    monkeypatch.setenv("ASSAYMARK_SIGNING_CHAIN", str(tmp_path / "chain.pem"))
    (tmp_path / "t.csv").write_bytes(b"x\n1\n")
    stamp_file(tmp_path / "t.csv", open_pem_signer())
    assert verify_file(tmp_path / "t.csv", [root]).trusted
    monkeypatch.setenv("ASSAYMARK_SIGNING_CHAIN", str(tmp_path / "other.pem"))
    with pytest.raises(SigningKeyError, match="belong together"):
        open_pem_signer()


def test_a_release_of_more_files_than_one_definition_of_the_library_holds(tmp_path):
    """A definition may have 1 MiB; that of 600 components would have more."""
    (tmp_path / "synthetic.csv").write_text("a\n1\n")
    for number in range(600):
        (tmp_path / f"part-{number:03}.csv").write_text(f"a\n{number}\n")
    claims = ReleaseClaims("2026-01-01T00:00:00Z", "0.1.0", False, "synthetic.csv", None, {}, None, "0" * 64, "pass")
    with open_development_signer() as signer:
        stamp_release(tmp_path, signer, claims=claims)
    checked = verify_release(tmp_path, trusted_anchors())
    assert len(checked.files) == 602
    assert {problem.file for problem in checked.problems} == {"policy.toml", "audit.json"}  # it has neither
    assert {problem.code for problem in checked.problems} == {"disagrees", "malformed"}
