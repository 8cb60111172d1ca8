"""Runs student code in a process of its own, within limits, and brings out plain data."""
