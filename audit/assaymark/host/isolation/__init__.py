"""Generators in a process of their own: limits, a wall against accidents, and an end that always comes.

What this keeps apart is accidents, not malice: a worker runs with the user's rights, and can read what the user can read.
"""
