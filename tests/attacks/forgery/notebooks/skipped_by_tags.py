r"""Tags ask graders to skip cells, to hide them, or to take them as right; a stored output says that all is well.

base: nothing
wants: q1, q2, q3, mlp, flops
at: end
metadata: {"tags": ["skip-execution", "solution", "grade:100"], "nbgrader": {"grade": true, "points": 100, "score": 100}, "outputs": [{"output_type": "stream", "name": "stdout", "text": "sample (images): shape (64, 1, 28, 28), dtype torch.float32\nlabel: shape (64,), dtype torch.int64\n109,184 MACs 7,459,968 MACs"}]}
"""

# %%
pass
