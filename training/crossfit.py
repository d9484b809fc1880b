"""Scores that no person's own rating had a part in: what validity and weights may be computed from."""

import numpy as np
import numpy.typing as npt
from sklearn.base import clone

from vivavoce.evaluation.arguments import Floats, same_length, vectors
from vivavoce.models.linear import CompetencyRidge

FOLDS = 5


def person_folds(persons: npt.ArrayLike, *, folds: int = FOLDS, seed: int = 0) -> npt.NDArray[np.intp]:
    """Each row's fold, 0 to ``folds`` − 1; all rows of a person are in one, and folds hold equally many persons (± 1).

    Raises
    ------
    ValueError
        For fewer persons than folds.

    Examples
    --------
    >>> person_folds(["b", "a", "b", "c"], folds=3)
    array([1, 2, 1, 0])
    """
    names, number = np.unique(np.asarray(persons), return_inverse=True)
    if not 2 <= folds <= len(names):
        raise ValueError(
            f"The 'folds' parameter of person_folds must be 2 to {len(names)} persons. Got {folds} instead."
        )
    fold = np.empty(len(names), np.intp)
    fold[np.random.default_rng([seed, 3]).permutation(len(names))] = np.arange(len(names)) % folds
    return fold[number]


def cross_fitted(
    model: CompetencyRidge, features: npt.ArrayLike, ratings: npt.ArrayLike, persons: npt.ArrayLike, *, seed: int = 0
) -> Floats:
    """Every row's prediction by a model that saw no rating of that row's person.

    Parameters
    ----------
    model
        What is fitted; it stays as it is (its clones are). It chooses its penalty inside each fold, by person.
    features
        Shape (n, p); ``nan`` where not measured.
    ratings
        Shape (n,); ``nan`` for rows that nobody rated. They are predicted like the others.
    persons
        Whose row it is, shape (n,).
    seed
        Of the folds.

    Returns
    -------
    array, shape (n,)
        ``nan`` where too little was measured.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x = rng.standard_normal((300, 2))
    >>> found = cross_fitted(CompetencyRidge(), x, x @ [1.0, 0.0], np.arange(300))
    >>> round(float(np.corrcoef(found, x[:, 0])[0, 1]), 2)
    1.0
    """
    x, who = np.asarray(features, np.float64), np.asarray(persons)
    y = np.asarray(ratings, np.float64)
    vectors("cross_fitted", ratings=y[~np.isnan(y)])
    same_length("cross_fitted", features=x, ratings=y, persons=who)
    fold = person_folds(who, seed=seed)
    found = np.full(len(y), np.nan)
    for held in range(FOLDS):
        seen = (fold != held) & ~np.isnan(y)
        fitted = clone(model).fit(x[seen], y[seen], groups=who[seen])
        found[fold == held] = fitted.predict(x[fold == held])
    return found
