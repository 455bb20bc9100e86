"""French.

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
    ai aie aient aies ait as au aura aurai auraient aurais aurait auras aurez auriez aurions aurons
    auront aux avaient avais avait avec avez aviez avions avons ayant ayante ayantes ayants ayez ayons
    c ce ces d dans de des du elle en es est et eu eue eues eurent eus eusse eussent eusses eussiez
    eussions eut eux eûmes eût eûtes furent fus fusse fussent fusses fussiez fussions fut fûmes fût
    fûtes il j je l la le leur lui m ma mais me mes moi mon même n ne nos notre nous on ont ou par pas
    pour qu que qui s sa se sera serai seraient serais serait seras serez seriez serions serons seront
    ses soient sois soit sommes son sont soyez soyons suis sur t ta te tes toi ton tu un une vos votre
    vous y à étaient étais était étant étante étantes étants étiez étions été étée étées étés êtes
    les elles ils quel quelle quels quelles quand où comment pourquoi quoi combien
"""

_MONTHS = (
    "janvier février mars avril mai juin juillet août septembre octobre novembre décembre "
    "janv févr avr juil sept oct nov déc"
)
_WEEKDAYS = "lundi mardi mercredi jeudi vendredi samedi dimanche"
_NUMBERS = numbered(
    "un deux trois quatre cinq six sept huit neuf dix onze douze",
    {**dict.fromkeys(("une",), "1"), **dict.fromkeys(("quelques", "plusieurs"), "3")},
)
_MONTH = rf"(?P<month>{one_of(_MONTHS)})\.?"
_WEEKDAY = rf"(?P<weekday>{one_of(_WEEKDAYS)})"
_NUMBER = rf"(?P<number>\d{{1,3}}|{one_of(_NUMBERS)})"
_UNIT = r"(?P<unit>jours?|semaines?|mois|ans?|années?)"
_PAST = "(?:derniers?|dernières?|passée?|précédente?)"
_BETWEEN = "le|la|ce|début|fin|mi"
_LED = r"(?:en|depuis|fin|début|ce|de|d'|mi|entre|jusqu'en|avant|après|au mois de|au mois d')[ -]?"
_JOINED = "(?:et|à|au|jusqu'en|jusqu'au)"
_NUMBERED = r"chambre|salle|bureau|appartement|numéro|no\.|page|chapitre|vol|bus|ligne|code"
_COUNTED = (
    "dollars euros eur francs livres yens centimes personnes gens invités utilisateurs abonnés votes fois "
    "pas mots pages pièces calories kcal km kilomètres mètres kg grammes heures minutes secondes jours"
)

_FORMS = (
    *ISO,
    *DAY_FIRST,
    (
        rf"{DAY}(?:er)?\s*(?:-|\u2013|au|à)\s*{LAST} {_MONTH}(?: {YEAR})?",
        r"\g<day> \g<month> \g<year>",
        "days",
    ),
    (
        rf"entre le {DAY}(?:er)? et le {LAST} {_MONTH}(?: {YEAR})?",
        r"\g<day> \g<month> \g<year>",
        "days",
    ),
    (rf"{DAY}(?:er)? {_MONTH}(?: {YEAR})?", r"\g<day> \g<month> \g<year>"),
    (rf"{_MONTH} {YEAR}", r"\g<month> \g<year>"),
    (rf"il y a {_NUMBER} {_UNIT}", r"il y a \g<number> \g<unit>"),
    (rf"{_NUMBER} (?:derniers|dernières) {_UNIT}", r"il y a \g<number> \g<unit>", "running"),
    (rf"(?:ces|les) (?:derniers|dernières) {_UNIT}(?! d(?:es|u|e |'))", r"il y a 3 \g<unit>", "running"),
    *distances(
        rf"{_NUMBER} {_UNIT}",
        ("avant", r"il y a \g<number> \g<unit>"),
        ("après", r"dans \g<number> \g<unit>"),
    ),
    (rf"(?:semaine {_PAST})", "la semaine dernière"),
    (rf"(?:mois {_PAST})", "le mois dernier"),
    (rf"(?:l'année|année|l'an|an) {_PAST}", "l'année dernière"),
    ("cette semaine", "cette semaine"),
    ("ce mois(?:-ci)?", "ce mois-ci"),
    ("cette année", "cette année"),
    ("avant[- ]hier", "avant-hier"),
    ("hier", "hier"),
    ("(?:aujourd'hui|ce matin|cet après-midi|ce soir)", "aujourd'hui"),
    (rf"(?:ce|le) week-?end(?: {_PAST})?", "samedi", "weekend"),
    (rf"{_WEEKDAY} {_PAST}", r"\g<weekday>"),
    (rf"(?:le|ce|depuis|entre|avant|après|de|du) {_WEEKDAY}", r"\g<weekday>"),
    (rf"{_LED}{_MONTH}(?: {_PAST})?", r"\g<month>"),
    (rf"{_JOINED} {_WEEKDAY}", r"\g<weekday>", "joined"),
    (rf"{_JOINED} {_MONTH}", r"\g<month>", "joined"),
    *numerals(_NUMBERED, _COUNTED, "en depuis"),
    *BARE_YEAR,
)

_CALENDAR = Calendar(
    hints=word_set(
        _MONTHS + " " + _WEEKDAYS + " jour jours semaine semaines mois an ans année l'année l'an années"
        " hier avant-hier aujourd'hui matin midi soir weekend week end"
    ),
    forms=forms("fr", _FORMS),
    numbers=_NUMBERS,
    between=leading("entre|du|de|d'", _BETWEEN),
    joins=leading("et(?: le)?|au|à|jusqu'(?:en|au)|-|\u2013"),
    bounds=(
        ("before", leading("avant", _BETWEEN)),
        ("after", leading("après", _BETWEEN)),
        ("since", leading("depuis|à partir du", _BETWEEN)),
        ("until", leading("jusqu'(?:en|au|à)")),
    ),
)

FRENCH = Language(
    name="french",
    stemmer="french",
    stop_words=word_set(_STOP_WORDS),
    first_person=word_set("je j me m moi ma mes mon mien mienne miens miennes"),
    calendar=_CALENDAR,
    elisions=word_set("c d j l m n s t qu jusqu lorsqu puisqu quoiqu"),
    genitives=(),
)
