"""The grader's code that runs in the confined kernel with student code. It imports nothing else of the grader."""
