"""How many people a question needs before its answer can be trusted."""

import math

from scipy import stats

from vivavoce.evaluation.arguments import number


def people_needed_for_gain(
    gain: float, base: float, *, added: int = 1, alpha: float = 0.05, power: float = 0.80
) -> int:
    """Persons needed to detect a gain in explained variance.

    Parameters
    ----------
    gain
        ΔR² that is truly there, above 0.
    base
        R² of the base predictors, 0 ≤ base < 1 − gain.
    added
        Predictors added, ≥ 1.
    alpha, power
        Of the F test, 0–1.

    References
    ----------
    Cohen (1988), Statistical Power Analysis, chapter 9, with λ = f²N and one base predictor.

    Examples
    --------
    >>> [people_needed_for_gain(gain, 0.10) for gain in (0.005, 0.01, 0.02)]
    [1407, 701, 348]
    """
    name = "people_needed_for_gain"
    number(name, "gain", gain, 0.0, 1.0, open_low=True, open_high=True)
    number(name, "base", base, 0.0, 1 - gain, open_high=True)
    number(name, "added", added, 1, math.inf, open_high=True)
    number(name, "alpha", alpha, 0.0, 1.0, open_low=True, open_high=True)
    number(name, "power", power, alpha, 1.0, open_low=True, open_high=True)
    effect = gain / (1 - base - gain)

    def powerful(n: int) -> bool:
        df = n - added - 2
        return bool(stats.ncf.sf(stats.f.isf(alpha, added, df), added, df, effect * n) >= power)

    low, high = added + 3, added + 4
    while not powerful(high):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if powerful(middle) else (middle, high)
    return high


def people_needed_for_correlation(r: float, *, alpha: float = 0.05, power: float = 0.80) -> int:
    """Persons needed to tell a correlation from 0, two-sided, after Fisher's z.

    Parameters
    ----------
    r
        The correlation that is truly there, −1 to 1, not 0 and not ±1.
    alpha, power
        Of the test, 0–1.

    References
    ----------
    Cohen (1988), Statistical Power Analysis, chapter 3.

    Examples
    --------
    >>> [people_needed_for_correlation(r) for r in (0.1, 0.2, 0.3)]
    [783, 194, 85]
    """
    name = "people_needed_for_correlation"
    number(name, "r", abs(r), 0.0, 1.0, open_low=True, open_high=True)
    number(name, "alpha", alpha, 0.0, 1.0, open_low=True, open_high=True)
    number(name, "power", power, alpha, 1.0, open_low=True, open_high=True)
    reach = float(stats.norm.isf(alpha / 2) + stats.norm.ppf(power))
    return math.ceil((reach / math.atanh(abs(r))) ** 2 + 3)


def people_needed_for_difference(
    difference: float, standard_error: float, n: int, *, alpha: float = 0.05, power: float = 0.80
) -> int:
    """Persons needed to tell a difference from 0, where its standard error among n persons is known.

    The standard error falls with the square root of the number of persons, whatever the statistic.

    Parameters
    ----------
    difference
        That is truly there, in the statistic's unit, not 0.
    standard_error
        Of the statistic among ``n`` persons (from a bootstrap, say), ≥ 0.
    n
        Persons, ≥ 2.
    alpha, power
        Of the two-sided test, 0–1.

    Examples
    --------
    >>> people_needed_for_difference(0.02, 0.02, 500)  # one standard error away: 2.8² times the people
    3925
    """
    name = "people_needed_for_difference"
    number(name, "difference", abs(difference), 0.0, math.inf, open_low=True, open_high=True)
    number(name, "standard_error", standard_error, 0.0, math.inf, open_high=True)
    number(name, "n", n, 2, math.inf, open_high=True)
    number(name, "alpha", alpha, 0.0, 1.0, open_low=True, open_high=True)
    number(name, "power", power, alpha, 1.0, open_low=True, open_high=True)
    reach = float(stats.norm.isf(alpha / 2) + stats.norm.ppf(power))
    return max(math.ceil(n * (reach * standard_error / difference) ** 2), 2)
