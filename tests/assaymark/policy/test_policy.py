"""Policy files, gates and verdicts."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from assaymark.errors import MissingFileError, PolicyError
from assaymark.policy.gates import gate_counts, judge, verdict
from assaymark.policy.loading import default_policy_source, load_policy, parse_policy
from assaymark.results.findings import Finding, Gate, Outcome, Verdict

KNOWN = frozenset({"bias.impact_ratio", "representation.lost_group", "privacy.verbatim_rows"})
GOOD = """
schema = "assaymark-policy/1"
name = "mine"
[margins]
"bias.impact_ratio" = 0.2
[gates]
fail_on = ["amplified", "lost", "exceeded"]
findings = ["bias.impact_ratio", "representation.lost_group", "privacy.verbatim_rows"]
"""


def test_the_default_policy_is_hashed_as_it_ships(policy):
    assert policy.sha256 == hashlib.sha256(default_policy_source()).hexdigest()
    assert policy.source == default_policy_source()
    assert (policy.min_group_size, policy.min_positives, policy.small_cell) == (100, 30, 10)
    assert (policy.level, policy.draws) == (0.95, 10_000)


def test_what_a_policy_leaves_out_takes_the_default():
    policy = parse_policy(GOOD.encode(), "p.toml", KNOWN)
    assert policy.margin("bias.impact_ratio") == 0.2
    assert policy.margin("privacy.verbatim_rows") == 0
    assert policy.small_cell == 10


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (("name =", "nam ="), "nam"),
        (("[margins]", "[estimability]\nmin_groupsize = 5\n[margins]"), "estimability.min_groupsize"),
        (("[margins]", "[estimability]\nsmall_cell = 5\n[margins]"), "estimability.small_cell = 5"),
        (("[margins]", "[intervals]\nlevel = 1.5\n[margins]"), "intervals.level = 1.5"),
        (("[margins]", "[intervals]\ndraws = 10\n[margins]"), "intervals.draws = 10"),
        (("= 0.2", "= -0.2"), 'margins."bias.impact_ratio" = -0.2'),
        (("= 0.2", "= inf"), 'margins."bias.impact_ratio" = inf'),
        (("= 0.2", '= "0.2"'), "margins.bias.impact_ratio = '0.2'"),
        (('"bias.impact_ratio" =', '"bias.impact_ration" ='), "bias.impact_ration"),
        (('["bias.impact_ratio",', '["bias.impct_ratio",'), "bias.impct_ratio"),
        (('"lost"', '"lots"'), "gates.fail_on.1 = 'lots'"),
        (("policy/1", "policy/9"), "schema = 'assaymark-policy/9'"),
    ],
)
def test_a_policy_with_a_fault_is_refused_by_name(change, found):
    with pytest.raises(PolicyError) as caught:
        parse_policy(GOOD.replace(*change).encode(), "p.toml", KNOWN)
    assert found in caught.value.found
    assert caught.value.where == "p.toml"
    assert caught.value.code == "AM301"
    assert caught.value.remedy


@pytest.mark.parametrize("source", [b"\xff\xfe", b"schema = ", b"x" * 300_000])
def test_what_is_no_policy_is_refused(source):
    with pytest.raises(PolicyError):
        parse_policy(source, "p.toml", KNOWN)


def test_a_policy_that_is_not_there(tmp_path):
    with pytest.raises(MissingFileError) as caught:
        load_policy(tmp_path / "none.toml", KNOWN)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("identifier", "outcome", "reason", "expected"),
    [
        ("bias.impact_ratio", Outcome.AMPLIFIED, None, Gate.FAIL),
        ("bias.impact_ratio", Outcome.ATTENUATED, None, Gate.PASS),
        ("bias.impact_ratio", Outcome.INCONCLUSIVE, None, Gate.INCONCLUSIVE),
        ("bias.impact_ratio", Outcome.NOT_ESTIMABLE, "small_cell", Gate.INCONCLUSIVE),
        ("privacy.verbatim_rows", Outcome.NOT_ESTIMABLE, "no_holdout", Gate.UNGATED),
        ("representation.lost_group", Outcome.LOST, None, Gate.FAIL),
        ("fidelity.shapes", Outcome.EXCEEDED, None, Gate.UNGATED),
    ],
)
def test_gates(identifier, outcome, reason, expected):
    policy = parse_policy(GOOD.encode(), "p.toml", KNOWN)
    (judged,) = judge([Finding(identifier, {}, outcome, reason=reason)], policy)
    assert judged.gate is expected


@pytest.mark.parametrize(
    ("gates", "expected"),
    [
        ([Gate.PASS, Gate.UNGATED], Verdict.PASS),
        ([Gate.PASS, Gate.INCONCLUSIVE], Verdict.INCONCLUSIVE),
        ([Gate.PASS, Gate.INCONCLUSIVE, Gate.FAIL], Verdict.FAIL),
        ([Gate.UNGATED], Verdict.INCONCLUSIVE),
        ([], Verdict.INCONCLUSIVE),
    ],
)
def test_verdicts(gates, expected):
    findings = [Finding("x.y", {}, Outcome.SHOWN, gate=each) for each in gates]
    assert verdict(findings) is expected
    assert gate_counts(findings)["fail"] == gates.count(Gate.FAIL)


def _amplified(p, identifier="bias.impact_ratio"):
    return Finding(identifier, {}, Outcome.AMPLIFIED, p=p)


def test_a_lone_alarm_among_many_gates_is_undecided():
    """Naively each of 20 findings at p 0.02 fails; one in twenty of them would by chance alone."""
    policy = parse_policy(GOOD.encode(), "p.toml", KNOWN)
    quiet = [Finding("bias.impact_ratio", {}, Outcome.NOT_AMPLIFIED)] * 19
    lone, *_ = judge([_amplified(0.02), *quiet], policy)
    assert lone.gate is Gate.INCONCLUSIVE
    assert lone.p_adjusted == pytest.approx(0.4)
    strong, *_ = judge([_amplified(0.0001), *quiet], policy)
    assert strong.gate is Gate.FAIL
    (alone,) = judge([_amplified(0.02)], policy)
    assert alone.gate is Gate.FAIL


def test_what_cannot_be_estimated_or_is_not_gated_does_not_weigh_on_the_gates():
    policy = parse_policy(GOOD.encode(), "p.toml", KNOWN)
    none = [Finding("bias.impact_ratio", {}, Outcome.NOT_ESTIMABLE, reason="small_cell")] * 50
    others = [Finding("fidelity.shapes", {}, Outcome.EXCEEDED, p=0.5)] * 50
    first, *_ = judge([_amplified(0.02), *none, *others], policy)
    assert first.gate is Gate.FAIL
    assert first.p_adjusted == 0.02


def test_exploration_is_adjusted_by_its_false_discovery_rate():
    policy = parse_policy(GOOD.encode(), "p.toml", KNOWN)
    judged = judge([_amplified(p, "fidelity.shapes") for p in (0.01, 0.02, 0.04)], policy)
    assert [f.p_adjusted for f in judged] == pytest.approx([0.03, 0.03, 0.04])
    assert {f.gate for f in judged} == {Gate.UNGATED}


def test_a_p_value_is_read_off_the_interval():
    """The near end at 1.96 standard errors from the estimate; the margin at 3."""
    policy = parse_policy(GOOD.encode(), "p.toml", KNOWN)
    from scipy.stats import norm

    for sign in (1, -1):
        ends = sorted([sign * (0.5 - 1.959964 * 0.1), sign * (0.5 + 1.959964 * 0.1)])
        finding = Finding("bias.impact_ratio", {}, Outcome.AMPLIFIED, value=sign * 0.5, ci=(ends[0], ends[1]), margin=0.2)
        (judged,) = judge([finding], policy)
        assert judged.p == pytest.approx(norm.sf(3), rel=1e-4)


def test_an_undecided_gate_says_how_many_rows_would_decide(policy):
    """At a margin of 0.02 an interval of ±0.04 needs (3.24 / 1.96 x 0.04 / 0.02)^2 = 11 times the rows."""
    undecided = Finding(
        "bias.demographic_parity_difference", {}, Outcome.INCONCLUSIVE, value=0.0, ci=(-0.04, 0.04), margin=0.05, null=0.05
    )
    (finding,) = judge([undecided], policy)
    assert finding.gate is Gate.INCONCLUSIVE
    assert finding.detail["rows_to_decide"] == 11
    (decided,) = judge([replace(undecided, outcome=Outcome.NOT_AMPLIFIED)], policy)
    assert "rows_to_decide" not in decided.detail
    (open_ended,) = judge([replace(undecided, ci=(None, 0.04))], policy)
    assert "rows_to_decide" not in open_ended.detail
