"""Faults that a class of PyTorch notebooks shows, as mutations that an assignment parametrises with its own names."""
