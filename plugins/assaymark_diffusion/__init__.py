"""The diffusion generator."""
