"""Grade one submission: read, run, probe, check."""
