"""The data sets that a notebook can be graded on, one module each, behind `grader.data.interface`."""
