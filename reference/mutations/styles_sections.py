"""Other places for an answer: merged cells, plots at the end, no headings, a function defined elsewhere."""

from __future__ import annotations

from grader.prove.mutation import Mutation
from grader.prove.rewriting import after, cell, drop, prefix, style, sub, suffix
from reference.mutations.faults_sections import DRAWN, FIRST_LOOP, PLOT_CELL, PLOT_FUNCTION, elsewhere
from reference.mutations.solution_code import FIRST_TRAINING, SECOND_TRAINING

_FIRST = 'plot_losses("MLP, first 10 epochs")\n\n'
_SECOND = 'plot_losses("MLP, all 20 epochs")'
_ANSWER_10 = "Yes for the MLP: with dense layers"
_MARKS = "first_losses, first_tests = len(train_losses), len(test_losses)"
_AT_THE_END = """
for part, tests, name in ((slice(first_losses), slice(first_tests), "first 10"), (slice(None), slice(None), "all 20")):
    plt.figure()
    plt.semilogy(train_steps_mlp[part], train_losses_mlp[part], label="train")
    plt.semilogy(test_steps_mlp[tests], test_losses_mlp[tests], label="test")
    plt.xlabel("step"); plt.ylabel("loss"); plt.title(name); plt.legend()
    plt.show()
"""
_KEPT = """
train_steps_mlp, train_losses_mlp, test_steps_mlp, test_losses_mlp = train_steps, train_losses, test_steps, test_losses
"""
_BESIDE = """
fig, (left, right) = plt.subplots(1, 2, figsize=(12, 4), sharey=True)
for ax, part, tests in ((left, slice(first_losses), slice(first_tests)), (right, slice(None), slice(None))):
    ax.plot(train_steps[part], train_losses[part], label="training loss")
    ax.plot(test_steps[tests], test_losses[tests], label="validation loss")
    ax.set_yscale("log"); ax.set_xlabel("step"); ax.legend()
left.set_ylabel("loss")
plt.show()
"""

SECTION_STYLES: tuple[Mutation, ...] = (
    style(
        "section_both_plots_in_question_3",
        "Question 2's cell only says that both plots are below, in one cell with Question 3",
        *elsewhere("# both plots are in the next cell"),
        prefix(SECOND_TRAINING, _FIRST),
    ),
    style(
        "section_merged_cell",
        "Questions 2 and 3 in one cell; Question 2 has no cell of its own",
        drop(PLOT_CELL),
        prefix(SECOND_TRAINING, PLOT_FUNCTION + "\n\n" + _FIRST),
    ),
    style(
        "section_merged_above",
        "Questions 2 and 3 in one cell, that of Question 2",
        suffix(
            PLOT_CELL,
            "\n\nstart = time.time()\nfor n in range(11, 21):\n    began = time.time()\n"
            "    current_step = cpu_train(current_epoch, train_losses, train_steps, current_step)\n"
            "    cpu_test(test_losses, test_accuracy, test_steps, current_step)\n    current_epoch += 1\n"
            '    print(f"epoch {n}: {time.time() - began:.2f} s")\n'
            'print(f"10 epochs with testing: {time.time() - start:.2f} s in all")\n' + _SECOND,
        ),
        drop(SECOND_TRAINING),
    ),
    style(
        "section_plots_at_the_end",
        "all plots in the last cell, from lists that were kept",
        *elsewhere(_MARKS),
        sub(_SECOND, _KEPT.strip(), SECOND_TRAINING),
        after("thop.profile(", _AT_THE_END),
    ),
    style(
        "section_one_figure_for_both",
        "one figure in Question 3's cell shows the first ten epochs at the left and all 20 at the right",
        *elsewhere(_MARKS),
        sub(_SECOND, _BESIDE.strip(), SECOND_TRAINING),
    ),
    style(
        "section_no_headings",
        "the texts of Questions 2 and 3 are gone",
        drop("### Question 2", "markdown"),
        drop("### Question 3", "markdown"),
    ),
    style(
        "section_plot_below_the_training",
        "the first plot is drawn in the cell that trains; Question 2's cell refers to it",
        *elsewhere('print("see the figure below the training")'),
        suffix(FIRST_TRAINING, "\n\n" + _FIRST.strip()),
    ),
    style(
        "section_function_elsewhere",
        "the function that plots stands beside the training functions",
        *elsewhere(_FIRST.strip()),
    ),
    style(
        "section_trained_below_question_2",
        "the first ten epochs are trained in the cell of Question 2, which plots them",
        sub(FIRST_LOOP, "", FIRST_TRAINING),
        prefix(PLOT_CELL, FIRST_LOOP + "\n\n\n"),
    ),
    style(
        "section_all_below_question_3",
        "all 20 epochs are trained and plotted in the cell of Question 3",
        sub(FIRST_LOOP, "", FIRST_TRAINING),
        *elsewhere("# see the next cell"),
        prefix(SECOND_TRAINING, FIRST_LOOP + "\n\n" + _FIRST),
    ),
    style(
        "section_labels_by_figure_text",
        "the axes are labelled by figure.text",
        cell(
            PLOT_CELL,
            PLOT_FUNCTION.replace("ax.set_xlabel(", "fig.text(0.5, 0.02, ").replace(
                'ax.set_ylabel("cross-entropy loss")', 'fig.text(0.03, 0.5, "loss", rotation="vertical", va="center")'
            )
            + "\n\n"
            + _FIRST.strip(),
        ),
    ),
    style(
        "section_shared_label",
        "accuracy below the losses, which share the x axis and its label",
        cell(
            PLOT_CELL,
            "def plot_losses(title):\n    fig, (ax, low) = plt.subplots(2, 1, sharex=True)\n"
            '    ax.semilogy(train_steps, train_losses, label="training loss")\n'
            '    ax.semilogy(test_steps, test_losses, label="validation loss")\n    ax.set_ylabel("loss")\n'
            '    ax.legend()\n    low.plot(test_steps, test_accuracy)\n    low.set_ylabel("accuracy")\n'
            '    low.set_xlabel("step")\n    plt.show()\n\n\n' + _FIRST.strip(),
        ),
    ),
    style(
        "section_drawn_without_function",
        "each question has its own code for the plot",
        cell(PLOT_CELL, DRAWN),
        sub(_SECOND, DRAWN.strip(), SECOND_TRAINING),
    ),
)
