"""All styles of the assignment: correct notebooks that are written differently from the solution."""

from __future__ import annotations

from grader.prove.mutation import Mutation
from reference.mutations import (
    styles_answers,
    styles_curves,
    styles_layers,
    styles_places,
    styles_records,
    styles_shown,
    styles_updates,
)
from reference.mutations.styles_cells import CELL_STYLES, CONFIG_STYLES
from reference.mutations.styles_cnn import CNN_STYLES
from reference.mutations.styles_data import DATA_STYLES
from reference.mutations.styles_functions import FUNCTION_STYLES
from reference.mutations.styles_loops import ITERATION_STYLES, LOSS_STYLES
from reference.mutations.styles_models import MLP_STYLES, OTHER_STYLES
from reference.mutations.styles_plots import PLOT_STYLES
from reference.mutations.styles_sections import SECTION_STYLES
from reference.mutations.styles_sizes import SIZE_STYLES
from reference.mutations.styles_steps import DEVICE_STYLES, STEP_STYLES, TEST_STYLES
from reference.mutations.styles_text import FLOPS_STYLES, Q1_STYLES
from reference.mutations.styles_timed_runs import TIMED_RUN_STYLES
from reference.mutations.styles_timing import TIMING_STYLES
from reference.mutations.styles_wordings import ANSWER_STYLES

STYLES: tuple[Mutation, ...] = (
    *MLP_STYLES,
    *CNN_STYLES,
    *OTHER_STYLES,
    *ITERATION_STYLES,
    *LOSS_STYLES,
    *STEP_STYLES,
    *TEST_STYLES,
    *DEVICE_STYLES,
    *DATA_STYLES,
    *Q1_STYLES,
    *FLOPS_STYLES,
    *PLOT_STYLES,
    *SIZE_STYLES,
    *SECTION_STYLES,
    *TIMING_STYLES,
    *TIMED_RUN_STYLES,
    *FUNCTION_STYLES,
    *CONFIG_STYLES,
    *CELL_STYLES,
    *ANSWER_STYLES,
    *styles_layers.STYLES,
    *styles_places.STYLES,
    *styles_records.STYLES,
    *styles_updates.STYLES,
    *styles_curves.STYLES,
    *styles_shown.STYLES,
    *styles_answers.STYLES,
)
