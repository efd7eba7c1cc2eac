"""A policy that no verifier would compute again is refused before a release is made of it."""

from __future__ import annotations

import csv

import pytest

from assaymark.errors import PolicyError
from assaymark.execution import Run
from assaymark.pipeline.auditing import audit
from assaymark.pipeline.requests import AuditRequest
from assaymark.policy.draws import DRAWS_LIMIT
from assaymark.policy.loading import default_policy_source
from assaymark.tables.loading import TableOptions
from assaymark.tables.roles import RoleOptions

GROUPS = 40


def request(folder, draws, name):
    table, policy = folder / "table.csv", folder / "policy.toml"
    with table.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["place", "income", "ok"])
        rows.writerows([f"place {row % GROUPS:02}", row, "yes" if row % 7 < 3 else "no"] for row in range(60 * GROUPS))
    policy.write_bytes(default_policy_source().replace(b"draws = 10000", f"draws = {draws}".encode()))
    roles = RoleOptions(target="ok", positive="yes", protected=("place",))
    return AuditRequest(table, table, roles, TableOptions(), policy=policy, out=folder / name)


def test_more_draws_than_a_verifier_computes_are_refused_and_nothing_is_written(tmp_path):
    with pytest.raises(PolicyError, match="more random draws") as caught:
        audit(request(tmp_path, 1_000_000, "out"), Run(seed=1))
    assert caught.value.code == "AM301"
    assert f"{GROUPS + 1} groups" in (caught.value.found or "")
    most = DRAWS_LIMIT // (GROUPS + 1)
    assert f"at most {most} in the policy" in (caught.value.remedy or "")
    assert not (tmp_path / "out").exists()
