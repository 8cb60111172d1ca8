"""Grade a class: batches, the store of results, scores, marks."""
