"""The report's tables of classifiers: every comparison once, and of the rates of single groups only those that moved most."""

from __future__ import annotations

from assaymark_reports.models import is_model, models


def finding(identifier, value, *, outcome="within", half=0.01, trained_on="synthetic", **scope):
    known = value is not None
    return {
        "id": identifier,
        "scope": {"learner": "trees", "trained_on": trained_on, "protected": ["sex"], **scope},
        "real": 0.2 if known else None, "synthetic": 0.2 + value if known else None, "value": value,
        "ci": [value - half, value + half] if known else None, "margin": 0.05, "outcome": outcome,
        "reason": None if known else "small_cell", "gate": "ungated",
    }  # fmt: skip


def test_training_sets_stand_side_by_side():
    gap = "utility.equalized_odds_difference"
    told = models([finding(gap, 0.1, outcome="exceeded"), finding(gap, None, outcome="not_estimable", trained_on="both")])
    (table,) = told.tables
    assert table.title == "boosted trees"
    (row,) = table.rows
    synthetic, both = row.cells
    assert (row.real, synthetic.number, synthetic.change, synthetic.interval) == ("0.2", "0.3", "+0.1", "+0.09 to +0.11")
    assert synthetic.outcome == "margin exceeded"
    assert (both.number, both.outcome) == ("–", "not estimable")
    assert "too few real rows" in both.interval


def test_of_many_groups_the_ones_that_moved_most_are_shown():
    rows = [
        finding("utility.group_metric", -0.1 - step / 100, outcome="exceeded", group=f"g{step}", metric="accuracy")
        for step in range(30)
    ]
    rows.append(finding("utility.group_metric", 0.9, half=0.89, outcome="inconclusive", group="wide", metric="accuracy"))
    rows.append(finding("utility.group_auc", None, outcome="not_estimable", group="small"))
    told = models(rows)
    assert [each["scope"]["group"] for each in told.largest] == [f"g{step}" for step in range(29, 19, -1)]
    assert "32 findings about single groups, 30 beyond their margins, 1 cannot be estimated" in told.summary
    assert told.tables[0].rows == ()


def test_findings_of_no_learner_stay_where_they_were():
    nothing = finding("utility.auc", None, outcome="not_estimable")
    del nothing["scope"]["learner"]
    assert not is_model(nothing)
    assert models([nothing]) is None
