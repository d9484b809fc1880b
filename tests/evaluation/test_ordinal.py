import numpy as np
import pytest
from statsmodels.api import OLS
from statsmodels.miscmodels.ordinal_model import OrderedModel

from vivavoce.evaluation.models import fit_ordinal, least_squares


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


def test_robust_errors_are_statsmodels() -> None:
    rng = np.random.default_rng(3)
    design = np.column_stack([np.ones(80), rng.standard_normal((80, 2))])
    y = design @ [1.0, 0.5, -0.2] + np.abs(design[:, 1]) * rng.standard_normal(80)
    theirs = OLS(y, design).fit(cov_type="HC3", use_t=True)
    found = least_squares(design, y)
    assert found.coefficients == pytest.approx(theirs.params, abs=1e-12)
    assert found.covariance == pytest.approx(theirs.cov_params(), abs=1e-12)
    assert [found.coefficient(1).low, found.coefficient(1).high] == pytest.approx(theirs.conf_int()[1], abs=1e-12)


def test_a_row_that_decides_its_own_value_has_an_error_still() -> None:
    alone = np.eye(30)[:, 0]
    found = least_squares(np.column_stack([np.ones(30), alone]), np.arange(30.0))
    assert np.isfinite(found.covariance).all()
    assert found.coefficients == pytest.approx([15.0, -15.0])
