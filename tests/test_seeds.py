from __future__ import annotations

import stat

import pytest

from grader.seeds import CANONICAL_SEED, SECRET_BYTES, commitment, secret_seed


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
