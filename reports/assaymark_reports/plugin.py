"""Declares the built-in renderers. Imports nothing heavy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assaymark.api import RendererSpec, hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterable


RENDERERS = (
    RendererSpec(
        "html",
        "self-contained page: verdict, reasons, charts, limits",
        "assaymark_reports.html:render",
        "report.html",
        "text/html",
        in_release=True,
    ),
    RendererSpec(
        "croissant",
        "Croissant description of the synthetic table",
        "assaymark_reports.croissant:render",
        "croissant.json",
        "application/ld+json",
        in_release=True,
    ),
    RendererSpec(
        "pdf",
        "printable document, tagged for screen readers (PDF/UA-1)",
        "assaymark_reports.pdf:render",
        "report.pdf",
        "application/pdf",
    ),
    RendererSpec(
        "markdown",
        "short summary, as for a pull request",
        "assaymark_reports.markdown:render",
        "report.md",
        "text/markdown",
    ),
    RendererSpec(
        "junit",
        "gates as test cases, for a CI server's test report",
        "assaymark_reports.junit:render",
        "junit.xml",
        "application/xml",
    ),
    RendererSpec(
        "sarif",
        "SARIF 2.1.0: failed and undecided gates, for code scanning",
        "assaymark_reports.sarif:render",
        "audit.sarif",
        "application/sarif+json",
    ),
    RendererSpec(
        "dataset-card",
        "README.md of a dataset at Hugging Face",
        "assaymark_reports.card:render",
        "README.md",
        "text/markdown",
    ),
    RendererSpec(
        "datasheet",
        "datasheet after Gebru et al., with what only a person can say",
        "assaymark_reports.datasheet:render",
        "datasheet.md",
        "text/markdown",
    ),
    RendererSpec(
        "nyc-ll144",
        "selection rates and impact ratios as in NYC Local Law 144",
        "assaymark_reports.local_law:render",
        "nyc-ll144.md",
        "text/markdown",
    ),
    RendererSpec(
        "in-toto",
        "in-toto statement: each gate of the policy as a test",
        "assaymark_reports.attestation:render",
        "audit.intoto.json",
        "application/vnd.in-toto+json",
    ),
    RendererSpec(
        "cyclonedx",
        "CycloneDX 1.6 bill of materials, with declarations",
        "assaymark_reports.bill_of_materials:render",
        "bom.cdx.json",
        "application/vnd.cyclonedx+json",
    ),
    RendererSpec(
        "prov",
        "W3C PROV-JSON: what was made from what, by whom",
        "assaymark_reports.lineage:render",
        "prov.json",
        "application/json",
    ),
    RendererSpec(
        "json", "the audit document itself, indented", "assaymark_reports.plain:render", "audit.json", "application/json"
    ),
)


@hookimpl
def assaymark_renderers() -> Iterable[RendererSpec]:
    """Declare the renderers."""
    return RENDERERS
