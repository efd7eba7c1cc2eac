"""Policies: margins, estimability rules and gates, and what they make of findings."""
