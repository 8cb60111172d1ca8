"""Figures as data, whoever draws them and however the legend is made."""

import pytest

from grader.checks.plot_visibility import is_visible
from grader.evidence.run import Axes
from tests.in_kernel.watched import Watched, watch

START = "import matplotlib.pyplot as plt, numpy as np\na, b = [2.0, 1.0, 0.5], [2.2, 1.2]\n"


def draw(*cells: str) -> Watched:
    run = watch(START, *cells, setting=False)
    assert run.errors == []
    return run


def only(run: Watched) -> Axes:
    (figure,) = run.figures
    (axes,) = figure.axes
    return axes


TWO = "plt.plot([1, 2, 3], a, label='train'); plt.plot([1, 2], b, label='val'); plt.legend(); "
LABELS = "ax.set(xlabel='epoch', ylabel='loss', title='Losses', yscale='log')"
WAYS = {
    "pyplot": TWO + "plt.xlabel('epoch'); plt.ylabel('loss'); plt.title('Losses'); plt.yscale('log'); plt.show()",
    "semilogy": "plt.semilogy([1, 2, 3], a, label='train'); plt.semilogy([1, 2], b, label='val'); plt.legend(loc='best'); "
    "ax = plt.gca(); ax.set(xlabel='epoch', ylabel='loss', title='Losses')",
    "axes": "fig, ax = plt.subplots(); ax.plot([1, 2, 3], a, 'r-o', [1, 2], b, 'b--'); ax.legend(['train', 'val']); "
    + LABELS,
    "handles": "fig, ax = plt.subplots(); v, = ax.plot([1, 2], b); t, = ax.plot([1, 2, 3], a); "
    "ax.legend([t, v], ['train', 'val']); ax.lines[0].set_zorder(9); " + LABELS,
    "figure legend": "fig, ax = plt.subplots(); ax.plot([1, 2, 3], a, label='train'); ax.plot([1, 2], b, label='val'); "
    "fig.legend(); fig.suptitle('Losses'); ax.set(xlabel='epoch', ylabel='loss', yscale='log')",
    "no pyplot": "from matplotlib.figure import Figure\nax = Figure().add_subplot(); ax.plot([1, 2, 3], a, label='train')\n"
    "ax.plot([1, 2], b, label='val'); ax.legend(); " + LABELS,
    "proxies": "from matplotlib.lines import Line2D; fig, ax = plt.subplots(); ax.plot([1, 2, 3], a, color='g')\n"
    "ax.plot([1, 2], b, c='#102030'); ax.legend(handles=[Line2D([], [], color='g', label='train'), "
    "Line2D([], [], c='#102030', label='val')]); " + LABELS,
    "closed": TWO + "plt.gca().set(xlabel='epoch', ylabel='loss', title='Losses', yscale='log'); plt.close('all')",
    "saved": TWO
    + "plt.gca().set(xlabel='epoch', ylabel='loss', title='Losses', yscale='log'); plt.savefig('x.png'); plt.clf()",
    "tensors": "import torch; t = [torch.tensor(v) for v in a]; v = np.array(b, dtype=np.float32)\n"
    "fig, ax = plt.subplots(); ax.plot(range(1, 4), t, label='train'); ax.plot([1, 2], v, label='val'); ax.legend(); "
    + LABELS,
    "pandas": "import pandas as pd; ax = pd.DataFrame({'train': a, 'val': [*b, None]}, index=[1, 2, 3]).plot(logy=True)\n"
    + LABELS,
    "seaborn": "import pandas as pd, seaborn as sns\n"
    "d = pd.DataFrame({'x': [1, 2, 3, 1, 2], 'y': a + b, 'set': ['train'] * 3 + ['val'] * 2})\n"
    "ax = sns.lineplot(data=d, x='x', y='y', hue='set'); " + LABELS,
    "relplot": "import pandas as pd, seaborn as sns\n"
    "d = pd.DataFrame({'x': [1, 2, 3, 1, 2], 'y': a + b, 'set': ['train'] * 3 + ['val'] * 2})\n"
    "ax = sns.relplot(data=d, x='x', y='y', hue='set', kind='line').ax; " + LABELS,
}


