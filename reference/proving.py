"""What `grader prove` makes of the solution: each fault with the items that it must cost, and each other style."""

from __future__ import annotations

from grader.prove.mutation import Mutation
from reference.proving_shown import FAULTS as SHOWN
from reference.proving_styles import STYLES
from reference.proving_trained import FAULTS as TRAINED

MUTATIONS: tuple[Mutation, ...] = (*TRAINED, *SHOWN, *STYLES)
