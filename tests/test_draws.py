"""What is drawn follows from the seed and the notebook; without a grading it is chance."""

import threading

import pytest

from grader.draws import drawn_for, generator


def drawn(what="x"):
    return tuple(generator(what).integers(0, 1 << 60, 4))


def test_the_same_grading_draws_the_same_again():
    with drawn_for(1, "ab"):
        first, other = drawn(), drawn("y")
        assert drawn() == first != other
    with drawn_for(1, "ab"):
        assert (drawn(), drawn("y")) == (first, other)


@pytest.mark.parametrize(("seed", "sha256"), [(2, "ab"), (1, "ac"), (1, "")])
def test_another_seed_or_another_notebook_draws_something_else(seed, sha256):
    with drawn_for(1, "ab"):
        first = drawn()
    with drawn_for(seed, sha256):
        assert drawn() != first


def test_outside_of_a_grading_and_in_other_threads_it_is_chance():
    found = []
    with drawn_for(1, "ab"):
        inside = drawn()
        thread = threading.Thread(target=lambda: found.append(drawn()))
        thread.start()
        thread.join()
        with drawn_for(2, "ab"):
            assert drawn() != inside
        assert drawn() == inside
    assert len({inside, *found, drawn(), drawn()}) == 4
