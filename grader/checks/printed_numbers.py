"""Numbers in printed text: their values in any notation, their rounding and their units."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

__all__ = ["Number", "Reading", "find_numbers", "read_number", "without_progress"]

MAX_TEXT, MAX_LINE, MAX_WORD = 200_000, 2_000, 100  # characters
MAX_DIGITS = 300  # of one number: Python refuses to read thousands, and a float holds no more

Kind = Literal["plain", "time", "count", "percent"]


@dataclass(frozen=True)
class Reading:
    """One way to read a number: its value, in seconds for times and in ones for counts, and the size of its last digit.

    >>> Reading(12.3, step=0.1, kind="time").agrees(12.26)
    True
    """

    value: float
    step: float
    kind: Kind = "plain"

    def agrees(self, target: float, slack: float = 0.0) -> bool:
        """Return whether this may be `target`, rounded or cut off to the last digit, up to `slack` more."""
        return self.value - self.step / 2 - slack <= target <= self.value + self.step + slack


@dataclass(frozen=True)
class Number:
    """A number as it was printed, with its unit. `start` and `end` are offsets in the text, `line` counts from 0.

    >>> (number,) = find_numbers("took 12.3 s")
    >>> number.text, number.value, number.kind
    ('12.3 s', 12.3, 'time')
    """

    text: str
    readings: tuple[Reading, ...]
    start: int
    end: int
    line: int

    @property
    def value(self) -> float:
        """The value of the first reading."""
        return self.readings[0].value

    @property
    def kind(self) -> Kind:
        """The kind of the first reading."""
        return self.readings[0].kind


_TIME_UNITS: dict[float, str] = {
    1e-9: "ns nanosecond nanoseconds",
    1e-6: "us µs μs microsecond microseconds mikrosekunden",
    1e-3: (
        "ms msec msecs millis millisecond milliseconds millisekunde millisekunden milliseconde millisecondes"
        " milisegundo milisegundos millisecondi milisekund milisekunde мс 毫秒 ミリ秒 밀리초"
    ),
    1.0: (
        "s sec secs second seconds sek sekunde sekunden seconde secondes seg segs segundo segundos secondo secondi"
        " seconden sekund sekundi sekunda sekundy sekunder sekunt sekuntia saniye sn detik giây secunde másodperc mp"
        " с сек секунд секунды секунда секунди δευτερόλεπτα שניות ثانية ثوان सेकंड 秒 秒钟 초"
    ),
    60.0: (
        "min mins minute minutes minuten minuto minutos minuti minuta minuty minut minuter dakika menit phút perc"
        " мин минут минуты минута دقيقة मिनट 分 分钟 分鐘 분"
    ),
    3600.0: (
        "h hr hrs hour hours stunde stunden heure heures hora horas ora ore ura ure uri godzin"
        " ч час часа часов 小时 小時 시간"
    ),
}
_SECONDS_IN = {word: scale for scale, words in _TIME_UNITS.items() for word in words.split()}
_GLUED_UNITS = sorted((word for word in _SECONDS_IN if ord(word[0]) > 0x2E00), key=len, reverse=True)
_SCALES = {"K": 1e3, "k": 1e3, "M": 1e6, "G": 1e9}
_SCALE_WORDS = {
    "thousand": 1e3,
    "tausend": 1e3,
    "tsd": 1e3,
    "mille": 1e3,
    "mil": 1e3,
    "kilo": 1e3,
    "tisoč": 1e3,
    "million": 1e6,
    "millions": 1e6,
    "millionen": 1e6,
    "mio": 1e6,
    "millones": 1e6,
    "milioni": 1e6,
    "milijonov": 1e6,
    "mega": 1e6,
    "billion": 1e9,
    "milliarden": 1e9,
    "giga": 1e9,
}
_COUNTED = re.compile(
    r"(?:fl?ops?|macs?|madds?|maccs?|mult-?adds?|multiply-?adds?|ops?|params?|parameters?)?", re.IGNORECASE
)
_RATE = re.compile(r"\s{0,9}/\s{0,9}\w")
_SPACE = re.compile(r"[ \t\u00a0\u202f]?")
_PER_EPOCH = re.compile(r"\s{0,9}/\s{0,9}(?:epo|époque|época|每|轮)", re.IGNORECASE)

_GROUP = r",_'’\u00a0\u202f\u2009"
_CLOCK = re.compile(
    r"(?<![\w.:])(?:(?P<days>\d{1,6})\s*days?,\s*)?(?P<a>\d{1,4}):(?P<b>\d\d)(?::(?P<c>\d\d))?(?:[.,](?P<f>\d{1,9}))?(?![\w:]|[.,]\d)"
)
_RUN = re.compile(rf"(?:\d|\.(?=\d))(?:[\d.]|[{_GROUP}](?=\d))*")
_EXPONENT = re.compile(
    r"[eE](?P<e>[-+]?\d{1,4})(?!\d)"
    r"|[ \t]{0,9}[x×·*][ \t]{0,9}10[ \t]{0,9}(?:\^|\*\*)?[ \t]{0,9}\{?(?P<t>[-+]?\d{1,4}|[⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,4})\}?"
)
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺−", "0123456789-+-")
# 4.5'' and 1' 30'' as in sports; a single mark may end a quotation, so it needs seconds behind it.
_MARKS = re.compile(r"(?P<minutes>['’′](?=\s?\d{1,2}(?:[.,]\d{1,9})?(?:''|’’|″)))|(?:''|’’|″)(?!['’\w])")
_TOKEN = re.compile(r"[^\W\d_]+")
_ENDLESS = re.compile(r"\w{100,}")
_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_JOINED = re.compile(r"\s{0,9}(?:,|:|and|und|et|y|e|in|и)?\s{0,9}")

# The bar, its counter and its clocks. The words before it and the values after the rate were set by the student.
_BAR = re.compile(
    r"\d{1,3}%\|[^|\r\n]{0,300}\|\s*[\d.?]{1,12}\w?/[\d.?]{1,12}\w?\s*"
    r"\[[^\[\]\r\n]{0,300}?(?:it/s|s/it|\w{1,12}/s|s/\w{1,12})(?P<post>,[^\]\r\n]{0,500})?\]"
    r"|\b\d{1,12}[A-Za-z]{0,3}\s*\[\d\d:\d\d(?::\d\d)?,\s*[^\]\r\n]{0,300}?(?:/s|s/)\w{0,12}(?P<post2>,[^\]\r\n]{0,500})?\]"
    r"|\d{1,3}%\|[^|\r\n]{0,300}\|\s*\d{0,12}/?\d{0,12}(?:\s*\[[^\]\r\n]{0,500}\])?"
)


def without_progress(text: str) -> str:
    """Return the text without colour codes and progress bars; the words beside a bar that is redrawn are kept once.

    Words, lines and the whole text are cut to lengths that no report reaches, so that reading them stays quick.

    >>> without_progress("Epoch 1: 100%|█████| 128/128 [00:12<00:00, 10.2it/s, loss=0.3]").split()
    ['Epoch', '1:', ',', 'loss=0.3']
    """
    kept: list[str] = []
    previous_bar = False
    for piece in re.split(r"[\r\n]+", _ANSI.sub("", text)):
        piece = shortened(piece)
        bar = _BAR.search(piece) if "%|" in piece or "[" in piece else None
        if not bar:
            kept.append(piece)
            previous_bar = previous_bar and not piece.strip()
            continue
        rest = _BAR.sub(lambda m: f" {m.group('post') or m.group('post2') or ''} ", piece)
        after = piece[bar.end() :].strip()
        if previous_bar and kept and not after:
            kept[-1] = rest
        else:
            kept.append(rest)
        previous_bar = not after
    if sum(map(len, kept)) + len(kept) > MAX_TEXT:
        kept = list(_thinned(kept))
    whole = "\n".join(kept)
    return whole if len(whole) <= MAX_TEXT else whole[: MAX_TEXT // 2] + "\n" + whole[-MAX_TEXT // 2 :]


def _thinned(lines: Iterable[str]) -> Iterator[str]:
    """Yield the lines, of long runs that differ only in numbers (a line for every batch) the first and last 20."""
    for _, group in itertools.groupby(lines, key=lambda line: re.sub(r"\d+", "#", line)):
        run = list(group)
        yield from run if len(run) <= 60 else [*run[:20], *run[-20:]]


def shortened(line: str) -> str:
    """Return a line and its words, cut to lengths that no report reaches."""
    return _ENDLESS.sub(lambda m: m.group()[:MAX_WORD], line[:MAX_LINE])


def find_numbers(text: str) -> tuple[Number, ...]:
    """Return all numbers of a text, in order, with every plausible reading: '109.184' is 109.184 or, in German, 109184.

    Units are read in many languages: times become seconds ('1m 30s', '0:00:12.5', '12 ms'), suffixes are applied
    ('7.46M'). Digits inside names ('float32', 'fc1') do not count.

    >>> [number.value for number in find_numbers("conv1: 7.46M, 1m 30s")]
    [7460000.0, 90.0]
    """
    return tuple(_merged(text, list(_quantities(text))))


@dataclass(frozen=True)
class _Quantity:
    number: Number
    unit: float | None = None  # the length of its unit of time in seconds, if it has one
    bare_m: bool = False  # the unit is 'm': minutes before seconds, otherwise minutes or millions


def read_number(text: str) -> float | None:
    """Return the finite number that a text is, None if it is none: the only way from a student's text to a number.

    Digits of any script and superscripts are read; of signs, points and exponents what Python reads.

    >>> read_number("12.5"), read_number("10⁻"), read_number("1e999"), read_number("nan")
    (12.5, None, None, None)
    """
    if not 0 < len(text) <= MAX_DIGITS or "_" in text:
        return None
    try:
        value = float(text.translate(_SUPERSCRIPTS))
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _quantities(text: str) -> Iterator[_Quantity]:
    position, line, counted = 0, 0, 0
    clocks = _CLOCK.finditer(text)
    clock = next(clocks, None)
    while match := _RUN.search(text, position):
        while clock and clock.start() < position:
            clock = next(clocks, None)
        line += text.count("\n", counted, match.start())
        counted = match.start()
        if clock and clock.start() <= match.start() and (read := _clock_readings(text, clock)):
            yield _Quantity(Number(clock.group(), read, clock.start(), clock.end(), line))
            position = clock.end()
            continue
        position = match.end()
        if _in_name(text, match):
            continue
        for start, end in _parts(match.group(), match.start()):
            quantity = _quantity(text, start, end, line)
            if not quantity.number.readings or not all(math.isfinite(r.value) for r in quantity.number.readings):
                continue
            yield quantity
            position = max(position, quantity.number.end)


def _in_name(text: str, match: re.Match[str]) -> bool:
    before = re.search(r"[A-Za-z_][A-Za-z_0-9]*\Z", text[max(0, match.start() - 40) : match.start()])
    if not before:
        return False
    glued = len(before.group()) >= 3 and re.fullmatch(r"\d+\.\d+", match.group())  # 'time0.152'
    return not glued


def _clock_readings(text: str, clock: re.Match[str]) -> tuple[Reading, ...]:
    days, a, b, c = (read_number(clock[part] or "0") or 0.0 for part in ("days", "a", "b", "c"))
    fraction = clock["f"] or ""
    step = 10.0 ** -len(fraction)
    tail = read_number(f"0.{fraction}0") or 0.0
    if clock["c"] is not None:
        return (Reading(days * 86400 + a * 3600 + b * 60 + c + tail, step, "time"),)
    if _unit_at(text, clock.end())[0] is not None:  # 'Epoch 1:12.5 s' is an epoch and a time
        return ()
    minutes = Reading(a * 60 + b + tail, step, "time")
    return (minutes, Reading(b + tail, step)) if fraction else (minutes,)


def _parts(run: str, offset: int) -> Iterator[tuple[int, int]]:
    """Yield start and end of each number in a run of digits, points and commas: '1,2,3' are three, '109,184' is one."""
    if _plain_readings(run):
        yield offset, offset + len(run)
        return
    for part in re.finditer(rf"[^{_GROUP}]+", run):
        if _plain_readings(part.group()):
            yield offset + part.start(), offset + part.end()
        else:
            for piece in re.finditer(r"\d+(?:\.\d+)?", part.group()):
                yield offset + part.start() + piece.start(), offset + part.start() + piece.end()


def _plain_readings(run: str) -> tuple[Reading, ...]:
    """Return the values that digits with points and commas may have, the likeliest first; () for several numbers."""
    if len(run) > MAX_DIGITS:
        return ()

    def reading(digits: str) -> Reading:
        return Reading(read_number(digits) or 0.0, 10.0 ** -len(digits.partition(".")[2]))

    run = run[:-1] if run.endswith(".") else run
    if re.fullmatch(r"\d+|\d*\.\d+", run):
        plain = reading(run)
        grouped = re.fullmatch(r"[1-9]\d{0,2}\.\d{3}", run)
        return (plain, reading(run.replace(".", ""))) if grouped else (plain,)
    separators = set(re.sub(r"[\d.]", "", run))
    if len(separators) == 1:
        (sep,) = separators
        if re.fullmatch(rf"\d{{1,3}}(?:{sep}\d{{3}})+(?:\.\d+)?", run):
            whole = reading(run.replace(sep, ""))
            single = sep == "," and run.count(",") == 1 and "." not in run
            if single and run.startswith("0"):
                return (reading(run.replace(",", ".")),)
            return (whole, reading(run.replace(",", "."))) if single else (whole,)
        if sep == "_" and re.fullmatch(r"\d+(?:_\d+)+(?:\.\d+)?", run):
            return (reading(run.replace("_", "")),)
        if sep == "," and re.fullmatch(r"\d+,\d+", run):
            return (reading(run.replace(",", ".")),)
        if sep == "," and re.fullmatch(r"\d{1,3}(?:\.\d{3})+,\d+", run):
            return (reading(run.replace(".", "").replace(",", ".")),)
    if re.fullmatch(r"[1-9]\d{0,2}(?:\.\d{3}){2,}", run):
        return (reading(run.replace(".", "")),)
    if re.fullmatch(r"\d{1,3}(?:[\u00a0\u202f\u2009]\d{3})+,\d+", run):
        return (reading(re.sub(r"[^\d,]", "", run).replace(",", ".")),)
    return ()


def _quantity(text: str, start: int, end: int, line: int) -> _Quantity:
    readings = _plain_readings(text[start:end])
    exponent = _EXPONENT.match(text, end)
    if exponent:
        power = 10.0 ** max(-300.0, min(300.0, read_number(exponent["e"] or exponent["t"]) or 0.0))
        readings = tuple(Reading(r.value * power, r.step * power) for r in readings[:1])
        end = exponent.end()
    if start and text[start - 1] in "-−" and (start == 1 or not re.match(r"[\w)\]%]", text[start - 2])):
        readings = tuple(replace(r, value=-r.value) for r in readings)
        start -= 1
    unit, unit_end = _unit_at(text, end)
    if isinstance(unit, float):
        readings = tuple(Reading(r.value * unit, r.step * unit, "time") for r in readings)
        return _Quantity(Number(text[start:unit_end], readings, start, unit_end, line), unit)
    if unit == "m":
        return _Quantity(Number(text[start:unit_end], _bare_m(readings), start, unit_end, line), bare_m=True)
    if unit == "%":
        readings = tuple(replace(r, kind="percent") for r in readings)
    elif unit is not None:
        scale = _SCALE_WORDS.get(unit.lower()) or _SCALES[unit[0]]
        readings = tuple(Reading(r.value * scale, r.step * scale, "count") for r in readings)
    return _Quantity(Number(text[start:unit_end], readings, start, unit_end, line))


def _bare_m(readings: Iterable[Reading]) -> tuple[Reading, ...]:
    kept = tuple(readings)
    minutes = tuple(Reading(r.value * 60, r.step * 60, "time") for r in kept)
    return (*minutes, *(Reading(r.value * 1e6, r.step * 1e6, "count") for r in kept))


def _unit_at(text: str, position: int) -> tuple[float | str | None, int]:
    """Return the unit that follows (its length in seconds, '%', 'm' or the word of a scale) and its end."""
    after = _SPACE.match(text, position)
    at = after.end() if after else position
    if text[at : at + 1] in ("%", "％"):
        return "%", at + 1
    for glued in _GLUED_UNITS:
        if text.startswith(glued, at):
            return _SECONDS_IN[glued], at + len(glued)
    if marks := _MARKS.match(text, at):
        return (60.0 if marks["minutes"] else 1.0), marks.end()
    token = _TOKEN.match(text, at)
    if not token or text[token.end() : token.end() + 1] in ("_", "("):
        return None, position
    word, end = token.group(), token.end()
    if re.match(r"[\w=]", text[end : end + 1]):
        return None, position
    if _RATE.match(text, end) and not _PER_EPOCH.match(text, end) and word.lower() in _SECONDS_IN:
        return None, position  # a rate such as s/it
    if word == "m":
        return "m", end
    scale = _SECONDS_IN.get(word.lower())
    if scale is not None and word not in ("H", "MP"):
        return scale, end
    if word.lower() in _SCALE_WORDS or (word[0] in _SCALES and _COUNTED.fullmatch(word[1:])):
        return word, end
    return None, position


def _merged(text: str, quantities: list[_Quantity]) -> Iterator[Number]:
    """Yield the numbers, with times of several units joined: '1m 30s', '1 minute and 30 seconds'."""
    index = 0
    while index < len(quantities):
        current = quantities[index]
        number, unit = current.number, current.unit
        if current.bare_m and index + 1 < len(quantities) and quantities[index + 1].unit in (1.0, 1e-3):
            unit = 60.0
        while unit is not None and index + 1 < len(quantities):
            following = quantities[index + 1]
            gap = text[number.end : following.number.start]
            following_unit = 60.0 if following.bare_m and unit == 3600.0 else following.unit
            if following_unit is None or following_unit >= unit or unit < 1 or not _JOINED.fullmatch(gap):
                break
            if "\n" in gap or ("," in gap and unit == 1.0):
                break
            last = following.number.readings[0]
            total = Reading(number.readings[0].value + last.value, last.step, "time")
            number = Number(
                text[number.start : following.number.end], (total,), number.start, following.number.end, number.line
            )
            unit = following_unit
            index += 1
        yield number
        index += 1
