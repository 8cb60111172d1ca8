"""Other styles of writing a right notebook: steps that rewrite a notebook's text."""
