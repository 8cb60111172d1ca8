"""Check that printed text, code or a note tells which tensor of a batch is the sample and which the label."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from typing import Literal

from grader.assignment import Fail
from grader.checks.batch_shapes import FirstBatch, Shape, blanked, find_shapes
from grader.checks.printed_numbers import without_progress

__all__ = ["roles_told"]

Role = Literal["sample", "label"]
Told = Literal["right", "swapped"]

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
    r"|εικόν\w*|δείγμα\w*|δεδομέν\w*|είσοδο\w*|зображен\w*|зразо?к\w*|изображен\w*|проба|снимк\w*|слик\w*|узорак\w*"
    r"|bilder\w*|indata|billede\w*|eksempe?l\w*|kuva\w*|näyt\w*|syöte\w*|pilt\w*|attēl\w*|vaizd\w*|pavyzd\w*|imagin\w*"
    r"|eșantion\w*|gambar|masukan|צור\w*|תמונ\w*|דגימ\w*|قלט|صور\w*|عين\w*|تصویر\w*|नमून\w*|चित्र\w*|छवि\w*|ภาพ|ตัวอย่าง"
    r"|(?<![\w.])x(?:_?(?:batch|test|train|b|i|data))?(?=\s*(?:[:.=,]|shape|size|dtype|\)|\]|$))",
    re.IGNORECASE,
)
LABEL = re.compile(
    rf"(?:(?<![A-Za-z])|(?<=_))(?:{_LATIN_LABEL})|标签|标记|目标|类别|標籤|目標|類別|ラベル|正解|라벨|레이블"
    r"|ετικέτ\w*|κλάση\w*|κατηγορί\w*|στόχο\w*|мітк\w*|клас\w*|етикет\w*|ознак\w*|facit|merke\w*|mærk\w*|luok\w*|nimi[öo]\w*"
    r"|tunniste\w*|silt\w*|märgend\w*|etiķet\w*|etiket\w*|žym\w*|תווי\w*|תוית\w*|تسم\w*|وسم\w*|برچسب\w*|लेबल\w*|श्रेणी\w*|ป้าย\w*|ฉลาก"
    r"|(?<![\w.])y(?:_?(?:batch|test|train|b|i|true|data))?(?=\s*(?:[:.=,]|shape|size|dtype|\)|\]|$))",
    re.IGNORECASE,
)
_NO_ROLE = re.compile(
    r"data[-_ ]?(?:types?|sets?|loaders?)|d[-_]?types?|<class '[^']*'>|torch\.\w+|(?:type|Typ)s? (?:of|de|von)? ?data\b"
    r"|\w*(?:set|loader)\b|Tensor\b|(?:first|next)_?(?:item|element)",
    re.IGNORECASE,
)
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


def _told_in_text(text: str, batch: FirstBatch) -> Told | None:
    """Return how the words around the two shapes name them; None if they do not."""
    shapes = [shape for shape in find_shapes(text) if shape.value in (batch.sample_shape, batch.label_shape)]
    text = blanked(text, shapes, "\x00")
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
    return sorted([*found, *((m.start(), "label") for m in LABEL.finditer(words))])


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


def _lines_before(text: str, shapes: Sequence[Shape], index: int) -> list[str]:
    """Return the lines between the shape before and this one, the nearest first."""
    return text[shapes[index - 1].end if index else 0 : shapes[index].start].split("\n")[::-1]


def _lines_after(text: str, shapes: Sequence[Shape], index: int) -> list[str]:
    """Return the lines between this shape and the next, the nearest first."""
    return text[shapes[index].end : shapes[index + 1].start if index + 1 < len(shapes) else len(text)].split("\n")


def _on_line(lines: Sequence[str]) -> set[Role]:
    return _roles(lines[0])


def _in_block(lines: Sequence[str]) -> set[Role]:
    """Return the roles on the nearest line that names any."""
    return next(filter(None, map(_roles, lines)), set())


def _told_in_order(text: str, shapes: Sequence[Shape], batch: FirstBatch) -> Told | None:
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
