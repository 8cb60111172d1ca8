"""A rubric that defines no assignment."""
