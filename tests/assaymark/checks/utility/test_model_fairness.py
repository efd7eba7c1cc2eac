"""Group metrics of classifiers, against Fairlearn on the expanded rows."""

from __future__ import annotations

import numpy as np
import pytest
from fairlearn.metrics import demographic_parity_difference, equalized_odds_difference

from assaymark.checks.reference import compare
from assaymark.checks.utility import model_fairness
from assaymark.cubes.fine import FineCube
from assaymark.cubes.publishing import publish
from assaymark.errors import ReferenceMismatchError
from assaymark.execution import Run
from assaymark.host.specs import CheckInput
from assaymark.tables.schema import Schema


def data_of(counts, policy, make_cube):
    groups = (("A",), ("B",))
    holdout = FineCube(("sex",), groups, np.array(counts, dtype=np.int64))
    plain = make_cube({"A": (500, 500), "B": (400, 300)})
    cubes = publish(plain, plain, holdout, target="t", positive="1", small_cell=10)
    return CheckInput(None, None, None, Schema(()), cubes, policy, Run(0))


def expand(counts):
    rows = []
    for group, cells in zip("AB", counts, strict=True):
        for cell, count in enumerate(cells):
            rows += [(group, cell >> 2, (cell >> 1) & 1, cell & 1)] * count
    return (np.array(column) for column in zip(*rows, strict=True))


@pytest.mark.parametrize(
    ("counts", "paired"),
    [
        ([[200, 30, 20, 40, 25, 35, 45, 150], [300, 25, 15, 20, 60, 30, 40, 90]], True),
        ([[200, 30, 20, 40, 25, 35, 45, 150], [300, 25, 2, 20, 60, 3, 40, 90]], False),
    ],
)
def test_values_are_those_of_fairlearn(counts, paired, policy, make_cube, pick):
    data = data_of(counts, policy, make_cube)
    findings = list(model_fairness.check(data))
    group, truth, real, synthetic = expand(counts)
    for identifier, theirs in (
        ("utility.demographic_parity_difference", demographic_parity_difference),
        ("utility.equalized_odds_difference", equalized_odds_difference),
    ):
        finding = pick(findings, identifier)
        assert finding.real == pytest.approx(theirs(truth, real, sensitive_features=group), abs=1e-12)
        assert finding.synthetic == pytest.approx(theirs(truth, synthetic, sensitive_features=group), abs=1e-12)
        assert finding.ci[0] < finding.value < finding.ci[1]
        assert finding.detail["interval"] == ("bootstrap, paired" if paired else "bootstrap, unpaired")
    reference = compare(data.cubes, findings)
    assert reference.comparisons == 4


def test_a_wrong_number_stops_the_audit(policy, make_cube):
    from dataclasses import replace

    data = data_of([[200, 30, 20, 40, 25, 35, 45, 150], [300, 25, 15, 20, 60, 30, 40, 90]], policy, make_cube)
    findings = list(model_fairness.check(data))
    wrong = [replace(findings[0], real=findings[0].real + 1e-9), *findings[1:]]
    with pytest.raises(ReferenceMismatchError) as caught:
        compare(data.cubes, wrong)
    assert caught.value.code == "AM901"
