"""Spanish.

Stop words are the Snowball project's (BSD-3-Clause), as PostgreSQL and Whoosh carry them, with the
question words in their written accents. Names of months and days are those of the Unicode CLDR as
the date parser carries them.
"""

from __future__ import annotations

from cognition.mechanisms.languages.language import (
    BARE_YEAR,
    DAY,
    DAY_FIRST,
    ISO,
    LAST,
    YEAR,
    Calendar,
    Language,
    distances,
    forms,
    leading,
    numbered,
    numerals,
    one_of,
    word_set,
)

_STOP_WORDS = """
    a al algo algunas algunos ante antes como con contra cual cuando de del desde donde durante e el
    ella ellas ellos en entre era erais eran eras eres es esa esas ese eso esos esta estaba estabais
    estaban estabas estad estada estadas estado estados estamos estando estar estaremos estará estarán
    estarás estaré estaréis estaría estaríais estaríamos estarían estarías estas este estemos esto
    estos estoy estuve estuviera estuvierais estuvieran estuvieras estuvieron estuviese estuvieseis
    estuviesen estuvieses estuvimos estuviste estuvisteis estuviéramos estuviésemos estuvo está
    estábamos estáis están estás esté estéis estén estés fue fuera fuerais fueran fueras fueron fuese
    fueseis fuesen fueses fui fuimos fuiste fuisteis fuéramos fuésemos ha habida habidas habido habidos
    habiendo habremos habrá habrán habrás habré habréis habría habríais habríamos habrían habrías
    habéis había habíais habíamos habían habías han has hasta hay haya hayamos hayan hayas hayáis he
    hemos hube hubiera hubierais hubieran hubieras hubieron hubiese hubieseis hubiesen hubieses hubimos
    hubiste hubisteis hubiéramos hubiésemos hubo la las le les lo los me mi mis mucho muchos muy más mí
    mía mías mío míos nada ni no nos nosotras nosotros nuestra nuestras nuestro nuestros o os otra
    otras otro otros para pero poco por porque que quien quienes qué se sea seamos sean seas seremos
    será serán serás seré seréis sería seríais seríamos serían serías seáis sin sobre sois somos son
    soy su sus suya suyas suyo suyos sí también tanto te tendremos tendrá tendrán tendrás tendré
    tendréis tendría tendríais tendríamos tendrían tendrías tened tenemos tenga tengamos tengan tengas
    tengo tengáis tenida tenidas tenido tenidos teniendo tenéis tenía teníais teníamos tenían tenías ti
    tiene tienen tienes todo todos tu tus tuve tuviera tuvierais tuvieran tuvieras tuvieron tuviese
    tuvieseis tuviesen tuvieses tuvimos tuviste tuvisteis tuviéramos tuviésemos tuvo tuya tuyas tuyo
    tuyos tú un una uno unos vosotras vosotros vuestra vuestras vuestro vuestros y ya yo él éramos
    cuál cuáles cuándo cuánto cuánta cuántos cuántas cómo dónde adónde quién quiénes
"""

_MONTHS = (
    "enero febrero marzo abril mayo junio julio agosto septiembre setiembre octubre noviembre diciembre "
    "ene feb abr jun jul sept oct nov dic"
)
_WEEKDAYS = "lunes martes miércoles jueves viernes sábado domingo"
_NUMBERS = numbered(
    "uno dos tres cuatro cinco seis siete ocho nueve diez once doce",
    {
        **dict.fromkeys(("un", "una"), "1"),
        "un par de": "2",
        **dict.fromkeys(("unos", "unas", "algunos", "algunas", "varios", "varias", "pocos", "pocas"), "3"),
    },
)
_MONTH = rf"(?P<month>{one_of(_MONTHS)})\.?"
_WEEKDAY = rf"(?P<weekday>{one_of(_WEEKDAYS)})"
_NUMBER = rf"(?P<number>\d{{1,3}}|{one_of(_NUMBERS)})"
_UNIT = r"(?P<unit>días?|semanas?|mes(?:es)?|años?)"
_PAST = "(?:pasad[oa]|anterior|últim[oa])"
_BETWEEN = "el|la|este|pasado|último|el pasado|la pasada|el último|la última"
_LED = r"(?:en|durante|desde|este|de|del|entre|a|hasta|antes de|después de|principios de|finales de)"
_JOINED = "(?:y|a|hasta)(?: el)?"
_NUMBERED = r"habitación|cuarto|sala|aula|piso|número|núm\.|nro\.|página|capítulo|vuelo|autobús|línea|código"
_COUNTED = (
    "dólares euros eur pesos libras francos yenes céntimos personas invitados usuarios seguidores votos "
    "veces pasos palabras páginas piezas calorías kcal km kilómetros metros kg gramos horas minutos "
    "segundos días"
)