@pytest.fixture(scope="module")
def ways() -> Watched:
    return draw(*("plt.close('all')\n" + cell for cell in WAYS.values()))


def test_a_partly_linear_scale_names_its_limit() -> None:
    (figure,) = draw("fig, ax = plt.subplots(); ax.plot([1, 2], b); ax.set_yscale('symlog', linthresh=3)").figures
    assert figure.axes[0].yscale == "symlog, linear below 3"


@pytest.mark.parametrize("way", WAYS)
def test_every_way_of_drawing_two_curves(way: str, ways: Watched) -> None:
    (figure,) = (figure for figure in ways.figures if figure.cell == 1 + list(WAYS).index(way))
    (axes,) = figure.axes
    assert (axes.title, axes.xlabel, axes.ylabel, axes.xscale, axes.yscale) == (
        "Losses",
        "epoch",
        "loss",
        "linear",
        "log",
    )
    assert [entry for entry in axes.legend if entry != "set"] == ["train", "val"]
    lines = {line.label: line for line in axes.lines}
    assert set(lines) == {"train", "val"}
    assert lines["train"].x[:3] == (1, 2, 3)
    assert lines["train"].y == (2.0, 1.0, 0.5)
    assert lines["val"].y[:2] == pytest.approx((2.2, 1.2))


def test_lines_without_labels_and_a_plot_without_legend() -> None:
    axes = only(draw("plt.plot(a); plt.plot(b, label='val')"))
    assert [line.label for line in axes.lines] == ["", "val"]
    assert axes.legend == ()


def test_scatter_categories_dates_and_gaps() -> None:
    run = draw(
        "plt.scatter([1, 2], [3, 4], label='s'); plt.legend()",
        "plt.figure(); plt.plot(['a', 'b', 'c'], [1, np.nan, np.inf])",
        "plt.figure(); plt.plot(np.array(['2024-01-01', '2024-01-02'], dtype='M8[D]'), np.ma.masked_equal([1, 2], 2))",
    )
    lines = [figure.axes[0].lines[0] for figure in run.figures]
    assert (lines[0].kind, lines[0].x, lines[0].y, lines[0].label) == ("scatter", (1, 2), (3, 4), "s")
    assert (lines[1].x, lines[1].y) == ((0, 1, 2), (1, None, None))
    assert (lines[2].x, lines[2].y) == ((19723, 19724), (1, None))
    assert [figure.cell for figure in run.figures] == [1, 2, 3]


def test_twin_axes_are_found() -> None:
    (figure,) = draw(
        "fig, ax = plt.subplots(1, 2); p = ax[1].plot(a, label='loss'); other = ax[1].twinx()\n"
        "q = other.plot(b, label='acc'); ax[1].legend(handles=p + q)"
    ).figures
    assert [axes.twin for axes in figure.axes] == [None, 2, 1]
    assert [axes.legend for axes in figure.axes] == [(), ("loss", "acc"), ("loss", "acc")]
    assert [line.label for line in figure.axes[2].lines] == ["acc"]


def test_texts_of_the_figure_in_its_margins_label_the_axes() -> None:
    (figure,) = draw(
        "fig, ax = plt.subplots(2, 1); ax[0].plot(a); ax[1].plot(b); ax[1].set_ylabel('accuracy')\n"
        "fig.text(0.5, 0.5, 'a note'); fig.text(0.5, 0.02, 'step', ha='center'); fig.text(0.02, 0.9, 'figure 1')\n"
        "fig.text(0.03, 0.5, 'loss', rotation='vertical', va='center')"
    ).figures
    assert [(axes.xlabel, axes.ylabel) for axes in figure.axes] == [("step", "loss"), ("step", "accuracy")]


