"""Make the file of an assignment that students get."""
