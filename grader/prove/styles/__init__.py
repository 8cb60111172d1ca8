"""Other ways to write a right notebook: the means to rewrite one by its text, and styles that fit any notebook."""
