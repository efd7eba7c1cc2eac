"""The three things to know: worst first, and of each family the finding that says most."""

from __future__ import annotations

from assaymark_reports.deciding import key_points


def finding(identifier, gate, value=0.1, **scope):
    return {
        "id": identifier, "gate": gate, "value": value, "real": 0.2, "synthetic": 0.2 + value,
        "ci": [value - 0.01, value + 0.01], "margin": 0.02,
        "outcome": "amplified" if gate == "fail" else "inconclusive", "reason": None, "detail": {},
        "scope": {"protected": ["sex"], "target": "income", "positive": ">50K", **scope},
    }  # fmt: skip


def test_failed_families_come_first_and_bias_before_others():
    found = [
        finding("fidelity.shapes", "pass"),
        finding("bias.impact_ratio", "inconclusive", groups=["m", "f"]),
        finding("utility.auc", "fail"),
        finding("privacy.linkability", "fail"),
        finding("representation.lost_group", "pass", group="f"),
    ]
    points = key_points(found)
    assert [(point.title, point.gate) for point in points] == [
        ("Privacy", "fail"),
        ("Utility", "fail"),
        ("Bias", "inconclusive"),
    ]
    assert points[0].tally == "1 of 1 gates failed"


def test_the_largest_change_of_the_first_measure_is_told():
    found = [
        finding("bias.demographic_parity_difference", "fail", 0.05, groups=["m", "f"]),
        finding("bias.demographic_parity_difference", "fail", -0.3, groups=["a", "b"]),
        finding("bias.impact_ratio", "fail", 2.0, groups=["c", "d"]),
        finding("bias.demographic_parity_difference", "pass", 0.9, groups=["e", "f"]),
    ]
    (point,) = key_points(found)
    assert point.tally == "3 of 4 gates failed"
    assert "between a and b" in point.told


def test_shares_that_moved_become_one_sentence():
    found = [finding("representation.log_disparity", "fail", value, group=name) for name, value in (("m", 0.1), ("f", -0.4))]
    (point,) = key_points(found)
    assert point.told.startswith("Groups of sex: 2 have a share that moved beyond the margin, most of all f from 20.0 %")


def test_families_of_plugins_and_ungated_ones_come_last():
    points = key_points([finding("calibration.brier", "ungated"), finding("bias.impact_ratio", "pass", groups=["m", "f"])])
    assert [(point.title, point.tally) for point in points] == [("Bias", "all 1 gates passed"), ("Calibration", "no gate")]
