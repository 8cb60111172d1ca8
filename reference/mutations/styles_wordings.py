"""Other ways to answer a written question: short, in other languages, as a formula, a list or a table, as a joke."""

from __future__ import annotations

from grader.prove import mutation
from grader.prove.faults.written import answered
from grader.prove.mutation import Mutation, all_of
from reference.mutations.faults_shown import ANSWERS

_ANSWERS = {answer.item: answer for answer in ANSWERS}


def _style(name: str, words: str, item: str, text: str) -> Mutation:
    """Return a style with another answer to one question."""
    return mutation.style(f"answer_{name}_{item}", f"the answer to {item}: {words}", answered(_ANSWERS[item], text))


ANSWER_STYLES = (
    _style("one_sentence", "one short sentence", "q9", "Much faster here, and hardly faster there."),
    _style("one_word", "one word", "q6", "Slightly."),
    _style("formula", "formulas only", "q4", "$L_{val}(15) = 0.068 < L_{val}(20) = 0.071$, $L_{train}$ ↓"),
    _style("ratio", "a calculation only", "q6", "16.6 s / 14.2 s ≈ 1.2"),
    _style("list", "a list in telegram style", "q9", "- conv: a lot of work, the GPU wins\n- linear: little, a draw"),
    _style(
        "table",
        "a table only",
        "q10",
        "| | MACs | CPU |\n|---|---|---|\n| MLP | 109,184 | 16.6 s |\n| CNN | 7,459,968 | 97 s |",
    ),
    _style("german", "German", "q6", "Kaum schneller, denn das Laden der Bilder dauert auf beiden gleich lang."),
    _style("russian", "Russian", "q10", "Порядок они объясняют, а отношение нет: много времени уходит на загрузку."),
    _style("arabic", "Arabic", "q4", "عشرون دورة كافية لأن المنحنى أصبح مسطحًا منذ المنتصف"),
    _style("chinese", "Chinese", "q9", "快了很多，因为卷积可以并行计算，而前面那个模型太小。"),
    _style(
        "joke",
        "a parable that answers",
        "q6",
        "Hiring a removal van to carry a single shoebox: the van is quick, but loading and unloading eat everything. "
        "After thinking about it I would not have expected anything else from something as light as this.",
    ),
    _style("apology", "an apology, and an answer", "q9", "Sorry for the late answer! The GPU was 9 times as fast."),
    _style(
        "reason_unknown",
        "the reason is not known",
        "q10",
        "I don't know why, but the order fits and the ratio does not.",
    ),
    _style(
        "unfinished", "less was run", "q4", "I did not have the time for all 20, but after 14 both curves still fall."
    ),
    mutation.style(
        "answers_brief",
        "all four answers in a few words",
        all_of(
            *(
                answered(_ANSWERS[item], text)
                for item, text in (
                    ("q4", "Stop at 15."),
                    ("q6", "No."),
                    ("q9", "9x, MLP 1.2x"),
                    ("q10", "Only roughly."),
                )
            )
        ),
    ),
)
