"""Intervals, resampling and three-valued outcomes."""
