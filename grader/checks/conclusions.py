"""Tell English texts that assert something from those that only discuss what could be the case.

The words that count are about training and timing. What is found is a remark for a person and takes no points.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = ["concludes", "is_english"]

_STOP_WORDS = (
    "the of and to in is that it was for on are as with be by at this have from or had not but what all were when "
    "we there can an your which their if will each about how up out them then she many some so these would other "
    "into has more her two like him see time could no make than been its who now did my because also our does do "
    "should very much just i you they he both still too yes only after before over most such while where any few "
    "same own again between until don't doesn't it's isn't"
)
_OTHER_STOP_WORDS = (
    "der die das und ist nicht ein eine den dem mit auf für wird sich auch als aber weil im es le la les et est "
    "un une des du en que dans pas plus sur el los las y por con para una del se lo il di che per non sono o os "
    "da na je in ki ker za pa ni het een van niet och att det som är inte jest nie w z to i że og er ikke på bir "
    "ve bu için de"
)
_ENGLISH, _FOREIGN = frozenset(_STOP_WORDS.split()), frozenset(_OTHER_STOP_WORDS.split())

# Words that say how something is or was: a direction, a comparison, a verdict.
_VERDICT = re.compile(
    r"\b(?:decreas|increas|declin|drop|f[ae]ll|fell|ris(?:e|es|ing|en)|rose|goes|go(?:ing)? (?:up"
    r"|down)|went|grow|grew|shrink|shrank|diverg|converg"
    r"|flat|plateau|level|stabili|stagnat|saturat|constant|steady|steadily|unchanged|same|equal"
    r"|similar|identical|differ|close|gap|match"
    r"|improv|worse|better|best|worst|lower|lowest|higher|highest|smaller|larger|bigger|greater|less"
    r"|more|most|fewer|least|than|twice|half|double|triple"
    r"|fast|slow|quick|speed-?up|sped|accelerat|longer|shorter|too|enough|sufficient|adequate|optimal"
    r"|ideal|stop|benefit|gain|help"
    r"|overfit|over-fit|underfit|under-fit|generali[sz]|memori[sz]|still|already|no longer|not|never"
    r"|hardly|barely|nearly|almost|significant|noticeabl"
    r"|expect|surpris|explain|because|due to|caus|limited|bottleneck|dominat|overhead|bound|minimum"
    r"|maximum|peak|noisy|smooth|fluctuat|jump|spike)\w*",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"\d")
_ASSERTS = re.compile(
    r"\b(?:is|are|was|were|isn't|aren't|wasn't|weren't|'s|'re|has|have|had|hasn't|haven't|hadn't|does"
    r"|do|did|doesn't|don't|didn't|won't|will|cannot|can't|couldn't"
    r"|\w+ed|\w{2,}(?<!s)s|fell|rose|went|took|got|ran|became|began|grew|kept|came|made|saw|see|found"
    r"|think|believe|conclude|observe|notice|expect"
    r"|take|run|go|decline|plateau|level|continue|keep|get|stay|remain|look|seem|show|indicate|suggest"
    r"|mean|decrease|increase|drop"
    r"|fall|rise|improve|flatten|converge|diverge|need)\b",
    re.IGNORECASE,
)
_HEDGED = re.compile(
    r"\b(?:would|could|might|may|maybe|perhaps|possibl[ey]|potentially|probably|likely|depend(?:s|ing"
    r"|ent)?|can(?! not)|generally|typically|usually|normally|often"
    r"|sometimes|in general|in theory|theoretically|tends? to|hard to (?:say|tell)"
    r"|not (?:sure|certain|clear)|unclear|uncertain|cannot (?:say|tell)|can't (?:say|tell)"
    r"|difficult to (?:say|tell))\b",
    re.IGNORECASE,
)
_IN_CASE = re.compile(
    r"\bin (?:such|that|this|either|some|certain) (?:a )?(?:case|situation|scenario)s?\b(?! of)", re.IGNORECASE
)
_ADVICE = re.compile(
    r"\b(?:it(?:'s| is)? (?:is )?(?:also )?(?:important|crucial|essential|necessary|advisable"
    r"|recommended|best|useful|helpful|good|key|vital|worth)"
    r"|(?:one|you|we|i) (?:should|must|need to|have to|ought to|has to|want to) (?:always |also |carefully )?"
    r"(?:look|check|watch|monitor|compare|see|consider|find|be careful|examine|observe|analy[sz]e"
    r"|make sure|ensure|keep|decide|determine|strike|balance))",
    re.IGNORECASE,
)
_DEFINES = re.compile(
    r"\b(?:over|under)-?fit\w*,? (?:when|whenever|if)\b|"
    r"\b(?:is|are|occurs?|happens?|arises?) (?:when|if|where|the (?:phenomenon|situation|case|process|point))\b"
    r"|\b(?:refers? to|is defined|are defined|is called|is known as|measures? how)\b"
    r"|\b(?:is|are) (?:indicated|shown|signal+ed|characteri[sz]ed|recogni[sz]ed|identified) by\b",
    re.IGNORECASE,
)
_DESCRIBES = re.compile(
    r"\b(?:plot|graph|figure|chart|curves?|image|diagram)s?\b[^.]{0,30}\b(?:shows?|displays?|depicts?"
    r"|visuali[sz]es?|presents?|illustrates?|contains?|compares?)\b"
    r" (?!that|how|a (?:clear|steady|small|large)|an? )|\b(?:x|y|horizontal|vertical)[- ]axis\b",
    re.IGNORECASE,
)
_TREND = re.compile(
    r"\b(?:decreas|increas|drop|fall|fell|ris(?:e|es|ing)|flat|plateau|converg|diverg|overfit|underfit"
    r"|improv|gap|lower|higher|faster|slower|still|stop|too)\w*",
    re.IGNORECASE,
)
_LOOKING = re.compile(
    r"\b(?:if|when) (?:we|you|one|i) (?:\w+ )?(?:look|see|compare|check|consider|observe|zoom|inspect"
    r"|view|plot|examine|focus)\w*\b[^,]*,?",
    re.IGNORECASE,
)
_WHEN_PAST = re.compile(
    r"\bwhen (?:training|trained|running|we (?:trained|ran|moved|used)|i (?:trained|ran|moved|used)"
    r"|moving|using|moved|run|compared)\b",
    re.I,
)
_SAYING = re.compile(
    r"\b(?:can|could|may) (?:clearly |also |easily |definitely )?(?:be )?(?:see|seen|observed?|notice"
    r"|conclude|say|infer|tell)\b(?: that\b)?(?! (?:whether|if|when))"
    r"|\b(?:i|we)(?: would|'d) (?:definitely |probably |rather |also |not )?(?:say|argue|conclude"
    r"|claim|recommend|suggest|stop|train|keep|continue)\b(?: that\b)?",
    re.IGNORECASE,
)
_TELLS = re.compile(
    r"\b(?:curves?|plots?|loss(?:es)?|graphs?|results?|figures?|numbers|counts|times|timings|they|this"
    r"|it|which)(?: \w+)? "
    r"(?:suggest|indicate|show|impl(?:y|ies)|mean|tell)s? (?:us )?that\b",
    re.IGNORECASE,
)
_CONDITION = re.compile(
    r"\b(?:if|whether|unless|in case|assuming|provided that|suppose|when|whenever|should (?:the|both|it) )\b",
    re.IGNORECASE,
)
_CLAUSES = re.compile(
    r"\s*(?:[,;:–—]|\bbecause\b|\bsince\b|\balthough\b|\bthough\b|\bbut\b|\bwhile\b|\bwhereas\b|\bas\b"
    r"|\bso\b|\band\b)\s+",
    re.I,
)
_OPENS = re.compile(
    r"^\W*(?:yes|no|yeah|yep|nope|not really|not quite|definitely|absolutely|exactly|partly|partially)\b", re.IGNORECASE
)
_RECOMMENDS = re.compile(
    r"\b(?:should|ought to|must|needs? to|has to|does(?: not|n't) need to)\b (?:not |n't |also "
    r"|probably |definitely |be )*"
    r"(?:train|stop|continue|keep|run|go on|end|be (?:trained|stopped|continued))\w*",
    re.IGNORECASE,
)


def is_english(text: str) -> bool:
    """Return whether a text is recognisably English: mostly ASCII words, and many of the commonest English ones.

    >>> is_english("The loss is still falling at the end."), is_english("Der Verlust fällt noch am Ende.")
    (True, False)
    """
    words = re.findall(r"[^\W\d_]+(?:'[a-z]+)?", text.lower())
    if len(words) < 4:
        return False
    ascii_share = sum(word.isascii() for word in words) / len(words)
    common = [word for word in words if word in _ENGLISH]
    foreign = [word for word in words if word in _FOREIGN and word not in ("in", "to", "i", "per", "as", "o")]
    return (
        ascii_share > 0.9 and len(set(common)) >= 2 and len(common) / len(words) >= 0.2 and len(common) > len(foreign)
    )


def concludes(answer: str) -> bool:
    """Return whether some sentence of an English text asserts something without hedge or condition.

    Texts in other languages are taken to conclude something.
    Only forms of words are compared, so the result is a remark for a person, never a mark by itself.

    >>> concludes("The test loss flattens after epoch 12.")
    True
    >>> concludes("If the losses fall, training longer might help. Overfitting occurs when the test loss rises.")
    False
    """
    return not is_english(answer) or any(_asserts(sentence) for sentence in _sentences(answer))


def _sentences(text: str) -> Iterator[str]:
    text = text.replace("’", "'")
    text = re.sub(r"\b(e\.g|i\.e|vs|approx|etc|ca|resp)\.", r"\1", text, flags=re.IGNORECASE)
    for part in re.split(r"(?<=[.!?])(?!\d)\s*|\n+|^\s*[-*•]\s+", text):
        if part and part.strip():
            yield re.sub(r"\s+", " ", part.strip())  # the patterns expect single spaces


def _asserts(sentence: str) -> bool:
    if sentence.endswith("?"):
        return False
    if _OPENS.match(sentence) and not re.match(
        r"^\W*(?:yes|no)\W*(?:if|it depends|depending|maybe|but only if)", sentence, re.I
    ):
        return True
    if _IN_CASE.search(sentence):
        return False
    sentence = _LOOKING.sub(" ", sentence)
    sentence = _WHEN_PAST.sub(" while running ", sentence)
    sentence = _SAYING.sub(" see that ", sentence)
    if _ADVICE.search(sentence) or (_DEFINES.search(sentence) and not _NUMBER.search(sentence)):
        return False
    if _DESCRIBES.search(sentence) and not _TREND.search(sentence):
        return False
    condition = _CONDITION.search(sentence)
    kept = sentence[: condition.start()] if condition else sentence
    told = _TELLS.search(kept)
    if told and not _HEDGED.search(kept[: told.end()]):
        return True
    return any(_clause_asserts(clause) for clause in _CLAUSES.split(kept))


def _clause_asserts(clause: str) -> bool:
    if _RECOMMENDS.search(clause) and not re.search(
        r"\b(?:decide|determine|tell|know|see|say)\b", clause, re.IGNORECASE
    ):
        return True
    if _HEDGED.search(clause):
        return False
    return bool(_ASSERTS.search(clause) and (_VERDICT.search(clause) or _NUMBER.search(clause)))
