"""Bias where the outcome is more than two: classes, levels, numbers."""
