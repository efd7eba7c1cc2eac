"""Reports of a real release: complete, self-contained, deterministic, and safe against hostile names."""

from __future__ import annotations

import copy
import json
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import pytest

from assaymark_reports import croissant, html, markdown, plain, wording

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def audit(release):
    return json.loads((release / "audit.json").read_bytes())


@pytest.fixture(scope="module")
def hostile(audit):
    document = json.loads(json.dumps(audit).replace("Female", HOSTILE.replace('"', "'")))
    document["task"]["target"] = HOSTILE
    return document


class Page(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.links, self.text = [], [], []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.links += [value for name, value in attributes if name in {"src", "href", "action", "xlink:href"}]

    def handle_data(self, data):
        self.text.append(data)


def read(audit):
    page = Page()
    page.feed(html.render(audit).decode())
    return page


def test_the_page_leads_with_the_verdict_and_why(audit):
    text = " ".join(" ".join(read(audit).text).split())
    verdict, why = text.index(audit["verdict"]), text.index("Selection rates")
    assert verdict < why
    for finding in audit["findings"]:
        assert wording.name(finding["id"]) in text


def test_the_page_needs_no_network_and_no_script(audit):
    page = read(audit)
    assert "script" not in page.tags
    assert page.links == ["report.html.c2pa"]
    source = html.render(audit).decode()
    assert "default-src 'none'" in source
    assert not re.search(r"url\(|@import|https?://(?!www\.w3\.org)", source)


def test_the_charts_are_well_formed_and_there(audit):
    source = html.render(audit).decode()
    charts = re.findall(r"<svg.*?</svg>", source, flags=re.DOTALL)
    assert len(charts) >= 4
    for chart in charts:
        ET.fromstring(chart)


def test_hostile_names_stay_text(hostile):
    page = read(hostile)
    assert "script" not in page.tags
    assert HOSTILE in "".join(page.text)
    assert not re.search(r"(?<!\\)<script", markdown.render(hostile).decode())  # escaped, it is text


def test_rendering_is_deterministic(audit):
    for renderer in (html, markdown, croissant, plain):
        assert renderer.render(audit) == renderer.render(copy.deepcopy(audit))


def test_findings_of_other_plugins_are_shown(audit):
    document = copy.deepcopy(audit)
    document["findings"].append(
        {
            **document["findings"][0],
            "id": "calibration.brier_gap",
            "outcome": "not_estimable",
            "reason": "no_moon",
            "value": None,
            "ci": None,
        }
    )
    text = " ".join(read(document).text)
    assert "Brier gap" in text
    assert "no moon" in text


def test_nothing_claims_compliance(audit):
    for renderer in (html, markdown, croissant):
        text = renderer.render(audit).decode().lower()
        assert "compliant" not in text
        assert "no statement of compliance" in text or "complian" not in text


@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")  # of the validator's own library
def test_croissant_describes_the_table(audit):
    document = json.loads(croissant.render(audit))
    table = audit["datasets"]["synthetic"]
    assert document["distribution"][0]["sha256"] == table["sha256"]
    assert [field["name"] for field in document["recordSet"][0]["field"]] == [column["name"] for column in table["schema"]]
    assert "stands for a person" not in str(document)  # which nobody measured
    mlcroissant = pytest.importorskip("mlcroissant", reason="mlcroissant is not installed; it validates Croissant files")
    mlcroissant.Dataset(jsonld=document)


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.19627, "0.196"), (-0.0403, "−0.0403"), (0.0, "0"), (None, "–"), (12345.6, "12,346"), (1e-7, "<0.0005")],
)
def test_numbers(value, shown):
    assert wording.number(value) == shown


def test_a_tiny_effect_keeps_its_sign():
    assert [wording.signed(value) for value in (3e-4, -3e-4, 0.0, 0.0123)] == ["+0.000", "−0.000", "0", "+0.0123"]


def test_the_markdown_summary_says_the_gap_in_points(audit):
    finding = {
        "id": "bias.demographic_parity_difference",
        "scope": {"protected": ["sex"], "groups": ["Male", "Female"], "target": "income", "positive": ">50K"},
        "real": 0.196, "synthetic": 0.257, "value": 0.061, "ci": [0.049, 0.073], "margin": 0.02, "outcome": "amplified",
        "reason": None,
    }  # fmt: skip
    assert wording.sentence(finding) == (
        "income >50K: the gap between Male and Female grows from 19.6 to 25.7 percentage points "
        "(+6.1, interval +4.9 to +7.3; allowed 2.0)."
    )


@pytest.mark.parametrize(
    ("identifier", "scope", "about"),
    [
        ("bias.class_parity_difference", {"class": "mid"}, "Parity difference of a class by sex, m against f, risk mid: "),
        ("bias.class_distribution_distance", {"distance": "total variation"},
         "Distance between groups over all classes by sex, m against f, total variation: "),
        ("bias.rank_difference", {}, "Rank difference by sex, m against f: "),
        ("bias.quantile_difference", {"quantile": 0.9}, "Difference of quantiles by sex, m against f, quantile 0.9: "),
    ],
)  # fmt: skip
def test_targets_of_more_than_two_outcomes_are_worded(identifier, scope, about):
    finding = {
        "id": identifier, "scope": {"protected": ["sex"], "target": "risk", "groups": ["m", "f"], **scope}, "real": 0.25,
        "synthetic": 0.5, "value": 0.25, "ci": [0.125, 0.375], "margin": 0.02, "outcome": "amplified", "reason": None,
    }  # fmt: skip
    said = "real 0.25, synthetic 0.5, change +0.25 (interval +0.125 to +0.375; allowed 0.02), amplified."
    assert wording.sentence(finding) == about + said


VECTORS = [
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</svg><svg onload=alert(1)>",
    "</style><style>*{display:none}</style>",
    "{{ 7*7 }}{% raw %}",
    "javascript:alert(1)",
    "&lt;script&gt;",
    "<!--",
    "]]>",
    "' onmouseover='alert(1)",
]


@pytest.mark.parametrize("vector", VECTORS)
def test_no_name_or_category_becomes_markup(audit, vector):
    """As group, target and positive value, in text, attributes, charts and the Markdown summary."""
    document = json.loads(json.dumps(audit).replace("Female", json.dumps(vector)[1:-1]))
    document["task"].update(target=vector, positive=vector)
    plain, changed = Page(), Page()
    plain.feed(html.render(audit).decode())
    changed.feed(html.render(document).decode())
    assert set(changed.tags) == set(plain.tags)
    assert changed.links == plain.links
    assert changed.tags.count("style") == plain.tags.count("style")
    assert "49" not in "".join(changed.text).split()
    summary = markdown.render(document).decode()
    assert not re.search(r"(?<!\\)<(?!/?sub>)", summary)
    assert not re.search(r"(?<!\\)\]\(", summary)
