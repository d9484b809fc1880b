"""The same question at many cut scores: does a verdict hang on where the cut was put?"""

import numpy as np
import numpy.typing as npt

from vivavoce.fairness.groups import Labels

CUTS = 20  # one per five per cent of people
ALL_DISTINCT = 30  # scores with no more values than this are cut at every one

Floats = npt.NDArray[np.float64]


def cuts_of(scores: Floats) -> Floats:
    """Cut scores that select from few to nearly all, rising; a person at the cut is selected.

    Every distinct score above the lowest where there are few of them; else ``CUTS`` scores that select evenly spaced
    shares of people, or, where ties leave fewer, evenly spaced distinct scores.
    """
    scored = np.sort(scores[np.isfinite(scores)])
    distinct: Floats = np.unique(scored)[1:]  # at the lowest score everybody is selected: nothing to compare
    if len(distinct) <= ALL_DISTINCT:
        return distinct
    places = np.arange(1, CUTS + 1) / (CUTS + 1)
    cuts: Floats = np.unique(scored[(places * len(scored)).astype(int)])
    if len(cuts) < CUTS or cuts[0] < distinct[0]:
        cuts = distinct[(places * len(distinct)).astype(int)]
    return cuts


def selected_at(cuts: Floats, scores: Floats, labels: Labels) -> npt.NDArray[np.int64]:
    """How many of each level score at least each cut, shape (cuts, levels + 1), unknown last; one pass over scores."""
    scored = np.isfinite(scores)
    passed = np.searchsorted(cuts, scores[scored], side="right")  # how many cuts each score reaches
    width = len(labels.levels) + 1
    cells = passed * width + labels.codes[scored] % width
    counts: npt.NDArray[np.int64] = np.bincount(cells, minlength=(len(cuts) + 1) * width).reshape(len(cuts) + 1, width)
    return np.asarray(counts[::-1].cumsum(axis=0)[::-1][1:])
