"""The notebooks that `grader prove` makes from the solution: faults, with the items that each must cost, and styles."""

from __future__ import annotations

from grader.prove.mutation import Mutation
from reference.mutations.faults_drawn import FAULTS as DRAWN
from reference.mutations.faults_loops import FAULTS as LOOPS
from reference.mutations.faults_notebook import FAULTS as NOTEBOOK
from reference.mutations.faults_parts import FAULTS as PARTS
from reference.mutations.faults_shown import FAULTS as SHOWN
from reference.mutations.faults_told import FAULTS as TOLD
from reference.mutations.faults_trained import FAULTS as TRAINED
from reference.mutations.styles import STYLES

MUTATIONS: tuple[Mutation, ...] = (
    *TRAINED,
    *SHOWN,
    *LOOPS,
    *PARTS,
    *DRAWN,
    *TOLD,
    *NOTEBOOK,
    *STYLES,
)
