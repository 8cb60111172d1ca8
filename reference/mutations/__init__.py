"""Faults and styles for `grader prove`, made from the solution."""
