"""The log of issued stamps: append-only, with proofs that an entry is in it and that it only grew."""
