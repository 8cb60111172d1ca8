"""Measure the limits on losses by training the reference under many seeds."""
