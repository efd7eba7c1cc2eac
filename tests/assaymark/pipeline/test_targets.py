"""Targets of classes, levels and numbers, the whole way: audit, release, verification, and what a tampered class table does."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from assaymark.execution import Run
from assaymark.pipeline.auditing import audit
from assaymark.pipeline.recomputing import recompute
from assaymark.pipeline.requests import AuditRequest, VerifyRequest
from assaymark.pipeline.verifying import verify
from assaymark.tables.loading import TableOptions
from assaymark.tables.roles import RoleOptions

LEVELS = ("low", "mid", "high")
CLASS_IDS = {"bias.class_parity_difference", "bias.class_distribution_distance", "bias.rank_difference"}
SCORE_IDS = {
    "bias.mean_difference", "bias.quantile_difference", "bias.wasserstein_distance", "bias.scoring_rate_difference",
}  # fmt: skip


def write(path, rows, seed, bias):
    rng = np.random.default_rng(seed)
    sex = rng.choice(["f", "m"], rows)
    latent = rng.normal(0, 1, rows) + bias * (sex == "m")
    lines = [
        f"{s},{rng.integers(18, 80)},{LEVELS[int(np.digitize(x, (-0.4, 0.6)))]},{round(40 + 10 * x, 1)}"
        for s, x in zip(sex, latent, strict=True)
    ]
    path.write_text("sex,age,risk,score\n" + "\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    folder = tmp_path_factory.mktemp("targets")
    biases = {"real": 0.3, "synthetic": 1.0, "holdout": 0.3}
    return {name: write(folder / f"{name}.csv", 4000, seed, bias) for seed, (name, bias) in enumerate(biases.items())}


def request(tables, out=None, **roles):
    options = RoleOptions(protected=("sex",), **roles)
    return AuditRequest(tables["real"], tables["synthetic"], options, TableOptions(), out, holdout=tables["holdout"])


@pytest.fixture(scope="module")
def ordinal(tables, tmp_path_factory):
    out = tmp_path_factory.mktemp("ordinal") / "release"
    audit(request(tables, out, target="risk", positive="high", order={"risk": LEVELS}), Run(0))
    return out


def outcomes(document, identifiers):
    return {f["id"]: f["outcome"] for f in document["findings"] if f["id"] in identifiers and f["scope"].get("class") != "mid"}


def test_classes_are_measured_shipped_and_recomputed(ordinal):
    document = json.loads((ordinal / "audit.json").read_bytes())
    assert outcomes(document, CLASS_IDS) == dict.fromkeys(CLASS_IDS, "amplified")
    assert not any(f["id"] in SCORE_IDS for f in document["findings"])
    assert {f["gate"] for f in document["findings"] if f["id"] in CLASS_IDS} == {"ungated"}
    result = verify(VerifyRequest(ordinal))
    assert result.ok, result.problems
    assert set(result.recomputed) >= CLASS_IDS


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (lambda c: c["synthetic"]["groups"][0]["counts"].__setitem__(0, 7), "synthetic counts of sex by class"),
        (lambda c: c["real"]["groups"][0]["counts"].__setitem__(0, 3), "shows a cell under 10 rows"),
        (lambda c: c["real"]["groups"][0]["counts"].__setitem__(0, 400), "do not agree"),
        (lambda c: c.update(ordered=False), "fairness findings"),
        (lambda c: c["cells"].reverse(), "fairness findings"),
        (lambda c: c.update(holdout=None), "bias.class_parity_difference"),
    ],
)
def test_a_tampered_class_table_is_found(ordinal, tmp_path, change, part):
    folder = tmp_path / "forged"
    shutil.copytree(ordinal, folder)
    cubes = json.loads((folder / "cubes.json").read_bytes())
    change(cubes["scopes"][0]["classes"])
    (folder / "cubes.json").write_text(json.dumps(cubes))
    assert any(part in message for _, message in recompute(folder).problems)


def test_moving_rows_between_classes_is_found(ordinal, tmp_path):
    """Totals and the positive class stay, so that only the findings tell."""
    folder = tmp_path / "forged"
    shutil.copytree(ordinal, folder)
    cubes = json.loads((folder / "cubes.json").read_bytes())
    counts = cubes["scopes"][0]["classes"]["real"]["groups"][0]["counts"]
    counts[0], counts[1] = counts[0] + 5, counts[1] - 5
    (folder / "cubes.json").write_text(json.dumps(cubes))
    problems = [message for _, message in recompute(folder).problems]
    assert any("bias.rank_difference" in message for message in problems)


def test_numbers_are_measured_signed_and_not_recomputed(tables, tmp_path):
    out = tmp_path / "release"
    result = audit(request(tables, out, target="score", positive_above="median"), Run(0))
    assert outcomes(result.document, SCORE_IDS) == dict.fromkeys(SCORE_IDS, "amplified")
    assert not any(f["id"] in CLASS_IDS for f in result.document["findings"])
    checked = verify(VerifyRequest(out))
    assert checked.ok, checked.problems
    assert set(checked.signed_only) >= SCORE_IDS
    assert not set(checked.recomputed) & SCORE_IDS


def test_a_target_of_two_classes_is_measured_as_before(people):
    roles = RoleOptions(target="approved", positive="yes", protected=("sex",))
    result = audit(AuditRequest(people, people, roles, TableOptions()), Run(0))
    assert not {f["id"] for f in result.document["findings"]} & (CLASS_IDS | SCORE_IDS)
    assert {scope["classes"] for scope in result.cubes["scopes"]} == {None}
