"""The languages in which a text can be found to be about something else, and the words that show that it is not.

These words only ever save an answer: a text keeps its points if it has a few of them, or if its language is not here.
They are words of measuring, comparing, learning and explaining, as answers about programs and data have in any
assignment. The subject's own words come from the question and the assignment.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

__all__ = ["Language", "language_of"]


@dataclass(frozen=True)
class Language:
    """A language: its commonest words, and the words that an answer in it has.

    `common` are whole words, empty for a script that is recognised by its characters. `sure` and `likely` are beginnings
    of words: '*' in front means anywhere in a word, '$' behind a whole word. One `sure` word saves an answer, of the
    `likely` ones it takes some.

    >>> dutch = Language("Dutch", "de het een", "leren snel", "omdat")
    >>> len(dutch.sure_pattern.findall("De GPU is sneller"))
    1
    """

    name: str
    common: str
    sure: str
    likely: str
    spaced: bool = True

    @property
    def sure_pattern(self) -> re.Pattern[str]:
        """The pattern of the sure words; it expects lower case."""
        return _pattern(self.sure, self.spaced)

    @property
    def likely_pattern(self) -> re.Pattern[str]:
        """The pattern of the likely words; it expects lower case."""
        return _pattern(self.likely, self.spaced)

    @property
    def common_words(self) -> frozenset[str]:
        """The commonest words as a set."""
        return frozenset(self.common.split())


@cache
def _pattern(stems: str, spaced: bool) -> re.Pattern[str]:
    parts = []
    for stem in sorted(unicodedata.normalize("NFC", stems).split(), key=len, reverse=True):
        text = re.escape(stem.strip("*$"))
        before = "" if stem.startswith("*") or not spaced else r"(?<!\w)"
        parts.append(f"{before}{text}" + (r"(?!\w)" if stem.endswith("$") else ""))
    return re.compile("|".join(parts))


ENGLISH = Language(
    "English",
    "the of and to in is that it was for on are as with be by at this have from or had not but what all were when we "
    "there can an which their if will each about how up out them then she some so these would other into has more her "
    "two like him see than been its who now did my our i you they he his a us me no only after before over such",
    "train epoch loss losses curve model accura overfit over-fit underfit gpu cpu cuda speedup speed-up speed "
    "parallel network neural convol conv$ cnn mlp flop macs mac$ param batch dataset data$ validat converg plateau "
    "gradient overhead matri tensor latency throughput bandwidth colab hardware processor chip$ iterat optimi generali "
    "classif predict regulari neuron pixel algorithm comput calculat bottleneck transfer multipl filter feature sample "
    "error$ errors outlier correlat scatter diagram histogram graph$ graphs score logit softmax python code$ faster "
    "slower quicker memoris memoriz decreas increas measur speeds benchmark kernel$ kernels",
    "nope yep fast slow quick time$ times$ timing stopwatch second minut hour test learn memor layer weight "
    "image picture photo line lines flat level horizontal slope steep drop fall falls falling fell rise rises rising "
    "climb sink grow shrink lower higher low$ high$ less$ fewer few$ tiny small big$ bigger large longer shorter "
    "better worse best$ worst enough stop$ stopped stopping continu further middle expect surpris disappoint explain "
    "because therefore hence should conclu result differ same$ equal similar alike ratio factor twice double triple "
    "percent number count amount value wait load unload copy copies carr transport machine card$ step steps work$ "
    "improv gain benefit worth cost price pays average hardly barely slight somewhat roughly approx almost nearly "
    "useful reason compar operation overlap confus tell$ apart group class message mail words$ sentence waste reach "
    "mostly gap drift settle ends$ pointless reward promis order$ depend probabl maybe perhaps guess think suppose "
    "seem notice impression meaning means",
)
GERMAN = Language(
    "German",
    "der die das und ist nicht ein eine einen dem den des mit auf für wird sich auch als aber weil im es in zu von am "
    "bei wenn wir ich er sie war hat an man nur dann so wie oder einem einer ihre sein aus um dass noch nach",
    "*epoche *training trainier *verlust *kurve *modell *genauigkeit *overfit überanpass *gpu *cpu *netz *lern *daten$ "
    "*beschleunig *geschwindigkeit *parallel *rechn *prozessor *parameter *validier *falt *gradient *matri *pixel "
    "*gewicht *schneller *langsamer *diagramm *streu konverg *speicher *faktor *verhältnis *stichprobe *operation "
    "*klassifi *filter *mess *fehler$ auswendig *grafikkarte *transfer",
    "*schnell *langsam *zeit *sekund *minut *stunde *test *bild *linie *flach *eben$ ebene *steil sink steig "
    "fäll fallen nimmt *höher *niedrig tiefer weniger mehr$ klein groß größer länger kürzer *lang$ besser schlecht "
    "reicht genug *ende$ *stop aufhör schluss weiter mitte *erwart überrasch wunder *erklär deshalb deswegen daher "
    "*ergebnis *unterschied gleich ähnlich doppelt halb *mal$ prozent *anzahl *zahl *wert wart laden lädt "
    "kopier *transport *maschine karte schritt *arbeit verbesser *gewinn lohn nutz bring kost preis kaum etwas fast$ "
    "ungefähr etwa grund vergleich verwechsel art$ arten wort$ wörter nachricht satz sätze vorsprung versuch "
    "reihenfolge vermut wahrscheinlich vielleicht glaube denke meine$ meinung heißt bedeutet wenig gering",
)
FRENCH = Language(
    "French",
    "le la les et est un une des du en que dans pas plus sur il elle on nous je au aux ce cette qui pour par avec sont "
    "se son sa ses ne ont mais puis où lui leur leurs était d l qu n s y à de",
    "époque$ époques epoch entraîn entrain *perte courbe modèle modele précision surappren sur-appren surajust gpu cpu "
    "réseau appren appris donnée vitesse accélér acceler parall calcul processeur paramètre validation convolu gradient "
    "matri pixel poids rapide lent$ lente lents filtre filtres facteur rapport diagramme mesur erreur "
    "converg opération mémor coeur$ transfert classif nuage cœur$",
    "vite temps seconde minute heure test image ligne plat$ plate palier stagn pente falaise baiss descend "
    "mont remont augment diminu haut$ bas$ plus$ moins petit grand long$ longue court mieux meilleur pire suffi assez "
    "trop arrêt continu fin$ moitié milieu attend surpr expliqu parce donc conclu résultat différen même pareil égal "
    "semblable double fois$ pourcent nombre valeur charg copi transport machine carte lot$ lots étape travail améliorer "
    "gagn gain utile sert avantage coût coût prévisible logique raison compar ressembl espèce mot$ mots message phrase "
    "presque peu$ beaucoup environ énorme quantité sens$ avis pense crois peut-être probable rien$ début",
)
SPANISH = Language(
    "Spanish",
    "el la los las y es un una de del en que no por para con se lo al su sus como más pero le ya o este esta entre "
    "cuando muy sin sobre también me hasta hay donde desde todo nos durante a e son era fue",
    "época epoch entren pérdida curva modelo precisión exactitud sobreajust gpu cpu red$ redes aprend datos veloc "
    "aceler paral calcul cálculo procesador parámetro valid convol gradiente matri píxel pixel peso$ pesos rápid filtro "
    "factor proporción diagrama medir mide medi$ error$ errores converg operacion memori memoria transfer clasific lent",
    "tiempo segundo minuto hora test prueba imagen imágenes línea plan$ plana planas llano pendiente baj "
    "sub$ sube suben aument dismin alto bajo más$ menos pequeñ grande largo corto mejor peor sufic basta bastante "
    "demasiado par$ parar parado dejado continu seguir sigue final$ mitad medio$ esper sorpr explic porque conclu "
    "resultado diferen mism igual parec doble veces$ porcent número cantidad valor carg copi transport máquina tarjeta "
    "lote paso trabaj mejor gan$ gana sirve útil ventaja cost costaba previsible lógic sentido razón compar confund "
    "especie palabra mensaje frase casi poco$ poquito mucho much aproxim nada$ principio modo$ creo pienso quizá "
    "probable tard",
)
ITALIAN = Language(
    "Italian",
    "il lo la i gli le e è di che un una in per con non del della dei delle al alla da si sono ma come più anche nel "
    "nella su se ha o l d dal dalla ai alle quando poi dove suo sua loro questo questa era fu a",
    "epoca epoche epoch allen addestr perdita curva curve modello precisione accuratezza sovradatt overfit gpu cpu rete$ "
    "reti impar appren dati velocit veloc acceler paral calcol processore parametr validaz convol gradiente matri pixel "
    "peso$ pesi$ filtr fattore rapporto diagramma misur errore errori converg operazion memori trasfer classific lent "
    "cronometro",
    "tempo second minut ora$ ore$ test immagin linea linee piatt pendenza pendio scend sal$ sale salgono risal "
    "aument dimin alto alta basso bassa più$ meno piccol grand lungo lunga breve meglio miglior peggio basta abbast "
    "tropp fermar ferma continu avanti fine metà aspett sorpr spieg perché quindi conclu risultat differen stess ugual "
    "simil doppio volte percent numero valore caric copi trasport macchina scheda gruppo passo lavor miglior guadagn "
    "serve utile vantaggio cost$ costava prezzo conto logico prevedibile senso ragione confront confus specie parol "
    "messagg frase quasi poco$ pochissimo pochino molto circa niente nulla inizio scommess ordine convien valsa cambia "
    "penso credo forse probabil signific rimane",
)
PORTUGUESE = Language(
    "Portuguese",
    "o a os as e é um uma de do da dos das em no na nos nas que não por para com se ao à seu sua como mais mas ou foi "
    "quando muito já também só pelo pela até isso ele ela eu são lhe",
    "época epoch trein perda curva modelo precisão acurácia sobreajust overfit gpu cpu rede$ redes aprend dados$ veloc "
    "aceler paral calcul cálculo conta$ contas processador parâmetro valida convol gradiente matri pixel peso$ pesos "
    "rápid filtro fator proporção diagrama medi$ medir mede erro$ erros converg operaç memoriz decor decorou lent "
    "transfer classific",
    "tempo segundo minuto hora$ teste imagem imagens linha plan$ plana planas planície descida desc$ desce "
    "cai$ caem sob$ sobe aument dimin alto baixo mais$ menos pequen grande longo comprid curto melhor pior sufic basta "
    "bastante demais par$ parar parado parada continu final$ fim$ metade meio esper surpr explic porque portanto conclu "
    "resultado diferen mesm igual parec dobro vezes$ percent número quantidade valor carreg copi transport máquina "
    "placa$ cartão lote passo trabalh melhor ganh serve útil vantagem cust$ custava pena$ previsível lógic sentido "
    "razão compar confund espécie palavra mensagem frase quase pouco$ bocadinho começo nada acho penso talvez provável",
)
DUTCH = Language(
    "Dutch",
    "de het een en is van in op te dat die niet met voor zijn er aan ook als maar om bij dan nog naar wordt uit door we "
    "ik je hun ze hij zij of over tot heeft geen waar wel was deze dit elk",
    "epoch *train *verlies *curve *model *nauwkeurig overfit *gpu *cpu *netwerk *leer$ *leren *leert *data$ *snelheid "
    "versnel *parallel *reken *processor *parameter *valida *convol *gradi *matri *pixel *gewicht sneller langzamer "
    "trager filter factor verhouding *meet$ gemeten fout$ fouten conver operatie geheugen grafiek diagram "
    "klassific classific",
    "nauwelijks snel vlug langzaam traag *tijd *second *minut uur *test *plaatje beeld *lijn *vlak vlakte "
    "helling steil daal dalen daalt zakt stijg hoger lager minder meer$ klein groot grote groter langer korter beter "
    "slecht genoeg stop gestopt doorgaan verder eind midden verwacht verras verbaz verklaar omdat daarom dus$ conclu "
    "resultaat verschil zelfde gelijk dubbel keer$ procent aantal getal waarde wacht laden kopi *transport machine "
    "kaart stap werk verbeter winst nut zin$ voorsprong kost prijs moeite voorspelbaar reden vergelijk verwar soort "
    "woord bericht bijna beetje veel ongeveer niets eerst volgens denk misschien waarschijnlijk",
)
POLISH = Language(
    "Polish",
    "i w z na nie się do to że jest o a jak po co za od ale przez tak przy tym by już był była było są ich jego jej lub "
    "pod ze który która które gdy oraz dla te ten ta aż",
    "epok *trening *trenow strat$ strata straty krzyw model$ modelu dokładno przeucz gpu cpu sieć sieci ucz$ uczy uczen "
    "nauk dane$ danych szybko przyspiesz równoleg oblicz licz$ liczy liczen policz procesor parametr walidac splot "
    "gradient macierz piksel wag$ waga wagi filtr stosunek wykres zmierz błąd błęd zbież operacj pamięć pamię szybszy "
    "wolniej wolniejsz czynnik klasyfik konwol przesył",
    "szybk woln czas sekund minut godzin test obraz lini płask równin stromy spad opad rośnie wyż niż mniej "
    "więcej mał duż długo długa krót lepi gorz wystarcz dość dosyć stop zatrzym skończ kończ dalej dalsz koniec końc "
    "połow spodziew oczekiw zdziw zaskocz wyjaśn tłumacz ponieważ bo$ dlatego więc wynik różni tyle sam$ samo równe "
    "podobn dwukrot raz$ razy procent liczb wartość czeka ładow wczyt kopi transport maszyn kart krok prac popraw zysk "
    "korzyść opłac sens przewag koszt cena przewidz powód porówn myli gatun słow wiadomoś zdani prawie trochę znacznie "
    "dużo około nic początk zdaniem myślę może chyba prawdopodobn jednocześnie ogromn",
)
RUSSIAN = Language(
    "Russian",
    "и в не на что с по это как к из у за то же но от о так его её их для мы он она они был была были бы до или ещё уже "
    "под при со где который которая когда",
    "эпох обуч потер кривая кривые кривой модел точност переобуч gpu cpu сеть сети сетью учить учится данны скорост "
    "ускор паралл вычисл считат считают процессор параметр валидац проверочн свёрт сверт градиент матриц пиксел "
    "вес$ веса весов быстре медленн фильтр отношен диаграмм график измер ошибк сходи операц памят запомина нейрон "
    "классифик видеокарт фактор",
    "быстр врем секунд минут час$ тест картин изображен лини плоск равнин спуск крут пада сниж опуска раст "
    "выше ниже меньше больше мал$ малень больш дольше длин короч лучш хуж хватит достаточно стоп останов дальше конец "
    "конц половин середин ожид удив объясн потому поэтому вывод результат разниц отлич тот$ одинак равн похож вдвое "
    "раз$ раза процент числ значени жд$ ждёт ждет загруз копир перенос машин карт шаг работ улучш выигр польз смысл "
    "сто$ стоила цена понятно причин сравн пута вид$ вида слов сообщен фраз почти немного чуть намного примерно ничего "
    "начал мнени по-моему думаю может вероятно",
)
TURKISH = Language(
    "Turkish",
    "ve bir bu da de için ile çok daha o ne gibi kadar olarak olan var ama en sonra ki mi her şey ise değil diye ya "
    "içine onu onun bunu",
    "epok epoch dönem eğitim eğit kayıp kaybı eğri model doğrulu aşırı gpu cpu ağ$ ağı öğren ezberl veri$ veriler hız "
    "paralel hesap işlemci parametre doğrulama konvol evriş gradyan matris piksel ağırlık süzgeç filtre oran grafik "
    "ölç hata yakınsa bellek işlem$ işlemler katsayı sınıflandır yavaş",
    "zaman süre saniye dakika saat test resim görüntü çizgi düz$ düzlük iniş düş yüksel iniyor art$ artıyor "
    "azal az$ küçük büyük uzun kısa iyi kötü yeter yararı dur$ durmay devam son$ sonu yarı orta bekle beklen şaşır "
    "açıkla çünkü yüzden sonuç fark aynı eşit benzer iki$ kat$ katı yüzde sayı değer yükle kopya taşı makine kart adım "
    "iş$ iyileş kazan$ yarar anlam pahalı maliyet neden karşılaştır karış tür$ sözcük kelime ileti mesaj cümle neredeyse "
    "biraz yaklaşık başta bence düşün belki muhtemel hiçbir",
)
CHINESE = Language(
    "Chinese",
    "",
    "训练 轮次 损失 曲线 模型 精度 准确 过拟合 拟合 显卡 网络 数据 加速 并行 计算 处理器 参数 卷积 梯度 矩阵 像素 权重 更快 更慢 "
    "快了 慢了 滤波 倍 图表 测量 误差 收敛 运算 内存 验证 泛化 神经 学习 记硬背 算力 迭代 分类 传输 超参",
    "没有必要 快 慢 时间 秒 分钟 测试 图片 图像 平了 平地 坡 下降 上升 往下 往上 降 升 高 低 更 少 多 小 大 足够 够了 停 "
    "继续 以后 最后 一半 中间 预期 想象 以为 指望 没想到 奇怪 解释 因为 所以 结论 结果 差 一样 相同 相似 百分 数量 次数 值 等 "
    "加载 读取 拷贝 机器 步 改进 提高 好处 意义 帮助 合理 值得 成本 原因 比较 混 种类 词 邮件 几乎 一点 大约 差不多 基本 觉得 "
    "可能 也许 应该",
    spaced=False,
)
JAPANESE = Language(
    "Japanese",
    "",
    "学習 訓練 エポック 損失 曲線 モデル 精度 過学習 ネットワーク データ 速い 速く 遅い 遅く 速度 高速 並列 計算 プロセッサ "
    "パラメータ 畳み込み 勾配 行列 ピクセル 重み フィルタ 倍 グラフ 測定 誤差 収束 演算 メモリ 検証 汎化 分類 転送",
    "時間 秒 分 テスト 画像 線 平ら 横ばい 坂 平地 下が 上が 減 増 高い 低い 少な 多 小さ 大き 十分 止め やめ 続け "
    "最後 後半 前半 途中 期待 予想 思った 思い 驚 説明 から ため ので つまり 結論 結果 差 同じ 似 パーセント 数 値 待 読み込 "
    "コピー 機械 ステップ 改善 役に立 意味 割に合 当然 理由 比べ 混同 種 言葉 メール ほとんど 少し 約 ほぼ たぶん",
    spaced=False,
)
ARABIC = Language(
    "Arabic",
    "",
    "تدريب خسارة الخسارة منحن نموذج دقة شبكة بيانات أسرع أبطأ سرعة تسريع توازي حساب معالج معامل التفاف تدرج مصفوف بكسل "
    "أوزان مرشح نسبة قياس خطأ تقارب عمليات ذاكرة تحقق تعميم يتعلم تحفظ حقبة تصنيف رسوم عامل",
    "سريع بطيء وقت زمن ثانية ثوان دقيقة دقائق اختبار صورة صور خط الخطين مسطح سهل منحدر ينخفض انخفاض ينزل يرتفع "
    "ارتفاع يزيد يقل أعلى أدنى أقل أكثر صغير كبير طويل أطول أقصر أفضل أسوأ كاف يكفي توقف التوقف استمر الاستمرار نهاية نصف "
    "منتصف توقع متوقع فاجأ مفاجئ تفسر يفسر لأن لهذا لذلك نتيجة فرق اختلاف نفس متساو ضعف مرات مرة بالمئة عدد قيمة انتظار "
    "تحميل نسخ نقل جهاز بطاقة خطوة عمل تحسن فائدة يستفيد معنى سبب مقارنة نوع كلمة رسالة تقريبًا تقريبا قليلًا قليلا جدًا "
    "أعتقد ربما أظن جزئيًا",
    spaced=False,
)
HINDI = Language(
    "Hindi",
    "",
    "प्रशिक्षण ट्रेन एपॉक हानि लॉस वक्र मॉडल सटीकता नेटवर्क डेटा तेज़ तेज धीम गति समानांतर गणना प्रोसेसर पैरामीटर प्राचल ग्रेडिएंट मैट्रिक्स "
    "पिक्सेल भार फ़िल्टर गुना अनुपात ग्राफ माप त्रुटि याद सीख मेमोरी रेखा जीपीयू सीपीयू वर्गीकरण",
    "समय सेकंड मिनट घंट परीक्ष चित्र सीधी मैदान ढलान नीचे ऊपर कम ज़्यादा अधिक छोट बड़ा लंबा बेहतर बदतर काफ़ी काफी रुक जारी "
    "आगे देर अंत बीच आधा उम्मीद आश्चर्य समझ क्योंकि इसलिए निष्कर्ष परिणाम अंतर समान बराबर प्रतिशत संख्या मान लोड पढ़ने मशीन कार्ड कदम काम "
    "सुधार लाभ फ़ायदा मतलब कारण तुलना शब्द संदेश लगभग थोड़ा थोड़ी विचार शायद",
    spaced=False,
)
SPACED = (ENGLISH, GERMAN, FRENCH, SPANISH, ITALIAN, PORTUGUESE, DUTCH, POLISH, RUSSIAN, TURKISH)
LANGUAGES = (*SPACED, CHINESE, JAPANESE, ARABIC, HINDI)

# The commonest words of other languages, so that a text in one of them is not taken for one of the above.
OTHER_LANGUAGES = (
    "och att det som är inte jag på med för har till av den om man så vi ett kan men ska från var",
    "og at det som er ikke jeg på med for har til af den om vi et kan men skal fra var av så",
    "ja on ei se että kun niin mutta kuin oli ole myös sen hän joka ovat tai vain jos jo",
    "a je se v na že to s z do si i by jako ale po ve jsem tak pro od jsou byl za už když nebo",
    "a je sa v na že to s z do si aj by ako ale po vo som tak pre od sú bol za už keď alebo",
    "in je se da v na ki za so ne pa z tudi bi ali po iz kot kar ker sem to smo še bil",
    "i je se da u na su za ne od što s to kao ali će bi sam iz po koji a nije bio",
    "a az és hogy nem is egy ez de van meg csak volt mint ha már azt még el kell lesz",
    "și de a în la cu pe o că nu din mai ce este care un să se pentru sunt dar fi au",
    "el la de i que en un una els les per amb no és del al va més ha són com però també",
    "yang dan di ini itu dengan untuk tidak dari dalam akan pada saya ke karena ada juga lebih oleh bisa",
    "và là của có không cho một được này trong với người các đã để những khi thì cũng từ",
    "και το να η του ο της την με από για είναι που σε δεν τα στο θα τον μια",
    "і в не на що з до як та це у за але він вона від для бути так його були",
    "и на да се не за от са с че е по ще като но до това ли беше си",
    "и у је да се на су за не од што са то као али ће би из по",
)

RECOGNISED = 0.15  # share of a text's words that are among the commonest of its language
_SCRIPTS = (
    (JAPANESE, re.compile(r"[\u3040-\u30ff]"), 0.2),
    (CHINESE, re.compile(r"[\u3400-\u9fff]"), 0.5),
    (ARABIC, re.compile(r"[\u0620-\u064a]"), 0.6),
    (HINDI, re.compile(r"[\u0900-\u0963]"), 0.6),
)
_NOT_OURS = re.compile(r"[پچژگکیٹڈے]|[іїєґўјљњћђ]")  # Persian and Urdu, Ukrainian, Belarusian and Serbian


def language_of(text: str) -> Language | None:
    """Return the language of a text, or None if it is none of those that are known here.

    >>> language = language_of("Am Sonntag gehen wir in den Wald, und danach kochen wir eine Suppe.")
    >>> language.name if language else None
    'German'
    >>> language_of("CNN 52 s, MLP 16 s") is None
    True
    """
    text = text.lower()
    letters = sum(map(str.isalpha, text)) or 1
    if _NOT_OURS.search(text):
        return None
    for language, script, share in _SCRIPTS:
        if len(script.findall(text)) / letters >= share:
            return language
    found = re.findall(r"[^\W\d_]+", text)
    if len(found) < 8:
        return None
    shares = {language: _share(found, language.common_words) for language in SPACED}
    best = max(SPACED, key=lambda language: shares[language])
    if shares[best] < RECOGNISED or any(_share(found, frozenset(other.split())) > shares[best] for other in OTHER_LANGUAGES):
        return None
    return best


def _share(found: Sequence[str], common: frozenset[str]) -> float:
    return sum(word in common for word in found) / len(found)