_FORMS = (
    *ISO,
    *DAY_FIRST,
    (
        rf"{DAY}\s*(?:-|\u2013|al?|hasta el)\s*{LAST} de {_MONTH}(?: del? {YEAR})?",
        r"\g<day> de \g<month> \g<year>",
        "days",
    ),
    (
        rf"entre el {DAY} y el {LAST} de {_MONTH}(?: del? {YEAR})?",
        r"\g<day> de \g<month> \g<year>",
        "days",
    ),
    (rf"{DAY} de {_MONTH}(?: del? {YEAR})?", r"\g<day> de \g<month> \g<year>"),
    (rf"{_MONTH} (?:del? )?{YEAR}", r"\g<month> \g<year>"),
    (rf"hace {_NUMBER} {_UNIT}", r"hace \g<number> \g<unit>"),
    (rf"últim[oa]s {_NUMBER} {_UNIT}", r"hace \g<number> \g<unit>", "running"),
    (r"últim[oa]s (?P<unit>días|semanas|meses|años)(?! del? )", r"hace 3 \g<unit>", "running"),
    *distances(
        rf"{_NUMBER} {_UNIT}",
        ("antes del?", r"hace \g<number> \g<unit>"),
        ("después del?", r"en \g<number> \g<unit>"),
    ),
    (rf"(?:el|este|último|pasado) fin de semana(?: {_PAST})?", "sábado", "weekend"),
    (rf"(?:semana {_PAST}|última semana|pasada semana(?! del? ))", "la semana pasada"),
    (rf"(?:mes {_PAST}|último mes|pasado mes(?! del? ))", "el mes pasado"),
    (rf"(?:año {_PAST}|último año|pasado año(?! del? ))", "el año pasado"),
    ("esta semana", "esta semana"),
    ("este mes", "este mes"),
    ("este año", "este año"),
    ("(?:anteayer|antes de ayer|antier)", "anteayer"),
    ("(?:ayer|anoche)", "ayer"),
    ("(?:hoy|esta mañana|esta tarde|esta noche)", "hoy"),
    (rf"(?:el|del|este|último|pasado|hasta|desde|entre) {_WEEKDAY}(?: {_PAST})?", r"\g<weekday>"),
    (rf"{_LED} {_MONTH}(?: {_PAST})?", r"\g<month>"),
    (rf"{_JOINED} {_WEEKDAY}", r"\g<weekday>", "joined"),
    (rf"{_JOINED} {_MONTH}", r"\g<month>", "joined"),
    *numerals(_NUMBERED, _COUNTED, "en desde"),
    *BARE_YEAR,
)

_CALENDAR = Calendar(
    hints=word_set(
        _MONTHS + " " + _WEEKDAYS + " día días semana semanas mes meses año años ayer anteayer antier"
        " anoche hoy mañana tarde noche"
    ),
    forms=forms("es", _FORMS),
    numbers=_NUMBERS,
    between=leading("entre|desde|del?", _BETWEEN),
    joins=leading("y(?: el)?|al?|hasta(?: el)?|-|\u2013"),
    bounds=(
        ("before", leading("antes del?|previo a", _BETWEEN)),
        ("after", leading("después del?|tras", _BETWEEN)),
        ("since", leading("desde|a partir del?", _BETWEEN)),
        ("until", leading("hasta", _BETWEEN)),
    ),
)

SPANISH = Language(
    name="spanish",
    stemmer="spanish",
    stop_words=word_set(_STOP_WORDS),
    first_person=word_set("yo me mi mis mí mía mías mío míos conmigo"),
    calendar=_CALENDAR,
    genitives=(),
)
