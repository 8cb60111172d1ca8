"""Checks on printed text about the first batch: both shapes, both dtypes, and which tensor is the label.

`text` is the printed output, `batch` the true batch, `source` the code that printed it, `notes` a text answer beside
it.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from grader.assignment import Fail
from grader.checks.printed_numbers import without_progress

__all__ = ["FirstBatch", "dtypes_shown", "first_batch_text", "mentions", "roles_told", "shapes_shown"]

Role = Literal["sample", "label"]
Told = Literal["right", "swapped"]

DTYPES: Mapping[str, str] = {
    "float32": r"float32|FloatTensor|torch\.float\b|\bfloat\b|single",
    "float64": r"float64|DoubleTensor|torch\.double\b",
    "float16": r"float16|HalfTensor|torch\.half\b",
    "int64": r"int64|LongTensor|torch\.long\b|\blong\b",
    "int32": r"int32|\bIntTensor|torch\.int\b",
    "uint8": r"uint8|ByteTensor",
}

_LATIN_SAMPLE = (
    r"(?:sample|example|instance|beispiel|exemple|ejemplo|esempio|exemplo|image|img|picture|input|feature|pixel|photo|muster|bild|eingabe|eingang|stichprobe"
    r"|échantillon|echantillon"
    r"|entrée|donnée|imagen|imágen|muestra|entrada|immagin|campion|amostra|imagem|imagens|slik|vzor"
    r"|vhod|obraz|próbk|dane|afbeelding"
    r"|invoer|görüntü|resim|girdi|kép|minta|obrázek|obrázk|vstup|gambar|hình|ảnh|изображени|картинк"
    r"|образ|данны|вход)\w*"
    r"|(?:train|test|x|in)_?(?:data|images?|samples?)\b|\bdata\b|\bdaten\b|\bdatos?\b|\bdati\b"
    r"|\bdados?\b|\bpodatk\w*|\bpodac\w*"
)
_LATIN_LABEL = (
    r"(?:label|lbl|target|class|klass|ground[- _]?truth|annotation|categor|kategori|etikett|zielwert"
    r"|zielvariable|étiquette|etiquette"
    r"|cible|etiqueta|objetivo|clase|rótulo|rotulo|alvo|etichett|oznak|razred|ciljn|etykiet|klas"
    r"|štítek|štítk|etiket|sınıf|hedef|címke"
    r"|osztály|nhãn|метк|класс|цел|answer)\w*|\bgt\b|\bziele?\b|\bcilj\b"
)
_SAMPLE = re.compile(
    rf"(?:(?<![A-Za-z])|(?<=_)){_LATIN_SAMPLE}|图像|图片|图象|样本|数据|输入|影像|圖像|樣本|輸入|画像|サンプル|入力|이미지|샘플|입력"
    r"|(?<![\w.])x(?:_?(?:batch|test|train|b|i|data))?(?=\s*(?:[:.=,]|shape|size|dtype|\)|\]|$))",
    re.IGNORECASE,
)
_LABEL = re.compile(
    rf"(?:(?<![A-Za-z])|(?<=_))(?:{_LATIN_LABEL})|标签|标记|目标|类别|標籤|目標|類別|ラベル|正解|라벨|레이블"
    r"|(?<![\w.])y(?:_?(?:batch|test|train|b|i|true|data))?(?=\s*(?:[:.=,]|shape|size|dtype|\)|\]|$))",
    re.IGNORECASE,
)
_NO_ROLE = re.compile(
    r"data[-_ ]?(?:types?|sets?|loaders?)|d[-_]?types?|<class '[^']*'>|torch\.\w+|(?:type|Typ)s? (?:of|de|von)? ?data\b"
    r"|\w*(?:set|loader)\b|Tensor\b|(?:first|next)_?(?:item|element)",
    re.IGNORECASE,
)
BOTH = "A batch has two tensors: print the shape of each."
_TUPLE = re.compile(r"[\[(]\s{0,99}\d+(?:\s{0,99},\s{0,99}\d+)*(?:\s{0,99},)?\s{0,99}[\])]")
_CROSSED = re.compile(r"(?<![\w.])\d+(?:\s{0,9}[x×X*✕]\s{0,9}\d+)+(?![\w.])")
_SPACED = re.compile(r"(?<![\w.,])\d+(?:[ \t]+\d+){2,}(?![\w.])")
_ORDINAL = (
    (
        0,
        r"(?:\b(?:first|1st|erste[rsn]?|premier|première|primer[oa]?|prim[oa]|prv[iao]|index 0|element 0"
        r"|item 0)\b|\[0\]|第一个?|first)",
    ),
    (
        1,
        r"(?:\b(?:second|2nd|last|other|zweite[rsn]?|deuxième|second[oae]|segund[oa]|drug[iao]|index 1"
        r"|element 1|item 1)\b|\[1\]|第二个?)",
    ),
)
_IS = (
    r"[^\n.,;:=]{0,25}?(?:\bis\b|\bare\b|\bcontains?\b|\bholds?\b|\bist\b|\bsind\b|\best\b|\bes\b"
    r"|\bje\b|\bè\b|是|=|:|->|→|\()[^\n.,;]{0,40}?"
)


@dataclass(frozen=True)
class FirstBatch:
    """The true first batch: shapes with the batch dimension, and torch's names of the dtypes.

    >>> FirstBatch((32, 1, 28, 28), (32,)).label_dtype
    'int64'
    """

    sample_shape: tuple[int, ...] = (64, 1, 28, 28)
    label_shape: tuple[int, ...] = (64,)
    sample_dtype: str = "float32"
    label_dtype: str = "int64"


@dataclass(frozen=True)
class _Shape:
    value: tuple[int, ...]
    start: int
    end: int


def first_batch_text(text: str, batch: FirstBatch, source: str = "", notes: str = "") -> str:
    """Check that shapes (40 %), dtypes (30 %) and roles (30 %) of the first batch are shown, as one check.

    Return the shapes and dtypes. Raise Fail with the credit of the parts that are there.

    >>> text = "images (64, 1, 28, 28) torch.float32, labels (64,) torch.int64"
    >>> first_batch_text(text, FirstBatch())
    '(64, 1, 28, 28) float32 is the sample, (64,) int64 the label'
    """
    kept, problems = 1.0, []
    pieces: tuple[tuple[float, Callable[[], str]], ...] = (
        (0.4, lambda: shapes_shown(text, batch)),
        (0.3, lambda: dtypes_shown(text, batch)),
        (0.3, lambda: roles_told(text, batch, source, notes)),
    )
    for share, check in pieces:
        try:
            check()
        except Fail as fail:
            kept -= share * (1 - fail.credit)
            problems.append(fail)
    if problems:
        seen = "; ".join(dict.fromkeys(problem.seen for problem in problems))
        expected = "; ".join(dict.fromkeys(problem.expected for problem in problems if problem.expected))
        raise Fail(seen, expected, problems[0].hint, credit=round(max(0.0, kept), 2))
    return f"{batch.sample_shape} {batch.sample_dtype} is the sample, {batch.label_shape} {batch.label_dtype} the label"


def mentions(text: str, batch: FirstBatch) -> bool:
    """Return whether a shape of the first batch was printed.

    >>> mentions("images (64, 1, 28, 28)", FirstBatch())
    True
    """
    return any(shape.value in (batch.sample_shape, batch.label_shape) for shape in _shapes(without_progress(text)))


def shapes_shown(text: str, batch: FirstBatch) -> str:
    """Check that the shapes of both tensors of the first batch are printed.

    Return the shapes. Raise Fail, with half the credit if one is printed, or that of a single image or another batch.

    >>> shapes_shown("torch.Size([64, 1, 28, 28]) torch.Size([64])", FirstBatch())
    '(64, 1, 28, 28) and (64,) are printed'
    """
    text = without_progress(text)
    found = {shape.value for shape in _shapes(text)}
    sample, label = batch.sample_shape in found, batch.label_shape in found or _bare_length(text, batch)
    expected = f"the shapes {batch.sample_shape} and {batch.label_shape}"
    if sample and label:
        return f"{batch.sample_shape} and {batch.label_shape} are printed"
    if not text.strip():
        raise Fail(
            "nothing was printed about the first batch",
            expected,
            "Take one batch from the loader and print what it holds.",
        )
    if not sample and batch.sample_shape[1:] in found:
        raise Fail(
            f"the shape {batch.sample_shape[1:]} of a single image is printed, not the batch's",
            expected,
            "The loader yields batches: the first dimension counts the images.",
            credit=0.5,
        )
    others = [shape for shape in found if len(shape) == 4 and shape[1:] == batch.sample_shape[1:]]
    if not sample and others:
        raise Fail(f"the shape printed is {others[0]}", expected, "Is it the first batch of the loader?", credit=0.5)
    if sample:
        raise Fail("the shape of the second tensor of the batch is not printed", expected, BOTH, credit=0.5)
    if label:
        raise Fail("the shape of the first tensor of the batch is not printed", expected, BOTH, credit=0.5)
    raise Fail("no shape of the first batch is printed", expected, "A tensor has a shape; print it for both.")


def dtypes_shown(text: str, batch: FirstBatch) -> str:
    """Check that the dtypes of both tensors of the first batch are printed.

    Return the dtypes. Raise Fail, with half the credit if one is printed.

    >>> dtypes_shown("torch.float32, torch.int64", FirstBatch())
    'float32 and int64 are printed'
    """
    text = without_progress(text)
    shown = [name for name in (batch.sample_dtype, batch.label_dtype) if re.search(DTYPES.get(name, name), text)]
    expected = f"the dtypes {batch.sample_dtype} and {batch.label_dtype}"
    if len(shown) == 2:
        return f"{batch.sample_dtype} and {batch.label_dtype} are printed"
    if not shown:
        hint = "type() tells the class of the object; a tensor has a dtype." if "<class" in text else ""
        raise Fail("no dtype is printed", expected, hint)
    raise Fail(f"only the dtype {shown[0]} is printed", expected, "Both tensors have one.", credit=0.5)


def roles_told(text: str, batch: FirstBatch, source: str = "", notes: str = "") -> str:
    """Check that the output, the code or a note says which tensor is the sample and which the label.

    Return where it is said. Raise Fail if nothing says it or the names are swapped.

    >>> roles_told("images (64, 1, 28, 28), labels (64,)", FirstBatch())
    'the output says which is the sample and which the label'
    """
    text, source, notes = (without_progress(words) for words in (text, source, notes))
    told = _told_in_text(text, batch)
    if told == "right":
        return "the output says which is the sample and which the label"
    if told == "swapped":
        raise Fail(
            f"the tensor of shape {batch.label_shape} is called the sample, "
            f"the one of shape {batch.sample_shape} the label",
            "the other way round",
            "Which of them holds pixels, and which one number for each image?",
        )
    for words, where in ((text, "the output"), (notes, "the text"), (source, "the code")):
        told = _told_by_position(words) or (_told_by_names(words) if where == "the code" else None)
        told = told or (_told_in_text(words, batch) if where == "the text" else None)
        if told == "right":
            return f"{where} says which is the sample and which the label"
        if told == "swapped":
            raise Fail(f"{where} takes the labels for the samples", "the other way round", "Look at both shapes.")
    raise Fail(
        "nothing says which tensor is the sample and which the label",
        "both named, beside their shapes",
        "Say it in the printed text.",
    )


# --- shapes -------------------------------------------------------------------------------------------------------


def _shapes(text: str) -> list[_Shape]:
    found = []
    for match in sorted(
        (*_TUPLE.finditer(text), *_CROSSED.finditer(text), *_SPACED.finditer(text)), key=lambda m: m.start()
    ):
        sizes = re.findall(r"\d+", match.group())
        if len(sizes) <= 8 and all(len(size) <= 9 for size in sizes):
            found.append(_Shape(tuple(map(int, sizes)), match.start(), match.end()))
    return found


def _blanked(text: str, shapes: Sequence[_Shape], blank: str = " ") -> str:
    """Return the text with some shapes blanked out, so that the x of '64 x 1' is not taken for a name."""
    pieces, position = [], 0
    for shape in shapes:
        if shape.start >= position:
            pieces += [text[position : shape.start], blank * (shape.end - shape.start)]
            position = shape.end
    return "".join([*pieces, text[position:]])


def _bare_length(text: str, batch: FirstBatch) -> bool:
    """Return whether a line names the labels and their number, as in 'shape of the labels: 64' and 'labels: 64 x'."""
    if len(batch.label_shape) != 1:
        return False
    length = batch.label_shape[0]
    for line in _blanked(text, [shape for shape in _shapes(text) if len(shape.value) > 1]).split("\n"):
        if _LABEL.search(line) and re.search(rf"(?<![\w.]){length}(?!\w|\.\d)", line):
            return True
    return False


# --- which is which -----------------------------------------------------------------------------------------------


def _told_in_text(text: str, batch: FirstBatch) -> Told | None:
    """Return how the words around the two shapes name them; None if they do not."""
    shapes = [shape for shape in _shapes(text) if shape.value in (batch.sample_shape, batch.label_shape)]
    text = _blanked(text, shapes, "\x00")
    text = _NO_ROLE.sub(lambda m: " " * len(m.group()), text)
    verdicts = []
    for pick, lines in itertools.product((_on_line, _in_block), (_lines_before, _lines_after)):
        named: tuple[set[Role], set[Role]] = (set(), set())
        for index, shape in enumerate(shapes):
            named[0 if shape.value == batch.sample_shape else 1].update(pick(lines(text, shapes, index)))
        verdicts.append(_verdict(*named))
    # Two named tensors say more than one, and words on a shape's line more than words on the lines around it.
    for told, full in verdicts:
        if told is not None and full:
            return told
    partly = [told for told, _ in verdicts[:2] if told is not None]
    if partly:
        return "right" if "right" in partly else "swapped"
    if any(told == "right" for told, _ in verdicts[2:]):
        return "right"
    return _told_in_order(text, shapes, batch)


def _verdict(sample: set[Role], label: set[Role]) -> tuple[Told | None, bool]:
    """Return what the names found for the two tensors say, and whether each has exactly one name."""
    if (sample, label) in (({"sample"}, {"label"}), ({"label"}, {"sample"})):
        return ("right" if sample == {"sample"} else "swapped"), True
    if sample == label:
        return None, False
    if (sample == {"sample"} and label != {"sample"}) or (label == {"label"} and sample != {"label"}):
        return "right", False
    if (sample == {"label"} and not label) or (label == {"sample"} and not sample):
        return "swapped", False
    return None, False


def _named(words: str) -> list[tuple[int, Role]]:
    """Return the words that name a role, in order: the position and the role of each."""
    found: list[tuple[int, Role]] = [(m.start(), "sample") for m in _SAMPLE.finditer(words)]
    return sorted([*found, *((m.start(), "label") for m in _LABEL.finditer(words))])


def _roles(words: str) -> set[Role]:
    """Return the roles that some words name.

    If they name both, the last counts: 'sample label' is a label. After 'of' and the like the first does; joined by
    'and' or a comma, both do.
    """
    ordered = _named(words)
    roles = {role for _, role in ordered}
    if len(roles) < 2:
        return roles
    between = words[ordered[0][0] : ordered[-1][0]]
    if re.search(r"\b(?:of|for|from|in|von|der|für|de|des|del|for the)\b|的", between):
        return {ordered[0][1]}
    if re.search(r"\b(?:and|or|und|et|y|e|in)\b|[,/&]|和", between):
        return roles
    return {ordered[-1][1]}


def _lines_before(text: str, shapes: Sequence[_Shape], index: int) -> list[str]:
    """Return the lines between the shape before and this one, the nearest first."""
    return text[shapes[index - 1].end if index else 0 : shapes[index].start].split("\n")[::-1]


def _lines_after(text: str, shapes: Sequence[_Shape], index: int) -> list[str]:
    """Return the lines between this shape and the next, the nearest first."""
    return text[shapes[index].end : shapes[index + 1].start if index + 1 < len(shapes) else len(text)].split("\n")


def _on_line(lines: Sequence[str]) -> set[Role]:
    return _roles(lines[0])


def _in_block(lines: Sequence[str]) -> set[Role]:
    """Return the roles on the nearest line that names any."""
    return next(filter(None, map(_roles, lines)), set())


def _told_in_order(text: str, shapes: Sequence[_Shape], batch: FirstBatch) -> Told | None:
    """Return 'right' if the roles are listed in the order of the shapes: 'sample and label: (64, 1, 28, 28) (64,)'."""
    order = list(dict.fromkeys(shape.value for shape in shapes))
    if len(order) != 2:
        return None
    names = list(dict.fromkeys(role for _, role in _named(text)))
    wanted = ["sample" if value == batch.sample_shape else "label" for value in order]
    return "right" if names == wanted else None


def _told_by_position(words: str) -> Told | None:
    """Return what ordinals and indices say: 'The first is the image', 'first_item[1] is the label', '[0]: sample'."""
    named: list[set[Role]] = [set(), set()]
    for index, ordinal in _ORDINAL:
        for match in re.finditer(rf"{ordinal}{_IS}(?=(?P<word>\w+))", words, re.IGNORECASE):
            rest = words[match.end() : match.end() + 60].split("\n")[0]
            rest = re.split(r"[,;.]|\b(?:and|und|et)\b", _NO_ROLE.sub(" ", rest))[0]
            named[index] |= _roles(rest)
    return _verdict(named[0], named[1])[0]


def _told_by_names(source: str) -> Told | None:
    """Return what variable names say: 'images, labels = next(it)', 'for x, y in loader', 'label = batch[1]'."""
    pairs = re.findall(
        r"(\w+)\s{0,99},\s{0,99}(\w+)\s{0,9}[\])]?\s{0,9}(?:=(?!=)|\bin\b)\s{0,9}(?:next|iter|list|enumerate|\w+)",
        source,
    )
    for first, second in pairs:
        told, full = _verdict(_name_roles(first), _name_roles(second))
        if full:
            return told
    named: list[set[Role]] = [set(), set()]
    for name, index in re.findall(
        r"^[ \t]*(\w+)[ \t]*=[ \t]*\w+(?:\([^\n]*\))?\[([01])\][ \t]*(?:#.*)?$", source, re.MULTILINE
    ):
        named[int(index)] |= _name_roles(name)
    return _verdict(named[0], named[1])[0]


def _name_roles(name: str) -> set[Role]:
    return _roles(re.sub(r"_", " ", name) + ":")
