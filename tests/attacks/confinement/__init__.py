"""Hostile notebooks against the confinement of kernels, and what runs them; see `run`."""
