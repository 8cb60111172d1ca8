"""Hostile input for everything that parses what a student or a student's process hands over; see `python -m tests.fuzz.run -h`."""
