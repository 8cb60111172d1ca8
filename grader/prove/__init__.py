"""Measure the grader's error: grade correct notebooks in other styles, and notebooks with a known fault."""
