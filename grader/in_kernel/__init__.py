"""The only code that runs beside student code, inside the confined kernel. It imports nothing else of the grader."""
