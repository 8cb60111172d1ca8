"""Decide whether a run's evidence can be true."""
