import numpy as np
import pytest

from stats.age_groups import AgeGroup, age_group_start, age_groups


@pytest.mark.parametrize(
    ("age", "start"),
    [
        (0.0, 0),
        (9.999999, 0),
        (10, 10),
        (np.nextafter(30, 0), 20),  # times 0.1 it would round up to 3
        (30, 30),
        (99.9, 90),
        (100, 100),
        (-0.5, -10),
    ],
)
def test_first_year_of_an_age(age, start):
    assert age_group_start([age]).tolist() == [start]


def test_first_years_keep_the_order_of_the_ages():
    starts = age_group_start(np.array([71.2, 5, 70]))
    assert starts.tolist() == [70, 0, 70] and starts.dtype == np.int64


def test_groups_rise_and_leave_out_what_is_empty():
    (young, in_young), (old, in_old) = age_groups(np.array([71.2, 25, 70, 79.9]))
    assert young == AgeGroup(age_range="20-30", start_age=20, end_age=30, count=1)
    assert old == AgeGroup(age_range="70-80", start_age=70, end_age=80, count=3)
    assert in_young.tolist() == [False, True, False, False]
    assert in_old.tolist() == [True, False, True, True]
    assert type(old.start_age) is int and type(old.count) is int


def test_no_age_no_group():
    assert age_groups(np.array([])) == []
