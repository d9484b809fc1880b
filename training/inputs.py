"""What training learns from: one job family's people, their features, ratings and outcomes, every lost row counted."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from vivavoce.evaluation.estimate import Estimate, undefined
from vivavoce.training.answers import Answers
from vivavoce.training.outcomes import FollowUp
from vivavoce.training.provenance import Provenance
from vivavoce.training.scheme import BY_PERSON, Scheme
from vivavoce.training.selection import Selection
from vivavoce.training.tables import BadTraining as BadTraining

Floats = npt.NDArray[np.float64]

LEAST_PEOPLE = 50  # rated, for each competency: below it a correlation of .40 has an interval from .13 on


@dataclass(frozen=True)
class Lost:
    """Rows that a step left out: which step, how many, and the first of their ids."""

    step: str
    count: int
    ids: tuple[str, ...]


@dataclass(frozen=True)
class Inputs:
    """One job family's people, one row per interview.

    Parameters
    ----------
    interviews, candidates
        Ids, shape (n,) each.
    features
        For each competency its columns, shape (n,) each: the mean over the answers that show the competency; ``nan``
        where none of them was measured.
    ratings
        For each competency the mean over raters, shape (n,); ``nan`` where nobody rated.
    raters
        How many people rated.
    reliability
        Of each competency's mean rating, ICC(1,k); undefined, with the reason, where it cannot be known.
    performance
        Of each candidate, shape (n,); ``nan`` where there is none, or not given at all.
    fingerprints
        Of every column.
    recognisers
        Whose words the answers rest on.
    languages
        That at least 20 people answered in; empty where the table does not say.
    lost, dropped
        Rows that joins left out, and columns that say nothing (with the reason).
    modalities
        Of every column that declares one: ``text``, ``voice``, ``face``.
    answers
        The single answers; None where only interviews are known, and then nothing is said of bands and of the rubric.
    weights
        Opaque sample weights, shape (n,), ≥ 0; None: everybody counts alike.
    site, employer, recorded_at
        Where, for whom and when, shape (n,) each; None where not known.
    criterion
        What ``performance`` is; None where no outcomes were given.
    criteria
        Every criterion's mean per candidate, the trained one included, shape (n,) each; ``nan`` where there is none.
    follow_up
        Leavers and those still there; None where nobody was followed.
    criterion_reliability
        Of ``performance``, over its raters.
    same_raters
        Whether somebody who rated an interview also gave that person's criterion: halo.
    selection
        How the people with performance were selected, where that was stated.
    provenance
        What the data sheet says of where all this comes from; None for inputs that were not read from tables.
    scheme
        By what everything that is learned from these people is split.
    """

    interviews: npt.NDArray[np.str_]
    candidates: npt.NDArray[np.str_]
    features: Mapping[str, Mapping[str, Floats]]
    ratings: Mapping[str, Floats]
    raters: int
    reliability: Mapping[str, Estimate]
    performance: Floats
    fingerprints: Mapping[str, str]
    recognisers: tuple[str, ...]
    lost: tuple[Lost, ...]
    dropped: Mapping[str, str]
    modalities: Mapping[str, str] = field(default_factory=dict)
    answers: Answers | None = None
    weights: Floats | None = None
    site: npt.NDArray[np.str_] | None = None
    employer: npt.NDArray[np.str_] | None = None
    recorded_at: npt.NDArray[np.datetime64] | None = None
    criterion: str | None = None
    criteria: Mapping[str, Floats] = field(default_factory=dict)
    follow_up: FollowUp | None = None
    criterion_reliability: Estimate = field(default_factory=lambda: undefined("no outcomes were given"))
    same_raters: bool = False
    selection: Selection | None = None
    provenance: Provenance | None = None
    languages: tuple[str, ...] = ()
    scheme: Scheme = BY_PERSON
