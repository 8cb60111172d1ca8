"""The pages of the desk, one module for each group.

A module has `routes`, made with `grader.review.visit.get` and `post`, and may have `navigation`, a tuple of
`grader.review.desk.Link`. Every module here is found by itself.
"""
