import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from stats.holm import holm


def test_holm_by_hand():
    # of 0.01 0.02 0.03 0.5: 4 0.01, 3 0.02, then 2 0.03 (not below 0.06), 0.5
    assert holm([0.03, 0.01, 0.5, 0.02]) == pytest.approx([0.06, 0.04, 0.5, 0.06])
    assert holm([0.03, None, 0.04]) == [0.06, None, 0.06]  # None is no comparison
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == [] and holm([None]) == [None]
    with pytest.raises(ValueError, match=r"p_values holds 1\.5, outside"):
        holm([0.1, 1.5])


def test_holm_against_statsmodels():
    p_values = np.random.default_rng(0).uniform(0, 0.3, 40)
    assert holm(list(p_values)) == pytest.approx(multipletests(p_values, method="holm")[1])
