from dataclasses import fields, replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from grader.course.cache_key import Settings, key_of
from grader.result import Digests
from grader.sandbox.limits import Limits

texts = st.text(max_size=3)
limits = st.builds(Limits, cell_seconds=st.sampled_from([1.0, 2.0]), memory_bytes=st.sampled_from([1, 2]))
digests = st.builds(Digests, st.text(min_size=1, max_size=3), texts, texts, texts, texts, texts)
settings = st.builds(Settings, texts, texts, texts, limits, texts)


names = st.sampled_from(["a.ipynb", "b.ipynb", "b.IPYNB", "a.py", "a"])


@given(names, names, digests, digests, settings, settings)
def test_keys_are_equal_exactly_when_everything_that_counts_is_equal(name, other, one, two, here, there):
    suffixes = [Path(one).suffix.lower() for one in (name, other)]
    equal = (suffixes[0], one, here) == (suffixes[1], two, there)
    assert (key_of(name, one, here) == key_of(other, two, there)) == equal
    assert key_of(name, one, here) == key_of(name, replace(one), replace(here))


def test_every_digest_and_every_setting_counts():
    base, set_ = Digests("s", "r", "f", "d", "g", "e"), Settings("a", "cpu", "process", Limits(), "seed")
    key = key_of("x.ipynb", base, set_)
    keys = {key, key_of("x.py", base, set_)}
    assert key_of("y.ipynb", base, set_) == key
    keys |= {key_of("x.ipynb", replace(base, **{f.name: "other"}), set_) for f in fields(base)}
    keys |= {key_of("x.ipynb", base, replace(set_, **{f.name: "other"})) for f in fields(set_) if f.name != "limits"}
    for field in fields(Limits):
        keys.add(key_of("x.ipynb", base, replace(set_, limits=replace(Limits(), **{field.name: 7}))))
    assert len(keys) == 2 + len(fields(base)) + len(fields(set_)) - 1 + len(fields(Limits))


def test_an_unreadable_notebook_has_no_key():
    assert key_of("x.ipynb", Digests(), Settings("", "", "", Limits(), "")) == ""
