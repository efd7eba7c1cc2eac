"""Fidelity: how far synthetic rows are from real ones, and how far fresh real rows would be."""
