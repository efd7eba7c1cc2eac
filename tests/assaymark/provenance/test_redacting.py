"""A redacted copy verifies, says what it lacks, and shows nowhere what was taken out."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from assaymark.errors import OutputExistsError, ParentError, RedactionError
from assaymark.pipeline.redacting import RedactRequest, redact
from assaymark.pipeline.requests import VerifyRequest
from assaymark.pipeline.verifying import verify
from assaymark.provenance.definitions import training_mining
from assaymark.provenance.signing import open_development_signer
from assaymark.provenance.stamping import ReleaseClaims, stamp_file, stamp_release

SECRET = "xyzzy-4711"


@pytest.fixture(scope="module")
def original(release, tmp_path_factory) -> Path:
    """A release whose generator has a configuration worth hiding."""
    folder = tmp_path_factory.mktemp("original") / "out"
    shutil.copytree(release, folder)
    document = json.loads((folder / "audit.json").read_bytes())
    document["generator"]["config"] = {"recipe": SECRET}
    for path in [*folder.glob("*.c2pa"), folder / "release.json"]:
        path.unlink()
    (folder / "audit.json").write_text(json.dumps(document))
    claims = ReleaseClaims.of(document, "0.1.0", mining=training_mining("notAllowed"))
    stamp_release(folder, open_development_signer(), claims=claims)
    return folder


def everything(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("independent", [False, True])
def test_a_field_is_gone_from_every_byte_and_the_copy_verifies(original, tmp_path, independent):
    assert SECRET.encode() in everything(original)
    notes = json.loads((original / "audit.json").read_bytes())["generator"]["notes"]
    fields = ("generator.config", "generator.notes")
    redact(RedactRequest(original, tmp_path / "copy", "trade secret", fields=fields))
    assert SECRET.encode() not in everything(tmp_path / "copy")
    assert notes[0].encode() not in everything(tmp_path / "copy")
    alone = verify(VerifyRequest(tmp_path / "copy", independent=independent))
    assert (alone.ok, alone.problems) == (True, ())
    assert alone.parent["redacted"]["fields"] == list(fields)
    assert alone.parent["redacted"]["reason"] == "trade secret"
    assert alone.mining == training_mining("notAllowed")
    both = verify(VerifyRequest(tmp_path / "copy", parent=original, independent=independent))
    assert (both.ok, both.parent_checked) == (True, True)
    assert both.recomputed == verify(VerifyRequest(original)).recomputed


def test_a_file_is_left_out_and_all_others_stay_as_they_were(original, tmp_path):
    redact(RedactRequest(original, tmp_path / "copy", "not needed", files=("croissant.json",)))
    names = {entry["name"] for entry in json.loads((original / "release.json").read_bytes())["files"]} - {"croissant.json"}
    for name in names:
        assert (tmp_path / "copy" / name).read_bytes() == (original / name).read_bytes()
    assert not list((tmp_path / "copy").glob("croissant*"))
    found = verify(VerifyRequest(tmp_path / "copy", parent=original))
    assert (found.ok, found.parent["changes"]["files"]["removed"]) == (True, ["croissant.json"])


def test_a_copy_that_says_less_than_it_took_out_is_found(original, tmp_path):
    folder = tmp_path / "copy"
    redact(RedactRequest(original, folder, "r", files=("croissant.json",), fields=("generator.config",)))
    statement = json.loads((folder / "parent.json").read_bytes())
    statement["redacted"] = None
    document = json.loads((folder / "audit.json").read_bytes())
    for path in [*folder.glob("*.c2pa"), folder / "release.json"]:
        path.unlink()
    (folder / "parent.json").write_text(json.dumps(statement))
    named = {key: statement["parent"][key] for key in ("sha256", "manifest_sha256")}
    claims = ReleaseClaims.of(document, "0.1.0", parent=named)
    stamp_release(folder, open_development_signer(), claims=claims)
    assert verify(VerifyRequest(folder)).ok
    (problem,) = verify(VerifyRequest(folder, parent=original)).problems
    assert (problem["file"], problem["code"]) == ("parent.json", "disagrees")


def test_a_copy_of_a_copy_names_the_copy(original, tmp_path):
    redact(RedactRequest(original, tmp_path / "one", "r", files=("croissant.json",)))
    redact(RedactRequest(tmp_path / "one", tmp_path / "two", "r", fields=("generator.config",)))
    assert verify(VerifyRequest(tmp_path / "two", parent=tmp_path / "one")).ok
    (problem,) = verify(VerifyRequest(tmp_path / "two", parent=original)).problems
    assert problem["code"] == "other_parent"
    assert SECRET.encode() not in everything(tmp_path / "two")


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"files": ("audit.json",)},
        {"files": ("cubes.json",)},
        {"files": ("policy.toml",)},
        {"files": ("synthetic.csv",)},
        {"files": ("release.json",)},
        {"files": ("../outside",)},
        {"files": ("nowhere.txt",)},
        {"fields": ("generator.seed",)},
        {"fields": ("datasets.real",)},
        {"files": ("croissant.json",), "reason": " "},
    ],
)
def test_what_cannot_be_taken_out_is_refused_and_nothing_is_written(original, tmp_path, options):
    with pytest.raises(RedactionError):
        redact(RedactRequest(original, tmp_path / "copy", **{"reason": "r", **options}))
    assert not list(tmp_path.iterdir())


def test_a_file_that_may_show_the_field_and_cannot_be_made_again_is_refused(original, tmp_path):
    folder = tmp_path / "more"
    shutil.copytree(original, folder)
    for path in [*folder.glob("*.c2pa"), folder / "release.json"]:
        path.unlink()
    (folder / "log.txt").write_text(f"recipe = {SECRET}\n")
    document = json.loads((folder / "audit.json").read_bytes())
    claims = ReleaseClaims.of(document, "0.1.0")
    stamp_release(folder, open_development_signer(), claims=claims)
    request = RedactRequest(folder, tmp_path / "copy", "r", fields=("generator.config",))
    with pytest.raises(RedactionError, match="cannot be made again"):
        redact(request)
    redact(RedactRequest(folder, tmp_path / "copy", "r", files=("log.txt",), fields=("generator.config",)))
    assert SECRET.encode() not in everything(tmp_path / "copy")


def test_an_altered_original_or_a_taken_name_is_refused(original, tmp_path):
    shutil.copytree(original, tmp_path / "bad")
    (tmp_path / "bad" / "report.html").write_text("<p>all is well</p>")
    with pytest.raises(ParentError):
        redact(RedactRequest(tmp_path / "bad", tmp_path / "copy", "r", files=("croissant.json",)))
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "a.txt").write_text("mine")
    stamp_file(tmp_path / "taken" / "a.txt", open_development_signer())
    with pytest.raises(OutputExistsError):
        redact(RedactRequest(original, tmp_path / "taken", "r", files=("croissant.json",), force=True))
    assert not (tmp_path / "copy").exists()
