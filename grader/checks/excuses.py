"""Recognise a text that says only that a question was not answered, in any of several languages.

Such a text holds a phrase such as 'no time' or 'I don't know', and besides it only words that excuses have. 'I don't
know why, but it was slower' has others, so it is an answer.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable

from grader.checks.answer_languages import words_beside_excuses
from grader.checks.answer_subject import signs
from grader.checks.answer_text import words

__all__ = ["only_excuse"]

LONGEST = 40  # words of an excuse
STRANGE = 2  # words of a longer excuse that are not known here, such as the name of an illness

# 'I do not know': a guess may follow, in any words, so nothing else may stand beside it.
_UNKNOWING = re.compile(
    r"\b(?:i )?(?:really |simply |honestly )?(?:do not|don'?t|didn'?t|did not) know(?: the answer| how to answer)?\b"
    r"|\bi ?d ?k\b|\bdunno\b|\b(?:no|not a) (?:idea|clue|answer)\b|\bnot sure\b"
    r"|\b(?:ich )?wei(?:ß|ss) (?:es |ich )?(?:leider |hier )?(?:es )?(?:nicht|nix)\b|\bkeine (?:ahnung|antwort)\b"
    r"|\bje n(?:e |')sais pas\b|\baucune idée\b|\bno (?:lo )?sé\b|\bni idea\b|\bnon (?:lo )?so\b|\bnessuna idea\b"
    r"|\bnão sei\b|\bik weet (?:het )?niet\b|\bweet ik niet\b|\bgeen (?:idee|antwoord)\b"
    r"|\bnie wiem\b|\bnie mam pojęcia\b|\bне знаю\b|\bбез понятия\b|\bпонятия не имею\b"
    r"|\bbilmiyorum\b|\bfikrim yok\b|\bne vem\b|\bnevím\b"
    r"|\bvet inte\b|不知道|不清楚|わかりません|分かりません|わからない|知りません"
    r"|لا أعرف|لا أعلم|لا اعرف|पता नहीं|नहीं पता|नहीं मालूम|모르겠"
)
# 'I did not do it'.
_UNDONE = re.compile(
    r"(?:^|\bhad |\bhave |\bwas |\bfound |\bgot |\bsorry,? )no time(?: left)?\b"
    r"|\b(?:(?:ran|run|running) )?out of time\b"
    r"|\bfor lack of time\b|\b(?:i|we) (?:had|have) (?:far )?too much to do\b"
    r"|(?:\bnot|n't|\bnever) (?:really )?(?:have|had|find|found|get|got) (?:the |any |enough |much )*time\b"
    r"|\b(?:could|did|was|were|can|do|have|had)(?: ?not|n't|nt) (?:able to )?(?:really )?(?:answer|do|finish|solve"
    r"|complete|manage|get (?:to|around|round|it|this)|understand|make it|work on|write|figure|look|attempt|reach|done"
    r"|answered|finished)(?:(?: this| it| the question| this question)? (?:in|on) time\b)?"
    r"|\bcannot (?:answer|do|solve|finish|understand)\b|\bunable to (?:answer|do|finish|solve|complete)\b"
    r"|\b(?:skip|skipped|skipping)(?: this| it|$)|^skip(?:ped)?\b|\bforgot\b|\bgave up\b|\bate my (?:answer|homework)\b"
    r"|\bnot (?:answered|attempted)\b|\bunanswered\b"
    r"|\bkeine zeit\b|\bzeitgründen\b|\b(?:aus|wegen) zeitmangel\b|\bzeit (?:leider )?nicht (?:mehr )?gereicht\b"
    r"|\bnicht (?:mehr )?(?:dazu gekommen|geschafft|bearbeite[tn]|beantworte[tn]|gemacht|verstanden|gelöst)\b"
    r"|\bnicht (?:mehr )?dazu\b|\bdazu bin ich (?:leider )?nicht\b"
    r"|\b(?:pas|plus) (?:eu )?le temps\b|\bpas eu (?:assez )?de temps\b|\bpas (?:réussi|pu|su|fait|compris|arrivé)\b"
    r"|\b(?:par manque|faute) de temps\b|\bno (?:me )?(?:dio|tuve|he tenido|había|hubo) (?:el )?tiempo\b"
    r"|\bno (?:he )?(?:podido|pude|supe|logré|alcancé)\b|\bpor falta de tiempo\b"
    r"|\bnon (?:ho|c'era|avevo) (?:avuto )?(?:il )?tempo\b|\bnon ho fatto in tempo\b"
    r"|\bnon (?:sono|ci sono) riuscit[oa]\b|\bper mancanza di tempo\b"
    r"|\bnão (?:tive|deu|houve|consegui)(?: o| tempo)*\b|\bpor falta de tempo\b"
    r"|\bgeen tijd\b|\bniet (?:meer )?(?:gelukt|gehaald|toegekomen|gedaan)\b|\b(?:wegens|door) tijdgebrek\b"
    r"|\bnie (?:zdąży\w+|miał[ae]m czasu|było czasu|udało)\b|\bz braku czasu\b"
    r"|\bне (?:успел[аи]?|было времени|хватило времени|смог(?:ла)?|сделал[аи]?|получилось)\b|\bнет времени\b"
    r"|\b(?:vaktim|zamanım|vakit|zaman) (?:olmadı|yetmedi|kalmadı|yok)\b|\b(?:yetiştir|yap|cevaplay)[ae]m[ae]dım\b"
    r"|\byetiştiremedim\b|\bzmanjkalo mi je časa\b|\bni bilo časa\b|\bnisem imela? časa\b"
    r"|没有?(?:时间|来得及|做完|写完)|没空|来不及|不会做"
    r"|時間がありませんでした|時間がな(?:く|かった)|できませんでした|間に合いませんでした"
    r"|لم يكن لدي وقت|لم يكن لديّ وقت|ليس لدي وقت|لم أستطع|لم أتمكن"
    r"|समय नहीं (?:मिला|था)|नहीं कर (?:सका|पाया|सकी|पाई)|시간이 없"
)
_FIRST_PERSON = re.compile(r"\b(?:i|i'm|i've|we|my|me|ich|mir|wir|je|j|nous|yo|me|io|mi|eu|ik|ja|я|мы|ben)\b")
_THIRD_PERSON = re.compile(
    r"(?:it|this|that|these|those|both|they|he|she|the|neither|none|es|das|die|der|beide|ça|cela|il|elle|ils)\b"
)
_YES_OR_NO = re.compile(r"\W*(?:yes|no|ja|nein|oui|non|sí|si|sì|sim|não|nee|tak|nie|да|нет|evet|hayır)\s*[,.;:!–—]")
# What stands beside such a phrase in scripts without blanks; for others see `words_beside_excuses`.
_BESIDE_UNSPACED = re.compile(
    r"对不起|抱歉|不好意思|很遗憾|老师|我|这道?题|这个问题|问题|做|写|回答|答案|了|的|还|因为"
    r"|すみません|申し訳(?:ありません|ございません)|ごめんなさい|残念ながら|この|問題|質問|は|を|が|に|の|で|て|です|ました"
    r"|答え|回答|解く"
)


def only_excuse(text: str, topic: Iterable[str] = (), subject: Collection[str] = frozenset()) -> bool:
    """Return whether a text says that the question was not answered, and says nothing else.

    `topic` are beginnings of words that belong to the question, `subject` words of the question and the program.

    >>> only_excuse("Sorry, I did not have the time to look at this question.")
    True
    >>> only_excuse("Sorry for the late answer, the GPU was 3x faster."), only_excuse("No idea why, but it was slower.")
    (False, False)
    """
    plain = " ".join(unicodedata.normalize("NFC", text).lower().replace("’", "'").split())
    known = words(plain)
    if not known or len(known) > LONGEST or _YES_OR_NO.match(plain):
        return False
    if _THIRD_PERSON.match(plain) and not _FIRST_PERSON.search(plain):
        return False  # 'It did not finish.'
    rest, undone = _UNDONE.subn(" ", plain)
    rest, unknowing = _UNKNOWING.subn(" ", rest)
    if not undone + unknowing:
        return False
    beside = words_beside_excuses()
    strange = [word for word in words(_BESIDE_UNSPACED.sub(" ", rest)) if word.strip(".,'") not in beside]
    if not strange:
        return True
    if unknowing or len(known) < 8 or len(strange) > STRANGE:
        return False
    found = signs(" ".join(strange), None, topic, subject)
    return not (found.sure or found.likely)
