"""Plain: any language of which nothing is known but its script.

No stemmer, no stop words. Dates are those of ISO 8601, bare years, and the Chinese and Japanese forms,
which their characters tell apart from everything else.
"""

from __future__ import annotations

from cognition.mechanisms.languages.language import (
    BARE_YEAR,
    ISO,
    Calendar,
    Language,
    Listed,
    forms,
    word_set,
)

_NUMBERS = dict(zip("一二两三四五六七八九十", map(str, (1, 2, 2, 3, 4, 5, 6, 7, 8, 9, 10)), strict=True))
_NUMBER = r"(?P<number>\d{1,3}|[一二两三四五六七八九十])"

_CJK: tuple[Listed, ...] = (
    (r"(?P<year>\d{4})年(?P<month>\d{1,2})月(?P<day>\d{1,2})[日号]", r"\g<year>-\g<month>-\g<day>"),
    (r"(?P<year>\d{4})年(?P<month>\d{1,2})月", r"\g<year>-\g<month>"),
    (r"(?P<month>\d{1,2})月(?P<day>\d{1,2})[日号]", r"\g<month>月", "day"),
    (r"(?P<year>\d{4})年", r"\g<year>"),
    (r"(?<!\d)(?P<month>1[0-2]|[1-9])月", r"\g<month>月"),
    (rf"{_NUMBER}[日天]前", r"\g<number>日前"),
    (rf"{_NUMBER}(?:週間|周间|周|週|个星期|星期)前", r"\g<number>週間前"),
    (rf"{_NUMBER}(?:か月|ヶ月|ケ月|カ月|个月|個月)前", r"\g<number>か月前"),
    (rf"{_NUMBER}年前", r"\g<number>年前"),
    ("(?:先週|上周|上週|上个星期|上星期)", "先週"),
    ("(?:先月|上个月|上個月|上月)", "先月"),
    ("(?:去年|昨年)", "去年"),
    ("(?:今週|这周|這週|本周|这个星期)", "今週"),
    ("(?:今月|这个月|這個月|本月)", "今月"),
    ("今年", "今年"),
    ("(?:一昨日|おととい|前天)", "一昨日"),
    ("(?:昨日|昨天|昨晚|昨夜|きのう)", "昨日"),
    ("(?:今日|今天|今晚|きょう)", "今日"),
)

_CALENDAR = Calendar(
    marks=frozenset("年月日天週周昨今去前"),
    forms=(*forms("ja", _CJK, spaced=False), *forms("en", (*ISO, *BARE_YEAR))),
    numbers=_NUMBERS,
)

PLAIN = Language(
    name="plain",
    stemmer=None,
    stop_words=frozenset(),
    first_person=word_set("我 私 僕 俺"),
    calendar=_CALENDAR,
)
