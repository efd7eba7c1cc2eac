"""Bias by class against Fairlearn, known answers, and repeated samples."""

from __future__ import annotations

import numpy as np
import pytest

from assaymark.checks.targets import classes
from assaymark.results.findings import Outcome

REAL = {"f": (500, 300, 200), "m": (300, 300, 400)}
MANY = {"f": (5000, 3000, 2000), "m": (3000, 3000, 4000)}


def test_each_class_against_the_rest_is_fairlearns(class_input, pick):
    from fairlearn.metrics import demographic_parity_difference

    synthetic = {"f": (400, 250, 150), "m": (100, 250, 350)}
    found = list(classes.check(class_input(REAL, synthetic)))
    for place, label in enumerate("lmh"):
        finding = pick(found, classes.PARITY, **{"class": label})
        for table, ours in ((REAL, finding.real), (synthetic, finding.synthetic)):
            hit = np.concatenate([np.repeat(np.arange(3) == place, row) for row in table.values()]).astype(int)
            sex = np.repeat(list(table), [sum(row) for row in table.values()])
            assert abs(ours) == pytest.approx(demographic_parity_difference(hit, hit, sensitive_features=sex), abs=1e-12)
        assert finding.value == pytest.approx(finding.synthetic - finding.real, abs=1e-15)
    assert pick(found, classes.PARITY, **{"class": "l"}).scope["groups"] == ["f", "m"]
    assert pick(found, classes.PARITY, **{"class": "h"}).scope["groups"] == ["m", "f"]


def test_numbers_of_a_known_table(class_input, pick):
    found = list(classes.check(class_input(REAL, {"f": (500, 300, 200), "m": (100, 300, 600)}, REAL, order=True)))
    distance = pick(found, classes.DISTANCE, distance="total variation")
    assert (distance.real, distance.synthetic) == pytest.approx((0.2, 0.4))
    assert distance.outcome is Outcome.AMPLIFIED
    rank = pick(found, classes.RANK)
    assert rank.scope["groups"] == ["m", "f"]
    assert rank.real == pytest.approx(0.3 * 0.5 + 0.4 * 0.8 - 0.3 * 0.5 - 0.3 * 0.2)
    assert rank.detail["levels"] == ["l", "m", "h"]
    assert rank.detail["probability_of_superiority"]["real"] == pytest.approx((1 + rank.real) / 2)
    assert rank.outcome is Outcome.AMPLIFIED
    assert rank.n == {"real": {"m": 1000, "f": 1000}, "synthetic": {"m": 1000, "f": 1000}}


def test_the_pair_is_that_which_differs_most_in_real(class_input, pick):
    real = {"a": (400, 300, 300), "b": (300, 300, 400), "c": (100, 500, 400)}
    found = list(classes.check(class_input(real, real, order=True)))
    assert pick(found, classes.PARITY, **{"class": "m"}).scope["groups"] == ["c", "a"]
    assert pick(found, classes.DISTANCE, distance="total variation").scope["groups"] == ["a", "c"]
    assert pick(found, classes.RANK).scope["groups"] == ["c", "a"]


def test_a_sign_flipper_is_reversed(class_input, pick):
    found = list(classes.check(class_input(MANY, {"f": MANY["m"], "m": MANY["f"]}, order=True)))
    for label in "lh":
        assert pick(found, classes.PARITY, **{"class": label}).outcome is Outcome.REVERSED
    assert pick(found, classes.RANK).outcome is Outcome.REVERSED
    # a distance has no sign: that is why it never stands alone
    assert pick(found, classes.DISTANCE, distance="Jensen-Shannon").outcome is Outcome.NOT_AMPLIFIED


