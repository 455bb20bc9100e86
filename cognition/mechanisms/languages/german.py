"""German.

Stop words are the Snowball project's (BSD-3-Clause), as PostgreSQL and Whoosh carry them, with the
question words that the English list has too. Names of months and days are those of the Unicode CLDR
as the date parser carries them.
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
    aber alle allem allen aller alles als also am an ander andere anderem anderen anderer anderes
    anderm andern anderr anders auch auf aus bei bin bis bist da damit dann das dasselbe dazu dass
    dein deine deinem deinen deiner deines dem demselben den denn denselben der derer derselbe
    derselben des desselben dessen dich die dies diese dieselbe dieselben diesem diesen dieser dieses
    dir doch dort du durch ein eine einem einen einer eines einig einige einigem einigen einiger
    einiges einmal er es etwas euch euer eure eurem euren eurer eures für gegen gewesen hab habe haben
    hat hatte hatten hier hin hinter ich ihm ihn ihnen ihr ihre ihrem ihren ihrer ihres im in indem ins
    ist jede jedem jeden jeder jedes jene jenem jenen jener jenes jetzt kann kein keine keinem keinen
    keiner keines können könnte machen man manche manchem manchen mancher manches mein meine meinem
    meinen meiner meines mich mir mit muss musste nach nicht nichts noch nun nur ob oder ohne sehr sein
    seine seinem seinen seiner seines selbst sich sie sind so solche solchem solchen solcher solches
    soll sollte sondern sonst um und uns unse unsem unsen unser unsere unserem unseren unserer unses
    unter viel vom von vor war waren warst was weg weil weiter welche welchem welchen welcher welches
    wenn werde werden wie wieder will wir wird wirst wo wollen wollte während würde würden zu zum zur
    zwar zwischen über
    wer wen wem wessen wann warum woher wohin
"""

_MONTHS = (
    "januar februar märz april mai juni juli august september oktober november dezember "
    "jänner feber jan feb mär mrz apr jun jul aug sep sept okt nov dez"
)
_WEEKDAYS = "montag dienstag mittwoch donnerstag freitag samstag sonntag"
_NUMBERS = numbered(
    "eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf",
    {
        **dict.fromkeys(("ein", "eine", "einem", "einer", "einen"), "1"),
        **dict.fromkeys(("ein paar", "paar", "einigen", "wenigen", "mehreren"), "3"),
    },
)
_MONTH = rf"(?P<month>{one_of(_MONTHS)})\.?"
_WEEKDAY = rf"(?P<weekday>{one_of(_WEEKDAYS)})"
_NUMBER = rf"(?P<number>\d{{1,3}}|{one_of(_NUMBERS)})"
_UNIT = r"(?P<unit>tage?n?|wochen?|monate?n?|jahre?n?)"
_PAST = r"(?:letzte|vorige|vergangene)[mnrs]?"
_BETWEEN = "dem|den|letzten|letztem|anfang|mitte|ende"
_LED = rf"(?:im|in|seit|ab|anfang|ende|mitte|diesen|{_PAST}|zwischen|von|vom|bis|vor|nach)(?: dem| monat)?"
_JOINED = "(?:und|bis|bis zum)"
_NUMBERED = r"zimmer|raum|saal|wohnung|hausnummer|nummer|nr\.|seite|kapitel|flug|bus|linie|code"
_COUNTED = (
    "dollar euro eur franken pfund cent yen leute menschen personen gäste nutzer stimmen mal schritte wörter "
    "seiten stück kalorien kcal km kilometer meter kg gramm stunden minuten sekunden tage"
)

_FORMS = (
    *ISO,
    *DAY_FIRST,
    (
        rf"(?<!\d\.){DAY}\.?\s*(?:-|\u2013|bis(?: zum)?)\s*{LAST}\.? {_MONTH}(?:,? {YEAR})?",
        r"\g<day> \g<month> \g<year>",
        "days",
    ),
    (
        rf"zwischen (?:dem )?{DAY}\.? und (?:dem )?{LAST}\.? {_MONTH}(?:,? {YEAR})?",
        r"\g<day> \g<month> \g<year>",
        "days",
    ),
    (rf"{DAY}\.? {_MONTH}(?:,? {YEAR})?", r"\g<day> \g<month> \g<year>"),
    (rf"{_MONTH},? {YEAR}", r"\g<month> \g<year>"),
    (rf"vor {_NUMBER} {_UNIT}", r"vor \g<number> \g<unit>"),
    (rf"{_PAST} {_NUMBER} {_UNIT}", r"vor \g<number> \g<unit>", "running"),
    (
        rf"{_PAST} (?P<unit>tagen?|wochen|monaten?|jahren?)(?! (?:de[sr]|vom|von|im) )",
        r"vor 3 \g<unit>",
        "running",
    ),
    *distances(
        rf"{_NUMBER} {_UNIT}",
        ("vor", r"vor \g<number> \g<unit>"),
        ("nach", r"in \g<number> \g<unit>"),
    ),
    (r"vorletzte[nr]? woche", "vor 2 wochen"),
    (r"vorletzte[mns]? monats?", "vor 2 monaten"),
    (r"vorletzte[mns]? jahr(?:es)?", "vor 2 jahren"),
    (rf"{_PAST} woche", "letzte woche"),
    (rf"{_PAST} monats?", "letzten monat"),
    (rf"(?:{_PAST} jahr(?:es)?|im vorjahr)", "letztes jahr"),
    ("diese[rn]? woche", "diese woche"),
    ("diese[nms] monats?", "diesen monat"),
    ("(?:diese[sm] jahr(?:es)?|heuer)", "dieses jahr"),
    ("vorgestern", "vorgestern"),
    ("(?:gestern|letzte nacht)", "gestern"),
    ("heute", "heute"),
    (rf"(?:am|{_PAST}|dieses) wochenende", "samstag", "weekend"),
    (rf"(?:am|seit|zwischen|von|vom|bis|vor|nach|diesen|dem|{_PAST}) {_WEEKDAY}", r"\g<weekday>"),
    (rf"{_LED} {_MONTH}", r"\g<month>"),
    (rf"{_JOINED} {_WEEKDAY}", r"\g<weekday>", "joined"),
    (rf"{_JOINED} {_MONTH}", r"\g<month>", "joined"),
    *numerals(_NUMBERED, _COUNTED, "in jahr jahre seit"),
    *BARE_YEAR,
)

_CALENDAR = Calendar(
    hints=word_set(
        _MONTHS + " " + _WEEKDAYS + " tag tage tagen woche wochen monat monats monate monaten jahr jahres"
        " jahre jahren vorjahr heuer vorgestern gestern heute nacht wochenende"
    ),
    forms=forms("de", _FORMS),
    numbers=_NUMBERS,
    between=leading("zwischen|vom|von", _BETWEEN),
    joins=leading("und(?: dem)?|bis(?: zum)?|-|\u2013"),
    bounds=(
        ("before", leading("vor", _BETWEEN)),
        ("after", leading("nach", _BETWEEN)),
        ("since", leading("seit|ab", _BETWEEN)),
        ("until", leading("bis(?: zum)?", _BETWEEN)),
    ),
)

GERMAN = Language(
    name="german",
    stemmer="german",
    stop_words=word_set(_STOP_WORDS),
    first_person=word_set("ich mich mir mein meine meinem meinen meiner meines"),
    calendar=_CALENDAR,
    genitives=("'s", "'", "s"),
)
