"""Slicing, see also tests/slicing/test_slicing.py."""