@pytest.mark.parametrize(
    ("synthetic", "outcome"),
    [
        (MANY, Outcome.NOT_AMPLIFIED),
        ({"f": (400, 300, 300), "m": (400, 300, 300)}, Outcome.ATTENUATED),
        ({"f": (800, 150, 50), "m": (50, 150, 800)}, Outcome.AMPLIFIED),
        ({"f": (23, 10, 6), "m": (10, 10, 19)}, Outcome.INCONCLUSIVE),
    ],
)
def test_outcomes(class_input, pick, synthetic, outcome):
    found = list(classes.check(class_input(MANY, synthetic, order=True)))
    assert pick(found, classes.RANK).outcome is outcome
    assert pick(found, classes.DISTANCE, distance="total variation").outcome is outcome
    assert pick(found, classes.PARITY, **{"class": "h"}).outcome is outcome


def test_a_bias_that_real_does_not_have_is_introduced(class_input, pick):
    even = {"f": (400, 300, 300), "m": (400, 300, 300)}
    found = list(classes.check(class_input(even, {"f": (600, 300, 100), "m": (200, 300, 500)}, order=True)))
    assert {f.outcome for f in found if f.scope.get("class") != "m"} == {Outcome.INTRODUCED}


def test_without_an_order_there_are_no_ranks(class_input):
    assert {f.id for f in classes.check(class_input(REAL, REAL))} == {classes.PARITY, classes.DISTANCE}


def test_two_classes_give_no_finding(class_input):
    assert list(classes.check(class_input({"f": (90, 80), "m": (60, 70)}, {"f": (90, 80), "m": (60, 70)}, labels="lh"))) == []


def test_where_all_classes_are_rare_nothing_is_estimable(class_input):
    rare = {"f": (4, 5, 6, 3, 4), "m": (5, 5, 4, 6, 5)}
    found = list(classes.check(class_input(rare, rare, labels="abcde", order=True)))
    assert {(f.id, f.outcome, f.reason) for f in found} == {
        (identifier, Outcome.NOT_ESTIMABLE, "small_cell") for identifier in classes.IDS
    }


def test_small_and_erased_groups_are_not_estimable(class_input, pick):
    small = list(classes.check(class_input({"f": (500, 300, 200), "m": (15, 20, 30)}, REAL, order=True)))
    assert {f.reason for f in small} == {"group_too_small"}
    erased = list(classes.check(class_input(REAL, {"m": (300, 300, 400)}, order=True)))
    assert {f.reason for f in erased} == {"group_without_synthetic_rows"}
    few = list(classes.check(class_input(REAL, {"f": (5, 3, 2), "m": (300, 300, 400)}, order=True)))
    assert {f.reason for f in few if f.id == classes.DISTANCE} == {"too_few_synthetic_rows"}
    assert pick(few, classes.PARITY, **{"class": "h"}).detail["interval"] == "closed form"


def test_unseen_and_merged_classes_of_synthetic_count_as_others(class_input, pick):
    labels = "lmxyh"
    real = {"f": (500, 300, 6, 7, 200), "m": (300, 300, 8, 5, 400)}
    synthetic = {"f": (400, 300, 100, 100, 100), "m": (300, 300, 0, 0, 400)}
    found = list(classes.check(class_input(real, synthetic, labels=labels)))
    assert {f.scope["class"] for f in found if f.id == classes.PARITY} == {"l", "m", "h"}
    assert pick(found, classes.PARITY, **{"class": "l"}).synthetic == pytest.approx(400 / 1000 - 300 / 1000)
    distance = pick(found, classes.DISTANCE, distance="total variation")
    assert distance.synthetic == pytest.approx((0.1 + 0.0 + 0.2 + 0.3) / 2)


def test_a_level_that_only_synthetic_has_is_left_out_of_ranks(class_input, pick):
    known = class_input(REAL, {"f": (500, 300, 200), "m": (300, 300, 400)}, order=True)
    odd = class_input(REAL, {"f": (500, 300, 200), "m": (300, 300, 400)}, order=True)
    tables = known.cubes.scopes[0].classes
    assert tables.synthetic.counts[:, -1].tolist() == [0, 0]
    odd.cubes.scopes[0].classes.synthetic.counts[:, -1] = 500
    first, second = (pick(list(classes.check(data)), classes.RANK) for data in (known, odd))
    assert first.synthetic == pytest.approx(second.synthetic)


