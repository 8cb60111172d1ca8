"""All styles of the assignment: right notebooks that are written in another way than the solution."""

from __future__ import annotations

from grader.prove.mutation import Mutation
from reference.styles_data import DATA_AND_TEXT_STYLES
from reference.styles_loops import LOOP_STYLES
from reference.styles_models import MODEL_STYLES
from reference.styles_plots import PLOT_STYLES
from reference.styles_timing import TIMING_STYLES
from reference.styles_whole import WHOLE_STYLES

STYLES: tuple[Mutation, ...] = (
    *MODEL_STYLES,
    *LOOP_STYLES,
    *DATA_AND_TEXT_STYLES,
    *PLOT_STYLES,
    *TIMING_STYLES,
    *WHOLE_STYLES,
)
