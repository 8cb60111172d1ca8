"""The assignment's own checks."""
