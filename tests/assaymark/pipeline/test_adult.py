"""Real data: the audit of a synthetic Adult table, and of Adult's own test part as if it were synthetic."""

from __future__ import annotations

import pytest

from assaymark.execution import Run
from assaymark.pipeline.auditing import audit
from assaymark.pipeline.requests import AuditRequest, RunRequest, VerifyRequest
from assaymark.pipeline.running import run
from assaymark.pipeline.verifying import verify
from assaymark.tables.loading import TableOptions
from assaymark.tables.roles import RoleOptions

ROLES = RoleOptions(target="income", positive=">50K", protected=("sex", "race"))
RENAME = {
    "type_employer": "workclass",
    "marital": "marital_status",
    "hr_per_week": "hours_per_week",
    "country": "native_country",
}


def test_a_ctgan_table_amplifies_the_gap_between_the_sexes(shared_data, tmp_path):
    request = AuditRequest(
        shared_data / "adult_train.csv",
        shared_data / "adult_synthetic_ctgan.csv",
        ROLES,
        TableOptions(),
        holdout=shared_data / "adult_test.csv",
        rename=RENAME,
        out=tmp_path / "out",
    )
    result = audit(request, Run(0))
    finding = next(
        f
        for f in result.document["findings"]
        if f["id"] == "bias.demographic_parity_difference" and f["scope"]["protected"] == ["sex"]
    )
    assert finding["scope"]["groups"] == ["Male", "Female"]
    assert round(finding["real"], 3) == 0.196
    assert round(finding["synthetic"], 3) == 0.257
    assert finding["outcome"] == "amplified"
    assert result.verdict.exit_code == 1
    checked = verify(VerifyRequest(tmp_path / "out"))
    assert checked.problems == ()
    assert checked.verdict.value == "fail"
    assert not verify(VerifyRequest(tmp_path / "out", require_pass=True)).ok


def test_the_test_part_of_adult_is_not_biased_against_its_training_part(shared_data):
    request = AuditRequest(
        shared_data / "adult_train.csv",
        shared_data / "adult_test.csv",
        ROLES,
        TableOptions(),
        holdout=shared_data / "adult_control_ctgan.csv",
        rename=RENAME,
    )
    for each in (request, AuditRequest(request.real, request.synthetic, ROLES, TableOptions())):
        result = audit(each, Run(0))
        gated = [f for f in result.document["findings"] if f["gate"] != "ungated"]
        assert not {f["outcome"] for f in gated} & {"amplified", "reversed", "introduced", "lost"}
        assert result.verdict.exit_code in {0, 3}


@pytest.mark.parametrize(
    "generator",
    ["copula", pytest.param("gan", marks=pytest.mark.nightly), pytest.param("diffusion", marks=pytest.mark.nightly)],
)
def test_each_generator_goes_the_whole_way_on_adult(shared_data, tmp_path, generator):
    folders = (tmp_path / "first", tmp_path / "second")
    for out in folders:
        request = RunRequest(shared_data / "adult_train.csv", ROLES, TableOptions(), out, generators=(generator,))
        result = run(request, Run(0))
        assert result.verdict.value in {"pass", "fail", "inconclusive"}
        assert verify(VerifyRequest(out)).ok
        print(
            generator,
            result.verdict.value,
            {
                f["id"]: f["synthetic"]
                for f in result.audits[0].document["findings"]
                if f["id"] in {"fidelity.shapes", "fidelity.trends"}
            },
        )
    assert (folders[0] / "synthetic.csv").read_bytes() == (folders[1] / "synthetic.csv").read_bytes()
    assert comparable(folders[0]) == comparable(folders[1])


def comparable(folder):
    import json

    document = json.loads((folder / "audit.json").read_bytes())
    document.pop("created")
    for part in ("real", "holdout"):
        document["datasets"][part].pop("commitment")
    return document
