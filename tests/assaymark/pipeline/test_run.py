"""The whole way, once: run, verify, run again."""

from __future__ import annotations

import json
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from assaymark.errors import AssaymarkError, Cancelled, OutputExistsError
from assaymark.execution import Run
from assaymark.pipeline.requests import RunRequest, VerifyRequest
from assaymark.pipeline.running import run
from assaymark.pipeline.verifying import verify
from assaymark.provenance.commitment import opens
from assaymark.tables.loading import TableOptions
from assaymark.tables.roles import RoleOptions

ROLES = RoleOptions(target="approved", positive="yes", protected=("sex",))


@pytest.fixture
def request_for(people, tmp_path):
    return RunRequest(people, ROLES, TableOptions(), tmp_path / "out")


def without_what_may_differ(folder: Path) -> dict[str, object]:
    document = json.loads((folder / "audit.json").read_bytes())
    document.pop("created")
    for part in ("real", "holdout"):
        document["datasets"][part].pop("commitment")
    return document


def test_a_release_holds_what_it_should(release):
    names = {path.name for path in release.iterdir()}
    files = {"synthetic.csv", "audit.json", "cubes.json", "policy.toml", "report.html", "croissant.json", "release.json"}
    assert names == files | {f"{name}.c2pa" for name in files}
    disclosure = release.with_name("out.disclosure.json")
    assert stat.S_IMODE(disclosure.stat().st_mode) == 0o600


def test_a_release_verifies(release):
    result = verify(VerifyRequest(release))
    assert result.problems == ()
    assert result.ok
    assert result.trusted
    assert result.signer == "development certificate"
    assert result.recomputed["bias.demographic_parity_difference"] == 1
    assert result.recomputed["utility.demographic_parity_difference"] == 1
    assert "privacy.verbatim_rows" in result.signed_only
    assert result.verdict.value == json.loads((release / "audit.json").read_bytes())["verdict"]


def test_the_same_seed_gives_the_same_bytes(release, request_for):
    run(request_for, Run(0))
    assert (request_for.out / "synthetic.csv").read_bytes() == (release / "synthetic.csv").read_bytes()
    assert (request_for.out / "cubes.json").read_bytes() == (release / "cubes.json").read_bytes()
    assert without_what_may_differ(request_for.out) == without_what_may_differ(release)


def test_another_seed_gives_another_table(release, request_for):
    run(request_for, Run(1))
    assert (request_for.out / "synthetic.csv").read_bytes() != (release / "synthetic.csv").read_bytes()


def test_the_holdout_is_split_off_before_the_fit(release):
    document = json.loads((release / "audit.json").read_bytes())
    assert document["datasets"]["real"]["rows"] == 2400
    assert document["datasets"]["holdout"]["rows"] == 600
    assert document["datasets"]["synthetic"]["rows"] == 3000
    assert document["method"]["split"] == {"share": 0.2, "method": "simple random", "seed": 0}


def test_the_audit_says_that_fairlearn_agrees(release):
    reference = json.loads((release / "audit.json").read_bytes())["reference"]
    assert reference["library"] == "fairlearn"
    assert reference["comparisons"] >= 6
    assert reference["max_difference"] <= 1e-12


def test_a_commitment_opens_for_whoever_holds_the_file_and_the_salt(release, people):
    import hashlib

    disclosure = json.loads(release.with_name("out.disclosure.json").read_bytes())
    digest = hashlib.sha256(people.read_bytes()).hexdigest()
    real = json.loads((release / "audit.json").read_bytes())["datasets"]["real"]["commitment"]
    assert disclosure["real"]["commitment"] == real
    assert opens(real, digest, disclosure["real"]["salt"])
    assert not opens(real, digest, "00" * 32)
    assert digest not in (release / "audit.json").read_text()


def test_parquet_and_several_generators(request_for):
    request = replace(
        request_for,
        generators=("copula", "gan"),
        configs={"gan": {"steps": 30, "width": 32}},
        format="parquet",
        rows=500,
    )
    result = run(request, Run(0))
    assert {audit.name for audit in result.audits} == {"copula", "gan"}
    for name in ("copula", "gan"):
        assert verify(VerifyRequest(request.out / name)).ok
        assert (request.out / name / "synthetic.parquet").read_bytes()[:4] == b"PAR1"
    comparison = json.loads((request.out / "comparison.json").read_bytes())
    assert [entry["name"] for entry in comparison["audits"]] == list(result.ranking)
    assert verify(VerifyRequest(request.out / "comparison.json")).ok


def test_nothing_is_overwritten_without_force(release, request_for):
    import shutil

    shutil.copytree(release, request_for.out)
    with pytest.raises(OutputExistsError) as caught:
        run(request_for, Run(0))
    assert caught.value.exit_code == 2
    assert "--force" in caught.value.remedy
    run(replace(request_for, force=True), Run(1))
    assert verify(VerifyRequest(request_for.out)).ok


def test_force_replaces_nothing_but_a_release(request_for):
    request_for.out.mkdir()
    (request_for.out / "thesis.txt").write_text("years of work")
    with pytest.raises(OutputExistsError):
        run(replace(request_for, force=True), Run(0))
    assert (request_for.out / "thesis.txt").read_text() == "years of work"


def test_cancelling_leaves_nothing(request_for):
    cancelled = Run(0)

    def stop(done, total, message=""):
        if message.startswith("sample"):
            cancelled.cancelled.set()

    with pytest.raises(Cancelled) as caught:
        run(request_for, replace(cancelled, progress=stop))
    assert caught.value.exit_code == 130
    assert list(request_for.out.parent.iterdir()) == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"generators": ("copla",)}, "AM401"),
        ({"configs": {"copula": {"parent": 2}}}, "AM501"),
        ({"configs": {"copula": {"parents": 99}}}, "AM501"),
        ({"real": Path("nowhere.csv")}, "AM201"),
        ({"policy": Path("nowhere.toml")}, "AM201"),
        ({"signer": "notary"}, "AM401"),
        ({"roles": RoleOptions(target="aproved", positive="yes", protected=("sex",))}, "AM209"),
        ({"roles": RoleOptions(target="approved", positive="maybe", protected=("sex",))}, "AM210"),
        ({"out": Path("/proc/nowhere/out")}, "AM701"),
    ],
)
def test_bad_requests_are_refused_and_leave_nothing(request_for, change, code):
    with pytest.raises(AssaymarkError) as caught:
        run(replace(request_for, **change), Run(0))
    assert caught.value.code == code
    assert caught.value.exit_code == 2
    assert not request_for.out.exists()