def test_a_plot_that_is_updated_keeps_its_last_states() -> None:
    run = draw(
        "fig, ax = plt.subplots()\nfor i in range(50):\n    ax.clear(); ax.plot(range(i + 1), label='loss'); ax.legend()"
    )
    assert [len(figure.axes[0].lines[0].x) for figure in run.figures] == [45, 46, 47, 48, 49, 50]


def test_a_figure_that_a_later_cell_changes_is_recorded_again() -> None:
    run = draw("fig, ax = plt.subplots(); ax.plot(a)", "1 + 1", "ax.set_xlabel('epoch'); fig")
    assert [(figure.cell, figure.axes[0].xlabel) for figure in run.figures] == [(1, ""), (3, "epoch")]


def test_empty_and_hidden_figures_leave_no_lines() -> None:
    run = draw(
        "plt.figure()", "fig, ax = plt.subplots(1, 2); ax[1].set_visible(False); ax[0].plot(a)[0].set_visible(False)"
    )
    (figure,) = run.figures
    assert [axes.lines for axes in figure.axes] == [()]


def test_many_figures_and_points_are_capped() -> None:
    run = draw(
        "plt.plot(range(100_000))",
        "for i in range(60): plt.figure(); plt.plot([i, i]); plt.close()",
        "fig, ax = plt.subplots()\nfor i in range(30): ax.plot(np.random.rand(20_000), label='x' * 9999)",
    )
    long, *many, wide = run.figures
    x = long.axes[0].lines[0].x
    assert (len(x), x[0], x[-1]) == (20_000, 0, 99_999)
    assert [figure.axes[0].lines[0].y[0] for figure in many] == list(range(40, 60))
    assert {len(line.x) for line in wide.axes[0].lines} == {2000}
    assert {len(line.label) for line in wide.axes[0].lines} == {500}


def test_figures_made_while_paused_are_left_out() -> None:
    run = draw(
        "from grader.in_kernel import events as recorder\nwith recorder.pause(): plt.plot(a)\nplt.figure(); plt.plot(b)"
    )
    assert only(run).lines[0].y == (2.2, 1.2)


def test_a_figure_that_cannot_be_drawn_is_recorded_all_the_same() -> None:
    line = only(
        draw(
            "from matplotlib.figure import Figure\ndef refuse(*args): raise RuntimeError('drawn')\n"
            "Figure.draw = refuse\nplt.plot(b)"
        )
    ).lines[0]
    assert (line.y, line.drawn, line.seen) == ((2.2, 1.2), None, None)


def test_looking_at_a_figure_changes_nothing_about_it() -> None:
    state = (
        "def state(): return [fig.dpi, fig.bbox_inches.get_points().tolist(), fig.stale_callback is None,\n"
        "    fig.get_layout_engine() is None, ax.get_position().bounds, ax.xaxis.get_visible(), ax.get_legend().get_visible(),\n"
        "    [line.get_visible() for line in ax.lines]]\n"
    )
    run = draw(
        state
        + "fig, ax = plt.subplots(figsize=(30, 20), layout='constrained'); ax.plot(a, label='train'); ax.legend()\n"
        "drawn = []; fig.canvas.mpl_connect('draw_event', drawn.append); before = state()",
        "report(same=before == state(), drawn=len(drawn))",
    )
    assert run.reported == {"same": True, "drawn": 0}


