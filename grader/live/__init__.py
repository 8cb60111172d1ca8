"""The check inside a notebook, in the student's own kernel: `grader.check`, `hint`, `status`, and `%grade`.

The items' checks run on the live state. What the recorder has seen since `import grader` is there at once; models,
functions and loaders are probed in this process, on the objects themselves, and `guard` puts back all that a probe may
change. A second process would have to run the cells again that define the names, which takes longer than the probes do
and shows another state than the one that the student sees; a fork of this process cannot use a GPU. Nothing is
confined: it is the student's own process, and the verdicts are advice.

`recording` keeps what cells did, `cells` makes a notebook of those that ran, `live_evidence` probes what checks read,
`verdicts` turns results into one of the states that a student sees, and `shown` shows them.
"""
