"""Words by which a number in printed text is known as a time, as something else, or as an index."""

from __future__ import annotations

import functools
import re

__all__ = ["telling_words"]

_TIME = (
    r"(?:finished|completed|done|ended|fertig) (?:after|in|nach)\b|\btim(?:e|es|ed|ing|er|ings)\b"
    r"|\w*_time\w*|\w+time\b|\btook\b|\btakes?\b|elapsed|\bduration\w*"
    r"|\bd_?t\b|[Δ∆]\s?t\b|\bdelta\b|[⌚⌛⏰-⏳\U0001f550-\U0001f567]|\w*clock\b|\blasted\b|\bneeded\b|\bspent\b"
    r"|(?<!\w)(?:in|after|within|en|nach|après|dopo|după|po|za|v|через|за)(?=\s+\d+[.,:]\d+\s*(?:[)\]|,;]|$))"
    r"|\bdur\b|\bseconds?\b|\bsecs?\b|\bminutes?\b"
    r"|\bwall\b|\bexecution\b|\btotal\w*|\boverall\b|\bcpu\b|\bgpu\b|\bms\b|\bt\d?\b"
    r"|zeit\w*|dauer\w*|gedauert|\bsekunden?\b|\bminuten\b|benötigt\w*|gesamt\w*|insgesamt|temps|durée"
    r"|\bsecondes?\b|tiempo|duraci[oó]n|\bsegundos?\b|tard[oó]"
    r"|\btempo\b|durata|\bsecondi\b|impiegat\w*|duração|\bčas\w*|\bcas\b|trajal\w*|trajanj\w*"
    r"|\bsekund\w*|skupaj|skupni\w*|\bczas\w*|trwał\w*|\bdoba\b|trvá\w*"
    r"|vrijeme|vreme|\btijd\b|duurde|\btid\b|\bsüre\w*|saniye|\bidő\w*|\bwaktu\b|thời gian|врем\w*"
    r"|длительн\w*|секунд\w*|занял\w*|всего|χρόνο\w*"
    r"|时间|时长|耗时|用时|总计|秒|時間|所要|시간|소요"
)
_METRIC = (
    r"loss\w*|accura\w*|\bacc\b|\w+_acc\b|\berr(?:or)?s?\b|\blr\b|learning rate|\bcorrect\w*"
    r"|\bscore\w*|verlust\w*|genauigkeit\w*|\bperte\w*|précision"
    r"|pérdida|perdita|perda|izgub\w*|točnost\w*|natančnost\w*|\bstrat\w*|dokładność|ztrát\w*|потер\w*"
    r"|точност\w*|损失|准确率|精度|損失|正解率|손실|정확도"
    r"|speed-?up\w*|\bfaster\b|\bratio\b|\bsamples?\b|\bimages?\b|\bparam\w*|\bflops\b|\bmacs\b"
    r"|momentum|\bmemory\b|\bMB\b|\bsizes?\b|version"
)
_INDEX = (
    r"\bepo(?:ch|che|chs|chen|ches|ca|cas|k|ka|ki|que|ques|chs)?s?\b|\bep\b|époque\w*|época\w*|epoh\w*"
    r"|эпох\w*|\bsteps?\b|\bbatch\w*|\biter\w*|\bruns?\b"
    r"|\bnumber\b|\bcell\b|轮|周期|エポック|에폭|第"
)
CLASSES = re.compile(rf"(?P<time>{_TIME})|(?P<metric>{_METRIC})|(?P<index>{_INDEX})", re.IGNORECASE)
COUNTS = re.compile(rf"\s{{0,9}}-?\s{{0,9}}(?:{_INDEX})", re.IGNORECASE)
NO_INDEX = re.compile(
    r"(?:\b(?:per|each|every|pro|je|par|por|na|za)[ _-]?|/\s*|на |за |每)\w+$|epochs$|epochen$|épocas$", re.IGNORECASE
)
AVERAGE_BEFORE = re.compile(
    r"\bav(?:g|erage)\w*|\bmean\b|per[ _-]?epoch|/\s*epoch|\beach\b|\bevery\b|pro epoche|(?:je"
    r"|jede\w*) epoche|durchschnitt\w*|mittel\w*|moyen\w*"
    r"|par époque|promedio|\bmedi[ao]\b|por época|povpreč\w*|na epoho|średni\w*|průměr\w*|gemiddeld\w*"
    r"|ortalama|средн\w*|(?:на|за) эпоху|平均|每|평균",
    re.IGNORECASE,
)
AVERAGE_AFTER = re.compile(
    r"\s{0,9}[(\[]?\s{0,9}(?:per[ -]epoch|/\s*epoch|each\b|an epoch|on average|in average|pro epoche|je epoche"
    r"|im (?:mittel|durchschnitt)|en moyenne|par époque"
    r"|por época|na epoho|на эпоху|[(]?(?:avg|average|mean)[)])",
    re.IGNORECASE,
)
DATE_TIMES = re.compile(r"\d{4}[-/.]\d\d[-/.]\d\d[T ]+\d\d:\d\d(?::\d\d)?(?:[.,]\d+)?")
CPU_TIMES = re.compile(r"^[ \t]*CPU times:.*$", re.MULTILINE)
LABEL_UNIT = re.compile(
    r"[\[(]\s*(?P<short>s|sec|secs|seconds|ms|min|mins|minutes|h|hours|µs|us)\.?\s*[\])]"
    r"|\b(?:in|en)\s+(?P<word>s|sec|ms|min)\b"
    r"|(?P<long>milli-?seconds?|millisekunden|minuten|minutes|minutos|\bms\b|\bseconds|sekunden)",
    re.IGNORECASE,
)


@functools.lru_cache(maxsize=256)
def telling_words(line: str) -> tuple[re.Match[str], ...]:
    """Return the words of a line that tell what its numbers are.

    >>> [(word.group(), word.lastgroup) for word in telling_words("epoch 3: loss 0.2, took 12.5")]
    [('epoch', 'index'), ('loss', 'metric'), ('took', 'time')]
    """
    return tuple(CLASSES.finditer(line))
