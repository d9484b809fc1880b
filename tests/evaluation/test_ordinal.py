import numpy as np
import pytest
from statsmodels.miscmodels.ordinal_model import OrderedModel

from vivavoce.evaluation.models import fit_ordinal


def test_fit_is_statsmodels() -> None:
    rng = np.random.default_rng(1)
    x = rng.standard_normal((500, 2))
    y = np.searchsorted([-1, 0, 0.5, 2], x @ [1.0, -0.5] + rng.logistic(size=500))
    theirs = OrderedModel(y, x, distr="logit").fit(disp=0, method="newton")
    found = fit_ordinal(y, x)
    assert found.slopes == pytest.approx(theirs.params[:2], abs=1e-6)
    assert np.sqrt(np.diag(found.covariance)) == pytest.approx(theirs.bse[:2], rel=1e-4)
    assert found.log_likelihood == pytest.approx(theirs.llf)
    assert found.converged
    assert (np.diff(found.cuts) > 0).all()


def test_planted_slopes_come_back() -> None:
    rng = np.random.default_rng(2)
    x = rng.standard_normal((20_000, 1))
    found = fit_ordinal(np.searchsorted([-1.0, 1.0], 0.8 * x[:, 0] + rng.logistic(size=20_000)), x)
    assert found.slopes == pytest.approx([0.8], abs=0.05)
    assert found.cuts == pytest.approx([-1.0, 1.0], abs=0.05)


def test_separated_categories_have_no_maximum() -> None:
    assert not fit_ordinal([0, 0, 0, 1, 1, 1], np.arange(6.0)).converged


def test_one_category_is_refused() -> None:
    with pytest.raises(ValueError, match="'categories' parameter of fit_ordinal must vary. Got \\[1\\] only"):
        fit_ordinal([1, 1, 1], [[0.0], [1], [2]])
