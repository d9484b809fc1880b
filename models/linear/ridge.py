"""Competency scores from features: ridge regression on human ratings, with absent values marked.

A value further than four standard deviations from the training people's mean counts as one at that distance: one slip
of a tracker would otherwise turn the whole line, and give its person any score. A value that was not measured stays
``nan`` until it meets the coefficients. There it counts as the training people's mean, beside a marker of its own (0
or 1) with a coefficient of its own wherever it was absent in training, and :meth:`CompetencyRidge.measured_share` says
how much of a prediction rests on what was measured. Below ``least_measured`` there is no prediction: ``nan``, and the
caller says why.

A rating from features by a ridge's numbers, and how much of it rests on what was measured.

Sums run over the features in their order, one row apart from the other: a row has the same bits whether it comes alone
or among a million. A matrix product does not promise that.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.model_selection import GroupKFold, check_cv
from sklearn.utils.validation import check_is_fitted, validate_data

Floats = npt.NDArray[np.float64]


REACH = 4.0  # standard deviations of the training: a value beyond is a slip of the measuring or stands alone, and
# counts as one at the edge. Of people whose measures are normal 1 in 16,000 lies there


def within_reach(column: Floats, mean: float, scale: float) -> Floats:
    """Values no further from the training's mean than REACH of its standard deviations; ``nan`` stays ``nan``.

    Examples
    --------
    >>> within_reach(np.array([0.0, 9.0, -99.0, np.nan]), 1.0, 2.0)
    array([ 0.,  9., -7., nan])
    """
    found: Floats = np.clip(column, mean - REACH * scale, mean + REACH * scale)
    return found


def rating(
    columns: Iterable[Floats], intercept: float, coefficients: Floats, absent: Floats, mean: Floats, scale: Floats
) -> Floats:
    """Ratings, shape (n,), from p features.

    Parameters
    ----------
    columns
        p arrays of shape (n,), at least one; ``nan`` where not measured.
    intercept
        Rating where every feature is 0.
    coefficients, absent, mean
        Of each feature, shape (p,): rating per unit, what its absence adds, and the value that an absent one counts as.
    scale
        Of each feature, shape (p,): what REACH is counted in.

    Examples
    --------
    >>> one = np.array([1.0, np.nan, 99.0])
    >>> rating([one], 3.0, np.array([0.5]), np.array([-0.25]), np.array([2.0]), np.array([1.0]))
    array([3.5 , 3.75, 6.  ])
    """
    found: Floats | float = intercept + 0.0  # so that no sum starts at -0.0
    for column, coefficient, added, middle, spread in zip(columns, coefficients, absent, mean, scale, strict=True):
        missing = np.isnan(column)
        near = within_reach(column, middle, spread)
        if missing.any():
            found = found + np.where(missing, middle, near) * coefficient
            found += missing * added
        else:
            found = found + near * coefficient
    return np.asarray(found, np.float64)


def measured_share(columns: Iterable[Floats], importance: Floats) -> Floats:
    """Share of the importance (p,), absolute, that lies on measured features, shape (n,); 1 where nothing has any.

    Examples
    --------
    >>> measured_share([np.array([1.0, np.nan]), np.array([1.0, 1.0])], np.array([-3.0, 1.0]))
    array([1.  , 0.25])
    """
    total, lost = 0.0, np.zeros(1)
    for column, weight in zip(columns, np.abs(importance), strict=True):
        total += float(weight)
        missing = np.isnan(column)
        if len(lost) != len(missing):
            lost = np.zeros(len(missing))
        if missing.any():
            lost += missing * weight
    return 1.0 - lost / total if total > 0 else np.ones_like(lost)


PENALTIES = tuple(float(penalty) for penalty in 10 ** np.arange(-2.0, 1.01, 0.5))  # per person and standardised column
LEAST_MEASURED = 0.75  # of the coefficients' absolute sum
FOLDS = 5
TINY = np.finfo(np.float64).tiny
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
    cv
        How penalties are compared: so many folds by person, or splits as scikit-learn takes them (rows of one person
        are then the caller's care).

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

    def __init__(
        self, penalties: Sequence[float] = PENALTIES, least_measured: float = LEAST_MEASURED, cv: Any = FOLDS
    ) -> None:
        self.penalties = penalties
        self.least_measured = least_measured
        self.cv = cv

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn that ``nan`` is an input like any other."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    def fit(
        self,
        X: npt.ArrayLike,
        y: npt.ArrayLike,
        groups: npt.ArrayLike | None = None,
        sample_weight: npt.ArrayLike | None = None,
    ) -> Self:
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
        sample_weight
            How much each row counts, shape (n,), ≥ 0; by default all alike. Only ratios matter: twice the weight is the
            row twice.

        Raises
        ------
        ValueError
            For shapes that do not fit, infinite values, penalties that are not above 0, and weights below 0.
        """
        x, target = validate_data(
            self, X, y, dtype=np.float64, ensure_all_finite="allow-nan", y_numeric=True, ensure_min_samples=2
        )
        ratings = np.asarray(target, np.float64)
        weights = _weights(sample_weight, len(x))
        space, penalty, found = self._solved(x, ratings[:, None], weights, groups)
        self.penalty_ = float(penalty[0])
        p = x.shape[1]
        self.mean_, self.scale_ = space.mean, np.where(np.isinf(space.scale), 1.0, space.scale)
        self.coef_ = found[:p, 0] / space.scale  # exactly 0 where the scale is infinite: a feature that does not vary
        self.absent_coef_ = np.zeros(p)
        self.absent_coef_[space.marked] = found[p:, 0]
        centre = float(np.average(ratings, weights=weights))
        self.intercept_ = float(
            centre - self.mean_ @ self.coef_ - space.centre @ found[:p, 0] - space.absent @ self.absent_coef_
        )
        return self

    def predict(self, X: npt.ArrayLike) -> Floats:
        """Ratings, shape (n,); ``nan`` where too little was measured."""
        check_is_fitted(self)
        x = validate_data(self, X, dtype=np.float64, ensure_all_finite="allow-nan", reset=False)
        found = rating(x.T, self.intercept_, self.coef_, self.absent_coef_, self.mean_, self.scale_)
        return np.where(self.measured_share(x) >= self.least_measured, found, np.nan)

    def measured_share(self, X: npt.ArrayLike) -> Floats:
        """Share of the coefficients whose features were measured, 0–1, shape (n,); ideal 1."""
        check_is_fitted(self)
        return measured_share(np.asarray(X, np.float64).T, self.coef_ * self.scale_)

    def predict_targets(
        self,
        X: npt.ArrayLike,
        targets: npt.ArrayLike,
        new: npt.ArrayLike,
        groups: npt.ArrayLike,
        sample_weight: npt.ArrayLike | None = None,
    ) -> Floats:
        """Fit many ratings of the same people at once, each with its own penalty, and predict others.

        What ``fit`` and ``predict`` give one rating at a time, at about the price of one: permutation tests live on it.

        Parameters
        ----------
        X, targets, new
            Features (n, p), ratings (n, t), features of those to predict (m, p).
        groups, sample_weight
            As in ``fit``.

        Returns
        -------
        array, shape (m, t)
            ``nan`` where too little was measured.
        """
        x, y, other = (np.asarray(one, np.float64) for one in (X, targets, new))
        weights = _weights(sample_weight, len(x))
        space, _, found = self._solved(x, y, weights, groups)
        predicted = np.average(y, axis=0, weights=weights) + space.design(other) @ found
        importance = np.abs(found[: x.shape[1]])
        share = 1 - np.isnan(other) @ importance / np.maximum(importance.sum(axis=0), TINY)
        return np.where(share >= self.least_measured, predicted, np.nan)

    def _solved(
        self, x: Floats, y: Floats, weights: Floats, groups: npt.ArrayLike | None
    ) -> tuple["_Space", Floats, Floats]:
        """The space of the features, and for each of t ratings (n, t) its penalty and coefficients (columns, t)."""
        if not self.penalties or min(self.penalties) <= 0:
            raise ValueError(
                f"The 'penalties' parameter of CompetencyRidge must hold numbers above 0. Got {self.penalties} instead."
            )
        persons = np.arange(len(x)) if groups is None else np.asarray(groups)
        chosen = self._choose(x, y, weights, persons)
        space = _Space.of(x, weights)
        penalties = np.unique(chosen)
        found = np.empty((len(space.mean) + space.marked.sum(), y.shape[1]))
        for penalty, solved in zip(penalties, _solve(space.design(x), y, weights, penalties), strict=True):
            found[:, chosen == penalty] = solved[:, chosen == penalty]
        return space, chosen, found

    def _choose(self, x: Floats, y: Floats, weights: Floats, persons: npt.NDArray[Any]) -> Floats:
        """For each rating the penalty with the smallest squared error on persons left out, shape (t,)."""
        folds = min(self.cv, len(np.unique(persons))) if isinstance(self.cv, int) else None
        if len(self.penalties) == 1 or (folds is not None and folds < 2):
            return np.full(y.shape[1], float(self.penalties[-1]))
        splitter = check_cv(self.cv) if folds is None else GroupKFold(folds)
        error = np.zeros((len(self.penalties), y.shape[1]))
        for seen, held in splitter.split(x, y, persons):
            space = _Space.of(x[seen], weights[seen])
            design, centre = space.design(x[held]), np.average(y[seen], axis=0, weights=weights[seen])
            solved = _solve(space.design(x[seen]), y[seen], weights[seen], self.penalties)
            for i, coefficients in enumerate(solved):
                error[i] += weights[held] @ (centre + design @ coefficients - y[held]) ** 2
        found: Floats = np.asarray(self.penalties, np.float64)[np.argmin(error, axis=0)]
        return found


