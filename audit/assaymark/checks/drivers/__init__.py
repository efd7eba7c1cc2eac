"""What accounts for a change of bias: decompositions that add up to it."""