SEEN = {
    "nothing": ("", True),
    "pale": ("t.set_color('lightgray'); v.set_alpha(0.3)", True),
    "thin": ("t.set_linewidth(0.3); v.set_linewidth(0.5)", True),
    "dotted": ("t.set_linestyle(':'); v.set_linestyle(''); v.set_marker('.')", True),
    "legend outside": ("ax.legend(bbox_to_anchor=(1.05, 1), loc='upper left')", True),
    "beside the figure": ("ax.set_position([1.1, 0, 1, 1])", True),
    "high losses cut": ("ax.set_ylim(top=1)", True),
    "again": ("ax.plot(x, 2 * y, label='again'); ax.plot(x, y)", True),
    "alpha 0": ("t.set_alpha(0); v.set_alpha(0)", False),
    "white on white": ("t.set_color('w'); v.set_color('#fefefe')", False),
    "black on black": ("ax.set_facecolor('k'); t.set_color('k'); v.set_color('#010101')", False),
    "no width": ("t.set_linewidth(0); v.set_linewidth(0)", False),
    "ylim off": ("ax.set_ylim(10, 100)", False),
    "xlim off": ("ax.set_xlim(100, 200)", False),
    "no size": ("ax.set_position([0.5, 0.5, 0, 0])", False),
    "a dot": ("ax.set_position([0.5, 0.5, 0.01, 0.01])", False),
    "outside": ("ax.set_position([2, 2, 1, 1])", False),
    "patch": ("ax.add_patch(plt.Rectangle((0, 0), 1, 1, transform=ax.transAxes, color='w', zorder=9))", False),
    "patch of the figure": (
        "fig.patches.append(plt.Rectangle((0, 0), 1, 1, transform=fig.transFigure, color='w', zorder=9))",
        False,
    ),
    "axes over": ("fig.add_axes([0, 0, 1, 1])", False),
    "thick line over": ("ax.plot(x, y, lw=300, color='k', zorder=9)", False),
}


@pytest.fixture(scope="module")
def looked_at() -> Watched:
    begin = (
        "plt.close('all'); fig, ax = plt.subplots(); x = np.arange(1, 11); y = 2 * np.exp(-x / 4)\n"
        "t, = ax.plot(x, 2 * y, label='train'); v, = ax.plot(x, y, label='val'); ax.set_yscale('log'); ax.legend()\n"
    )
    return draw(*(begin + change for change, _ in SEEN.values()))


@pytest.mark.parametrize("case", SEEN)
def test_what_can_be_seen_of_two_lines(case: str, looked_at: Watched) -> None:
    figure = next(figure for figure in looked_at.figures if figure.cell == 1 + list(SEEN).index(case))
    seen = [is_visible(line) for line in figure.axes[0].lines if line.label in ("train", "val")]
    assert seen == [SEEN[case][1]] * 2


def test_hidden_points_legends_and_labels() -> None:
    run = draw(
        "fig, ax = plt.subplots(); ax.plot(range(20), np.arange(20) + 1.0, label='train'); g = ax.legend()\n"
        "ax.set_xlim(0, 9); g.get_texts()[0].set_alpha(0); ax.set_title('t', color='w'); ax.set_xlabel('e')",
        "fig, ax = plt.subplots(); ax.plot(range(20)); ax.set(xlabel='x', title='t'); ax.axis('off')",
        "fig, ax = plt.subplots(); ax.plot(range(20)); ax.axvspan(10, 20, color='w', zorder=9)",
    )
    first, second, third = (figure.axes[0] for figure in run.figures)
    assert (first.lines[0].hidden, first.xlim, first.legend_seen) == (((10, 20),), (0, 9), (False,))
    assert (first.title, first.xlabel) == ("", "e")
    assert (second.title, second.xlabel) == ("t", "")
    assert third.lines[0].hidden == ((11, 20),)


def test_a_figure_whose_limits_are_mended_later_is_recorded_again() -> None:
    run = draw("fig, ax = plt.subplots(); ax.plot(a); ax.set_xlim(50, 60)", "ax.set_xlim(0, 2); fig", "1 + 1")
    assert [(f.cell, is_visible(f.axes[0].lines[0])) for f in run.figures] == [(1, False), (2, True)]


def test_axes_cleared_one_by_one_and_a_cleared_figure() -> None:
    run = draw(
        "fig, axs = plt.subplots(2); axs[0].plot(a); axs[1].plot(b)",
        "fig.clear()",
        "plt.plot(a); plt.cla(); plt.plot(b)",
    )
    assert [(f.cell, [len(axes.lines) for axes in f.axes]) for f in run.figures] == [
        (1, [1, 1]),
        (2, [1, 1]),
        (3, [1]),
        (3, [1]),
    ]
