"""Read a student's file: cells, repairs, questions and written answers."""
