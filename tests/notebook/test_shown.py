"""The text of displayed objects: HTML, Markdown and tables, which students show as they print."""

from __future__ import annotations

import time

import pytest

from grader.checks.batch_shapes import FirstBatch
from grader.checks.first_batch import first_batch_text
from grader.checks.flops import Cost, counts_printed
from grader.checks.printed_times import printed_times
from grader.evidence.run import CellRun, Profile
from grader.notebook.shown import MAX_CHARS, is_only_name, shown_text

MARKDOWN = "<IPython.core.display.Markdown object>"
HTML = "<IPython.core.display.HTML object>"
STYLED = """<style type="text/css">
#T_1 td { width: 3.5 s }
</style>
<table id="T_1">
  <thead>
    <tr>
      <th class="blank" >&nbsp;</th>
      <th class="col0" >epoch</th>
      <th class="col1" >seconds</th>
    </tr>
  </thead>
  <tbody>
    <tr>
      <th class="row0" >0</th>
      <td class="data" >11</td>
      <td class="data" >4.46</td>
    </tr>
    <tr>
      <th class="row1" >1</th>
      <td class="data" >12</td>
      <td class="data" >4.61</td>
    </tr>
  </tbody>
</table>"""


@pytest.mark.parametrize(
    "plain", ["", MARKDOWN, HTML, "<pandas.io.formats.style.Styler at 0x7f3a>", "<__main__.Table object at 0x7F3a>\n"]
)
def test_only_a_name(plain: str) -> None:
    assert is_only_name(plain)


@pytest.mark.parametrize(
    "plain", ["   epoch\n0     1", "<Figure size 640x480 with 1 Axes>", "tensor(3.)", "Table at 0x3"]
)
def test_plain_text_is_kept(plain: str) -> None:
    assert shown_text(plain, "other", "<b>other</b>") == plain


def test_a_table_has_a_line_for_each_row() -> None:
    text = shown_text("<pandas.io.formats.style.Styler at 0x7f3a>", markup=STYLED)
    assert [line.split() for line in text.split("\n")] == [
        ["|", "epoch", "|", "seconds"],
        ["0", "|", "11", "|", "4.46"],
        ["1", "|", "12", "|", "4.61"],
    ]
    assert [printed.text for printed in printed_times(text)] == ["4.46", "4.61"]


@pytest.mark.parametrize(
    ("markdown", "markup"),
    [
        ("CNN on the GPU, epoch 1: **4.46 s**", ""),
        ("CNN on the GPU, epoch 1: **4.46**s", ""),
        ("| epoch | seconds |\n|---|---|\n| 1 | 4.46 |", ""),
        ("", "<b>CNN on the CPU, epoch 1</b>: 4.46&nbsp;s"),
        ("", "<p>epoch 1<br>took <code>4.46</code> s</p><!-- 9.9 s -->"),
        ("", "<ul><li>epoch 1<li>time: 4.46</ul><script>var a = '7 s'</script>"),
    ],
)
def test_times_that_are_displayed(markdown: str, markup: str) -> None:
    (printed,) = printed_times(shown_text("", markdown, markup))
    assert printed.readings[0].value == 4.46


def test_the_first_batch_that_is_displayed() -> None:
    rows = (("sample (images)", (64, 1, 28, 28), "torch.float32"), ("label (digits)", (64,), "torch.int64"))
    table = "| tensor | shape | dtype |\n|---|---|---|\n" + "\n".join(f"| {a} | {b} | {c} |" for a, b, c in rows)
    markup = "<table>" + "".join(f"<tr><th>{a}</th><td>{b}<td>{c}</tr>" for a, b, c in rows) + "</table>"
    for text in (shown_text(MARKDOWN, table), shown_text(HTML, markup=markup)):
        assert first_batch_text(text, FirstBatch())


def test_counts_that_are_displayed() -> None:
    costs = [Cost("MLP", 109_184, 109_386), Cost("CNN", 7_459_968, 101_578)]
    profiles = [Profile(46, cost.name, None, "cpu", ((1, 1, 28, 28),), cost.macs, cost.parameters) for cost in costs]
    markup = "".join(f"<tr><td>{cost.name}<td>{cost.macs:,}<td>{cost.parameters:,}" for cost in costs)
    markup = f"<table><tr><th>model<th>MACs<th>parameters{markup}</table>"
    assert counts_printed([CellRun(46, "ok", text=shown_text(HTML, markup=markup))], profiles, costs)


@pytest.mark.parametrize(
    "piece", ["<a>", "<", "<!--", "<style>", "<td ", "</", "<td>x", "&", "&#", "** ", "<a" + " " * 99]
)
def test_hostile_markup_is_read_at_once(piece: str) -> None:
    began = time.process_time()
    for text in (piece * (2 * MAX_CHARS // len(piece)), piece + "x" * 2 * MAX_CHARS):
        assert len(shown_text("", markup=text)) <= 2 * MAX_CHARS
        assert len(shown_text("", text)) <= 2 * MAX_CHARS
    assert time.process_time() - began < 5
