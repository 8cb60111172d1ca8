"""The file that students get: the rubric, the texts, and what the reference gives for the public probes."""
