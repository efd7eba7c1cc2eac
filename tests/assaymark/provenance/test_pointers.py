"""Files that name their own sidecar: readers take them as before, and the bytes stay the same from one time to the next."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow.dataset as ds
from pyarrow import parquet

from assaymark.execution import Run
from assaymark.pipeline.generating import generate
from assaymark.pipeline.requests import GenerateRequest
from assaymark.provenance.file_checks import verify_file
from assaymark.provenance.keys import trusted_anchors
from assaymark.provenance.signing import open_development_signer
from assaymark.provenance.stamping import stamp_file
from assaymark.tables.loading import TableOptions
from assaymark.tables.roles import RoleOptions
from assaymark.tables.writing import write_table
from assaymark.testing.tables import mixed_table


def test_readers_of_parquet_see_the_same_table_with_and_without_the_pointer(tmp_path):
    table = mixed_table(500, seed=3)
    plain, pointed = tmp_path / "plain.parquet", tmp_path / "pointed.parquet"
    write_table(table, plain, "parquet")
    write_table(table, pointed, "parquet", sidecar="pointed.parquet.c2pa")
    assert plain.read_bytes() != pointed.read_bytes()
    pd.testing.assert_frame_equal(pd.read_parquet(plain), pd.read_parquet(pointed))
    assert ds.dataset(pointed).to_table().equals(ds.dataset(plain).to_table())
    with duckdb.connect() as db:
        first, second = (db.execute("SELECT * FROM read_parquet(?)", [str(path)]).fetchall() for path in (plain, pointed))
    assert first == second
    assert len(first) == 500


def test_the_pointer_leads_from_the_table_to_its_sidecar(people, tmp_path):
    out = tmp_path / "made.parquet"
    options = RoleOptions(target="approved", positive="yes", protected=("sex",))
    generate(GenerateRequest(people, "copula", 200, out, options, TableOptions()), Run(5))
    first = out.read_bytes()
    generate(GenerateRequest(people, "copula", 200, out, options, TableOptions(), force=True), Run(5))
    assert out.read_bytes() == first
    stamp_file(out, open_development_signer())
    assert out.read_bytes() == first
    named = parquet.read_metadata(out).metadata[b"c2pa.manifest"].decode()
    assert (tmp_path / named).is_file()
    assert verify_file(tmp_path / named.removesuffix(".c2pa"), trusted_anchors()).problems == ()


def test_a_pointer_that_was_turned_elsewhere_is_an_altered_file(tmp_path):
    path = tmp_path / "t.parquet"
    write_table(mixed_table(50, seed=1), path, "parquet", sidecar="t.parquet.c2pa")
    stamp_file(path, open_development_signer())
    path.write_bytes(path.read_bytes().replace(b"t.parquet.c2pa", b"x.parquet.c2pa"))
    assert parquet.read_table(path).num_rows == 50  # nobody else notices
    assert [problem.code for problem in verify_file(path, trusted_anchors()).problems] == ["altered"]


class _Head(HTMLParser):
    def __init__(self):
        super().__init__()
        self.links, self.at = [], []

    def handle_starttag(self, tag, attrs):
        self.at.append(tag)
        if tag == "link" and "body" not in self.at:
            self.links.append(dict(attrs))


def test_the_report_of_a_release_links_to_its_sidecar(release):
    page = _Head()
    page.feed((release / "report.html").read_text(encoding="utf-8"))
    (link,) = page.links
    assert link["rel"] == "c2pa-manifest"
    assert (Path(release) / link["href"]).is_file()
    assert link["href"] == "report.html.c2pa"
