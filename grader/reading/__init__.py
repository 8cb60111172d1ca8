"""How a file becomes cells (`grader.notebook`) and how answers are told from the handed-out text (`grader.questions`)."""
