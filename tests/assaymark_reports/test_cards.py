"""Dataset card and datasheet: readable by other tools, complete, nothing made up, and safe against hostile names."""

from __future__ import annotations

import copy
import json
import re

import pytest
import yaml
from markdown_it import MarkdownIt

from assaymark_reports import card, datasheet, escaping

HOSTILE = [
    "---\nlicense: mit\n---",
    '"\nlicense: mit #',
    "<script>alert(1)</script>",
    "[x](javascript:alert(1)) ![y](https://example.org/z)",
    "| a | b |\n|---|---|",
    "# heading\n\n1. list",
    "`code` **bold** $math$ @everyone https://example.org www.example.org",
    "!!python/object/apply:os.system ['true'] &anchor *alias",
    "\x00\x85\u2028\u202e\U0001f600\ud800\x7f",
]


@pytest.fixture(scope="module")
def audit(release):
    return json.loads((release / "audit.json").read_bytes())


def hostile(audit, text):
    document = json.loads(json.dumps(audit).replace('"Female"', json.dumps(text)).replace('"sex"', json.dumps(text)))
    document["task"]["target"] = document["policy"]["name"] = document["generator"]["name"] = text
    document["datasets"]["synthetic"].update(file=text, notes=[text], nulls=[text])
    document["not_tested"] = [{"what": text, "why": text}]
    return document


@pytest.mark.parametrize("before", ["", "- ", "| a |\n|---|\n| "])
@pytest.mark.parametrize(
    "text", [*HOSTILE, "1. one", "12) x", "13.5 %", "- x", "+ x", "===", "---", "&lt;b&gt;", "a_b_ ~~c~~", "<!--"]
)
def test_a_parser_of_markdown_reads_the_text_back(text, before):
    """As a paragraph, in a list and in a table; by the parser that rich brings along."""
    line = escaping.markdown(text)
    read = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(before + line + (" |" if "|" in before else ""))
    inline = [token for token in read if token.type == "inline"]
    assert {child.type for child in inline[-1].children} <= {"text", "text_special"}
    assert len(inline) == (2 if "|" in before else 1)
    kinds = {token.type for token in read}
    assert not kinds & {"heading_open", "hr", "fence", "code_block", "html_block", "ordered_list_open"}
    assert ("bullet_list_open" in kinds) == (before == "- ")
    seen = re.sub("[\t\n\r\x85\u2028\u2029]+", " ", text)
    seen = re.sub("[\x00-\x1f\x7f-\x9f\u202e\ud800-\udfff]", "\ufffd", seen)
    assert "".join(child.content for child in inline[-1].children) == seen.strip(" ")


def front(content):
    """The YAML in front of a card, and the text after it, as the hub splits them."""
    found = re.match(r"\A---\n(.*?)\n---\n(.*)\Z", content, flags=re.DOTALL)
    return yaml.safe_load(found[1]), found[2]


def visible(text):
    """Markdown without escaped characters and code, so that what is left over is markup."""
    return re.sub(r"`[^`]*`", "", re.sub(r"\\[!-/:-@\[-`{-~]", "", text))


def test_the_card_tells_the_hub_what_is_known_and_no_more(audit):
    known, text = front(card.render(audit).decode())
    assert known == {
        "pretty_name": "Synthetic table for approved by sex",
        "tags": ["synthetic", "tabular", "assaymark"],
        "size_categories": ["1K<n<10K"],
        "configs": [{"config_name": "default", "data_files": [{"split": "train", "path": "synthetic.csv"}]}],
    }
    assert f"\nSHA-256 `{audit['datasets']['synthetic']['sha256']}`." in text
    assert "fitted to 2,400 real rows" in text
    assert "- the licence" in text
    for column in audit["datasets"]["synthetic"]["schema"]:
        assert f"| {escaping.markdown(column['name'])} | {column['kind']} |" in text


@pytest.mark.parametrize(
    ("rows", "size"),
    [(0, "n<1K"), (999, "n<1K"), (1000, "1K<n<10K"), (99_999, "10K<n<100K"), (100_000, "100K<n<1M"), (2_000_000, "1M<n<10M")],
)
def test_size_categories_are_those_of_the_hub(audit, rows, size):
    document = copy.deepcopy(audit)
    document["datasets"]["synthetic"]["rows"] = rows
    assert front(card.render(document).decode())[0]["size_categories"] == [size]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_name_becomes_yaml(audit, text):
    known, _ = front(card.render(hostile(audit, text)).decode())
    assert set(known) == {"pretty_name", "tags", "size_categories", "configs"}
    shown = re.sub("[\ud800-\udfff]", "\ufffd", text)
    assert known["configs"][0]["data_files"][0]["path"] == shown
    assert known["pretty_name"] == f"Synthetic table for {shown} by {shown}"


@pytest.mark.parametrize("renderer", [card, datasheet])
@pytest.mark.parametrize("text", HOSTILE)
def test_no_name_becomes_markdown(audit, renderer, text):
    plain, changed = (renderer.render(each).decode() for each in (audit, hostile(audit, text)))
    if renderer is card:
        plain, changed = front(plain)[1], front(changed)[1]
    headings = [re.findall(r"^#+ ", each, flags=re.MULTILINE) for each in (plain, changed)]
    assert headings[0] == headings[1]
    left = visible(changed)
    assert not re.search(r"[<>\[\]$@]|https?:|www\.|\x00|\u202e|\u2028", left)
    for line in left.splitlines():
        assert not re.match(r"\s*\d+[.)] ", line)
    assert [line.count("|") for line in left.splitlines() if line.startswith("|")] == [
        line.count("|") for line in visible(plain).splitlines() if line.startswith("|")
    ]


def test_the_datasheet_has_the_seven_sections_and_counts_what_is_missing(audit):
    text = datasheet.render(audit).decode()
    sections = re.findall(r"^## (.*)$", text, flags=re.MULTILINE)
    assert sections == [
        "Motivation", "Composition", "Collection process", "Preprocessing, cleaning and labelling", "Uses", "Distribution",
        "Maintenance", "What is missing",
    ]  # fmt: skip
    questions = re.findall(r"^### (.*)$", text, flags=re.MULTILINE)
    missing = re.findall(r"^### (.*)\n\n\*Missing: only a person can say\.\*$", text, flags=re.MULTILINE)
    listed = [line.partition(": ")[2] for line in text.partition("## What is missing\n")[2].splitlines() if line]
    assert listed == missing
    assert f"{len(questions) - len(missing)} of {len(questions)} questions are answered" in text
    assert f"{len(missing)} are missing" in text


def test_a_table_of_unknown_origin_has_no_generator(audit):
    foreign = copy.deepcopy(audit)
    foreign["generator"] = None
    foreign["method"].pop("split", None)
    for renderer in (card, datasheet):
        text = renderer.render(foreign).decode()
        assert "how it was made is not known" in text
        assert "fitted to" not in text
        assert "stands for a person" not in text  # which nobody measured


@pytest.mark.parametrize("renderer", [card, datasheet])
def test_the_same_audit_gives_the_same_bytes_and_claims_nothing(audit, renderer):
    content = renderer.render(audit)
    assert content == renderer.render(copy.deepcopy(audit))
    assert b"compliant" not in content.lower()
    assert content.lower().count(b"complian") == content.lower().count(b"no statement of compliance") == 1
