"""Checks on profiles of models: the models and inputs that were passed to a tool, and the counts that were printed."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from grader.assignment import Fail
from grader.checks.count_names import REACH, Names, misnamed
from grader.checks.printed_numbers import Number, Reading, find_numbers, without_progress
from grader.evidence.run import CellRun, Profile

__all__ = ["Cost", "counts_printed", "models_profiled"]

SAME = 0.005  # relative, for counts that a tool returned
WITH_BIASES = 0.02  # the same for torchinfo, which adds the biases: 0.2 % of the MLP's count, 0.6 % of the CNN's
MOST_GROUPS = 4  # of three digits in one number
COARSE = 0.5  # a printed number that was rounded by more than this share of its value tells nothing

_SCALE_LABEL = re.compile(
    r"(?P<giga>(?<![^\W_])G(?:(?![^\W_])|(?=MACs?|FLOPs?))|(?i:giga|billion|milliarde|1e9|10\^9))"
    r"|(?P<mega>(?<![^\W_])M(?:(?![^\W_])|(?=MACs?|FLOPs?|Params?))|(?<=_)m(?![^\W_])"
    r"|(?i:mega|mill?i[oó]n|milij|\bmio\b|\bmln\b|млн|миллион|εκατομμύρι|百万|1e\+?0?6|10\^6|10\*\*6|10⁶))"
    r"|(?P<kilo>(?<![^\W_])[kK](?:(?![^\W_])|(?=MACs?|FLOPs?|Params?))"
    r"|(?i:kilo|thousand|tausend|tisoč|tysi|\bmil(?:es|le)\b|тыс|χιλιάδ|1e\+?0?3|10\^3|10\*\*3|10³))"
)
_LABEL = re.compile(
    r"(?<![^\W_])(?:(?P<operations>[kmg]?(?:fl?ops?|macs?)|ops|operation\w*|op[eé]ra\w+|rechenoperation\w*"
    r"|mult(?:iply)?-?add\w*|multiply-?accumulat\w*)|(?P<parameters>[kmg]?par[aá]m\w*))(?![^\W_])",
    re.IGNORECASE,
)
_SPACED = re.compile(r"(?<![\d.,])[1-9]\d{0,2}(?:[ \u2007]\d{3})+(?!\d)")  # '109 184', as in French and Slovene
_FREE_DIGIT = re.compile(r"(?<![\w.])\d")
_NO_SCALES: frozenset[float] = frozenset()
Scales: TypeAlias = Sequence[frozenset[float]]  # for each line
_SCALES = {"giga": 1e9, "mega": 1e6, "kilo": 1e3}
_DOUBLED = re.compile(
    r"(?<![\d.*])2(?:\.0?)?\s*\*(?!\*)|(?<!\*)\*\s*2(?:\.0?)?(?![\d.*])|\btwice\b|\btwo (?:operations"
    r"|flops)|2 ?[x×] ?MACs?"
)


@dataclass(frozen=True)
class Cost:
    """The cost of one input of a model, counted by the grader.

    `macs` are multiply-accumulates in thop's convention, `parameters` the number of parameter elements. `name` is the
    model's name in messages; `class_name` is the student's class and `key` the run's key of the model, if known.

    >>> Cost("MLP", macs=109_184, parameters=109_386, class_name="Net").name
    'MLP'
    """

    name: str
    macs: float
    parameters: int
    class_name: str = ""
    key: str | None = None


def models_profiled(
    profiles: Sequence[Profile], costs: Sequence[Cost], input_shape: tuple[int, ...] = (1, 1, 28, 28)
) -> str:
    """Check that each model was profiled with a single input of `input_shape`.

    `profiles` are the recorded calls of thop and other tools, `costs` those of the student's own models. The name of a
    tool in the code is not enough. Return which models were profiled. Raise Fail, with the share of models that are
    right as credit; models that were profiled on the GPU lose a half.

    >>> profile = Profile(46, "MLP", None, "cpu", ((1, 1, 28, 28),), macs=109_184, parameters=109_386)
    >>> models_profiled([profile], [Cost("MLP", 109_184, 109_386)])
    'MLP profiled with one input each'
    """
    expected = f"a profile of {_names(costs)} with one {'×'.join(map(str, input_shape))} input"
    if not profiles:
        raise Fail("no model was profiled", expected, "thop.profile takes a model and its inputs.")
    problems, notes, right = [], [], 0
    elsewhere: list[Cost] = []
    for cost in costs:
        mine = [profile for profile in profiles if _is_of(profile, cost, costs)]
        good = [profile for profile in mine if not _wrong_input(profile, cost, input_shape)]
        if good:
            right += 1
            if not any(profile.device.startswith("cpu") for profile in good):
                elsewhere.append(cost)
            notes += (
                [f"the {cost.name} had been used before: a fresh copy is safer"] if all(p.reused for p in good) else []
            )
        elif mine:
            problems.append(f"the {cost.name} {_wrong_input(mine[-1], cost, input_shape)}")
        else:
            problems.append(f"the {cost.name} was not profiled")
    if not problems and elsewhere:
        raise Fail(
            f"the {_names(elsewhere)} {'was' if len(elsewhere) == 1 else 'were'} profiled on the GPU, not on the CPU",
            f"{expected}, both on the CPU",
            "Where do the model and the image live when the profiler gets them?",
            credit=round(1 - 0.5 * len(elsewhere) / len(costs), 2),
        )
    if not problems:
        return "; ".join([f"{_names(costs)} profiled with one input each", *dict.fromkeys(notes)])
    strange = [p for p in profiles if not any(_is_of(p, cost, costs) for cost in costs)]
    if strange and any("not profiled" in problem for problem in problems):
        problems.append(f"a {strange[-1].model_class or 'model'} with {_count(strange[-1].parameters)} parameters was")
    only_inputs = not any("was not profiled" in problem for problem in problems)
    hint = "Look at the inputs of each call." if only_inputs else "Which model does each call get?"
    raise Fail("; ".join(problems), expected, hint, credit=round(right / len(costs), 2))


def _is_of(profile: Profile, cost: Cost, costs: Sequence[Cost]) -> bool:
    """Return whether a profile is of this model: by key, by parameters, or by class if no parameters match."""
    if profile.model is not None and cost.key is not None and profile.model == cost.key:
        return True
    if profile.parameters is not None:
        by_parameters = [c for c in costs if math.isclose(c.parameters, profile.parameters, rel_tol=SAME)]
        if by_parameters:
            return cost in by_parameters and (len(by_parameters) == 1 or profile.model_class in ("", cost.class_name))
    return bool(cost.class_name) and profile.model_class == cost.class_name


def _wrong_input(profile: Profile, cost: Cost, input_shape: tuple[int, ...]) -> str:
    """Return what is wrong with a profile's input; '' if its count is that of a single input."""
    shape = profile.input_shapes[0] if profile.input_shapes else ()
    size, one = math.prod(shape), math.prod(input_shape)
    counted = profile.macs is None or _right(profile, cost)
    if shape == input_shape or (size == one and counted):
        return "" if counted else f"was counted with {_count(profile.macs)} MACs; it has {_count(cost.macs)}"
    if one and size and size % one == 0 and size > one:
        return f"was profiled with a batch of {size // one} inputs, {shape}"
    return f"was profiled with an input of shape {shape}"


