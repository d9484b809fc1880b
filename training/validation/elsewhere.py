"""Does it hold where nobody taught: sites and employers left out whole, and people who came later."""

from collections.abc import Callable
from functools import partial

import numpy as np
import numpy.typing as npt

from vivavoce.evaluation.arguments import Floats
from vivavoce.evaluation.estimate import Estimate, undefined
from vivavoce.evaluation.gain import correlation
from vivavoce.training.crossfit import Estimator, cross_fitted
from vivavoce.training.scheme import TIME, Scheme
from vivavoce.training.tables import BadTraining

DRAWS = 1000


def held_out(
    model: Estimator,
    features: Floats,
    ratings: Floats,
    persons: npt.NDArray[np.generic],
    *,
    site: npt.NDArray[np.str_] | None = None,
    employer: npt.NDArray[np.str_] | None = None,
    recorded_at: npt.NDArray[np.datetime64] | None = None,
    weights: Floats | None = None,
    seed: int = 0,
) -> dict[str, Estimate]:
    """Cross-fitted r where whole sites or employers are left out, and where later people are predicted (``time``).

    Parameters
    ----------
    model, features, ratings, persons, weights
        As in :func:`vivavoce.training.crossfit.cross_fitted`.
    site, employer, recorded_at
        Of each row, shape (n,); rows without one (empty, ``NaT``) are left out of that split. None: not known.
    seed
        Of the intervals.

    Returns
    -------
    dict of Estimate
        Undefined, with the reason, where a split cannot be made. By person the correlation is pooled over folds as
        here, so that these can be read beside it.

    Examples
    --------
    >>> from vivavoce.models.linear.ridge import CompetencyRidge
    >>> x = np.random.default_rng(0).standard_normal((100, 1))
    >>> found = held_out(CompetencyRidge(), x, x[:, 0], np.arange(100), site=np.repeat(["a", "b"], 50))
    >>> round(found["site"].value, 2), found["time"].reason
    (1.0, 'when interviews were recorded is not known')
    """

    def judged(known: npt.NDArray[np.bool_], scheme: Callable[[npt.NDArray[np.intp]], Scheme]) -> Estimate:
        rows = np.flatnonzero(known & ~np.isnan(ratings))
        if not len(rows):
            return undefined("it is known of nobody who was rated")
        x, y, who = features[rows], ratings[rows], persons[rows]
        counts = None if weights is None else weights[rows]
        try:
            scores = cross_fitted(model, x, y, who, weights=counts, scheme=scheme(rows), seed=seed)
        except BadTraining as error:
            return undefined(str(error))
        return correlation(scores, y, who, draws=DRAWS, seed=seed)

    found = {}
    for name, groups in {"site": site, "employer": employer}.items():
        if groups is None:
            found[name] = undefined(f"{name}s are not known")
        else:
            found[name] = judged(groups != "", partial(_by_group, name, persons, groups))
    if recorded_at is None:
        found[TIME] = undefined("when interviews were recorded is not known")
    else:
        found[TIME] = judged(~np.isnat(recorded_at), lambda rows: Scheme.by_time(persons[rows], recorded_at[rows]))
    return found


def _by_group(
    name: str, persons: npt.NDArray[np.generic], groups: npt.NDArray[np.str_], rows: npt.NDArray[np.bool_]
) -> Scheme:
    return Scheme.by_group(name, persons[rows], groups[rows])
