"""How much of a rating is the person rated: intraclass correlations, alpha, and the error that they imply.

Our own: no library of this project has ICC or alpha with intervals (pingouin would be one more for two functions).
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from vivavoce.evaluation.estimate import NAN, Estimate, Floats, confidence_level, matrix, number, undefined
from vivavoce.evaluation.variance import MeanSquares, mean_squares

NO_VARIANCE = "all ratings are equal: nobody differs from anybody"
NO_PERSONS = "the persons' means are equal and so are the raters': there is no variance to apportion"
NO_RESIDUAL = "no residual variance: the F distribution does not apply"


@dataclass(frozen=True)
class ICC:
    """The six intraclass correlations of Shrout and Fleiss; ideal 1, at most 1, negative where raters contradict.

    First number: 1 = every person has other raters, 2 = the raters are a sample of raters and their severity counts
    as error, 3 = these raters only, severity does not count. Second number: one rater, or the mean of all k.

    Parameters
    ----------
    icc_1_1, icc_2_1, icc_3_1
        Reliability of one rater.
    icc_1_k, icc_2_k, icc_3_k
        Reliability of the mean of the k raters.
    persons, raters
        Shape of the ratings.
    """

    icc_1_1: Estimate
    icc_2_1: Estimate
    icc_3_1: Estimate
    icc_1_k: Estimate
    icc_2_k: Estimate
    icc_3_k: Estimate
    persons: int
    raters: int

    @property
    def by_name(self) -> dict[str, Estimate]:
        """The six by their names in the literature: ``ICC(1,1)`` … ``ICC(3,k)``."""
        return {f"ICC({kind},{of})": getattr(self, f"icc_{kind}_{of}") for of in ("1", "k") for kind in ("1", "2", "3")}


def icc(ratings: npt.ArrayLike, *, confidence: float = 0.95) -> ICC:
    """Intraclass correlations of a complete table of ratings.

    Parameters
    ----------
    ratings
        Shape (n persons ≥ 2, k raters ≥ 2), any unit, finite.
    confidence
        Of the intervals, 0–1.

    Returns
    -------
    ICC
        Six estimates with F intervals; those of ICC(2,·) use Satterthwaite's degrees of freedom and are approximate
        for fewer than about 10 persons or 3 raters. ``nan`` with a reason where the ratings do not vary.

    References
    ----------
    Shrout & Fleiss (1979), Psychological Bulletin 86, 420–428; McGraw & Wong (1996), Psychological Methods 1, 30–46.

    Examples
    --------
    >>> judges = [(9, 2, 5, 8), (6, 1, 3, 2), (8, 4, 6, 8), (7, 1, 2, 6), (10, 5, 6, 9), (6, 2, 4, 7)]
    >>> {name: round(float(found), 4) for name, found in icc(judges).by_name.items()}
    {'ICC(1,1)': 0.1657, 'ICC(2,1)': 0.2898, 'ICC(3,1)': 0.7148,
     'ICC(1,k)': 0.4428, 'ICC(2,k)': 0.6201, 'ICC(3,k)': 0.9093}
    >>> found = icc(judges).icc_2_1
    >>> round(found.low, 2), round(found.high, 2)
    (0.02, 0.76)
    """
    table = matrix("icc", "ratings", ratings, columns=2)
    tail = (1 + confidence_level("icc", confidence)) / 2
    n, k = table.shape
    squares = mean_squares(table)
    if squares.total == 0:
        nothing = undefined(NO_VARIANCE)
        return ICC(nothing, nothing, nothing, nothing, nothing, nothing, n, k)
    one_way = _from_f(squares.persons, squares.within, n - 1, n * (k - 1), k, tail)
    fixed = _from_f(squares.persons, squares.residual, n - 1, (n - 1) * (k - 1), k, tail)
    sampled = _two_way(squares, n, k, tail)
    return ICC(one_way[0], sampled[0], fixed[0], one_way[1], sampled[1], fixed[1], n, k)


def _from_f(
    between: float, error: float, df_between: int, df_error: int, k: int, tail: float
) -> tuple[Estimate, Estimate]:
    """One rater's and k raters' reliability from a ratio of mean squares, with the interval of that ratio."""
    if between == 0 and error == 0:
        return undefined(NO_PERSONS), undefined(NO_PERSONS)
    if error == 0:
        return Estimate(1.0, 1.0, 1.0), Estimate(1.0, 1.0, 1.0)
    ratio = between / error
    limits = ratio / stats.f.ppf(tail, df_between, df_error), ratio * stats.f.ppf(tail, df_error, df_between)
    one, low, high = (float((f - 1) / (f + k - 1)) for f in (ratio, *limits))
    mean, mean_low, mean_high = (float(1 - 1 / f) if f else -math.inf for f in (ratio, *limits))
    return Estimate(one, low, high), Estimate(mean, mean_low, mean_high)


def _two_way(squares: MeanSquares, n: int, k: int, tail: float) -> tuple[Estimate, Estimate]:
    """ICC(2,1) and ICC(2,k): the raters' severity counts as error."""
    between, severity, error = squares.persons, squares.raters, squares.residual
    spread = between + (k - 1) * error + k * (severity - error) / n
    if spread <= 0:
        return undefined(NO_PERSONS), undefined(NO_PERSONS)
    one = (between - error) / spread
    if error == 0:
        mean = between / (between + severity / n)
        return Estimate(one, reason=NO_RESIDUAL), Estimate(mean, reason=NO_RESIDUAL)
    ratio = severity / error
    weight = n * (1 + (k - 1) * one) - k * one
    df = (k - 1) * (n - 1) * (k * one * ratio + weight) ** 2 / ((n - 1) * (k * one * ratio) ** 2 + weight**2)
    upper, lower = stats.f.ppf(tail, n - 1, df), stats.f.ppf(tail, df, n - 1)
    rest = k * severity + (k * n - k - n) * error
    low = float(n * (between - upper * error) / (upper * rest + n * between))
    high = float(n * (lower * between - error) / (rest + n * lower * between))
    denominator = between + (severity - error) / n
    if denominator <= 0:
        return Estimate(one, low, high), undefined(NO_PERSONS)
    return Estimate(one, low, high), Estimate((between - error) / denominator, _step(low, k), _step(high, k))


