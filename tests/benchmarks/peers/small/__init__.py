"""The second case as an assignment for grader: a small model on 512 images, and one plot."""
