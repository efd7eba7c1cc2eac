"""Unsigned measures against SciPy, scikit-learn and published formulas."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy.stats import chi2_contingency
from scipy.stats.contingency import association as scipy_association
from sklearn.metrics import mutual_info_score

from assaymark.checks.bias import association, panel
from assaymark.results.findings import Outcome

RNG = np.random.default_rng(11)
TABLES = [RNG.integers(20, 400, size=(k, 2)) for k in (2, 3, 5, 9)]


@pytest.mark.parametrize("table", TABLES, ids=len)
def test_cramers_v_is_scipys_with_bergsmas_correction(table):
    n, k = table.sum(), len(table)
    plain = scipy_association(table, method="cramer")
    phi = plain**2  # the smaller dimension is 2, so V squared is phi squared
    corrected = max(0.0, phi - (k - 1) / (n - 1))
    rows, columns = k - (k - 1) ** 2 / (n - 1), 2 - 1 / (n - 1)
    assert association.cramers_v(table) == pytest.approx(math.sqrt(corrected / (min(rows, columns) - 1)), rel=1e-12)
    assert phi * n == pytest.approx(chi2_contingency(table, correction=False).statistic)


@pytest.mark.parametrize("table", TABLES, ids=len)
def test_mutual_information_is_scikit_learns_with_millers_correction(table):
    plain = mutual_info_score(None, None, contingency=table)
    assert association.mutual_information(table) == pytest.approx(plain - (len(table) - 1) / (2 * table.sum()), abs=1e-13)


def aif360_epsilon(table, concentration=1.0):
    """The smoothed empirical differential fairness of AIF360, written out."""
    rate = (table[:, 1] + concentration / 2) / (table.sum(axis=1) + concentration)
    return max(max(abs(math.log(a / b)), abs(math.log((1 - a) / (1 - b)))) for a, b in itertools.permutations(rate.tolist(), 2))


@pytest.mark.parametrize("table", [*TABLES, np.array([[30, 0], [20, 10]])], ids=str)
def test_epsilon_is_aif360s(table):
    assert association.epsilon(table) == pytest.approx(aif360_epsilon(table), rel=1e-12)


def test_corrections_take_the_bias_off():
    """Under independence the plain numbers are above 0 on average; the corrected information is not."""
    rng = np.random.default_rng(3)
    positive = rng.binomial(100, 0.3, size=(20_000, 6))
    tables = np.stack([100 - positive, positive], axis=-1)
    information = association.mutual_information(tables)
    assert abs(information.mean()) < 4 * information.std() / math.sqrt(len(tables)) + 1e-4
    assert (information + 5 / 1200).mean() > 0.004
    assert association.cramers_v(tables).mean() < 0.5 * np.sqrt(5 / 600)


def test_many_tables_at_once_are_the_tables_one_by_one():
    stack = np.stack([TABLES[2], TABLES[2][::-1] + 7, TABLES[2] * 3])
    for statistic in (association.epsilon, association.cramers_v, association.mutual_information):
        assert statistic(stack).tolist() == [float(statistic(table)) for table in stack]


def test_findings_carry_change_and_null(check_input, pick):
    real, synthetic = {"A": (500, 500), "B": (800, 200)}, {"A": (300, 700), "B": (900, 100)}
    found = list(panel.check(check_input(real, synthetic)))
    tables = [np.array(list(counts.values())) for counts in (real, synthetic)]
    for identifier, statistic in (
        (association.EPSILON, association.epsilon),
        (association.CRAMERS_V, association.cramers_v),
        (association.INFORMATION, association.mutual_information),
    ):
        finding = pick(found, identifier)
        first, second = (float(statistic(table)) for table in tables)
        assert (finding.real, finding.synthetic) == (first, second)
        assert finding.value == pytest.approx(second - first)
        assert finding.ci[0] > finding.null > 0
    assert pick(found, association.EPSILON).outcome is Outcome.AMPLIFIED
    assert pick(found, association.CRAMERS_V).outcome is Outcome.SHOWN


def test_epsilon_tells_what_equal_rates_would_give(check_input, pick):
    equal = {f"g{i}": (90, 30) for i in range(8)}
    finding = pick(list(panel.check(check_input(equal, equal))), association.EPSILON)
    assert finding.real == 0
    assert finding.detail["p_real"] == 1
    assert finding.detail["expected_real"] > 0.3
    assert finding.detail["corrected_real"] == -finding.detail["expected_real"]