def counts_printed(
    cells: Sequence[CellRun], profiles: Sequence[Profile], costs: Sequence[Cost], source: str = ""
) -> str:
    """Check that the MACs of each model are printed, in any notation, and its parameters.

    `cells` are those whose output may hold the counts, `source` their code; `profiles` are the recorded calls of thop
    and other tools, `costs` those of the student's own models. Twice the MACs, another way to count floating-point
    operations, is right if the output or the code says so, or if the tool counts so. Without a profile printed numbers
    earn nothing. Return the counts. Raise
    Fail, with the share of models whose counts are printed as credit; doubled counts that nothing explains keep 0.7 at
    least, counts exchanged with the parameters lose half, and parameters that are not printed a half.

    >>> profile = Profile(46, "MLP", None, "cpu", ((1, 1, 28, 28),), macs=109_184, parameters=109_386)
    >>> printed = CellRun(46, "ok", text="109,184 FLOPs, 109,386 parameters")
    >>> counts_printed([printed], [profile], [Cost("MLP", 109_184, 109_386)])
    'MLP: 109,184 MACs printed'
    """
    expected = "; ".join(f"{cost.name}: {_count(cost.macs)} MACs" for cost in costs)
    expected = f"the counts printed ({expected})" if profiles else f"counts of {_names(costs)} from a profiler, printed"
    if not profiles:
        raise Fail(
            "no profiler was used, so no counts could be measured",
            expected,
            "Which function of thop runs a model and counts?",
        )
    text = "\n".join(without_progress(cell.text) for cell in cells)
    numbers = _numbers(text)
    lines = text.split("\n")
    scales = _scales(lines)
    doubled = bool(_DOUBLED.search(source) or _DOUBLED.search(text))
    doubled = doubled or any(profile.tool == "FlopCounterMode" for profile in profiles)
    missing = []
    for cost in costs:
        returned = [p.macs for p in profiles if p.macs and _is_of(p, cost, costs) and _right(p, cost)]
        counted = dict.fromkeys((cost.macs, *returned))
        values = [value * times for value in counted for times in ((1, 2) if doubled else (1,))]
        if not any(_prints(number, scales, value) for number in numbers for value in values):
            missing.append(cost)
    exchanged = [cost for cost in costs if cost not in missing and _exchanged(cost, lines, numbers, scales)]
    if exchanged:
        raise Fail(
            f"the operations and the parameters of the {_names(exchanged)} are exchanged where they are printed",
            expected,
            "Which of the two numbers does the profiler return first?",
            credit=round(0.5 * (1 - len(missing) / len(costs)), 2),
        )
    if misnamed_counts := _under_which_names(lines, numbers, costs, scales):
        raise Fail(
            f"the numbers are right, but {misnamed_counts}",
            expected,
            "Which name is printed beside the result of each call of the profiler?",
            credit=round(0.5 * (1 - len(missing) / len(costs)), 2),
        )
    if not missing:
        unsaid = [cost for cost in costs if not _parameters_printed(cost, profiles, costs, numbers, scales)]
        if unsaid:
            raise Fail(
                f"the operations are printed, but not the parameters of the {_names(unsaid)}",
                "both numbers for both models: " + "; ".join(f"{c.name}: {_count(c.parameters)}" for c in costs),
                "The profiler returns two numbers for each model: print the second one, too.",
                credit=round(1 - 0.5 * len(unsaid) / len(costs), 2),
            )
        counts = "; ".join(f"{cost.name}: {_count(cost.macs)} MACs" for cost in costs)
        return f"{counts} printed"
    credit = round(1 - len(missing) / len(costs), 2)
    twice = [c for c in missing if any(_prints(n, scales, 2 * c.macs) for n in numbers)]
    if twice:
        seen = f"twice the MACs of the {_names(twice)} are printed, and nothing says so"
        raise Fail(seen, expected, "Say what is counted: multiply-adds, or both as one each.", credit=max(credit, 0.7))
    wrong = [p for p in profiles if not any(_is_of(p, cost, costs) and _right(p, cost) for cost in costs)]
    shown_wrong = [p for p in wrong if p.macs and any(_prints(n, scales, p.macs) for n in numbers)]
    if len(shown_wrong) >= len(missing):
        shown = ", ".join(_count(profile.macs) for profile in shown_wrong[:3])
        raise Fail(
            f"the counts printed ({shown}) are not those of the {_names(missing)} with one input",
            expected,
            "Which model was profiled, and with an input of which shape?",
            credit=credit,
        )
    raise Fail(
        f"the MACs of the {_names(missing)} are not printed",
        expected,
        "Print what the profiler returns.",
        credit=credit,
    )


