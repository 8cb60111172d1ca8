"""Notebooks and evidence of any size, and the work that the driver does with them."""
