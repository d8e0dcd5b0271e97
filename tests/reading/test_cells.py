"""Single cells of a workbook: what is read, and what is refused with its content."""

import datetime

import numpy as np
import pytest

from reading.cells import filename_key, read_age, read_sex, subject_key, training_number


@pytest.mark.parametrize(
    ("value", "key"),
    [
        (123, "123"),
        (123.0, "123"),
        ("123", "123"),
        (" 0123", "123"),
        ("123.0", "123"),
        ("１２３", "123"),
        ("1²", "1²"),
        ("①", "①"),
        ("ｅ\u0301", "é"),
        (np.int64(7), "7"),
        (np.float64(7), "7"),
        (10**400, "1" + 400 * "0"),
        (10**1000 - 1, 1000 * "9"),
        (10**1000, None),
        (0, "0"),
        ("000", "0"),
        (12.5, "12.5"),
        ("P07", "P07"),
        (" P07 ", "P07"),
        (None, None),
        ("", None),
        ("  ", None),
        (float("nan"), None),
        (float("inf"), None),
        (True, None),
        (datetime.datetime(2020, 1, 1), None),
    ],
)
def test_subject_key(value, key):
    assert subject_key(value) == key


@pytest.mark.parametrize(
    ("value", "key"),
    [
        ("a_1.png", "a_1.png"),
        ("data\\Images\\a_1.png", "a_1.png"),
        ("data/a_1.png", "a_1.png"),
        ("C:\\data\\a_1.png", "a_1.png"),
        ("data/a_1.png/", "a_1.png"),
        ("L:1.png", "L:1.png"),  # no drive: macOS and Linux have such names
        ("/", None),
        ("e\u0301_1.png", "\u00e9_1.png"),
        ("a" * 4096, "a" * 4096),
        ("a" * 4097, None),
        (None, None),
        (" ", None),
    ],
)
def test_filename_key(value, key):
    assert filename_key(value) == key


@pytest.mark.parametrize(
    ("value", "age"),
    [
        (45, 45.0),
        (45.25, 45.25),
        (0, 0.0),
        (120, 120.0),
        ("45", 45.0),
        (" 45 ", 45.0),
        ("45 岁", 45.0),
        ("45岁", 45.0),
        ("45周岁", 45.0),
        ("４５岁", 45.0),
        ("45y", 45.0),
        ("45 Y", 45.0),
        ("45 yrs", 45.0),
        ("45 years", 45.0),
        ("45 years old", 45.0),
        ("45 y.o.", 45.0),
        ("45,5", 45.5),
        ("45.5岁", 45.5),
    ],
)
def test_age_that_can_mean_one_thing_is_read(value, age):
    assert read_age(value) == age


def test_no_age_is_minus_zero():
    assert str(read_age(-0.0)) == "0.0"


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "is empty"),
        ("  ", "is empty"),
        (-1, "holds -1"),
        ("-1", "holds -1"),
        (120.5, "holds 120.5"),
        ("45-50", "'45-50'"),
        ("1,234", "'1,234'"),
        (">80", "'>80'"),
        ("18 months", "'18 months'"),
        ("5岁6个月", "'5岁6个月'"),
        ("unknown", "'unknown'"),
        ("nan", "'nan'"),
        ("inf", "'inf'"),
        (float("nan"), "'nan'"),
        (True, "'True'"),
        ("#N/A", "Excel error #N/A"),
        ("#DIV/0!", "Excel error #DIV/0!"),
        (datetime.datetime(1970, 5, 1), "a date or time (1970-05-01"),
        (datetime.timedelta(days=45), "a date or time"),
        ("45\n46", "'45 46'"),
        ("6¹", "'6¹'"),
        ("²5", "'²5'"),
        ("4₂", "'4₂'"),
        ("①", "'①'"),
        ("45½", "'45½'"),
        ("⒋", "'⒋'"),
        (10**400, "holds '1000"),
        (-(10**400), "holds '-1000"),
    ],
)
def test_any_other_age_is_refused_with_its_content(value, reason):
    found = read_age(value)
    assert isinstance(found, str)
    assert reason in found
    assert "\n" not in found


@pytest.mark.parametrize(
    ("value", "sex"),
    [
        ("F", "F"),
        (" Female ", "F"),
        ("女", "F"),
        ("m", "M"),
        ("MALE", "M"),
        ("ｍ", "M"),
        ("男", "M"),
        (" not  said ", "not said"),
        (2, "2"),
        (None, None),
        ("  ", None),
        ("#N/A", None),
    ],
)
def test_sex_is_a_letter_or_as_written_or_none(value, sex):
    assert read_sex(value) == sex


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (45, 45),
        ("45", 45),
        (" 45 ", 45),
        ("4e1", 40),
        ("-1", -1),
        (131, 131),
        (True, 1),
        (0, 0),
        ("45 岁", None),
        ("45,5", None),
        ("", None),
        (None, None),
        ("nan", None),
        (float("inf"), None),
        ("1e400", None),
        (10**400, None),
        (datetime.datetime(1970, 5, 1), None),
    ],
)
def test_numbers_are_to_training_what_float_reads(value, number):
    assert training_number(value) == number
