"""Competency scores from features: ridge regression on human ratings, with absent values marked.

A value that was not measured stays ``nan`` until it meets the coefficients. There it counts as the training people's
mean, beside a marker of its own (0 or 1) with a coefficient of its own wherever it was absent in training, and
:meth:`CompetencyRidge.measured_share` says how much of a prediction rests on what was measured. Below
``least_measured`` there is no prediction: ``nan``, and the caller says why.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.model_selection import GroupKFold
from sklearn.utils.validation import check_is_fitted, validate_data

Floats = npt.NDArray[np.float64]

PENALTIES = tuple(float(penalty) for penalty in 10 ** np.arange(-2.0, 1.01, 0.5))  # per person and standardised column
LEAST_MEASURED = 0.75  # of the coefficients' absolute sum
FOLDS = 5
CONSTANT = 1e-12  # spread relative to a column's size, below which it is rounding


class CompetencyRidge(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Ridge regression of one competency's rating, standardisation inside, its penalty chosen by person.

    Parameters
    ----------
    penalties
        Candidates, per person: the penalty is this times the number of persons. The one with the smallest error on
        persons left out is taken; of one candidate nothing is chosen.
    least_measured
        Share of the coefficients (absolute, standardised) whose features must have been measured for a prediction,
        0–1.

    Attributes
    ----------
    coef_
        Rating per unit of each feature, shape (p,); 0 for one that does not vary.
    absent_coef_
        What a feature's absence adds, shape (p,); 0 for one that was always measured in training.
    intercept_
        Rating where every feature is 0 and measured.
    mean_, scale_
        Of each feature in training, shape (p,).
    penalty_
        The one taken.

    References
    ----------
    Hoerl & Kennard (1970), Technometrics 12, 55–67; Little & Rubin (2019), Statistical Analysis with Missing Data,
    chapter 3 (why an unmarked mean is not enough).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> features = rng.standard_normal((200, 3))
    >>> rating = 3 + features @ [0.5, 0.0, -0.5]
    >>> model = CompetencyRidge(penalties=(1e-6,)).fit(features, rating)
    >>> model.coef_.round(2) + 0.0
    array([ 0.5,  0. , -0.5])
    >>> model.predict([[1.0, np.nan, 0.0], [np.nan, 0.0, np.nan]]).round(1)
    array([3.5, nan])
    """

    def __init__(self, penalties: Sequence[float] = PENALTIES, least_measured: float = LEAST_MEASURED) -> None:
        self.penalties = penalties
        self.least_measured = least_measured

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn that ``nan`` is an input like any other."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    def fit(self, X: npt.ArrayLike, y: npt.ArrayLike, groups: npt.ArrayLike | None = None) -> Self:
        """Fit one rating.

        Parameters
        ----------
        X
            Features, shape (n, p); ``nan`` where not measured.
        y
            Ratings, shape (n,), finite.
        groups
            Whose row it is, shape (n,); by default every row is another person. No person is on both sides when the
            penalty is chosen.

        Raises
        ------
        ValueError
            For shapes that do not fit, infinite values, and penalties that are not above 0.
        """
        x, target = validate_data(
            self, X, y, dtype=np.float64, ensure_all_finite="allow-nan", y_numeric=True, ensure_min_samples=2
        )
        if not self.penalties or min(self.penalties) <= 0:
            raise ValueError(
                f"The 'penalties' parameter of CompetencyRidge must hold numbers above 0. Got {self.penalties} instead."
            )
        ratings = np.asarray(target, np.float64)
        persons = np.arange(len(x)) if groups is None else np.asarray(groups)
        self.penalty_ = self._choose(x, ratings, persons)
        space = _Space.of(x)
        [found] = _solve(space.design(x), ratings, [self.penalty_])
        p = x.shape[1]
        self.mean_, self.scale_ = space.mean, np.where(np.isinf(space.scale), 1.0, space.scale)
        self.coef_ = found[:p] / space.scale  # exactly 0 where the scale is infinite: a feature that does not vary
        self.absent_coef_ = np.zeros(p)
        self.absent_coef_[space.marked] = found[p:]
        self.intercept_ = float(ratings.mean() - self.mean_ @ self.coef_ - space.absent @ self.absent_coef_)
        return self

    def predict(self, X: npt.ArrayLike) -> Floats:
        """Ratings, shape (n,); ``nan`` where too little was measured."""
        check_is_fitted(self)
        x = validate_data(self, X, dtype=np.float64, ensure_all_finite="allow-nan", reset=False)
        found = rating(x, self.intercept_, self.coef_, self.absent_coef_, self.mean_)
        return np.where(self.measured_share(x) >= self.least_measured, found, np.nan)

    def measured_share(self, X: npt.ArrayLike) -> Floats:
        """Share of the coefficients whose features were measured, 0–1, shape (n,); ideal 1."""
        check_is_fitted(self)
        return measured_share(np.asarray(X, np.float64), self.coef_ * self.scale_)

    def _choose(self, x: Floats, y: Floats, persons: npt.NDArray[Any]) -> float:
        """The penalty with the smallest squared error on persons left out."""
        folds = min(FOLDS, len(np.unique(persons)))
        if len(self.penalties) == 1 or folds < 2:
            return float(self.penalties[-1])
        error = np.zeros(len(self.penalties))
        for seen, held in GroupKFold(folds).split(x, y, persons):
            space = _Space.of(x[seen])
            found = _solve(space.design(x[seen]), y[seen], self.penalties)
            predicted = y[seen].mean() + found @ space.design(x[held]).T
            error += np.sum((predicted - y[held]) ** 2, axis=1)
        return float(self.penalties[int(np.argmin(error))])


