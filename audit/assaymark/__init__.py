"""Assaymark: bias-and-provenance audits of synthetic tabular data."""

__version__ = "0.1.0"
