"""What the validity would be among all applicants: corrected where the selection is known, refused where it is not."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vivavoce.evaluation.effect import superiority
from vivavoce.evaluation.estimate import NAN, Estimate, Floats, number, same_length, undefined
from vivavoce.evaluation.gain import LEAST_PEOPLE
from vivavoce.evaluation.validity import corrected_validity
from vivavoce.training.inputs import Selection

APART = 0.90  # of people with and without a criterion: who was selected from the top lies above who was not, but for
# leavers, who lie among the selected and have no criterion; one in five of those without one may be such
NOT_STATED = "how people were selected was not stated, so nothing is corrected"
UNKNOWN = "how people were selected is not known, and a correction for the wrong selection can err either way"
NO_SELECTOR = (
    "people were selected on something else than this score, and its values or its spread among applicants are "
    "not given; case II would be wrong here"
)
NO_SPREAD = "the spread of the overall score among applicants is not given, and everybody here was selected"


@dataclass(frozen=True)
class Corrected:
    """A correlation with a criterion, as found among the selected and as expected among applicants.

    Parameters
    ----------
    raw
        Among those whose criterion is known.
    corrected
        Among applicants; undefined, with the reason, where the selection is not known well enough. Its interval takes
        the applicants' spread and the mechanism as given.
    method
        ``case II``, ``case III`` or ``none``.
    """

    raw: Estimate
    corrected: Estimate
    method: str


def correct_scores(
    scores: Mapping[str, npt.ArrayLike],
    criterion: npt.ArrayLike,
    selection: Selection | None,
    *,
    overall: str,
    selector: npt.ArrayLike | None = None,
) -> dict[str, Corrected]:
    """Correct each score's validity, where the selection allows it.

    Direct selection is on ``overall``: that score is corrected by case II, the others by case III with it as selector.
    Indirect selection is on ``selector``: case III for all. Anything else is refused, each time with its reason.

    Parameters
    ----------
    scores
        By name, shape (n,) each, of all applicants at hand, one row per person.
    criterion
        Shape (n,); ``nan`` for those without.
    selection
        What was stated; None: nothing.
    overall
        Name of the score that direct selection was on.
    selector
        What indirect selection was on, shape (n,); at least of those with a criterion.

    References
    ----------
    Thorndike (1949), Personnel Selection; Sackett & Yang (2000), Journal of Applied Psychology 85, 112–118.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x = rng.standard_normal(20_000)
    >>> y = 0.5 * x + np.sqrt(0.75) * rng.standard_normal(20_000)
    >>> stated = Selection(mechanism="direct", source="the people who hired")
    >>> found = correct_scores({"overall": x}, np.where(x > 0.5, y, np.nan), stated, overall="overall")["overall"]
    >>> found.method, round(found.raw.value, 1), round(found.corrected.value, 1)
    ('case II', 0.3, 0.5)
    """
    z = {name: np.asarray(values, np.float64) for name, values in scores.items()}
    y = np.asarray(criterion, np.float64)
    same_length("correct_scores", criterion=y, **z)
    if selection is None or selection.mechanism == "unknown":
        return _refused(z, y, NOT_STATED if selection is None else UNKNOWN)
    if selection.mechanism == "direct":
        decided, spread = z[overall], selection.applicants_sd
        apart = _apart(decided, y)
        if apart is not None and apart < APART:
            return _refused(
                z,
                y,
                f"stated as direct, but who has a criterion lies above who has none in {apart:.0%} of pairs only, "
                f"not in {APART:.0%}: something else decided too, and case II would be wrong",
            )
        if spread is None and apart is not None:
            spread = float(np.nanstd(decided, ddof=1))
        reason = NO_SPREAD
    else:
        decided = np.full(len(y), NAN) if selector is None else np.asarray(selector, np.float64)
        spread, reason = selection.applicants_sd, NO_SELECTOR
    if spread is None or np.isnan(decided[~np.isnan(y)]).all():
        return _refused(z, y, reason)
    return {name: _corrected(one, decided, y, spread) for name, one in z.items()}


def ceiling(reliability: float) -> float:
    """The highest correlation that a perfect score could have with a criterion of this reliability: its square root.

    Examples
    --------
    >>> round(ceiling(0.52), 2)  # one supervisor's rating
    0.72
    """
    return math.sqrt(number("ceiling", "reliability", reliability, 0.0, 1.0))


def _apart(score: Floats, criterion: Floats) -> float | None:
    """Share of pairs in which who has a criterion lies above who has none; None where too few have none to tell."""
    selected, others = (score[known & ~np.isnan(score)] for known in (~np.isnan(criterion), np.isnan(criterion)))
    if min(len(selected), len(others)) < LEAST_PEOPLE:
        return None
    return superiority(selected, others).value


def _refused(scores: Mapping[str, Floats], criterion: Floats, reason: str) -> dict[str, Corrected]:
    return {name: Corrected(_validity([one, criterion]), undefined(reason), "none") for name, one in scores.items()}


def _corrected(score: Floats, decided: Floats, criterion: Floats, spread: float) -> Corrected:
    raw = _validity([score, criterion])
    if decided is score:
        return Corrected(raw, _validity([score, criterion], spread), "case II")
    return Corrected(raw, _validity([score, criterion, decided], spread), "case III")


def _validity(columns: list[Floats], spread: float | None = None) -> Estimate:
    """Of the people with everything: score, criterion and, after selection on something else, what that was."""
    known = ~np.isnan(np.column_stack(columns)).any(axis=1)
    if known.sum() < LEAST_PEOPLE:
        return undefined(f"fewer than {LEAST_PEOPLE} people with everything")
    score, criterion, *selector = (one[known] for one in columns)
    return corrected_validity(score, criterion, applicants_sd=spread, selector=selector[0] if selector else None)
