"""Slicing, see also tests/test_slicing.py."""