def _step(r: float, k: float) -> float:
    """Spearman and Brown's formula for any r, −∞ where the lengthened variance is not positive."""
    return k * r / (1 + (k - 1) * r) if 1 + (k - 1) * r > 0 else -math.inf


def cronbach_alpha(items: npt.ArrayLike, *, confidence: float = 0.95) -> Estimate:
    """Internal consistency of a sum of items (questions, raters); ideal 1, at most 1.

    A lower bound of the sum's reliability where the items' errors are independent; it equals ICC(3,k).

    Parameters
    ----------
    items
        Shape (n persons ≥ 2, k items ≥ 2), finite.
    confidence
        Of Feldt's interval, 0–1.

    References
    ----------
    Cronbach (1951), Psychometrika 16, 297–334; Feldt (1965), Psychometrika 30, 357–370.

    Examples
    --------
    >>> judges = [(9, 2, 5, 8), (6, 1, 3, 2), (8, 4, 6, 8), (7, 1, 2, 6), (10, 5, 6, 9), (6, 2, 4, 7)]
    >>> round(cronbach_alpha(judges).value, 4)
    0.9093
    """
    table = matrix("cronbach_alpha", "items", items, columns=2)
    tail = (1 + confidence_level("cronbach_alpha", confidence)) / 2
    n, k = table.shape
    squares = mean_squares(table)
    if squares.persons == 0:
        return undefined("the persons' sums are equal: there is nothing to be consistent about")
    return _from_f(squares.persons, squares.residual, n - 1, (n - 1) * (k - 1), k, tail)[1]


def spearman_brown(reliability: float, k: float) -> float:
    """Reliability of a measure made k times as long (k raters, k questions); ideal 1.

    Parameters
    ----------
    reliability
        Of the measure as it is, −1 to 1.
    k
        How many times as long, > 0; below 1 shortens. ``nan`` where 1 + (k − 1) r is not positive.

    References
    ----------
    Spearman (1910) and Brown (1910), British Journal of Psychology 3.

    Examples
    --------
    >>> round(spearman_brown(0.714841, 4), 6)
    0.909316
    """
    number("spearman_brown", "reliability", reliability, -1.0, 1.0)
    number("spearman_brown", "k", k, 0.0, math.inf, open_low=True, open_high=True)
    stepped = _step(reliability, k)
    return stepped if math.isfinite(stepped) else NAN


def standard_error(reliability: float, sd: float = 1.0) -> float:
    """Standard error of measurement: the spread of one person's scores over repetitions; ideal 0.

    Parameters
    ----------
    reliability
        Of the score, 0–1, in the population whose spread is ``sd``.
    sd
        Spread of the scores, ≥ 0; 1 gives the answer in SD units.

    References
    ----------
    AERA, APA & NCME (2014), Standards, chapter 2.

    Examples
    --------
    >>> [round(standard_error(r), 2) for r in (0.64, 0.80, 0.90)]
    [0.6, 0.45, 0.32]
    """
    number("standard_error", "reliability", reliability, 0.0, 1.0)
    number("standard_error", "sd", sd, 0.0, math.inf, open_high=True)
    return float(sd) * math.sqrt(1 - reliability)


