"""One gap over many strata: Mantel-Haenszel for the common odds ratio, Breslow-Day for whether there is one."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

NAN = float("nan")

Selected = tuple[int, int]
"""How many were selected, of how many."""


@dataclass(frozen=True)
class Stratified:
    """A reference and a focal group compared within strata.

    Parameters
    ----------
    odds_ratio, odds_low, odds_high
        Mantel-Haenszel common odds ratio, reference / focal, with its 95 % interval (Robins, Breslow & Greenland).
        Ideal 1; above 1 the focal group does worse.
    chi2, p
        Mantel-Haenszel test that it is 1, continuity-corrected.
    breslow_day, breslow_day_p
        Test that all strata share one odds ratio (without Tarone's correction). A small p: the common ratio describes
        no stratum, read them one by one.
    strata, left_out
        How many entered, and how many say nothing (a group absent, or all treated alike).
    undefined
        Why the numbers are ``nan``; empty otherwise.
    """

    odds_ratio: float
    odds_low: float
    odds_high: float
    chi2: float
    p: float
    breslow_day: float
    breslow_day_p: float
    strata: int
    left_out: int
    undefined: str = ""


def stratify(pairs: Sequence[tuple[Selected, Selected]]) -> Stratified:
    """Compare (reference, focal) within strata, one pair for each; counts are whole.

    References
    ----------
    Mantel & Haenszel (1959), JNCI 22, 719–748; Breslow & Day (1980), Statistical Methods in Cancer Research I, 4.4.

    Examples
    --------
    >>> found = stratify([((20, 30), (10, 30)), ((8, 40), (4, 40))])
    >>> round(found.odds_ratio, 3), found.strata
    (3.143, 2)
    """
    from statsmodels.stats.contingency_tables import StratifiedTable

    tables = [
        np.array([[a, n1 - a], [b, n2 - b]], np.float64)
        for (a, n1), (b, n2) in pairs
        if n1 > 0 and n2 > 0 and 0 < a + b < n1 + n2
    ]
    left_out = len(pairs) - len(tables)
    if not tables:
        reason = "no stratum has both groups and both outcomes"
        return Stratified(NAN, NAN, NAN, NAN, NAN, NAN, NAN, 0, left_out, reason)
    stacked = np.stack(tables, axis=-1)
    if not (stacked[0, 0] * stacked[1, 1]).any() or not (stacked[0, 1] * stacked[1, 0]).any():
        reason = "in every stratum one group was selected wholly or not at all: the odds ratio is 0 or infinite"
        return Stratified(NAN, NAN, NAN, NAN, NAN, NAN, NAN, len(tables), left_out, reason)
    fitted = StratifiedTable(stacked)
    null = fitted.test_null_odds(correction=True)
    low, high = fitted.oddsratio_pooled_confint()
    homogeneous = fitted.test_equal_odds() if len(tables) > 1 else None
    return Stratified(
        float(fitted.oddsratio_pooled),
        float(low),
        float(high),
        float(null.statistic),
        float(null.pvalue),
        float(homogeneous.statistic) if homogeneous else NAN,
        float(homogeneous.pvalue) if homogeneous else NAN,
        len(tables),
        left_out,
        "" if homogeneous else "one stratum only: nothing to be homogeneous with",
    )
