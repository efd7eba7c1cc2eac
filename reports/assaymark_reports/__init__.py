"""Renderers: from a parsed audit document to the bytes of a report."""
