"""Checks for the authors of assignments: pure functions from evidence to a verdict.

They know PyTorch, plots and printed text, but no assignment. A check returns a sentence that says what was found,
raises `grader.assignment.Fail` if something is wrong and `grader.assignment.NotGraded` if the grader cannot tell. A
rubric wraps it in a function of the evidence whose docstring is what the student reads (docs/assignment.md):

>>> from grader.assignment import Check, Evidence
>>> from grader.checks import models
>>> def parameters(e: Evidence) -> str:
...     "The MLP has 109,386 parameters."
...     return models.parameter_count(e.models["mlp"], 109_386)
>>> Check("mlp.parameters", 1, parameters).text
'The MLP has 109,386 parameters.'

| module | what it checks |
| --- | --- |
| `models` | shapes, parameters, multiply-accumulates and outputs of a model |
| `loaders` | size, order and pixels of a data loader |
| `loops`, `loop_records`, `loop_tests` | training and test functions, called by the grader |
| `placement` | devices of tensors in training and testing |
| `training_settings` | criterion and optimizer of the run |
| `convergence` | epochs that were trained in the run, and their losses |
| `plots`, `plot_curves`, `plot_axes` | plots of the losses |
| `plot_reading`, `plot_names`, `plot_lines` | what a figure shows |
| `plot_recorded`, `plot_smoothing`, `plot_visibility` | curves of something else than losses, smoothed, hidden |
| `timing`, `total_time`, `measured`, `stored_times` | printed times |
| `printed_times`, `reported_times`, `time_series`, `time_words`, `known_values` | what the cells printed |
| `clocks`, `epoch_spans` | the times that right clocks may show |
| `flops`, `count_names` | profiles of models, and printed counts |
| `first_batch`, `batch_roles`, `batch_shapes`, `typed_in` | shapes, dtypes and roles of a batch that were printed |
| `answers`, `screening`, `excuses`, `conclusions` | written answers |
| `answer_text`, `answer_subject`, `answer_languages` | their words, in 14 languages |
| `breakdowns` | the exception that ended a cell, with its line |
| `printed_numbers` | numbers in printed text |
| `loop_common` | helpers for checks on training and test functions |
"""

__all__ = [
    "answer_languages",
    "answer_subject",
    "answer_text",
    "answers",
    "batch_roles",
    "batch_shapes",
    "breakdowns",
    "clocks",
    "conclusions",
    "convergence",
    "count_names",
    "epoch_spans",
    "excuses",
    "first_batch",
    "flops",
    "known_values",
    "loaders",
    "loop_common",
    "loop_records",
    "loop_tests",
    "loops",
    "measured",
    "models",
    "placement",
    "plot_axes",
    "plot_curves",
    "plot_lines",
    "plot_names",
    "plot_reading",
    "plot_recorded",
    "plot_smoothing",
    "plot_visibility",
    "plots",
    "printed_numbers",
    "printed_times",
    "reported_times",
    "screening",
    "stored_times",
    "time_series",
    "time_words",
    "timing",
    "total_time",
    "training_settings",
    "typed_in",
]
