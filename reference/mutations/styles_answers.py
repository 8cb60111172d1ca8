"""Other ways to write down an answer: languages, lengths, layouts, and places where students put text."""

from __future__ import annotations

from dataclasses import replace

from grader.prove.draft import Cell, Draft
from grader.prove.mutation import Mutation
from grader.prove.rewriting import Step, at, style

_QUESTIONS = {"q4": "### Question 4\n", "q6": "### Question 6\n", "q9": "### Question 9\n", "q10": "### Question 10\n"}


def _put(item: str, text: str) -> Step:
    """Replace the answer below the question's cell."""
    return at(_QUESTIONS[item], lambda draft, index: draft.with_source(index + 1, text), "markdown")


def _answers(name: str, words: str, **texts: str) -> Mutation:
    return style(f"answers_{name}", words, *(_put(item, text) for item, text in texts.items()))


def _in_the_question(item: str, text: str) -> Step:
    """Write the answer into the question's own cell, and remove the cell that was meant for it."""

    def change(draft: Draft, index: int) -> Draft:
        return draft.with_source(index, f"{draft.cells[index].source}\n\n{text}").remove(index + 1)

    return at(_QUESTIONS[item], change, "markdown")


def _in_two_cells(item: str, first: str, second: str) -> Step:
    def change(draft: Draft, index: int) -> Draft:
        return draft.with_source(index + 1, first).insert(index + 2, Cell("markdown", second))

    return at(_QUESTIONS[item], change, "markdown")


def _after_code(item: str, code: str, text: str) -> Step:
    """Put a code cell between the question and the answer."""

    def change(draft: Draft, index: int) -> Draft:
        return draft.with_source(index + 1, text).insert(index + 1, Cell("code", code))

    return at(_QUESTIONS[item], change, "markdown")


def _kept_line(item: str, text: str) -> Step:
    """Keep the template's line above the answer."""
    return _put(item, f"*Write your answer here.*\n\n{text}")


def _with_metadata(item: str, text: str) -> Step:
    def change(draft: Draft, index: int) -> Draft:
        cell = replace(draft.cells[index + 1], source=text, metadata={"id": "aBc", "tags": ["answer"]})
        return draft.with_cell(index + 1, cell)

    return at(_QUESTIONS[item], change, "markdown")


_LONGER = (
    "No. After about epoch 12 the validation loss stays near 0.08 while the training loss goes on falling, so more "
    "epochs would only fit the training images better. I would stop at 15."
)

