"""Synthetic tables with a known fault: each must be found, and by the right measure."""

from __future__ import annotations

import numpy as np
import pytest

from assaymark.execution import Run
from assaymark.pipeline.auditing import audit
from assaymark.pipeline.requests import AuditRequest
from assaymark.tables.loading import TableOptions
from assaymark.tables.roles import RoleOptions

ROLES = RoleOptions(target="hired", positive="1", protected=("group",))
RATES = {"a": 0.5, "b": 0.35, "c": 0.3}
SHARES = (0.5, 0.4, 0.1)


def people(rows: int, seed: int, rates: dict[str, float] = RATES) -> list[tuple[str, int, float]]:
    rng = np.random.default_rng(seed)
    groups = rng.choice(list(RATES), rows, p=SHARES)
    return [(g, int(rng.random() < rates[g]), float(rng.normal())) for g in groups]


@pytest.fixture
def audited(tmp_path):
    """Audit rows against 8,000 real ones and 4,000 held out."""

    def call(synthetic: list[tuple[str, int, float]]) -> dict[tuple[str, str], dict[str, object]]:
        paths = {}
        for name, rows in (("real", people(8000, 1)), ("holdout", people(4000, 2)), ("synthetic", synthetic)):
            paths[name] = tmp_path / f"{name}.csv"
            paths[name].write_text("group,hired,score\n" + "".join(f"{g},{h},{s:.6f}\n" for g, h, s in rows))
        request = AuditRequest(paths["real"], paths["synthetic"], ROLES, TableOptions(), holdout=paths["holdout"])
        result = audit(request, Run(0))
        found = {(f["id"], str(f["scope"].get("group", ""))): f for f in result.document["findings"]}
        found["verdict", ""] = {"verdict": result.verdict.value}
        return found

    return call


def test_an_honest_sample_fails_nothing(audited):
    found = audited(people(8000, 3))
    assert found["verdict", ""]["verdict"] in {"pass", "inconclusive"}
    assert not [key for key, f in found.items() if f.get("gate") == "fail"]


def test_a_bias_injector_is_amplified_by_what_it_injected(audited):
    found = audited(people(20_000, 4, {"a": 0.62, "b": 0.35, "c": 0.3}))
    finding = found["bias.demographic_parity_difference", ""]
    assert finding["outcome"] == "amplified"
    assert finding["ci"][0] <= 0.12 <= finding["ci"][1]
    assert found["verdict", ""]["verdict"] == "fail"


def test_a_sign_flipper_is_reversed(audited):
    finding = audited(people(8000, 5, {"a": 0.3, "b": 0.35, "c": 0.5}))["bias.demographic_parity_difference", ""]
    assert finding["outcome"] == "reversed"
    assert finding["gate"] == "fail"


def test_a_group_dropper_loses_a_group(audited):
    found = audited([row for row in people(8000, 6) if row[0] != "c"])
    assert found["representation.lost_group", "c"]["outcome"] == "lost"
    assert found["verdict", ""]["verdict"] == "fail"


def test_an_identity_copy_is_flagged_by_privacy_and_not_by_bias(audited):
    found = audited(people(8000, 1))
    assert found["privacy.verbatim_rows", ""]["outcome"] == "exceeded"
    assert found["privacy.verbatim_rows", ""]["value"] == pytest.approx(1.0, abs=0.01)
    failed = [key[0] for key, f in found.items() if f.get("gate") == "fail"]
    assert "privacy.verbatim_rows" in failed
    assert {name.partition(".")[0] for name in failed} == {"privacy"}  # attacks find a copy, too


def test_a_group_out_of_nowhere_is_invented(audited):
    rows = people(8000, 7)
    rows = [("martian", h, s) if place % 20 == 0 else (g, h, s) for place, (g, h, s) in enumerate(rows)]
    assert audited(rows)["representation.invented_group", "martian"]["outcome"] == "exceeded"


def test_real_rows_as_holdout_disable_privacy(audited, tmp_path):
    found = audited(people(8000, 3))
    assert found["privacy.verbatim_rows", ""]["outcome"] == "within"
    (tmp_path / "holdout.csv").write_bytes((tmp_path / "real.csv").read_bytes())
    request = AuditRequest(
        tmp_path / "real.csv", tmp_path / "synthetic.csv", ROLES, TableOptions(), holdout=tmp_path / "holdout.csv"
    )
    document = audit(request, Run(0)).document
    finding = next(f for f in document["findings"] if f["id"] == "privacy.verbatim_rows")
    assert (finding["outcome"], finding["reason"]) == ("not_estimable", "holdout_overlaps_real")


def test_without_a_holdout_privacy_and_utility_are_shown_as_not_estimable(audited, tmp_path):
    audited(people(8000, 3))
    request = AuditRequest(tmp_path / "real.csv", tmp_path / "synthetic.csv", ROLES, TableOptions())
    result = audit(request, Run(0))
    for finding in result.document["findings"]:
        if finding["id"] == "privacy.k_anonymity":  # asks only what is published
            assert finding["outcome"] == "within"
        elif finding["id"].startswith(("privacy.", "utility.")):
            assert (finding["outcome"], finding["reason"], finding["gate"]) == ("not_estimable", "no_holdout", "ungated")
    assert result.verdict.value in {"pass", "inconclusive"}


def test_rare_values_of_real_appear_nowhere(tmp_path):
    """A protected value of five rows and a category of three must not be named in anything that leaves the process."""
    rows = [*people(4000, 1), *(("zwolf", place % 2, 0.0) for place in range(5))]
    text = "group,hired,score,town\n" + "".join(
        f"{g},{h},{s:.6f},{'quux' if place < 3 else 'city'}\n" for place, (g, h, s) in enumerate(rows)
    )
    (tmp_path / "real.csv").write_text(text)
    honest = "group,hired,score,town\n" + "".join(f"{g},{h},{s:.6f},city\n" for g, h, s in people(4000, 9))
    (tmp_path / "synthetic.csv").write_text(honest)
    request = AuditRequest(
        tmp_path / "real.csv",
        tmp_path / "synthetic.csv",
        ROLES,
        TableOptions(),
        holdout=tmp_path / "real.csv",
        out=tmp_path / "out",
    )
    audit(request, Run(0))
    for path in (tmp_path / "out").iterdir():
        content = path.read_bytes()
        assert b"zwolf" not in content, path.name
        assert b"quux" not in content, path.name