@dataclass(frozen=True)
class _Space:
    """Standardised features within reach, and markers of those that were absent for some people and not for all; all
    columns centred.
    """

    mean: Floats
    scale: Floats  # infinite for a feature that does not vary, so that its column is 0
    centre: Floats  # what is left of the mean when what lies beyond reach has been brought in
    absent: Floats
    marked: npt.NDArray[np.bool_]

    @staticmethod
    def of(x: Floats, weights: Floats) -> "_Space":
        missing = np.isnan(x)
        count = weights @ ~missing
        count = np.where(count > 0, count, 1.0)
        mean = weights @ np.where(missing, 0.0, x) / count
        scale = np.sqrt(weights @ np.where(missing, 0.0, x - mean) ** 2 / count)
        steady = scale <= CONSTANT * np.maximum(np.abs(mean), 1.0)
        counting = missing[weights > 0]
        marked = counting.any(axis=0) & ~counting.all(axis=0)
        spread = np.where(steady, np.inf, scale)
        centre = weights @ _standard(x, missing, mean, spread) / weights.sum()
        return _Space(mean, spread, centre, weights @ missing / weights.sum(), marked)

    def design(self, x: Floats) -> Floats:
        """Shape (n, p + markers)."""
        missing = np.isnan(x)
        standard = _standard(x, missing, self.mean, self.scale) - self.centre
        return np.hstack([standard, (missing - self.absent)[:, self.marked]])


