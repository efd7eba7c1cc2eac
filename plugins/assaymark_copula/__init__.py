"""The copula generator."""
