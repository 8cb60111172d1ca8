"""A sentence is translated by the template that it was made from, and keeps all its values."""

from __future__ import annotations

import time

from hypothesis import assume, given
from hypothesis import strategies as st

from grader.language.sentences import LONGEST, Sentences, template

WORDS = {
    "the loss of {what} is {loss}": "{what} hat den Verlust {loss}",
    "the loss is {loss}": "der Verlust ist {loss}",
    "no shape was printed": "keine Form wurde ausgegeben",
    "the function '{name}' was not called": "die Funktion '{name}' wurde nicht gerufen",
    "line {line} of {cell}": "Zeile {line} von {cell}",
    "cell {cell}": "Zelle {cell}",
    ", on the {device}": ", auf der {device}",
    "not started: {what}": "nicht begonnen: {what}",
    "the set {{1, 2}} has {count} members": "die Menge {{1, 2}} hat {count} Elemente",
    " and ": " und ",
    "{low} to {high}": "{low} bis {high}",
}
GERMAN = Sentences(WORDS)


def test_the_template_with_most_letters_of_its_own_counts() -> None:
    assert GERMAN.sentence("the loss of MLP is 0.5") == "MLP hat den Verlust 0.5"
    assert GERMAN.sentence("the loss is 0.5") == "der Verlust ist 0.5"


def test_sentences_within_sentences_and_beside_each_other() -> None:
    assert GERMAN.sentence("not started: no shape was printed") == "nicht begonnen: keine Form wurde ausgegeben"
    assert GERMAN.sentence("no shape was printed; the loss is 2") == "keine Form wurde ausgegeben; der Verlust ist 2"
    assert GERMAN.sentence("the loss of line 3 of cell 7 is 1") == "Zeile 3 von Zelle 7 hat den Verlust 1"
    assert GERMAN.sentence("no shape was printed, on the GPU") == "keine Form wurde ausgegeben, auf der GPU"


def test_a_sentence_that_no_template_fits_stays() -> None:
    for text in ("a word", "", "the losses are 0.5", "3 of 5", "THE LOSS IS 1", "to be or not to be"):
        assert GERMAN.sentence(text) == text
    assert GERMAN.unknown("the losses are 0.5")
    assert not GERMAN.unknown("'the losses'")


def test_what_a_student_wrote_in_quotation_marks_is_never_translated() -> None:
    assert GERMAN.sentence("the function 'no shape was printed' was not called") == (
        "die Funktion 'no shape was printed' wurde nicht gerufen"
    )
    assert GERMAN.sentence("the loss of 'cell 3' is 1") == "'cell 3' hat den Verlust 1"
    assert GERMAN.sentence("not started: `no shape was printed; the loss is 2`") == (
        "nicht begonnen: `no shape was printed; the loss is 2`"
    )


def test_a_template_of_few_letters_takes_numbers_only() -> None:
    assert GERMAN.sentence("0.3 to 0.5") == "0.3 bis 0.5"
    assert GERMAN.sentence("welcome to Berlin") == "welcome to Berlin"


def test_doubled_braces_are_braces() -> None:
    assert GERMAN.sentence("the set {1, 2} has 2 members") == "die Menge {1, 2} hat 2 Elemente"


def test_long_input_takes_time_in_proportion_to_its_length_and_a_page_is_left_alone() -> None:
    for text in ("the loss of " * 300, "line 1 of " * 390, "; ".join(["cell"] * 600), "'" * 3_900, "a and " * 600):
        began = time.perf_counter()
        GERMAN.sentence(text[:LONGEST])
        assert time.perf_counter() - began < 2
    assert GERMAN.sentence("the loss is " + "9" * LONGEST) == "the loss is " + "9" * LONGEST


# Words that no template here has, so that only one way leads back from a sentence to its template.
VALUES = st.text("xyzäß0123456789.,_+ ", min_size=1, max_size=30).map(str.strip).filter(bool)


@given(st.data())
def test_any_template_is_found_again_and_its_translation_holds_all_values(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from([one for one in WORDS if "{" in one and one[0] not in ", {"]))
    made = template(text, WORDS[text])
    values = {name: data.draw(VALUES, name) for name in made.names}
    assume(not any(", " in value for value in values.values()))
    sentence = text.format(**values)
    if made.letters < 5:
        values = dict.fromkeys(values, "7")
        sentence = text.format(**values)
    assert made.match(sentence) == values
    assert GERMAN.sentence(sentence) == WORDS[text].format(**values)


@given(st.text(max_size=200))
def test_any_text_is_translated_to_a_text(text: str) -> None:
    assert isinstance(GERMAN.sentence(text), str)
