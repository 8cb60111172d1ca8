"""The checks of the assignment, made from those of `grader.checks`."""
