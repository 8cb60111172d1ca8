"""The desk of those who mark: a local web application over the store of a class, `grader review RESULTS`.

`app.py` makes the application, `serving.py` runs it; each group of pages is a module of `pages`. Everything comes from
the store: the submissions' files may be gone.
"""
