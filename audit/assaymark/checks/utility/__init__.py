"""Utility: what classifiers learn from synthetic rows, overall and group by group, tested on the holdout."""
