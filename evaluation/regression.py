"""Least squares with standard errors that do not assume equal spread."""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from vivavoce.evaluation.arguments import Floats
from vivavoce.evaluation.estimate import Estimate

FULL_LEVERAGE = 1 - 1e-10  # a row above decides its own fitted value; its residual is rounding


@dataclass(frozen=True)
class Fit:
    """A linear model fitted to n rows.

    Parameters
    ----------
    coefficients
        Shape (p,).
    covariance
        Of the coefficients, shape (p, p), heteroscedasticity-consistent (HC3).
    residuals
        Shape (n,).
    df
        n − p.
    """

    coefficients: Floats
    covariance: Floats
    residuals: Floats
    df: int

    def coefficient(self, index: int, confidence: float = 0.95) -> Estimate:
        """One coefficient with its t interval."""
        value = float(self.coefficients[index])
        reach = float(stats.t.ppf((1 + confidence) / 2, self.df) * np.sqrt(self.covariance[index, index]))
        return Estimate(value, value - reach, value + reach)


def least_squares(design: Floats, y: Floats) -> Fit:
    """Fit y = design · coefficients.

    Parameters
    ----------
    design
        Shape (n, p) with n > p and full column rank; an intercept is a column of ones.
    y
        Shape (n,).

    Raises
    ------
    ValueError
        For too few rows, or columns that determine one another.

    References
    ----------
    MacKinnon & White (1985), Journal of Econometrics 29, 305–325 (HC3).

    Examples
    --------
    >>> x = np.array([0.0, 1.0, 2.0, 3.0])
    >>> least_squares(np.column_stack([np.ones(4), x]), 1 + 2 * x).coefficients.round(6)
    array([1., 2.])
    """
    n, p = design.shape
    if n <= p or np.linalg.matrix_rank(design) < p:
        raise ValueError(
            f"A regression with {p} coefficients needs more rows than that and columns that do not determine one "
            f"another. Got {n} rows of rank {np.linalg.matrix_rank(design)} instead: leave out constant predictors."
        )
    basis, triangle = np.linalg.qr(design)
    coefficients = np.linalg.solve(triangle, basis.T @ y)
    residuals = y - design @ coefficients
    leverage = np.minimum(np.sum(basis**2, axis=1), FULL_LEVERAGE)
    inverse = np.linalg.solve(triangle, basis.T)
    return Fit(coefficients, (inverse * (residuals / (1 - leverage)) ** 2) @ inverse.T, residuals, n - p)
