"""The tables of NYC Local Law 144, against the rule's own example, hand-made cases, and Adult counted by hand."""

from __future__ import annotations

import copy
import csv
import json
import re
from collections import Counter
from fractions import Fraction

import pytest

from assaymark.cubes.published import group_name
from assaymark.cubes.publishing import publish
from assaymark.pipeline.document import published_tables
from assaymark_reports import local_law
from assaymark_reports.impact import Counted, assess


@pytest.fixture(scope="module")
def audit(release):
    return json.loads((release / "audit.json").read_bytes())


def tables(text):
    """The tables of the page by their heading: names of categories to the other cells."""
    found, heading = {}, ""
    for line in text.splitlines():
        if line.startswith("### "):
            heading = line[4:]
            found[heading] = {}
        elif line.startswith("| ") and not line.startswith("| Category"):
            name, *cells = (re.sub(r"\\(.)", r"\1", cell) for cell in re.split(r"(?<!\\) \| ", line[2:-2]))
            found[heading][name] = cells
    return found


def ratio(found, name):
    category = next(each for each in found.categories if each.name == name)
    return None if category.ratio is None else tuple(round(float(end), 2) for end in category.ratio)


def test_the_example_in_the_rule():
    """5-301 shows the scoring rates 54.3 and 44.7 % of 92 men and 76 women, and these ratios; counts follow from rates."""
    sexes = assess([Counted("Male", 92, 50), Counted("Female", 76, 34)], None, None, smallest=10)
    assert [f"{float(each.rate[0]):.1%}" for each in sexes.categories] == ["54.3%", "44.7%"]
    assert [ratio(sexes, name) for name in ("Male", "Female")] == [(1.0, 1.0), (0.82, 0.82)]
    groups = {"Hispanic": (28, 18), "White": (40, 15), "Black": (32, 16), "Pacific": (8, 5), "Asian": (24, 10)}
    races = assess([Counted(name, *counts) for name, counts in groups.items()], None, None, smallest=1)
    assert {name: ratio(races, name)[0] for name in groups} == {
        "Hispanic": 1.0, "White": 0.58, "Black": 0.78, "Pacific": 0.97, "Asian": 0.65,
    }  # fmt: skip
    # with small counts withheld, the eight people could be the most selected ones
    assert assess([Counted(name, *counts) for name, counts in groups.items()], None, None, smallest=10).most_selected is None


@pytest.mark.parametrize(("n", "included"), [(199, False), (200, True), (201, True)])
def test_under_two_percent_is_left_out(n, included):
    others = [Counted("a", 9800 - n + 200, 4000)]
    found = assess([*others, Counted("b", n, 150)], None, None, smallest=10)
    assert found.total == 10_000
    assert found.categories[1].included is included
    # left out, it is not what the others are compared with, either; its rate is shown all the same
    assert found.most_selected == ("b" if included else "a")
    assert found.categories[1].rate[0] == Fraction(150, n)
    assert (found.categories[1].ratio is not None) is included


def test_unknown_people_count_as_data_but_in_no_category():
    found = assess([Counted("a", 980, 400), Counted("b", 20, 15)], Counted("(missing)", 1000, 500), None, smallest=10)
    assert (found.total, found.unknown) == (2000, 1000)
    assert [each.name for each in found.categories] == ["a", "b"]
    assert not found.categories[1].included
    assert assess([Counted("a", 980, 400)], Counted("(missing)", 9, 5), None, smallest=10).unknown is None
    assert assess([Counted("a", 980, 400)], None, Counted("_pooled", 40, 20), smallest=10).unknown is None
    assert assess([Counted("a", 980, 400)], None, None, smallest=10).unknown == 0


def test_small_counts_leave_ranges():
    found = assess([Counted("a", 500, 250), Counted("few", 100, 9), Counted("none", 100, 0)], None, None, smallest=10)
    few, none = found.categories[1:]
    assert few.selected is none.selected is None
    assert few.rate == none.rate == (0, Fraction(9, 100))
    assert few.ratio == (0, Fraction(18, 100))
    # whoever is nearly always selected may be the most selected, by how much nobody is told
    found = assess([Counted("a", 500, 250), Counted("all", 100, 99)], None, None, smallest=10)
    assert found.most_selected is None
    assert all(each.ratio is None for each in found.categories)
    assert found.categories[1].rate == (Fraction(91, 100), 1)


def test_a_pool_that_may_hold_the_most_selected_withholds_the_ratios():
    known = [Counted("a", 900, 450), Counted("b", 900, 300)]
    assert assess(known, None, Counted("_pooled", 35, 35), smallest=10).most_selected == "a"  # every part is under 2 %
    assert assess(known, None, Counted("_pooled", 100, 15), smallest=10).most_selected == "a"  # at most 15 of 38
    assert assess(known, None, Counted("_pooled", 100, 80), smallest=10).most_selected is None


def test_nobody_selected_has_no_ratio():
    found = assess([Counted("a", 500, 0), Counted("b", 500, 0)], None, None, smallest=1)
    assert found.most_selected is None


@pytest.mark.parametrize(
    "group", [("Female", "Black"), ("a & b", "c"), ("_pooled", 'say "x" & y'), ("(missing)", "z"), ("x",), ('"',)]
)
def test_names_of_intersections_come_apart(group):
    assert local_law.parts(group_name(group)) == list(group)


ADULT = {"real": "adult_train.csv", "synthetic": "adult_synthetic_ctgan.csv"}
SCOPES = {"sex": ("sex",), "race": ("race",), "sex and race": ("sex", "race")}
TITLES = {"real": "Real rows, as published: ", "synthetic": "Synthetic rows (test data): "}


