"""The demonstration, as the README promises it."""

from __future__ import annotations

import pytest

from assaymark.execution import Run
from assaymark.pipeline.demonstration import demo


@pytest.mark.slow
def test_the_demonstration_ends_in_a_verified_release(tmp_path):
    shown = demo(tmp_path / "demo", Run(0), force=False)
    assert shown.verified.ok
    assert sorted(audit.name for audit in shown.result.audits) == ["copula", "diffusion", "gan"]
    assert shown.best.name == shown.result.ranking[0]
    assert (tmp_path / "demo" / shown.best.name / "report.html").is_file()
    for audit in shown.result.audits:
        assert audit.document["task"]["protected"] == ["sex"]
        assert audit.document["datasets"]["real"]["rows"] + audit.document["datasets"]["holdout"]["rows"] == 442
