"""Proves the grader: right notebooks in other styles and notebooks with a known fault, graded, and what was not found."""
