"""Many comparisons at once: what each p-value is worth among all that were made.

Read by the drift of a month, by fairness' families of comparisons, and by every chapter of an audit that looks through
many groups: one place, so that "corrected" means the same everywhere.
"""

import numpy as np
import numpy.typing as npt
from scipy import stats

from vivavoce.evaluation.estimate import NAN, Floats


def holm(p: npt.ArrayLike) -> Floats:
    """Holm's step-down p-values: below α they keep the chance of *any* false finding within α.

    By hand: statsmodels' ``multipletests`` gives the same, and has all garbage collected at every call, 70 ms in a
    process that holds torch, where an audit asks thousands of times. It is the oracle in the tests.

    Parameters
    ----------
    p
        p-values, shape (m,); those above 1 (after an earlier correction) count as 1, ``nan`` was not tested and stays.

    References
    ----------
    Holm (1979), Scandinavian Journal of Statistics 6, 65–70.

    Examples
    --------
    >>> holm([0.01, np.nan, 0.04, 0.03]).round(4).tolist()
    [0.03, nan, 0.06, 0.06]
    """
    values, tested = _tested(p)
    places = np.flatnonzero(tested)
    rising = places[np.argsort(values[places], kind="stable")]
    values[rising] = np.minimum(np.maximum.accumulate(values[rising] * np.arange(len(rising), 0, -1)), 1)
    return values


def benjamini_hochberg(p: npt.ArrayLike) -> Floats:
    """Benjamini and Hochberg's p-values: below α, false findings are on average at most α of all findings.

    Parameters
    ----------
    p
        As for :func:`holm`.

    References
    ----------
    Benjamini & Hochberg (1995), Journal of the Royal Statistical Society B 57, 289–300.

    Examples
    --------
    >>> benjamini_hochberg([0.01, 0.04, 0.03]).round(4).tolist()
    [0.03, 0.04, 0.04]
    """
    values, tested = _tested(p)
    values[tested] = stats.false_discovery_control(values[tested])
    return values


def _tested(p: npt.ArrayLike) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """The p-values, none above 1, and which of them there are."""
    values = np.atleast_1d(np.asarray(p, np.float64))
    return np.where(np.isnan(values), NAN, np.minimum(values, 1.0)), ~np.isnan(values)
