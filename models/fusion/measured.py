"""How much of what matters was measured of an interview, and of each of its answers."""

import numpy as np
import numpy.typing as npt

from vivavoce.models.linear.prediction import measured_share

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

USUAL = 0.5  # of the training's answers to a question: a column measured less often is not missed in one


def measured_shares(x: Floats, influence: Floats) -> Floats:
    """Share of each competency's influence on columns that were measured in some answer, 0–1, shape (n, k); ideal 1.

    Parameters
    ----------
    x
        Sequences, shape (n, questions, p).
    influence
        Of each column on each competency, at least 0, shape (k, p).

    Examples
    --------
    >>> measured_shares(np.array([[[1.0, np.nan], [np.nan, np.nan]]]), np.array([[3.0, 1.0], [0.0, 2.0]]))
    array([[0.75, 0.  ]])
    """
    some = np.where(np.isnan(x).all(axis=1), np.nan, 0.0)
    return np.column_stack([measured_share(list(some.T), one) for one in influence])


def usual_columns(x: Floats) -> Flags:
    """Which columns the training's answers to each question usually have, shape (questions, p).

    A competency's own columns are in answers that show it only; elsewhere nobody misses them.
    """
    given = ~np.isnan(x).all(axis=2)
    count = np.maximum(given.sum(axis=0), 1)
    often = (~np.isnan(x)).sum(axis=0) >= USUAL * count[:, None]
    found: Flags = often & given.any(axis=0)[:, None]
    return found


def heard(x: Floats, influence: Floats, usual: Flags, least: float) -> Flags:
    """Which answers of one interview count as heard for each competency, shape (questions, k).

    An answer is heard where at least ``least`` of the influence of its question's usual columns was measured.

    Parameters
    ----------
    x
        One interview, shape (questions, p).
    influence, usual
        Shapes (k, p) and (questions, p).
    """
    known = ~np.isnan(x)
    found = np.empty((len(x), len(influence)), np.bool_)
    for place, (measured, expected) in enumerate(zip(known, usual, strict=True)):
        total = influence[:, expected].sum(axis=1)
        found[place] = measured.any() & (influence[:, expected & measured].sum(axis=1) >= least * total)
    return found
