"""Columns that know too much: an outcome, a rating, an id or a date that was declared a feature."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from scipy import stats

from vivavoce.training.tables import BadTraining

Floats = npt.NDArray[np.float64]

TOO_CLOSE = 0.98  # a feature that agrees so well with what came later, or with people, is a copy of it
LEAST = 20  # rows with both: among fewer such a correlation comes about by chance


def refuse_leaks(
    features: Mapping[str, Mapping[str, Floats]],
    later: Mapping[str, Floats],
    ratings: Mapping[str, Floats],
    orders: Mapping[str, Floats],
) -> None:
    """Refuse features that copy what they are to predict, or that count people.

    Parameters
    ----------
    features
        Columns by competency, shape (n,) each; ``nan`` where not measured.
    later
        Outcomes by name, shape (n,) each.
    ratings
        Mean human ratings by competency, shape (n,) each.
    orders
        Ranks that no feature may follow by name: of ids in the order of their names, of days; shape (n,) each.

    Raises
    ------
    BadTraining
        Naming every such column, what it copies and the correlation (beyond ± .98).

    Examples
    --------
    >>> x = np.random.default_rng(0).standard_normal(60)
    >>> refuse_leaks({"teamwork": {"language.a": x}}, {"sales": 2 * x + 1}, {}, {})
    Traceback (most recent call last):
    ...
    vivavoce.training.tables.BadTraining: Columns that know too much: language.a is a copy of sales (r = 1.00). ...
    """
    columns = {name: values for own in features.values() for name, values in own.items()}
    means = {f"the ratings of {name}": (values, features.get(name, {})) for name, values in ratings.items()}
    found = [
        f"{name} is a copy of {what} (r = {r:.2f})"
        for what, (target, own) in {**{key: (one, columns) for key, one in later.items()}, **means}.items()
        for name, values in own.items()
        if abs(r := _pearson(values, target)) > TOO_CLOSE
    ]
    found += [
        f"{name} follows {what} (rank correlation {r:.2f})"
        for what, order in orders.items()
        for name, values in columns.items()
        if abs(r := _spearman(values, order)) > TOO_CLOSE
    ]
    if found:
        raise BadTraining(
            f"Columns that know too much: {'; '.join(found)}. Whatever is known only later, or counts people, "
            "predicts by heart: remove these columns."
        )


def _pearson(one: Floats, other: Floats) -> float:
    both = ~np.isnan(one) & ~np.isnan(other)
    if both.sum() < LEAST:
        return 0.0
    x, y = one[both] - one[both].mean(), other[both] - other[both].mean()
    norm = float(np.sqrt((x @ x) * (y @ y)))
    return float(x @ y) / norm if norm > 0 else 0.0


def _spearman(one: Floats, other: Floats) -> float:
    both = ~np.isnan(one) & ~np.isnan(other)
    return _pearson(stats.rankdata(one[both]), stats.rankdata(other[both]))