def _parameters_printed(
    cost: Cost, profiles: Sequence[Profile], costs: Sequence[Cost], numbers: Sequence[Number], scales: Scales
) -> bool:
    """Return whether the parameters are printed, as the grader or a profile of the model counts them.

    True for a model without any: that cost points before.
    """
    if not cost.parameters:
        return True
    returned = (profile.parameters for profile in profiles if _is_of(profile, cost, costs))
    values = {float(cost.parameters), *(float(count) for count in returned if count)}
    return any(_prints(number, scales, value) for number in numbers for value in values)


def _under_which_names(lines: Sequence[str], numbers: Sequence[Number], costs: Sequence[Cost], scales: Scales) -> str:
    """Return which counts are printed under another model's name, '' if none are.

    The operations may bear wrong names beside right ones of the parameters, and the other way round.
    """
    for kinds in (("operations", "parameters"), ("operations",), ("parameters",)):
        swapped = _misnamed(lines, numbers, costs, scales, kinds)
        if not swapped:
            continue
        others = _names([cost for cost in costs if cost not in swapped])
        if len(kinds) > 1 and len(swapped) > 1:
            return f"the counts of the {_names(swapped)} are printed under each other's names"
        if len(kinds) > 1:
            return f"the count of the {_names(swapped)} is printed under the name of the {others}"
        if kinds[0] == "operations" and len(swapped) > 1:
            return f"the operations of the {_names(swapped)} are printed under each other's names"
        if kinds[0] == "operations":
            return f"the operations of the {_names(swapped)} are printed under the name of the {others}"
        if len(swapped) > 1:
            return f"the parameters of the {_names(swapped)} are printed under each other's names"
        return f"the parameters of the {_names(swapped)} are printed under the name of the {others}"
    return ""


def _misnamed(
    lines: Sequence[str], numbers: Sequence[Number], costs: Sequence[Cost], scales: Scales, kinds: Sequence[str]
) -> list[Cost]:
    """Return the models whose counts of these kinds are printed under another model's name."""
    by_name = {cost.name: cost for cost in costs}
    names = Names({cost.name: tuple({cost.name, cost.class_name} - {""}) for cost in costs})

    def owner(number: Number) -> str:
        found = [(cost.name, printed) for cost in costs if (printed := _kinds(number, scales, cost))]
        return found[0][0] if len(found) == 1 and found[0][1] & set(kinds) else ""

    return [by_name[name] for name in misnamed(lines, numbers, names, owner)]


