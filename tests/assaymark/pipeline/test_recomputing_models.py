"""Every label-based number about classifiers can be computed again from what a release publishes, and a false one is found."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from assaymark.checks.utility import group_scores, model_fairness, performance
from assaymark.execution import Run
from assaymark.pipeline.auditing import audit
from assaymark.pipeline.recomputing import RECOMPUTED_IDS, recompute
from assaymark.pipeline.requests import AuditRequest
from assaymark.policy.loading import default_policy_source
from assaymark.tables.loading import TableOptions
from assaymark.tables.roles import RoleOptions

SWAPPED = {"real": "synthetic", "synthetic": "real"}
ROLES = RoleOptions(target="hired", positive="1", protected=("sex", "race"))


def write(path, rows, seed, signal=1.5):
    rng = np.random.default_rng(seed)
    sex, race = rng.choice(["F", "M"], rows), rng.choice(["a", "b"], rows)
    skill = rng.normal(size=rows)
    hired = rng.random(rows) < 1 / (1 + np.exp(-(signal * skill + 0.8 * (sex == "M") - 0.4)))
    lines = [f"{a},{b},{c:.3f},{int(d)}" for a, b, c, d in zip(sex, race, skill, hired, strict=True)]
    path.write_text("\n".join(["sex,race,skill,hired", *lines]) + "\n")
    return path


@pytest.fixture(scope="module")
def models_release(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    policy = folder / "quick.toml"
    source = default_policy_source().replace(b"draws = 10000", b"draws = 1000")
    policy.write_bytes(source.replace(b"learner_seeds = 3", b"learner_seeds = 2"))
    real, holdout = (write(folder / f"{name}.csv", rows, rows) for name, rows in (("real", 3000), ("holdout", 6000)))
    synthetic = write(folder / "synthetic.csv", 1000, 1, signal=0.5)  # what it teaches is far enough off for pairs to show
    request = AuditRequest(real, synthetic, ROLES, TableOptions(), holdout=holdout, policy=policy, out=folder / "out")
    audit(request, Run(3))
    return folder / "out"


@pytest.fixture
def forged(models_release, tmp_path):
    def forge(name, change):
        folder = tmp_path / "forged"
        shutil.copytree(models_release, folder)
        document = json.loads((folder / name).read_bytes())
        change(document)
        (folder / name).write_text(json.dumps(document))
        return [message for _, message in recompute(folder).problems]

    return forge


def first(document, identifier):
    return next(f for f in document["findings"] if f["id"] == identifier and f["value"] is not None)


def test_label_based_findings_are_recomputed_and_scores_are_signed_only(models_release):
    again = recompute(models_release)
    assert again.problems == ()
    assert set(model_fairness.IDS) <= set(again.recomputed)
    assert {*performance.IDS, *group_scores.IDS} <= set(again.signed_only)
    assert not RECOMPUTED_IDS & {*performance.IDS, *group_scores.IDS}


@pytest.mark.parametrize(
    ("identifier", "field"),
    [
        *((identifier, "synthetic") for identifier in model_fairness.IDS),
        *(("utility.equalized_odds_difference", field) for field in ("real", "value", "null", "margin")),
    ],
)
def test_a_changed_number_is_found(forged, identifier, field):
    def change(document):
        finding = first(document, identifier)
        finding[field] += 0.001

    assert any(identifier in message and field in message for message in forged("audit.json", change))


def test_a_narrowed_interval_is_found(forged):
    def change(document):
        finding = first(document, "utility.equalized_odds_difference")
        finding["ci"] = [0.9 * finding["ci"][0], finding["ci"][1]]

    assert any("ci is" in message for message in forged("audit.json", change))


def test_a_finding_that_is_left_out_is_found(forged):
    def change(document):
        document["findings"].remove(first(document, "utility.group_metric"))

    assert any("findings" in message for message in forged("audit.json", change))


def tables(document):
    return document["scopes"][0]["models"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            lambda m: m["labels"][0]["counts"][0].__setitem__(0, m["labels"][0]["counts"][0][0] + 5),
            "not tested on the same rows",
        ),
        (lambda m: m["labels"][0]["counts"][0].__setitem__(1, 4), "under 10 rows"),
        (lambda m: m["pairs"][0]["counts"][0].reverse(), "do not sum to its single tables"),
        (lambda m: m["labels"].pop(), "null is"),
        (lambda m: m["pairs"].clear(), "ci is"),
        (lambda m: [t.update(trained_on=SWAPPED.get(t["trained_on"], t["trained_on"])) for t in m["labels"]], "the cubes give"),
    ],
)
def test_changed_tables_are_found(forged, change, told):
    messages = forged("cubes.json", lambda document: change(tables(document)))
    assert any(told in message for message in messages)


def test_labels_moved_from_one_group_to_the_other_are_found(forged):
    """Every margin by outcome holds, so that only the findings can tell."""

    def change(document):
        counts = next(t for t in tables(document)["labels"] if t["trained_on"] == "synthetic")["counts"]
        for row, step in ((0, 7), (1, -7)):
            counts[row][2] -= step
            counts[row][3] += step

    assert any("the cubes give" in message for message in forged("cubes.json", change))