@pytest.fixture(scope="module")
def adult(shared_data):
    """The rows of Adult and of a synthetic table, read by Python's own reader."""
    found = {}
    for data, name in ADULT.items():
        with (shared_data / name).open(newline="") as file:
            found[data] = [(row["sex"], row["race"], row["income"] == ">50K") for row in csv.DictReader(file)]
    return found


@pytest.fixture(scope="module")
def page(adult, audit, make_cube):
    """The page of an audit document that holds the published counts of Adult."""
    cubes = {}
    for data, rows in adult.items():
        counts = Counter(rows)
        groups = {(sex, race) for sex, race, _ in rows}
        cubes[data] = make_cube({g: (counts[(*g, False)], counts[(*g, True)]) for g in groups}, ("sex", "race"))
    published = publish(cubes["real"], cubes["synthetic"], None, target="income", positive=">50K", small_cell=10)
    document = copy.deepcopy(audit)
    document["tables"] = published_tables(published)
    return local_law.render(document).decode()


def by_hand(rows, scope):
    """Selection rates, the 2 % rule and impact ratios, step by step from the text of 5-300 and 5-301."""
    people, selected = Counter(), Counter()
    for sex, race, chosen in rows:
        category = " & ".join({"sex": sex, "race": race}[name] for name in scope)
        people[category] += 1
        selected[category] += chosen
    rates = {category: selected[category] / people[category] for category in people}
    included = {category for category in people if people[category] / len(rows) >= 0.02}
    most = max(rates[category] for category in included)
    return {
        category: [
            f"{people[category]:,}",
            f"{selected[category]:,}",
            f"{100 * rates[category]:.1f} %",
            f"{rates[category] / most:.3f}" if category in included else "left out, under 2 %",
        ]
        for category in people
    }


@pytest.mark.parametrize("data", ["real", "synthetic"])
@pytest.mark.parametrize("scope", ["sex", "race", "sex and race"])
def test_adult_is_as_counted_by_hand(page, adult, data, scope):
    shown, expected = tables(page)[TITLES[data] + scope], by_hand(adult[data], SCOPES[scope])
    if data == "real":  # small categories are pooled, so that they are not named
        assert set(shown) < set(expected) or len(SCOPES[scope]) == 1
        expected = {name: cells for name, cells in expected.items() if name in shown}
        assert len(expected) >= 2
    assert shown == expected


def test_adult_in_figures(page):
    found = tables(page)
    assert found["Real rows, as published: sex"] == {
        "Female": ["10,771", "1,179", "10.9 %", "0.358"],
        "Male": ["21,790", "6,662", "30.6 %", "1.000"],
    }
    assert found["Synthetic rows (test data): race"]["Amer-Indian-Eskimo"] == ["578", "77", "13.3 %", "left out, under 2 %"]


def test_what_is_missing_is_said(audit):
    text = local_law.render(audit).decode()
    assert "no protected column is named as race/ethnicity" in text
    assert "has no table by sex and race/ethnicity together" in text
    assert "Evidence relevant to" in text
    assert "compliant" not in text.lower()
    assert text.lower().count("complian") == text.count("no statement of compliance") == 1
    assert text.encode() == local_law.render(copy.deepcopy(audit))


def test_no_count_under_ten_is_shown(audit):
    document = copy.deepcopy(audit)
    document["tables"][0]["synthetic"] = [
        {"group": "Male", "n": 2000, "positive": 900},
        {"group": "Female", "n": 900, "positive": 7},
        {"group": "other", "n": 8, "positive": 3},
        {"group": "(missing)", "n": 6, "positive": 1},
    ]
    document["task"]["target_missing"]["synthetic"] = 4
    text = local_law.render(document).decode()
    assert tables(text)["Synthetic rows (test data): sex"] == {
        "Male": ["2,000", "900", "45.0 %", "1.000"],
        "Female": ["900", "fewer than 10", "at most 1.0 %", "at most 0.022"],
        "other": ["fewer than 10", "not shown", "not shown", "left out, under 2 %"],
    }
    assert "Unknown category: fewer than 10" in text
    assert "Rows without an outcome, in no table: fewer than 10" in text


def test_a_withheld_scope_and_an_audit_without_rates_are_said(audit):
    document = copy.deepcopy(audit)
    document["tables"][0]["real"] = []
    assert "Nothing of this is published" in local_law.render(document).decode()
    document["tables"] = []
    text = local_law.render(document).decode()
    assert "Sex categories\n\nNot in this audit" in text


@pytest.mark.parametrize("text", ["| a | b |\n|---|", "<script>", "[x](javascript:y)", "# h\n## i", "\x00\u202e\ud800"])
def test_no_name_becomes_markdown(audit, text):
    document = json.loads(json.dumps(audit).replace('"Female"', json.dumps(text)))
    document["task"]["target"] = document["generator"]["name"] = text
    plain, changed = (local_law.render(each).decode() for each in (audit, document))
    assert re.findall(r"^#+ .*$", changed, flags=re.MULTILINE) == re.findall(r"^#+ .*$", plain, flags=re.MULTILINE)
    left = re.sub(r"`[^`]*`", "", re.sub(r"\\[!-/:-@\[-`{-~]", "", changed))
    assert not re.search(r"[<>\[\]\x00\u202e]", left)
    assert {line.count("|") for line in left.splitlines() if line.startswith("|")} == {6}
