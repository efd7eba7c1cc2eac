"""Cubes: integer contingency tables that add, what may be published of them, and their file."""
