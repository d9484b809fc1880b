"""Has a distribution moved: today's scores or features against those that a model was built on."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from vivavoce.evaluation.arguments import vectors
from vivavoce.evaluation.estimate import Estimate, undefined

CLASSES = 10  # deciles of the reference, as the index is used in practice
PRIOR = 0.5  # added to each class's count, so that a class that happens to be empty is not infinite evidence
NO_INTERVAL = "no interval: compare with the noise that the numbers of people imply"
FEW = 20  # values below which ten classes say nothing


@dataclass(frozen=True)
class Drift:
    """One variable then and now.

    Parameters
    ----------
    psi
        Population stability index over the reference's deciles; ideal 0, customary alarms at .10 and .25. It has no
        interval: compare it with ``noise``.
    noise
        The 95 % quantile of the index if nothing had moved, for these numbers of people: below it, it means nothing.
    ks, ks_p
        Kolmogorov–Smirnov distance, 0–1, ideal 0, and the p-value of equal distributions.
    wasserstein
        How far values moved on average, in their own unit; ideal 0.
    shift
        Current mean minus reference mean, in the reference's standard deviations; ideal 0.
    n_reference, n_current
        Values compared, one per person.
    """

    psi: Estimate
    noise: float
    ks: float
    ks_p: float
    wasserstein: float
    shift: float
    n_reference: int
    n_current: int


def drift(reference: npt.ArrayLike, current: npt.ArrayLike) -> Drift:
    """Compare a variable's values now with those of the reference.

    Parameters
    ----------
    reference, current
        Shapes (n,) and (m,), one value per person, finite.

    Returns
    -------
    Drift
        ``psi`` is ``nan`` with a reason for fewer than 20 values on a side or a constant reference.

    References
    ----------
    Yurdakul (2018), Statistical Properties of Population Stability Index, Western Michigan University (``noise``).

    Examples
    --------
    >>> found = drift([1, 2, 3, 4], [3, 4, 5, 6])
    >>> found.ks, found.wasserstein
    (0.5, 2.0)
    """
    (old,), (new,) = vectors("drift", reference=reference), vectors("drift", current=current)
    n, m = len(old), len(new)
    ks = stats.ks_2samp(old, new)
    spread = float(old.std(ddof=1))
    edges = np.unique(np.quantile(old, np.linspace(0, 1, CLASSES + 1))[1:-1])
    classes = len(edges) + 1
    if min(n, m) < FEW:
        index = undefined(f"fewer than {FEW} values: too few for {CLASSES} classes")
    elif spread == 0:
        index = undefined("the reference is constant: it has no classes")
    else:
        counts = [np.bincount(np.searchsorted(edges, x, "right"), minlength=classes) + PRIOR for x in (old, new)]
        index = population_stability(*(count / count.sum() for count in counts))
    return Drift(
        psi=index,
        noise=float(stats.chi2.ppf(0.95, max(classes - 1, 1)) * (1 / n + 1 / m)),
        ks=float(ks.statistic),
        ks_p=float(ks.pvalue),
        wasserstein=float(stats.wasserstein_distance(old, new)),
        shift=float(new.mean() - old.mean()) / spread if spread else float("nan"),
        n_reference=n,
        n_current=m,
    )


def population_stability(expected: npt.ArrayLike, actual: npt.ArrayLike) -> Estimate:
    """Population stability index of two sets of shares: Σ (a − e) ln(a / e); ideal 0.

    Parameters
    ----------
    expected, actual
        Shares of the same classes, shape (c,), each summing to 1.

    Returns
    -------
    Estimate
        ``nan`` with a reason where a class is empty on one side.

    References
    ----------
    Siddiqi (2006), Credit Risk Scorecards; it is the symmetrised Kullback–Leibler divergence (Jeffreys 1946).

    Examples
    --------
    >>> round(population_stability([0.5, 0.5], [0.6, 0.4]).value, 6)
    0.040547
    """
    e, a = vectors("population_stability", expected=expected, actual=actual)
    for name, shares in (("expected", e), ("actual", a)):
        if (shares < 0).any() or not np.isclose(shares.sum(), 1):
            raise ValueError(
                f"The {name!r} parameter of population_stability must be shares ≥ 0 that sum to 1. "
                f"Got {shares.tolist()} instead."
            )
    one_sided = np.flatnonzero((e == 0) != (a == 0))
    if len(one_sided):
        return undefined(f"class {one_sided[0]} is empty on one side only: merge it with a neighbour")
    used = e > 0
    return Estimate(float(np.sum((a[used] - e[used]) * np.log(a[used] / e[used]))), reason=NO_INTERVAL)
