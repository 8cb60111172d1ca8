"""Run the cells of a notebook, and the reference's program, and record what they do."""
