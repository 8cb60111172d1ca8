"""Similarity of the notebooks of a class: evidence for a person who looks for copied work, never a verdict."""
