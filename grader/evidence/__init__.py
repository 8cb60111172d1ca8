"""Records of what was observed in a submission; they cross the boundary between a kernel and the grader."""
