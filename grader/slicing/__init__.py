"""Static analysis of notebooks: slices that define wanted names, and the cells that an item needs. Runs nothing."""
