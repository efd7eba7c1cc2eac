"""Dataset metrics of Adult against those that AIF360 gave (``tests/fixtures/bias``, with the script that recorded them)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assaymark.checks.bias import panel, rates

FIXTURE = Path(__file__).resolve().parents[3] / "fixtures" / "bias" / "aif360_adult.json"
SEX = {"Female": (9592, 1179), "Male": (15128, 6662)}
RACE = {
    "Amer-Indian-Eskimo": (275, 36),
    "Asian-Pac-Islander": (763, 276),
    "Black": (2737, 387),
    "Other": (246, 25),
    "White": (20699, 7117),
}


@pytest.fixture(scope="module")
def recorded():
    return json.loads(FIXTURE.read_text())


def test_difference_and_ratio_by_sex(check_input, pick, recorded):
    findings = list(panel.check(check_input(SEX, SEX, draws=1000)))
    assert pick(findings, rates.DIFFERENCE).real == pytest.approx(-recorded["sex"]["statistical_parity_difference"], abs=1e-12)
    assert pick(findings, rates.RATIO).real == pytest.approx(recorded["sex"]["disparate_impact"], abs=1e-12)


@pytest.mark.parametrize(("attribute", "counts"), [("sex", SEX), ("race", RACE)])
def test_differential_fairness(check_input, pick, recorded, attribute, counts):
    findings = list(panel.check(check_input(counts, counts, attributes=(attribute,), draws=1000)))
    found = pick(findings, "bias.differential_fairness_epsilon")
    assert found.real == pytest.approx(recorded[attribute]["smoothed_empirical_differential_fairness"], abs=1e-9)
