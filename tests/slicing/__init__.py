"""Tests of grader.slicing."""
