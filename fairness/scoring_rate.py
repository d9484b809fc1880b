"""Scoring rate (6 RCNY 5-301): the share of a category that scores *above* the median of the whole sample."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class ScoringRate:
    """Who scores above the median.

    ``at_median`` people score exactly the median: they do not count as above, and the report says how many they are,
    since ties move every rate.
    """

    median: float
    above: npt.NDArray[np.bool_]
    at_median: int


def scoring_rate(scores: npt.NDArray[np.float64]) -> ScoringRate:
    """Find the median of all finite scores, shape (n,), and who lies above; ``nan`` (not scored) never does.

    The sample is everybody with a score, people of unknown groups included.

    Examples
    --------
    >>> rate = scoring_rate(np.array([1.0, 2.0, 2.0, 3.0, np.nan]))
    >>> rate.median, rate.above.tolist(), rate.at_median
    (2.0, [False, False, False, True, False], 2)
    """
    scored = scores[np.isfinite(scores)]
    median = float(np.median(scored)) if len(scored) else float("nan")
    return ScoringRate(median, scores > median, int((scored == median).sum()))