def _standard(x: Floats, missing: npt.NDArray[np.bool_], mean: Floats, scale: Floats) -> Floats:
    """Standard deviations from the mean, no further than REACH; 0 where absent."""
    found: Floats = np.where(missing, 0.0, np.clip((x - mean) / scale, -REACH, REACH))
    return found


def _weights(given: npt.ArrayLike | None, n: int) -> Floats:
    """Sample weights with the mean 1."""
    if given is None:
        return np.ones(n)
    found = np.asarray(given, np.float64)
    if found.shape != (n,) or not np.isfinite(found).all() or found.min() < 0 or found.max() == 0:
        raise ValueError(
            f"The 'sample_weight' parameter of CompetencyRidge must hold {n} finite weights of at least 0, not all of "
            f"them zero. Got shape {found.shape} and {found.ravel()[:3].tolist()} … instead."
        )
    normal: Floats = found / found.mean()
    return normal


def _solve(design: Floats, y: Floats, weights: Floats, penalties: Sequence[float] | Floats) -> list[Floats]:
    """Coefficients of centred columns for each rating (n, t), shape (columns, t), at each penalty per person."""
    root = np.sqrt(weights)[:, None]
    columns, target = design * root, (y - np.average(y, axis=0, weights=weights)) * root
    wide = columns.shape[1] > len(columns)
    values, vectors = np.linalg.eigh(columns @ columns.T if wide else columns.T @ columns)
    turned = vectors.T @ (target if wide else columns.T @ target)
    scale = np.maximum(values, 0)[:, None]
    shrunk = [vectors @ (turned / (scale + penalty * weights.sum())) for penalty in penalties]
    return [columns.T @ one for one in shrunk] if wide else shrunk
