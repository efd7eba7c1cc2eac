"""Group measures that look at rows: how well each protected group is served by the synthetic table."""