def smallest_real_difference(reliability: float, sd: float = 1.0, *, confidence: float = 0.95) -> float:
    """The smallest difference between two persons' scores that measurement error alone rarely makes; ideal 0.

    Parameters
    ----------
    reliability, sd
        As for :func:`standard_error`.
    confidence
        Share of equal pairs that differ by less, 0–1.

    References
    ----------
    Beckerman et al. (2001), Quality of Life Research 10, 571–578: z · √2 · SEM.

    Examples
    --------
    >>> [round(smallest_real_difference(r), 2) for r in (0.64, 0.80, 0.90)]
    [1.66, 1.24, 0.88]
    """
    z = stats.norm.ppf((1 + confidence_level("smallest_real_difference", confidence)) / 2)
    return float(z * math.sqrt(2) * standard_error(reliability, sd))


def weighted_kappa(
    table: npt.ArrayLike, weights: str | npt.ArrayLike = "quadratic", *, confidence: float = 0.95
) -> Estimate:
    """Agreement of two raters on categories beyond chance; ideal 1, 0 = no better than chance.

    Not comparable between tables whose categories are used unequally often: the same raters reach a lower kappa
    where nearly everybody falls into one category. Our own: scikit-learn's ``cohen_kappa_score`` (the tests' oracle)
    knows neither weights of one's own nor an interval, and the interval needs every part of the value.

    Parameters
    ----------
    table
        Shape (c, c): persons whom the first rater put into the row's category and the second into the column's;
        counts, or proportions that sum to 1 (then there is no interval).
    weights
        How bad a disagreement is: ``unweighted`` (all equally), ``linear`` (|i − j|), ``quadratic`` ((i − j)², which
        makes kappa an intraclass correlation), or an array (c, c) of disagreement weights ≥ 0 with a zero diagonal.
    confidence
        Of the large-sample interval, 0–1.

    References
    ----------
    Cohen (1968), Psychological Bulletin 70, 213–220; Fleiss, Cohen & Everitt (1969), Psychological Bulletin 72,
    323–327 (standard error).

    Examples
    --------
    >>> shares = [[0.44, 0.07, 0.09], [0.05, 0.20, 0.05], [0.01, 0.03, 0.06]]
    >>> round(weighted_kappa(shares, [[0, 1, 3], [1, 0, 6], [3, 6, 0]]).value, 6)
    0.347826
    >>> [round(weighted_kappa(shares, kind).value, 6) for kind in ("unweighted", "linear", "quadratic")]
    [0.491525, 0.473684, 0.454545]
    """
    counts = matrix("weighted_kappa", "table", table, columns=2)
    if counts.shape[0] != counts.shape[1] or (counts < 0).any():
        raise ValueError(
            "The 'table' parameter of weighted_kappa must be square and without negative counts. "
            f"Got shape {counts.shape} with smallest entry {counts.min():g} instead."
        )
    disagreement = _disagreement(weights, len(counts))
    people = counts.sum()
    if people == 0:
        return undefined("the table is empty")
    shares = counts / people
    first, second = shares.sum(axis=1), shares.sum(axis=0)
    chance = float(first @ disagreement @ second)
    if chance == 0:
        return undefined("both raters used one and the same category: there is no agreement beyond chance to measure")
    kappa = 1 - float(np.sum(shares * disagreement)) / chance
    if math.isclose(people, 1.0, abs_tol=1e-9):
        return Estimate(kappa, reason="the table holds proportions: without the number of people there is no interval")
    agreement = 1 - disagreement / disagreement.max()
    expected = 1 - chance / float(disagreement.max())
    mean = (agreement @ second)[:, None] + (agreement.T @ first)[None, :]
    spread = np.sum(shares * (agreement - mean * (1 - kappa)) ** 2) - (kappa - expected * (1 - kappa)) ** 2
    error = math.sqrt(max(float(spread), 0.0) / people) / (1 - expected)
    reach = float(stats.norm.ppf((1 + confidence_level("weighted_kappa", confidence)) / 2)) * error
    return Estimate(kappa, kappa - reach, min(kappa + reach, 1.0))


def _disagreement(weights: str | npt.ArrayLike, categories: int) -> Floats:
    """The disagreement weights, shape (c, c)."""
    steps = np.abs(np.subtract.outer(np.arange(categories), np.arange(categories))).astype(np.float64)
    named: dict[str, Floats] = {"unweighted": np.minimum(steps, 1.0), "linear": steps, "quadratic": steps**2}
    if isinstance(weights, str):
        if weights not in named:
            raise ValueError(
                "The 'weights' parameter of weighted_kappa must be one of unweighted, linear, quadratic, or an array. "
                f"Got {weights!r} instead."
            )
        return named[weights]
    given = matrix("weighted_kappa", "weights", weights)
    if given.shape != steps.shape or np.diag(given).any() or (given < 0).any() or not given.any():
        raise ValueError(
            f"The 'weights' parameter of weighted_kappa must be disagreement weights ≥ 0 of shape {steps.shape} with a "
            f"zero diagonal, not all zero. Got {given.tolist()} instead."
        )
    return given