def test_a_group_of_one_level_gets_a_closed_form(class_input, pick):
    finding = pick(list(classes.check(class_input(REAL, {"f": (60, 0, 0), "m": (0, 0, 60)}, order=True))), classes.RANK)
    assert finding.detail["interval"] == "closed form"
    assert finding.synthetic == 1.0
    assert finding.ci[0] < finding.value <= finding.ci[1]


def test_intersections_are_measured(class_input):
    real = {(s, r): row for s in "fm" for r, row in (("x", (60, 90, 50)), ("y", (80, 50, 70)))}
    found = list(classes.check(class_input(real, real, real)))
    assert [f.scope["protected"] for f in found if f.id == classes.DISTANCE] == [
        scope for scope in (["sex"], ["race"], ["sex", "race"]) for _ in range(2)
    ]


def test_the_seed_fixes_every_number(class_input):
    data = [
        [f.document() for f in classes.check(class_input(REAL, {"f": (50, 30, 40), "m": (20, 30, 40)}, order=True, seed=seed))]
        for seed in (1, 1, 2)
    ]
    assert data[0] == data[1]
    assert data[0] != data[2]


def draw(rng, shares, rows):
    return {group: tuple(rng.multinomial(rows, p)) for group, p in shares.items()}


@pytest.mark.slow
def test_intervals_cover_a_known_injected_bias(class_input, pick):
    """Of 300 samples the interval of each measure holds the true change in 93 to 97.5 of 100 (nominal 95)."""
    real = {"f": (0.45, 0.30, 0.15, 0.10), "m": (0.30, 0.30, 0.20, 0.20)}
    biased = {"f": (0.55, 0.25, 0.12, 0.08), "m": (0.30, 0.30, 0.20, 0.20)}
    from assaymark.checks.targets.distributions import dominance, jensen_shannon, total_variation

    exact = [np.array([[round(1e6 * p) for p in table[g]] for g in "mf"]) for table in (real, biased)]
    truth = {
        "class": 0.1,
        "total variation": float(total_variation(exact[1]) - total_variation(exact[0])),
        "Jensen-Shannon": float(jensen_shannon(exact[1]) - jensen_shannon(exact[0])),
        "rank": float(dominance(exact[1]) - dominance(exact[0])),
    }
    samples, covered = 300, dict.fromkeys(truth, 0)
    for seed in range(samples):
        rng = np.random.default_rng(seed)
        tables = draw(rng, real, 1500), draw(rng, biased, 1500)
        found = list(classes.check(class_input(*tables, labels="abcd", order=True, seed=seed, draws=1000)))
        chosen = {
            "class": pick(found, classes.PARITY, **{"class": "a"}),
            "rank": pick(found, classes.RANK),
            **{name: pick(found, classes.DISTANCE, distance=name) for name in ("total variation", "Jensen-Shannon")},
        }
        for name, finding in chosen.items():
            covered[name] += finding.ci[0] <= truth[name] <= finding.ci[1]
    assert min(covered.values()) >= 0.93 * samples, covered
    assert max(covered.values()) <= 0.98 * samples, covered


def test_an_unbiased_generator_is_rarely_called_worse(class_input):
    shares, worse = {"f": (0.45, 0.35, 0.2), "m": (0.35, 0.35, 0.3)}, 0
    for seed in range(100):
        rng = np.random.default_rng(1000 + seed)
        tables = [draw(rng, shares, 1500) for _ in range(2)]
        found = list(classes.check(class_input(*tables, order=True, seed=seed, draws=1000)))
        worse += any(f.outcome in {Outcome.AMPLIFIED, Outcome.INTRODUCED, Outcome.REVERSED} for f in found)
    assert worse <= 2
