"""What drives a change, in words, tables and charts."""

from __future__ import annotations

import pytest

from assaymark_reports import charts, drivers, html, wording

SCOPE = {"protected": ["sex"], "groups": ["Male", "Female"], "target": "income", "positive": ">50K"}
BLANK = {"null": 0.003, "margin": None, "outcome": "shown", "reason": None, "gate": "ungated", "n": {}, "controls": []}


def finding(column, value, **detail):
    return {
        **BLANK, "id": "bias.driver", "scope": {**SCOPE, "column": column}, "real": None, "synthetic": None, "value": value,
        "ci": [value - 0.004, value + 0.004], "detail": detail,
    }  # fmt: skip


@pytest.fixture
def findings():
    by_group = finding(
        None,
        0.061,
        parts=[
            {"group": "Male", "real": 0.306, "synthetic": 0.352, "contribution": 0.046, "ci": [0.03, 0.06]},
            {"group": "Female", "real": 0.109, "synthetic": 0.094, "contribution": 0.015, "ci": [0.01, 0.02]},
        ],
        adds_up_to=0.061,
    ) | {"real": 0.196, "synthetic": 0.257}
    cells = [
        {"level": "Never-married", "group": "Female", "contribution": 0.021, "real": 0.44, "synthetic": 0.52},
        {"level": "other levels", "group": "Male", "contribution": 0.015, "real": 0.05, "synthetic": 0.03},
        {"level": "Widowed", "group": "Male", "contribution": -0.02, "real": 0.01, "synthetic": 0.05},
    ]
    levels = [{"level": "Never-married", "composition": 0.025, "rate": 0.01}]
    married = finding(
        "marital_status", 0.035, composition=0.035, rate=0.026, adds_up_to=0.061, cells=cells, levels=levels,
        other={"composition": 0.01, "rate": 0.016}, other_is="levels that are not listed, and rounding",
    )  # fmt: skip
    hidden = finding("job", 0.0) | {"value": None, "ci": None, "outcome": "not_estimable", "reason": "small_cell"}
    return [by_group, married, hidden]


def test_the_words_say_whose_rows_have_what_and_never_why(findings):
    (part,) = drivers.explanations(findings)
    by_group, by_column = part.sentences
    assert by_group == (
        "The gap changes by +6.1 percentage points: +4.6 with the rate of Male, which goes from 30.6 to 35.2 %, "
        "and +1.5 with the rate of Female, which goes from 10.9 to 9.4 %."
    )
    assert by_column == (
        "Most of it goes with marital_status, which accounts for +3.5: "
        "Female rows more often have marital_status Never-married (44.0 to 52.0 %; +2.1); "
        "Male rows less often have marital_status levels too small to show alone (5.0 to 3.0 %; +1.5); "
        "against that, Male rows more often have marital_status Widowed (1.0 to 5.0 %; −2.0). "
        "Other rates among rows with the same marital_status account for +2.6."
    )
    assert part.hidden == ("job",)
    assert "cause" not in " ".join(part.sentences)
    assert wording.sentence(findings[1]).startswith("marital_status accounts for +3.5 of +6.1 percentage points of change")


@pytest.mark.parametrize(
    ("value", "said"),
    [(0.02, "No column accounts for half of it; the largest part, +2.0"), (-0.02, "works against the change")],
)
def test_a_part_is_called_what_it_is(findings, value, said):
    findings[1]["value"] = findings[1]["detail"]["composition"] = value
    assert said in drivers.explanations(findings)[0].sentences[1]


def test_the_steps_lead_from_the_gap_in_real_to_that_in_synthetic(findings):
    steps = drivers.explanations(findings)[0].steps
    assert [step.kind for step in steps] == ["gap", "more", "more", "gap"]
    assert steps[0].end == steps[1].start
    assert steps[2].end == pytest.approx(steps[3].end)


def test_a_real_audit_shows_them_beside_the_finding(release, findings):
    import json

    audit = json.loads((release / "audit.json").read_bytes())
    audit["findings"] = [f for f in audit["findings"] if f["id"] != "bias.driver"]
    assert "What drives it" not in html.render(audit).decode()
    audit["findings"] += findings
    page = html.render(audit).decode()
    assert page == html.render(audit).decode()
    assert page.index("Change of bias") < page.index("What drives it") < page.index("Gated findings")
    assert "Never-married" in page
    drawn = charts.draw(audit)["drivers:sex"]
    for text in ("gap in real rows", "rate of Female", "marital_status", "all other levels"):
        assert text in drawn
