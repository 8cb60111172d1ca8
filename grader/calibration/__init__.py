"""Measure the limits on losses from many seeds of the reference."""
