"""Representation against known answers."""

from __future__ import annotations

import math

import pytest

from assaymark.checks.bias import representation
from assaymark.results.findings import Outcome

REAL = {"A": (4000, 4000), "B": (800, 800), "C": (200, 200)}


def test_the_log_disparity_is_a_log_odds_ratio_of_shares(check_input, pick):
    findings = list(representation.check(check_input(REAL, {"A": (4000, 4000), "B": (1600, 1600), "C": (200, 200)})))
    finding = pick(findings, "representation.log_disparity", group="B")
    real, synthetic = 0.16, 3200 / 11600
    assert finding.real == pytest.approx(real)
    assert finding.synthetic == pytest.approx(synthetic)
    assert finding.value == pytest.approx(math.log(synthetic / (1 - synthetic)) - math.log(real / (1 - real)))
    assert finding.outcome is Outcome.EXCEEDED


def test_a_faithful_copy_is_within(check_input):
    findings = list(representation.check(check_input(REAL, REAL)))
    assert {f.outcome for f in findings} == {Outcome.WITHIN}


def test_a_dropped_group_is_lost(check_input, pick):
    findings = list(representation.check(check_input(REAL, {"A": (4000, 4000), "B": (800, 800)})))
    assert pick(findings, "representation.lost_group", group="C").outcome is Outcome.LOST
    assert pick(findings, "representation.lost_group", group="B").outcome is Outcome.WITHIN
    assert pick(findings, "representation.log_disparity", group="C").outcome is Outcome.EXCEEDED


def test_a_few_rows_cannot_lose_a_small_group(check_input, pick):
    finding = pick(list(representation.check(check_input(REAL, {"A": (10, 10)}))), "representation.lost_group", group="C")
    assert (finding.outcome, finding.reason) == (Outcome.NOT_ESTIMABLE, "too_few_synthetic_rows")


def test_a_dropped_pooled_group_is_lost_without_telling_its_size(check_input, pick):
    real = REAL | {"D": (40, 5), "E": (60, 8)}
    findings = list(representation.check(check_input(real, REAL)))
    for group in ("D", "E"):
        finding = pick(findings, "representation.lost_group", group=group)
        assert finding.outcome is Outcome.LOST
        assert finding.real is None
        assert "real" not in finding.n
    assert pick(findings, "representation.log_disparity", group="_pooled").outcome is Outcome.EXCEEDED


def test_an_invented_group_is_named_only_when_it_is_too_large_to_be_rare(check_input, pick):
    findings = list(representation.check(check_input(REAL, REAL | {"Martian": (200, 200)})))
    assert pick(findings, "representation.invented_group").scope["group"] == "Martian"
    assert pick(findings, "representation.invented_group").outcome is Outcome.EXCEEDED
    few = pick(list(representation.check(check_input(REAL, REAL | {"Martian": (2, 1)}))), "representation.invented_group")
    assert few.outcome is Outcome.WITHIN
    assert "Martian" not in str(few.document())
