"""Bias in the data, read from published counts alone, so that a verifier computes it again."""
