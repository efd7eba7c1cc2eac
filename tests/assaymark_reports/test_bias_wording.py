"""Sentences on bias say the number, what it rests on, and what it does not prove."""

from __future__ import annotations

import pytest

from assaymark.checks.bias import amplification, comparisons, panel, rates, strata, unknown
from assaymark_reports import wording

REAL = {("F", "x"): (300, 200), ("F", "y"): (800, 100), ("M", "x"): (900, 600), ("M", "y"): (400, 50)}
SYNTHETIC = {("F", "x"): (350, 250), ("F", "y"): (800, 200), ("M", "x"): (650, 950), ("M", "y"): (400, 150)}
MORE = {"(missing)": (300, 50)}


@pytest.fixture(scope="module")
def documents(check_input):
    def summed(counts):
        return {g: tuple(sum(c[y] for (h, _), c in counts.items() if h == g) for y in (0, 1)) for g in "FM"}

    within = [counts | {("(missing)", "x"): (150, 25), ("(missing)", "y"): (150, 25)} for counts in (REAL, SYNTHETIC)]
    data = check_input(
        summed(REAL) | MORE, summed(SYNTHETIC) | MORE, strata={"dept": (within[0], within[1])}, references={"sex": "F"}
    )
    return [finding.document() for finding in panel.check(data)]


def told(documents, identifier, **scope):
    return [
        wording.sentence(document)
        for document in documents
        if document["id"] == identifier and scope.items() <= document["scope"].items()
    ]


def test_a_gap_says_what_a_shifted_overall_rate_did(documents):
    (sentence,) = told(documents, rates.DIFFERENCE)
    assert "come from a shifted overall rate" in sentence


def test_a_conditional_disparity_says_its_coverage_and_that_strata_are_a_choice(documents):
    (sentence,) = told(documents, strata.DISPARITY, group="F")
    assert "within dept" in sentence
    assert "100 % of real rows" in sentence
    assert "choice of values" in sentence


def test_bounds_name_both_groups_and_both_tables(documents):
    (sentence,) = told(documents, unknown.BOUNDS)
    assert sentence.startswith("If rows of unknown sex were all M or F")
    assert "in real and" in sentence
    assert "in synthetic" in sentence


def test_comparisons_name_what_they_are_against(documents):
    assert "M, against F" in told(documents, comparisons.RATIO, group="M", against="F")[0]
    assert "M, against everybody" in told(documents, comparisons.RATIO, group="M", against="overall")[0]


def test_absolute_changes_stand_beside_chance(documents):
    (sentence,) = told(documents, amplification.MULTI, direction="A->T")
    assert "of which chance alone gives" in sentence
    assert "A→T" in sentence


def test_every_id_and_reason_has_words(documents):
    assert {document["id"] for document in documents} <= set(wording.NAMES)
    assert set(panel.IDS) <= set(wording.NAMES)
    assert {"one_synthetic_outcome", "reference_not_estimable", "no_over_represented_group", "no_estimable_stratum"} <= set(
        wording.REASONS
    )
