"""Cubes."""
