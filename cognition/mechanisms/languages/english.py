"""English.

Stop words are the Snowball project's (BSD-3-Clause), spelt with straight apostrophes, plus the
contracted and unpunctuated forms that chat brings. Names of months and days are those of the
Unicode CLDR as the date parser carries them.
"""

from __future__ import annotations

from cognition.mechanisms.languages.language import (
    BARE_YEAR,
    DAY,
    ISO,
    LAST,
    MONTH_FIRST,
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
    i me my myself we our ours ourselves you your yours yourself yourselves he him his himself
    she her hers herself it its itself they them their theirs themselves what which who whom
    this that these those am is are was were be been being have has had having do does did doing
    would should could ought i'm you're he's she's it's we're they're i've you've we've they've
    i'd you'd he'd she'd we'd they'd i'll you'll he'll she'll we'll they'll isn't aren't wasn't
    weren't hasn't haven't hadn't doesn't don't didn't won't wouldn't shan't shouldn't can't
    cannot couldn't mustn't let's that's who's what's here's there's when's where's why's how's
    a an the and but if or because as until while of at by for with about against between into
    through during before after above below to from up down in out on off over under again
    further then once here there when where why how all any both each few more most other some
    such no nor not only own same so than too very
    will can just that'll it'll im ive dont didnt doesnt cant wont isnt thats
"""

_MONTHS = (
    "january february march april may june july august september october november december "
    "jan feb mar apr jun jul aug sep sept oct nov dec"
)
_WEEKDAYS = "monday tuesday wednesday thursday friday saturday sunday"
_NUMBERS = numbered(
    "one two three four five six seven eight nine ten eleven twelve",
    {
        **dict.fromkeys(("a", "an"), "1"),
        **dict.fromkeys(("a couple of", "couple of", "couple"), "2"),
        **dict.fromkeys(("a few", "few", "several"), "3"),
    },
)
_MONTH = rf"(?P<month>{one_of(_MONTHS)})\.?"
_WEEKDAY = rf"(?P<weekday>{one_of(_WEEKDAYS)})"
_NUMBER = rf"(?P<number>\d{{1,3}}|{one_of(_NUMBERS)})"
_UNIT = r"(?P<unit>day|week|month|year)s?"
_LED = r"(?:in|during|since|last|this|of|early|late|mid|between|from|until|till|before|after)[ -]"
_BETWEEN = "the|last|this|past|early|late|mid"
_JOINED = "(?:and|to|until|till|through) "
_TH = "(?:st|nd|rd|th)"
_TO = r"\s*(?:-|\u2013|to|until|till|through)\s*(?:the )?"
_OTHER_MONTH = rf" (?:of )?{one_of(_MONTHS)}"
_AFTER_NO_MONTH = r"(?=\d)" + "".join(rf"(?<!\b{month}\s)" for month in _MONTHS.split())
"""Keeps "May 3 to 5 June" from being read as days of June."""
_OF_MONTH = r"\g<day> \g<month> \g<year>"

_NUMBERED = r"room|suite|apartment|apt\.?|flat|locker|gate|flight|bus|page|chapter|code|pin|number|no\.|nr\."
_COUNTED = (
    "dollars dollar bucks usd euros euro eur pounds gbp yen francs rupees cents people persons guests users "
    "followers subscribers votes times steps words pages copies pieces calories kcal km kilometers "
    "kilometres miles meters metres feet kg grams hours minutes seconds days"
)

_FORMS = (
    *ISO,
    *MONTH_FIRST,
    (rf"{_MONTH} {DAY}{_TH}?{_TO}{LAST}{_TH}?(?!\d|{_OTHER_MONTH})(?:,? {YEAR})?", _OF_MONTH, "days"),
    (rf"between {_MONTH} {DAY}{_TH}? and {LAST}{_TH}?(?!\d|{_OTHER_MONTH})(?:,? {YEAR})?", _OF_MONTH, "days"),
    (rf"{_AFTER_NO_MONTH}{DAY}{_TH}?{_TO}{LAST}{_TH}? (?:of )?{_MONTH},? {YEAR}", _OF_MONTH, "days"),
    (rf"{_AFTER_NO_MONTH}{DAY}{_TH}{_TO}{LAST}{_TH} (?:of )?{_MONTH}", r"\g<day> \g<month>", "days"),
    (
        rf"between (?:the )?{DAY}{_TH}? and (?:the )?{LAST}{_TH}? (?:of )?{_MONTH}(?:,? {YEAR})?",
        _OF_MONTH,
        "days",
    ),
    (rf"{DAY}{_TH}? (?:of )?{_MONTH}(?:,? {YEAR})?", _OF_MONTH),
    (rf"{_MONTH} {DAY}{_TH}?(?!\d)(?:,? {YEAR})?", _OF_MONTH),
    (rf"{_MONTH},? (?:of )?{YEAR}", r"\g<month> \g<year>"),
    (rf"{_NUMBER} {_UNIT} (?:ago|before now|back)", r"\g<number> \g<unit> ago"),
    (rf"(?:last|past|previous) {_NUMBER} {_UNIT}", r"\g<number> \g<unit> ago", "running"),
    *distances(
        rf"{_NUMBER} {_UNIT}",
        ("before|prior to", r"\g<number> \g<unit> ago"),
        ("after", r"in \g<number> \g<unit>"),
    ),
    (r"(?P<unit>week|month|year) before last(?=\s*(?:[?.!,;]|$))", r"2 \g<unit> ago"),
    (r"(?:in|over|during|within) the past (?P<unit>week|month|year)", r"1 \g<unit> ago", "running"),
    (r"(?:last|past|previous) (?P<unit>week|month|year)", r"last \g<unit>"),
    (r"this (?P<unit>week|month|year)", r"this \g<unit>"),
    (r"(?:the )?day before yesterday", "day before yesterday"),
    (r"(?:yesterday|last night)", "yesterday"),
    (r"(?:today|this morning|this afternoon|this evening|tonight)", "today"),
    (r"(?:last|this|this past|past|on the|at the|over the) week-?end", "saturday", "weekend"),
    (rf"(?:on|last|this|past|since|between|from|until|before|after)(?: last)? {_WEEKDAY}", r"\g<weekday>"),
    (rf"{_LED}{_MONTH}", r"\g<month>"),
    (rf"{_JOINED}{_WEEKDAY}", r"\g<weekday>", "joined"),
    (rf"{_JOINED}{_MONTH}", r"\g<month>", "joined"),
    *numerals(_NUMBERED, _COUNTED, "in since"),
    *BARE_YEAR,
)

_CALENDAR = Calendar(
    hints=word_set(
        _MONTHS + " " + _WEEKDAYS + " ago back now yesterday today tonight morning afternoon evening night"
        " week weeks weekend month months year years day days"
    ),
    forms=forms("en", _FORMS),
    numbers=_NUMBERS,
    between=leading("between|from", _BETWEEN),
    joins=leading("and|to|until|till|through|-|\u2013"),
    bounds=(
        ("before", leading("before|prior to|earlier than", _BETWEEN)),
        ("after", leading("after|later than", _BETWEEN)),
        ("since", leading("since", _BETWEEN)),
        ("until", leading("until|till|up to", _BETWEEN)),
    ),
)

ENGLISH = Language(
    name="english",
    stemmer="english",
    stop_words=word_set(_STOP_WORDS),
    first_person=word_set("i me my mine myself i'm i've i'd i'll im ive"),
    calendar=_CALENDAR,
    genitives=("'s", "'"),
)
