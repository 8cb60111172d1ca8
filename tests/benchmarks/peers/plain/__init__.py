"""The first case as an assignment for grader: ten cells without torch."""
