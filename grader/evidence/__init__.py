"""Plain records of what was observed; they cross the boundary between a kernel and the grader."""
