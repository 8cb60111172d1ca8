"""The assignment 'Training with PyTorch': its models, loops, data, rubric and notebooks."""
