"""Run student code in a separate process, within limits, and return plain data."""
