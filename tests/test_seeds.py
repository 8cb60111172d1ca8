from __future__ import annotations

import stat
import threading

import pytest

from grader.seeds import CANONICAL_SEED, SECRET_BYTES, commitment, drawn_for, generator, secret_seed


def test_the_secret_is_made_once_for_this_user_only(tmp_path):
    seed = secret_seed("digest", tmp_path)
    assert secret_seed("digest", tmp_path) == seed
    assert 0 <= seed < 2**63
    path = tmp_path / "secret"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(path.read_bytes()) == SECRET_BYTES
    assert [p.name for p in tmp_path.iterdir()] == ["secret"]


def test_other_data_and_other_machines_have_other_seeds(tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    seeds = {secret_seed("one", here), secret_seed("two", here), secret_seed("one", there), CANONICAL_SEED}
    assert len(seeds) == 4


@pytest.mark.parametrize("spoil", [lambda p: p.write_bytes(b"torn"), lambda p: p.chmod(0o644)])
def test_a_secret_that_is_none_is_replaced(tmp_path, spoil):
    before = secret_seed("digest", tmp_path)
    spoil(tmp_path / "secret")
    after = secret_seed("digest", tmp_path)
    assert after != before
    assert secret_seed("digest", tmp_path) == after


def test_the_cache_that_the_environment_names_holds_it(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADER_CACHE", str(tmp_path / "new" / "cache"))
    seed = secret_seed("digest")
    assert (tmp_path / "new" / "cache" / "secret").exists()
    assert secret_seed("digest") == seed


def test_a_commitment_tells_seeds_apart_and_does_not_show_them(tmp_path):
    seed = secret_seed("digest", tmp_path)
    assert commitment(seed) == commitment(seed) != commitment(seed + 1)
    assert str(seed) not in commitment(seed)
    assert len(commitment(seed)) == 64


# --- draws: they follow from the seed and the notebook; without a grading they are chance ---


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