STYLES = (
    _answers(
        "french",
        "answers in French",
        q4="Les deux courbes baissent encore, mais celle de validation ne gagne presque plus rien après la quinzième "
        "époque : continuer ne servirait qu'à mieux apprendre par cœur les images d'entraînement.",
        q6="Un peu plus rapide, de 20 % environ. C'est peu, mais le modèle est si petit que le chargement des images "
        "prend plus de temps que le calcul.",
        q9="Le GPU gagne nettement, environ dix fois, parce que les convolutions demandent beaucoup de calcul. Avec le "
        "MLP la différence était à peine visible.",
        q10="Oui : le CNN demande 70 fois plus d'opérations avec moins de paramètres, ce qui explique les temps sur le "
        "CPU. Sur le GPU, c'est surtout le chargement qui compte.",
    ),
    _answers(
        "japanese",
        "answers in Japanese",
        q4="検証損失は15エポックあたりからほとんど下がらない一方、訓練損失は下がり続けている。これ以上の学習は過学習になるだけだと考える。",
        q6="GPUの方が少し速いが、1.2倍程度。モデルが小さく、データの読み込みが時間の大半を占めるからである。",
        q9="CNNではGPUが約10倍速い。畳み込みは計算量が多く並列化しやすい。MLPでは差はほとんどなかった。",
        q10="はい。CNNの演算数はMLPの約68倍で、CPUの時間の差を説明できる。GPUでは読み込みが支配的なので比例しない。",
    ),
    _answers(
        "russian",
        "answers in Russian",
        q4="Ошибка на проверке почти не меняется после 15-й эпохи, а на обучении падает дальше. Учить дольше нет "
        "смысла.",
        q9="Для свёрточной сети GPU быстрее примерно в десять раз: там много умножений. У MLP разницы почти не было.",
    ),
    _answers(
        "short",
        "answers of one short sentence",
        q4="Stop at 15: validation is flat from there.",
        q6="Barely, 1.2x, because loading dominates.",
        q9="GPU, 10x; the MLP gained nothing.",
        q10="Only on the CPU, where compute is the bottleneck.",
    ),
    _answers(
        "list",
        "answers as lists",
        q4="- training loss: still falling at epoch 20\n- validation loss: flat since about epoch 14\n- so: 20 is "
        "enough, "
        "longer would overfit",
        q9="1. GPU: about 2 s an epoch\n2. CPU: about 45 s\n3. ratio 20, since convolutions keep the GPU busy\n"
        "4. MLP: ratio near 1, since it was waiting for data",
    ),
    _answers(
        "table",
        "answers as a table with a sentence",
        q6="| device | s per epoch |\n| --- | --- |\n| CPU | 4.1 |\n| GPU | 3.4 |\n\nA speed-up of 1.2. I expected "
        "more, but "
        "the images are loaded by the CPU in both cases.",
        q10="| model | MACs | params |\n|:-:|:-:|:-:|\n| MLP | 109,184 | 109,386 |\n| CNN | 7,459,968 | 101,578 |\n\n"
        "The CPU times follow the MACs, those of the GPU do not.",
    ),
    _answers(
        "formula",
        "answers with formulas",
        q6="Speed-up $S = t_\\text{CPU} / t_\\text{GPU} \\approx 4.1 / 3.4 = 1.2$. By Amdahl's law, with a share "
        "$p$ of "
        "computing of about 0.2, $S \\le \\frac{1}{1 - p} = 1.25$: no surprise.",
        q10="$\\text{MACs}_\\text{CNN} / \\text{MACs}_\\text{MLP} = 7459968 / 109184 \\approx 68$, while "
        "$t_\\text{CNN} / t_\\text{MLP} \\approx 11$ on the CPU. Loading is the difference.",
    ),
    _answers(
        "html",
        "answers with headings, quotes, HTML and a picture",
        q4="#### My answer\n\n> Should it train longer?\n\n<b>No.</b> <br>The validation loss is <i>flat</i> from "
        "epoch 15 "
        "on.\n\n![the curves](curves.png)",
    ),
    _answers(
        "joke",
        "answers in a light tone",
        q4="The training curve still runs downhill like a sledge; the validation curve got off at epoch 15 to have "
        "a cup of "
        "tea. I would get off with it.",
        q6="Hiring a lorry to carry one letter: the GPU is 20 % faster, and most of the time it waits for the CPU "
        "to hand it "
        "the next 64 digits.",
    ),
    _answers(
        "honest",
        "answers that contradict expectations, as measured",
        q6="It was slower for me, 5.0 s against 4.2 s an epoch. The copies to the GPU cost more than the few "
        "multiplications that it saves.",
        q10="No. I expected the time to follow the counts, but the CNN took only 11 times as long although it has "
        "68 times "
        "the operations.",
    ),
    style(
        "answers_in_the_question",
        "the answer is written below the question in the same cell",
        _in_the_question("q4", _LONGER),
        _in_the_question("q10", "Yes: 68 times the operations explain why the CNN is so much slower on the CPU."),
    ),
    style(
        "answers_in_two_cells",
        "an answer in two cells, what is seen and what follows",
        _in_two_cells(
            "q4",
            "Both losses fall quickly at first; from epoch 14 on only the training loss falls.",
            "So more epochs do not pay, and 20 are already a few too many.",
        ),
    ),
    style(
        "answers_after_code",
        "a code cell with the numbers stands before the answer",
        _after_code("q4", "print(min(test_losses), test_losses.index(min(test_losses)) + 1)", _LONGER),
    ),
    style("answers_below_the_line", "the template's line is kept above the answer", _kept_line("q4", _LONGER)),
    style(
        "answers_with_metadata",
        "an answer in a cell with tags, as Colab and nbgrader write them",
        _with_metadata("q4", _LONGER),
    ),
)
