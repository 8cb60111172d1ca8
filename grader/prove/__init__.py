"""Measures the grader's error: it grades right notebooks in other styles and notebooks with a known fault."""
