"""How many workers may die on one notebook before the notebook is blamed."""

from hypothesis import given
from hypothesis import strategies as st

from grader.course.worker_deaths import MAX_DEATHS, MAX_EXCUSED, WorkerDeaths


def deaths_of(**notebooks: str) -> WorkerDeaths:
    """Return the deaths of these workers, each with the notebooks that it was grading, a letter each."""
    deaths = WorkerDeaths()
    for worker, names in notebooks.items():
        for name in names:
            deaths.add(worker, name)
    return deaths


def test_a_worker_whose_notebooks_are_graded_later_raises_the_limit():
    deaths = deaths_of(w1="ab", w2="c")
    assert deaths.limit == MAX_DEATHS
    deaths.survived("a")
    assert deaths.limit == MAX_DEATHS  # b may have killed w1
    deaths.survived("b")
    assert deaths.limit == MAX_DEATHS + 1


def test_a_notebook_that_kills_its_workers_does_not_raise_the_limit():
    deaths = deaths_of(w1="xa", w2="xb", w3="xc")
    for name in "abc":
        deaths.survived(name)
    assert deaths.limit == MAX_DEATHS


def test_a_worker_without_an_address_does_not_count():
    deaths = deaths_of()
    deaths.add("", "a")
    deaths.survived("a")
    assert deaths.limit == MAX_DEATHS


@given(st.lists(st.tuples(st.integers(0, 30), st.sampled_from("abcdef"))), st.sets(st.sampled_from("abcdef")))
def test_the_limit_has_bounds(died, survived):
    deaths = WorkerDeaths()
    for worker, name in died:
        deaths.add(f"w{worker}", name)
    for name in survived:
        deaths.survived(name)
    assert MAX_DEATHS <= deaths.limit <= MAX_DEATHS + MAX_EXCUSED
