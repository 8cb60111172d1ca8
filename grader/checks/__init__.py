"""Pure functions from evidence to a verdict. They know PyTorch and plots, but no assignment."""
