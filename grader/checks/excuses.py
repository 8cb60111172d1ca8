"""Recognise a text that says only that a question was not answered, in any of several languages.

Such a text holds a phrase such as 'no time' or 'I don't know', and besides it only words that excuses have. 'I don't
know why, but it was slower' has others, so it is an answer.
"""

from __future__ import annotations

import re
import unicodedata

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
    r"|\bnão sei\b|\bik weet (?:het )?niet\b|\bweet ik niet\b|\bgeen (?:idee|antwoord)\b|\bnie wiem\b|\bnie mam pojęcia\b"
    r"|\bне знаю\b|\bбез понятия\b|\bbilmiyorum\b|\bfikrim yok\b|\bne vem\b|\bnevím\b|\bvet inte\b|不知道|不清楚"
    r"|わかりません|分かりません|わからない|知りません|لا أعرف|لا أعلم|لا اعرف|पता नहीं|नहीं पता|नहीं मालूम|모르겠"
)
# 'I did not do it'.
_UNDONE = re.compile(
    r"\b(?:no|not enough|without|little) time\b|\b(?:ran|run|running) out of time\b|\black of time\b|\bout of time\b"
    r"|\b(?:not|n't|never) (?:really )?(?:have|had|find|found|get|got) (?:the |any |enough |much )*time\b"
    r"|\b(?:could|did|was|were|can|do|have|had)(?: ?not|n't|nt) (?:able to )?(?:really )?(?:answer|do|finish|solve|complete"
    r"|manage|get (?:to|around|round|it|this)|understand|make it|work on|write|figure|look|attempt|reach|done|answered|finished)"
    r"|\bcannot (?:answer|do|solve|finish|understand)\b|\bunable to (?:answer|do|finish|solve|complete)\b"
    r"|\b(?:skip|skipped|skipping)(?: this| it|$)|^skip(?:ped)?\b|\bforgot\b|\bgave up\b|\bate my (?:answer|homework)\b"
    r"|\bnot (?:done|answered|attempted|finished)\b|\bunanswered\b"
    r"|\bkeine zeit\b|\bzeitgründen\b|\bzeitmangel\b|\bnicht (?:mehr )?(?:dazu gekommen|geschafft|bearbeite[tn]|beantworte[tn]"
    r"|gemacht|fertig|verstanden|geschafft|gelöst)\b|\bnicht (?:mehr )?dazu\b|\bdazu bin ich (?:leider )?nicht\b|\bzu wenig zeit\b"
    r"|\b(?:pas|plus) (?:eu )?(?:le |de |assez de )?temps\b|\bpas (?:réussi|pu|su|fait|compris|arrivé)\b|\bmanque de temps\b"
    r"|\bno (?:me )?(?:dio|tuve|he tenido|había|hubo) (?:el )?tiempo\b|\bno (?:he )?(?:podido|pude|supe|logré|alcancé)\b"
    r"|\bfalta de tiempo\b|\bnon (?:ho|c'era|avevo) (?:avuto )?(?:il )?tempo\b|\bnon (?:sono|ci sono) riuscit[oa]\b"
    r"|\bmancanza di tempo\b|\bnão (?:tive|deu|houve|consegui)\b|\bfalta de tempo\b|\bgeen tijd\b|\bniet (?:meer )?(?:gelukt|gehaald"
    r"|toegekomen|gedaan|af)\b|\btijdgebrek\b|\bnie (?:zdąży\w+|miał[ae]m czasu|było czasu|udało)\b|\bbrak czasu\b"
    r"|\bне (?:успел[аи]?|было времени|хватило времени|смог(?:ла)?|сделал[аи]?|получилось)\b|\bнет времени\b"
    r"|\b(?:vaktim|zamanım|vakit|zaman) (?:olmadı|yetmedi|kalmadı|yok)\b|\byetiştiremedim\b|\byapamadım\b|\bcevaplayamadım\b"
    r"|\bzmanjkalo mi je časa\b|\bni bilo časa\b|没有?(?:时间|来得及|做完|写完)|没空|来不及|不会做|時間がありませんでした|時間がなく"
    r"|できませんでした|間に合いませんでした|لم يكن لدي وقت|لم يكن لديّ وقت|ليس لدي وقت|لم أستطع|لم أتمكن"
    r"|समय नहीं (?:मिला|था)|नहीं कर (?:सका|पाया|सकी|पाई)|시간이 없"
)
_YES_OR_NO = re.compile(r"\W*(?:yes|no|ja|nein|oui|non|sí|si|sì|sim|não|nee|tak|nie|да|нет|evet|hayır)\s*[,.;:!–—]")
# Words that stand beside such a phrase: apologies, the question, reasons that have nothing to do with the subject.
_BESIDE = frozenset(
    unicodedata.normalize(
        "NFC",
        """sorry apologies apologise apologize excuse pardon please dear professor prof teacher sir madam i i'm i've we we're
    my me our it it's this that these the a an of to for in on at from and but so because as since due was were is am are be
    been being have has had did do does done not question questions q task part exercise assignment problem answer answers
    answering answered here there now anymore any at all really honestly unfortunately sadly just simply very another other
    exam exams job sick ill illness flu covid hospital family week weekend day days night yesterday today deadline busy
    internet computer laptop connection down whole broke broken dog cat homework tried try hard attempt one look looked say
    write do finish complete solve will would later next tomorrow submit hand hope understand thank thanks again what how
    manage managed with up what's out into before he she they their his her last had own
    entschuldigung entschuldigen leider tut mir leid sorry ich habe hatte hab bin war es das diese dieser dieses aufgabe frage
    für mehr wegen aus krank prüfung bitte sie wir die der den zu dazu gekommen mich dafür und aber hier gehabt konnte nicht
    beantworten bearbeiten schaffen
    désolé désolée pardon je n'ai n ai ne pas suis j'ai j j'étais cette question malade faire répondre réponse à la le ce et
    mais excusez moi merci monsieur madame y me l'ai cet exercice
    lo siento perdón disculpe disculpas me no esta pregunta contestar responder hacer por a el la he pude profesor estaba
    enfermo enferma y pero que
    mi dispiace scusi scusa scusate purtroppo questa domanda rispondere risposta fare a di per ho avuto ero malato malata e ma
    desculpe desculpa desculpem infelizmente esta pergunta responder fazer para a de estava doente mas
    helaas het spijt mij ik heb had deze vraag meer gehad te beantwoorden maken was ziek en maar voor
    przepraszam niestety tego tej zadania pytania na odpowiedzieć zrobić z byłem byłam chory chora
    извините простите к сожалению я на этот вопрос ответить сделать это времени было болел болела задание
    kusura bakmayın özür dilerim maalesef bu soruyu soru için cevaplamaya
    oprostite žal nisem mi je časa
    عذرا عذرًا آسف أسف للإجابة على هذا هذه السؤال الإجابة
    माफ़ कीजिए माफ क्षमा करें मुझे इस प्रश्न का उत्तर देने मैं यह सवाल के लिए""",
    ).split()
)
_BESIDE_UNSPACED = re.compile(
    r"对不起|抱歉|不好意思|很遗憾|老师|我|这道?题|这个问题|问题|做|写|回答|答案|了|的|还|因为|すみません|申し訳(?:ありません|ございません)"
    r"|ごめんなさい|残念ながら|この|問題|質問|は|を|が|に|の|で|です|ました|答え|回答|解く"
)


def only_excuse(text: str) -> bool:
    """Return whether a text says that the question was not answered, and says nothing else.

    >>> only_excuse("Sorry, I did not have the time to look at this question.")
    True
    >>> only_excuse("Sorry for the late answer, the GPU was 3x faster."), only_excuse("No idea why, but it was slower.")
    (False, False)
    """
    plain = " ".join(unicodedata.normalize("NFC", text).lower().replace("’", "'").split())
    known = words(plain)
    if not known or len(known) > LONGEST or _YES_OR_NO.match(plain):
        return False
    rest, undone = _UNDONE.subn(" ", plain)
    rest, unknowing = _UNKNOWING.subn(" ", rest)
    if not undone + unknowing:
        return False
    strange = [word for word in words(_BESIDE_UNSPACED.sub(" ", rest)) if word.strip(".,'") not in _BESIDE]
    if not strange:
        return True
    if unknowing or len(known) < 8 or len(strange) > STRANGE:
        return False
    found = signs(" ".join(strange))
    return not (found.sure or found.likely)