def rating(x: Floats, intercept: float, coefficients: Floats, absent: Floats, mean: Floats) -> Floats:
    """Ratings (n,) from features (n, p): absent ones at their mean, with what their absence adds."""
    missing = np.isnan(x)
    if not missing.any():
        return intercept + x @ coefficients
    return intercept + np.where(missing, mean, x) @ coefficients + missing @ absent


def measured_share(x: Floats, importance: Floats) -> Floats:
    """Share of the importance (p,), absolute, that lies on measured features, shape (n,); 1 where nothing has any."""
    total = np.abs(importance).sum()
    missing = np.isnan(x)
    if total == 0 or not missing.any():
        return np.ones(len(x))
    found: Floats = ~missing @ np.abs(importance) / total
    return found


@dataclass(frozen=True)
class _Space:
    """Standardised features, and centred markers of those that were absent for some people and not for all."""

    mean: Floats
    scale: Floats  # infinite for a feature that does not vary, so that its column is 0
    absent: Floats

    @property
    def marked(self) -> npt.NDArray[np.bool_]:
        return (self.absent > 0) & (self.absent < 1)

    @staticmethod
    def of(x: Floats) -> "_Space":
        missing = np.isnan(x)
        count = np.maximum((~missing).sum(axis=0), 1)
        mean = np.where(missing, 0.0, x).sum(axis=0) / count
        scale = np.sqrt((np.where(missing, 0.0, x - mean) ** 2).sum(axis=0) / count)
        steady = scale <= CONSTANT * np.maximum(np.abs(mean), 1.0)
        absent: Floats = missing.mean(axis=0)
        return _Space(mean, np.where(steady, np.inf, scale), absent)

    def design(self, x: Floats) -> Floats:
        """Shape (n, p + markers)."""
        missing = np.isnan(x)
        standard = np.where(missing, 0.0, (x - self.mean) / self.scale)
        return np.hstack([standard, (missing - self.absent)[:, self.marked]])


def _solve(design: Floats, y: Floats, penalties: Sequence[float]) -> Floats:
    """Coefficients of centred columns at each penalty per person, shape (m, columns)."""
    target = y - y.mean()
    wide = design.shape[1] > len(y)
    values, vectors = np.linalg.eigh(design @ design.T if wide else design.T @ design)
    turned = vectors.T @ (target if wide else design.T @ target)
    shrunk = [vectors @ (turned / (np.maximum(values, 0) + penalty * len(y))) for penalty in penalties]
    return np.array(shrunk) @ design if wide else np.array(shrunk)
