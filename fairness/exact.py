"""Fisher's exact test of two selection rates, and its mid-P."""

from dataclasses import dataclass

import numpy as np

TIE = 1e-7  # two tables count as equally likely within this relative distance, as in R and SciPy
REACH = 40  # standard deviations on either side of the mode: what lies beyond is below the smallest float


@dataclass(frozen=True)
class ExactTest:
    """Two-sided p-values of one 2 × 2 table, both in [0, 1]; small means that equal rates would hardly give this.

    ``fisher_p`` is the probability, margins fixed, of all tables at most as likely as the observed one (the
    minimum-likelihood convention). ``mid_p`` is ``fisher_p`` minus half the probability of the observed table.
    """

    fisher_p: float
    mid_p: float


def fisher(a: int, n1: int, b: int, n2: int) -> ExactTest:
    """Test whether a of n1 and b of n2 are selected at the same rate.

    Cost grows with the standard deviation of the table, not with the number of people: ten million take
    milliseconds. A p-value below the smallest float is 0.0.

    References
    ----------
    Agresti (2013), Categorical Data Analysis, 3rd ed., 3.5; Lancaster (1961), JASA 56, 223–234 (mid-P).

    Examples
    --------
    >>> test = fisher(48, 80, 12, 40)
    >>> round(test.fisher_p, 5), round(test.mid_p, 5)
    (0.00341, 0.00278)
    """
    selected, people = a + b, n1 + n2
    if people == 0:
        return ExactTest(float("nan"), float("nan"))
    mode = (selected + 1) * (n1 + 1) // (people + 2)
    spread = selected * n1 * n2 * (people - selected) / (people**2 * max(people - 1, 1))
    reach = REACH * (int(spread**0.5) + 1)
    first = max(0, selected - n2, mode - reach)
    last = min(selected, n1, mode + reach)
    if not first <= a <= last:
        return ExactTest(0.0, 0.0)
    x = np.arange(first, last, dtype=np.float64)
    steps = np.log((selected - x) * (n1 - x)) - np.log((x + 1) * (n2 - selected + x + 1))
    logs = np.concatenate(([0.0], np.cumsum(steps)))
    likelihood = np.exp(logs - logs.max())
    likelihood /= likelihood.sum()
    observed = likelihood[a - first]
    total = float(min(likelihood[likelihood <= observed * (1 + TIE)].sum(), 1.0))
    return ExactTest(total, total - float(observed) / 2)