def _kinds(number: Number, scales: Scales, cost: Cost) -> set[str]:
    """Return which of the model's counts a printed number may be: 'operations', 'parameters', both or none."""
    counts = {"operations": (cost.macs, 2 * cost.macs), "parameters": (cost.parameters,)}
    return {kind for kind, values in counts.items() if any(_prints(number, scales, value) for value in values)}


def _exchanged(cost: Cost, lines: Sequence[str], numbers: Sequence[Number], scales: Scales) -> bool:
    """Return whether the MACs of a model are called its parameters, and its parameters its operations.

    Only if the words leave no doubt. If a line holds both words and both numbers, the first word belongs to the first
    number; otherwise two lines must hold one word and one number each. A line that names them correctly settles it.
    """
    found: set[tuple[str, str]] = set()
    for place, here in itertools.groupby(numbers, key=lambda number: number.line):
        line = lines[place]
        labels = _without_repeats(match.lastgroup or "" for match in _LABEL.finditer(line))
        kinds = (_which(number, scales, cost) for number in here)
        values = _without_repeats(kind for kind in kinds if kind)
        if len(labels) == len(values) == len(set(labels)) == len(set(values)):
            pairs = set(zip(labels, values, strict=True))
            if ("operations", "operations") in pairs:
                return False
            found |= pairs
    return {("operations", "parameters"), ("parameters", "operations")} <= found


def _which(number: Number, scales: Scales, cost: Cost) -> str:
    """Return 'operations' or 'parameters' if a printed number can only be that count of the model, else ''."""
    kinds = _kinds(number, scales, cost)
    return next(iter(kinds)) if len(kinds) == 1 else ""


def _without_repeats(words: Iterable[str]) -> list[str]:
    return [word for word, _ in itertools.groupby(words)]


def _right(profile: Profile, cost: Cost) -> bool:
    slack = WITH_BIASES if profile.tool == "torchinfo" else SAME
    return profile.macs is not None and math.isclose(profile.macs, cost.macs, rel_tol=slack)


def _numbers(text: str) -> list[Number]:
    """Return the numbers of a text, in order; '109 184' is one number too, beside the two that it may also be."""
    return sorted((*find_numbers(text), *_spaced(text)), key=lambda number: (number.start, number.end))


def _spaced(text: str) -> Iterator[Number]:
    """Yield the numbers whose thousands are separated by spaces; '109 184 109 386' may be two."""
    line, counted = 0, 0
    for run in _SPACED.finditer(text):
        line += text.count("\n", counted, run.start())
        counted = run.start()
        groups = [(part.start(), part.end()) for part in re.finditer(r"\d+", run.group())]
        for first, (start, _) in enumerate(groups):
            for _, end in groups[first + 1 : first + MOST_GROUPS]:
                digits = re.sub(r"\D", "", run.group()[start:end])
                reading = Reading(float(digits), 1.0)
                yield Number(run.group()[start:end], (reading,), run.start() + start, run.start() + end, line)


def _scales(lines: Sequence[str]) -> Scales:
    """Return for each line the scales that it names; without any, those that a heading close above names.

    A heading is a line without numbers, such as 'model  FLOPs (M)  params (K)' above 'MLP  0.109  109.4'.
    """
    found: list[frozenset[float]] = []
    heading, at = _NO_SCALES, -REACH - 1
    for place, line in enumerate(lines):
        own = _scales_named(line)
        if own and not _FREE_DIGIT.search(_SCALE_LABEL.sub(" ", line)):
            heading, at = own, place
        found.append(own or (heading if place - at <= REACH else _NO_SCALES))
    return found


def _scales_named(line: str) -> frozenset[float]:
    return frozenset(_SCALES[match.lastgroup or "mega"] for match in _SCALE_LABEL.finditer(line))


def _prints(number: Number, scales: Scales, value: float) -> bool:
    """Return whether a printed number is this count, up to rounding; the label may give a unit: 'MACs (M): 7.46'."""
    for reading in number.readings:
        if reading.kind in ("percent", "time") and not number.text.endswith("m"):
            continue
        if _is_value(reading, value):
            return True
        if reading.kind == "plain" and reading.value < 1e5:
            for scale in scales[number.line]:
                if _is_value(Reading(reading.value * scale, reading.step * scale), value):
                    return True
    return False


def _is_value(reading: Reading, value: float) -> bool:
    return reading.value > 0 and reading.step / 2 <= COARSE * value and reading.agrees(value, slack=1e-4 * value)


def _names(costs: Sequence[Cost]) -> str:
    return " and ".join(cost.name for cost in costs)


def _count(value: float | None) -> str:
    return "?" if value is None else f"{value:,.0f}"
