"""What `grader prove` makes of the solution: each fault with the items that it must cost, and each other style."""

from __future__ import annotations

from grader.prove.mutation import Mutation
from reference.mutations.faults_shown import FAULTS as SHOWN
from reference.mutations.faults_trained import FAULTS as TRAINED
from reference.mutations.styles import STYLES

MUTATIONS: tuple[Mutation, ...] = (*TRAINED, *SHOWN, *STYLES)
