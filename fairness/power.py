"""What these numbers could have shown: smallest detectable disparity, and how many people a claim needs."""

import math
from statistics import NormalDist

ALPHA = 0.05  # two-sided
POWER = 0.80  # the chance of seeing what is there; the usual convention (Cohen 1988)
FOUR_FIFTHS = 0.8
HALVINGS = 40  # of an interval of length 1

NORMAL = NormalDist()


def power_of_ratio(ratio: float, rate: float, n1: float, n2: float, alpha: float = ALPHA) -> float:
    """Chance that a two-sided Z test with pooled variance notices a true ratio.

    Parameters
    ----------
    ratio
        True focal / reference rate, 0–1.
    rate
        Reference rate, 0–1.
    n1, n2
        People of the reference and of the focal group.
    alpha
        Level of the test.

    Returns
    -------
    float
        0–1; ideal 1. ``nan`` where a group is empty or the rate is 0.

    Examples
    --------
    >>> round(power_of_ratio(0.8, 0.5, 388, 388), 3)
    0.801
    """
    if n1 <= 0 or n2 <= 0 or rate <= 0:
        return float("nan")
    focal = ratio * rate
    pooled = (n1 * rate + n2 * focal) / (n1 + n2)
    under_null = math.sqrt(pooled * (1 - pooled) * (1 / n1 + 1 / n2))
    true = math.sqrt(rate * (1 - rate) / n1 + focal * (1 - focal) / n2)
    reach = abs(rate - focal) - NORMAL.inv_cdf(1 - alpha / 2) * under_null
    if true == 0:
        return float(reach > 0)
    return NORMAL.cdf(reach / true)


def detectable_ratio(rate: float, n1: float, n2: float, power: float = POWER, alpha: float = ALPHA) -> float:
    """Ratio nearest to 1 that these numbers would have noticed with the stated power; ``nan`` where none would.

    Ideal value: at least .8. A smaller one says that four-fifths could be missed and silence proves nothing.

    Examples
    --------
    >>> round(detectable_ratio(0.5, 388, 388), 3), detectable_ratio(0.1, 20, 10)
    (0.8, nan)
    """
    if not power_of_ratio(0.0, rate, n1, n2, alpha) >= power:
        return float("nan")
    seen, missed = 0.0, 1.0
    for _ in range(HALVINGS):
        middle = (seen + missed) / 2
        if power_of_ratio(middle, rate, n1, n2, alpha) >= power:
            seen = middle
        else:
            missed = middle
    return seen


def people_to_detect(rate: float, ratio: float = FOUR_FIFTHS, power: float = POWER, alpha: float = ALPHA) -> int:
    """People per group for a two-sided Z test (pooled variance) to notice a true ratio.

    Examples
    --------
    >>> [people_to_detect(rate) for rate in (0.5, 0.3, 0.2, 0.1)]
    [388, 859, 1447, 3213]
    """
    focal = ratio * rate
    middle = (rate + focal) / 2
    spread = NORMAL.inv_cdf(1 - alpha / 2) * math.sqrt(2 * middle * (1 - middle))
    spread += NORMAL.inv_cdf(power) * math.sqrt(rate * (1 - rate) + focal * (1 - focal))
    return math.ceil((spread / (rate - focal)) ** 2)


def people_to_show(rate: float, ratio: float = FOUR_FIFTHS, power: float = POWER, alpha: float = ALPHA) -> int:
    """People per group for the lower limit of the log ratio's interval to clear ``ratio`` where groups are equal.

    Examples
    --------
    >>> people_to_show(0.5), people_to_show(0.3)
    (316, 736)
    """
    z = NORMAL.inv_cdf(1 - alpha / 2) + NORMAL.inv_cdf(power)
    return math.ceil(z**2 * 2 * (1 - rate) / rate / math.log(ratio) ** 2)
