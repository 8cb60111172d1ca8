"""Decide whether the recorded evidence of a run can be true."""
