"""Scores that no person's own rating had a part in: what validity and weights may be computed from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import clone

from vivavoce.evaluation.arguments import Floats, same_length, vectors
from vivavoce.models.linear.ridge import CompetencyRidge
from vivavoce.training.scheme import BY_PERSON, Scheme
from vivavoce.training.splits import Split, check_splits

LEAST_TAUGHT = 2  # rated rows that a model can be fitted to at all


class Estimator(Protocol):
    """What learns one rating: :class:`vivavoce.models.linear.ridge.CompetencyRidge`, or anything with its ``fit``."""

    def fit(self, X: Any, y: Any, groups: Any = None, sample_weight: Any = None) -> Self:
        """Learn from features (n, p) and ratings (n,)."""

    def predict(self, X: Any) -> Floats:
        """Ratings, shape (n,)."""


MakeRidge = Callable[[Sequence[str]], CompetencyRidge]  # an unfitted ridge for columns of these names


def plain(_: Sequence[str]) -> CompetencyRidge:
    """The ridge as it comes, whatever its columns."""
    return CompetencyRidge()


@dataclass(frozen=True)
class Procedure:
    """What everything goes through that is learned again to look at validity, in every one of those fits.

    Parameters
    ----------
    make
        Makes an unfitted ridge for the columns that it gets.
    said
        In words.
    """

    make: MakeRidge
    said: str


PLAIN = Procedure(plain, "the ridge, its penalty chosen anew in every fit")


def cross_fitted(
    model: Estimator,
    features: npt.ArrayLike,
    ratings: npt.ArrayLike,
    persons: npt.ArrayLike,
    *,
    weights: npt.ArrayLike | None = None,
    splits: Sequence[Split] | None = None,
    scheme: Scheme = BY_PERSON,
    seed: int = 0,
) -> Floats:
    """Every row's prediction by a model that saw no rating of that row's person.

    Parameters
    ----------
    model
        What is fitted; it stays as it is (its clones are). It standardises and chooses its penalty inside each fold,
        by what ``scheme`` holds together.
    features
        Shape (n, p); ``nan`` where not measured.
    ratings
        Shape (n,); ``nan`` for rows that nobody rated. They are predicted like the others.
    persons
        Whose row it is, shape (n,).
    weights
        How much each row teaches, shape (n,), ≥ 0; by default all alike.
    splits
        Which rows teach and which are predicted; by default those of ``scheme``.
    scheme
        By what rows are split, here and inside each fit; by default by person, in five folds.
    seed
        Of the default folds.

    Returns
    -------
    array, shape (n,)
        ``nan`` where too little was measured, for rows that no split predicts, and where nobody rated could teach.

    Raises
    ------
    ValueError
        For shapes that do not fit, and splits with a person on both sides.

    Examples
    --------
    >>> from vivavoce.models.linear.ridge import CompetencyRidge
    >>> rng = np.random.default_rng(0)
    >>> x = rng.standard_normal((300, 2))
    >>> found = cross_fitted(CompetencyRidge(), x, x @ [1.0, 0.0], np.arange(300))
    >>> round(float(np.corrcoef(found, x[:, 0])[0, 1]), 2)
    1.0
    """
    x, who = np.asarray(features, np.float64), np.asarray(persons)
    y = np.asarray(ratings, np.float64)
    vectors("cross_fitted", ratings=y[~np.isnan(y)])
    counts = np.ones(len(y)) if weights is None else np.asarray(weights, np.float64)
    same_length("cross_fitted", features=x, ratings=y, persons=who, weights=counts)
    chosen = scheme.splits(who, seed=seed) if splits is None else list(splits)
    check_splits(chosen, who)
    found = np.full(len(y), np.nan)
    for seen, held in chosen:
        rated = seen[~np.isnan(y[seen]) & (counts[seen] > 0)]
        if len(rated) >= LEAST_TAUGHT:
            fitted = clone(model).fit(x[rated], y[rated], groups=scheme.inner(who[rated]), sample_weight=counts[rated])
            found[held] = fitted.predict(x[held])
    return found
