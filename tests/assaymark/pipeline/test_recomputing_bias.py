"""Every number of the bias panel can be computed again from what a release publishes, and a false one is found."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from assaymark.checks.bias import panel
from assaymark.errors import AssaymarkError, OptionError, ReleaseError
from assaymark.execution import Run
from assaymark.pipeline.auditing import audit
from assaymark.pipeline.recomputing import recompute
from assaymark.pipeline.requests import AuditRequest
from assaymark.policy.loading import default_policy_source
from assaymark.tables.loading import TableOptions
from assaymark.tables.roles import RoleOptions

ROLES = RoleOptions(
    target="hired",
    positive="1",
    protected=("sex", "race"),
    strata=("dept", "age"),
    bins={"age": (40.0,)},
    references={"sex": "F"},
)


def write(path, rows, seed):
    rng = np.random.default_rng(seed)
    lines = ["sex,race,dept,age,hired"]
    for _ in range(rows):
        sex = rng.choice(["F", "M", ""], p=[0.45, 0.45, 0.1])
        dept = rng.choice(["x", "y", "z"], p=[0.5, 0.4, 0.1] if sex == "F" else [0.3, 0.6, 0.1])
        hired = rng.random() < {"x": 0.5, "y": 0.3, "z": 0.4}[dept] + (0.1 if sex == "M" else 0)
        lines.append(f"{sex},{rng.choice(['a', 'b'])},{dept},{rng.integers(20, 60)},{int(hired)}")
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="module")
def panel_release(tmp_path_factory):
    folder = tmp_path_factory.mktemp("panel")
    policy = folder / "quick.toml"
    policy.write_bytes(default_policy_source().replace(b"draws = 10000", b"draws = 1000"))
    tables = [write(folder / f"{name}.csv", 3000, seed) for seed, name in enumerate(("real", "synthetic"))]
    audit(AuditRequest(*tables, ROLES, TableOptions(), policy=policy, out=folder / "out"), Run(3))
    return folder / "out"


@pytest.fixture
def recomputed(panel_release, tmp_path):
    """Change documents by a function each and compute the release again, whatever its signatures say."""

    def call(**changes):
        folder = tmp_path / "changed"
        shutil.copytree(panel_release, folder)
        for name, change in changes.items():
            path = folder / f"{name}.json"
            document = json.loads(path.read_bytes())
            change(document)
            path.write_text(json.dumps(document))
        return recompute(folder)

    return call


def estimable(document, identifier):
    return next(f for f in document["findings"] if f["id"] == identifier and f["outcome"] != "not_estimable")


def test_an_honest_release_has_no_problem_and_all_ids(recomputed, panel_release):
    done = recomputed()
    assert done.problems == ()
    assert set(panel.IDS) <= set(done.recomputed)
    task = json.loads((panel_release / "audit.json").read_bytes())["task"]
    assert task["references"] == {"sex": "F"}
    assert task["strata"] == ["dept", "age"]


@pytest.mark.parametrize("identifier", sorted(panel.IDS))
def test_a_false_number_is_found(recomputed, identifier):
    def change(document):
        finding = estimable(document, identifier)
        finding["value"] = finding["value"] + 1e-6

    assert any(f"{identifier} " in message and "value" in message for _, message in recomputed(audit=change).problems)


def numbers(detail, path=()):
    for key, entry in detail.items() if isinstance(detail, dict) else enumerate(detail):
        if isinstance(entry, (dict, list)):
            yield from numbers(entry, (*path, key))
        elif isinstance(entry, float):
            yield (*path, key)


def test_each_false_number_of_a_detail_is_found(recomputed, panel_release):
    document = json.loads((panel_release / "audit.json").read_bytes())
    told = {identifier: list(numbers(estimable(document, identifier)["detail"])) for identifier in panel.IDS}
    assert sum(map(len, told.values())) > 25

    def change(document):
        for identifier, paths in told.items():
            for *way, last in paths[:1]:
                part = estimable(document, identifier)["detail"]
                for key in way:
                    part = part[key]
                part[last] += 1e-6

    found = [message for _, message in recomputed(audit=change).problems]
    assert len(found) == sum(bool(paths) for paths in told.values())
    assert all("detail" in message for message in found)


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d["task"]["references"].update(sex="M"),
        lambda d: d["task"].update(references={}),
        lambda d: d["task"].update(strata=["dept", "age", "hired"]),
        lambda d: d["findings"].remove(estimable(d, "bias.conditional_demographic_disparity")),
    ],
)
def test_other_lies_are_found(recomputed, change):
    try:
        assert recomputed(audit=change).problems
    except AssaymarkError:  # verify tells it as a problem
        return


def test_synthetic_strata_are_counted_again(recomputed):
    def change(document):
        """Move a row from one group of a stratum to another: all totals stay."""
        groups = document["strata"][0]["inner"][0]["synthetic"]["groups"]
        stratum = groups[0]["group"][1]
        other = next(group for group in groups[1:] if group["group"][1] == stratum)
        groups[0]["counts"][1] -= 1
        other["counts"][1] += 1

    problems = recomputed(cubes=change).problems
    assert any("synthetic counts of sex, dept" in message for _, message in problems)


def test_small_cells_in_strata_are_found(recomputed):
    def change(document):
        groups = document["strata"][1]["total"]["real"]["groups"]
        groups[1]["counts"][1] += groups[0]["counts"][1] - 3
        groups[0]["counts"][1] = 3
        for scope in document["strata"][1]["inner"]:
            scope["real"].update(groups=[], pooled=None, pooled_groups=[], withheld=True)

    assert any("real table of age shows a cell under 10" in message for _, message in recomputed(cubes=change).problems)


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s["inner"][0]["synthetic"]["groups"][0]["counts"].reverse(),
        lambda s: s["inner"][0]["real"]["groups"][0].update(counts=[10**6, 10**6]),
        lambda s: s["inner"][0].update(protected=["nobody", "dept"]),
        lambda s: s["total"]["synthetic"]["groups"].pop(),
    ],
)
def test_strata_that_do_not_fit_together_are_refused(recomputed, change):
    with pytest.raises(ReleaseError):
        recomputed(cubes=lambda d: change(d["strata"][0]))


def test_another_numpy_leaves_room_for_monte_carlo_and_no_more(recomputed):
    def other_numpy(document):
        document["method"]["numpy"] = "0.0.0"
        estimable(document, "bias.differential_fairness_epsilon")["detail"]["p_real"] += 0.004

    assert recomputed(audit=other_numpy).problems == ()


def test_another_numpy_does_not_excuse_a_lie(recomputed):
    def lie(document):
        document["method"]["numpy"] = "0.0.0"
        estimable(document, "bias.demographic_parity_spread")["detail"]["corrected_real"] += 0.1

    assert recomputed(audit=lie).problems


def test_the_seed_fixes_the_whole_panel(check_input):
    strata = {("F", "x"): (300, 200), ("F", "y"): (800, 100), ("M", "x"): (900, 600), ("M", "y"): (400, 50)}
    plain = {"F": (1100, 300), "M": (1300, 650)}
    data = [check_input(plain, plain, strata={"dept": (strata, strata)}, seed=seed, draws=1000) for seed in (1, 1, 2)]
    first, second, third = ([finding.document() for finding in panel.check(one)] for one in data)
    assert first == second
    assert first != third
    assert [finding["value"] for finding in first if "multi" not in finding["id"]] == [
        finding["value"] for finding in third if "multi" not in finding["id"]
    ]


def test_a_reference_needs_a_protected_column(tmp_path):
    table = write(tmp_path / "t.csv", 200, 1)
    roles = replace(ROLES, references={"dept": "x"})
    with pytest.raises(OptionError, match="protected column"):
        audit(AuditRequest(table, table, roles, TableOptions()), Run(0))
