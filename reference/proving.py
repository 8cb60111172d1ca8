"""The notebooks that `grader prove` makes from the solution: faults, with the items that each must cost, and styles."""

from __future__ import annotations

from grader.prove.mutation import Mutation
from reference.mutations.faults_shown import FAULTS as SHOWN
from reference.mutations.faults_trained import FAULTS as TRAINED
from reference.mutations.styles import STYLES

MUTATIONS: tuple[Mutation, ...] = (*TRAINED, *SHOWN, *STYLES)
