"""Does voice or face add to what was said: scores with and without it, for the same people, learned from others."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vivavoce.evaluation.estimate import Floats
from vivavoce.evaluation.gain import LEAST_PEOPLE, SMALLEST_GAIN, ExplainedGain, Gain, gain, incremental_validity
from vivavoce.training.overall import Estimator, cross_fitted
from vivavoce.training.scheme import BY_PERSON, Scheme

BASE = "text"
DRAWS = 1000
Make = Callable[[Sequence[str]], Estimator]


@dataclass(frozen=True)
class Increment:
    """What one modality adds to language.

    Parameters
    ----------
    modality
        ``voice``, ``face`` …
    columns
        How many features it brings.
    gain
        In cross-fitted r, of language with it over language alone, paired over persons.
    explained
        Share of the criterion's variance that a score from the modality alone explains beyond language's score, with
        the F test; None where there are too few people, or one of the three is made of the others.
    smallest
        Share of variance that a gain of .02 in r comes to, here.
    """

    modality: str
    columns: int
    gain: Gain
    explained: ExplainedGain | None
    smallest: float

    @property
    def verdict(self) -> str:
        """Whether the modality earns its place.

        ``shown``: the gain's interval lies above 0. ``not shown``: neither the gain nor the explained variance can be
        as large as would matter. ``underpowered``: anything else; a model that few people taught loses by a modality's
        noise, which does not speak against the modality.
        """
        if self.gain.verdict == "shown":
            return "shown"
        small = self.explained is not None and self.explained.gain.high < self.smallest
        return "not shown" if small and self.gain.verdict == "not shown" else "underpowered"

    @property
    def people_needed(self) -> int | None:
        """People like these who would show a gain of .02 with power .80, by the worse of both ways to look at it."""
        if self.gain.people_needed is None or self.explained is None:
            return None
        return max(self.gain.people_needed, self.explained.people_needed)

    @property
    def sentence(self) -> str:
        """The verdict in words.

        Examples
        --------
        >>> from vivavoce.evaluation.estimate import Estimate
        >>> one = Estimate(0.4, 0.3, 0.5)
        >>> found = Gain(one, one, Estimate(0.01, -0.02, 0.04), "underpowered", 2400, 500)
        >>> further = ExplainedGain(0.16, 0.17, Estimate(0.01, 0.0, 0.03), 3.0, 0.09, 500, 1, "underpowered", 400)
        >>> Increment("voice", 12, found, further, 0.0164).sentence
        'voice over language: underpowered, Δr .01 [-.02, .04]; to show .02 takes about 2,400 people'
        """
        found = self.gain.gain
        if self.people_needed is None:
            return f"{self.modality} over language: underpowered ({found.reason})"
        said = f"{self.modality} over language: {self.verdict}, Δr {found.brief}"
        if self.verdict != "underpowered":
            return said
        return f"{said}; to show .02 takes about {self.people_needed:,} people"


def labels_of(modalities: Collection[str]) -> dict[str, set[str]]:
    """What is compared: language, each other modality, and both; empty without language, or without another.

    Examples
    --------
    >>> list(labels_of(["voice", "text", "face"]))
    ['text', 'face', 'text+face', 'voice', 'text+voice']
    """
    others = sorted(set(modalities) - {BASE})
    if BASE not in modalities or not others:
        return {}
    found = {BASE: {BASE}}
    for modality in others:
        found |= {modality: {modality}, f"{BASE}+{modality}": {BASE, modality}}
    return found


def scores_by_modality(
    make: Make,
    columns: Mapping[str, Floats],
    modalities: Mapping[str, str],
    ratings: npt.ArrayLike,
    persons: npt.ArrayLike,
    *,
    weights: npt.ArrayLike | None = None,
    scheme: Scheme = BY_PERSON,
    seed: int = 0,
) -> dict[str, Floats]:
    """Cross-fitted scores from language (``text``), from each other modality (``voice``), and both (``text+voice``).

    Parameters
    ----------
    make
        Makes the model for the columns that it gets.
    columns
        Features by name, shape (n,) each.
    modalities
        Of the columns; those that declare none are left out.
    ratings, persons, weights, scheme, seed
        As in :func:`vivavoce.training.overall.cross_fitted`. Folds are the same for all.

    Returns
    -------
    dict of array
        Empty where there is no language, or nothing beside it.
    """
    of = {name: modalities[name] for name in columns if name in modalities}
    found = {}
    for label, wanted in labels_of(of.values()).items():
        names = [name for name in columns if of.get(name) in wanted]
        x = np.column_stack([columns[name] for name in names])
        found[label] = cross_fitted(make(names), x, ratings, persons, weights=weights, scheme=scheme, seed=seed)
    return found


def increments(
    scores: Mapping[str, Floats],
    columns: Mapping[str, int],
    criterion: npt.ArrayLike,
    persons: npt.ArrayLike,
    *,
    seed: int = 0,
) -> tuple[Increment, ...]:
    """Compare the scores of :func:`scores_by_modality` by their correlation with a criterion.

    Parameters
    ----------
    scores
        As that function gives them, or means of such over competencies, shape (n,) each.
    columns
        How many features each modality brings; only these are compared with language.
    criterion, persons
        Shape (n,).
    seed
        Of the intervals.
    """
    found = []
    for modality, count in columns.items():
        gained = gain(scores[BASE], scores[f"{BASE}+{modality}"], criterion, persons, draws=DRAWS, seed=seed)
        r = min(max(float(np.nan_to_num(gained.base.value)), 0.0), 0.97)
        smallest = (r + SMALLEST_GAIN) ** 2 - r**2
        further = _explained(scores[BASE], scores[modality], criterion, persons, smallest)
        found.append(Increment(modality, count, gained, further, smallest))
    return tuple(found)


def _explained(
    base: Floats, added: Floats, criterion: npt.ArrayLike, persons: npt.ArrayLike, smallest: float
) -> ExplainedGain | None:
    """The F test of a modality's own score beyond language's, persons' means as rows."""
    rows = np.column_stack([base, added, np.asarray(criterion, np.float64)])
    known = ~np.isnan(rows).any(axis=1)
    _, person = np.unique(np.asarray(persons)[known], return_inverse=True)
    means = np.column_stack([np.bincount(person, column) for column in rows[known].T]) / np.bincount(person)[:, None]
    if len(means) < LEAST_PEOPLE or np.any(np.ptp(means, axis=0) == 0):
        return None
    if np.linalg.matrix_rank((means - means.mean(axis=0)) / means.std(axis=0)) < means.shape[1]:
        return None  # one of the three is made of the others: there is nothing to test
    return incremental_validity(means[:, 0], means[:, 1], means[:, 2], smallest=smallest)
