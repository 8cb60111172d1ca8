"""Ask a notebook's definitions questions: models, training and test functions, and loaders."""
