"""The instructor's desk: a local web application over the store of a class."""
