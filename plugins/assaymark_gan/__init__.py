"""The GAN generator."""
