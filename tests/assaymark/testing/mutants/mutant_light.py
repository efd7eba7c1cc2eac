"""A declaration that imports nothing."""
