"""Make the packages with which other platforms grade: Gradescope and Classroom 50."""
