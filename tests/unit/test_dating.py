"""What is told without asking the date parser is what it would have told."""

from datetime import datetime

import pytest

from cognition.dating import DateParser, _parser
from cognition.mechanisms.languages import LANGUAGES

TONGUES = sorted({form.tongue for each in LANGUAGES.values() for form in each.calendar.forms})
NOON = datetime(2026, 5, 7, 12)


@pytest.mark.parametrize("tongue", TONGUES)
@pytest.mark.parametrize("year", ["1900", "1969", "1999", "2000", "2023", "2026", "2099"])
def test_a_year_alone_is_that_year(tongue: str, year: str) -> None:
    told = _parser(tongue, NOON).get_date_data(year)
    assert (told.date_obj.year, told.period) == (int(year), "year")
    read = DateParser().read(year, tongue, NOON.timestamp())
    assert read is not None
    assert (read.year, read.period) == (int(year), "year")
