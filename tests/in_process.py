"""A notebook's namespace that answers probes in this process, through the same JSON as a kernel."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping
from typing import Any

PRELUDE = """
import time
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from tqdm import tqdm
"""


class InProcess:
    """Answers like `grader.sandbox.kernel.Kernel`, on a namespace in which `source` has run."""

    alive = True

    def __init__(self, source: str) -> None:
        self.namespace: dict[str, Any] = {"__name__": "__main__"}
        self.asked: list[str] = []
        for part in (PRELUDE, source):
            exec(compile(textwrap.dedent(part), "<cell>", "exec"), self.namespace)

    def request(self, name: str, payload: Mapping[str, object], seconds: float | None = None) -> dict[str, object]:
        from grader.in_kernel import agent, encoding
        from grader.in_kernel.probes import handlers

        self.asked.append(name)
        try:
            answer = handlers.probe(name, encoding.decode(json.loads(json.dumps(payload))), self.namespace)
            return json.loads(json.dumps(encoding.encode(answer), allow_nan=False))
        except (Exception, SystemExit) as error:
            return {"error": agent.describe(error)}
