"""The search of one training: a ridge that searches for each competency, and the model without what it left out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from vivavoce.models.linear.competency import LinearCompetency
from vivavoce.models.linear.ridge import CompetencyRidge
from vivavoce.models.linear.version import LinearVersion
from vivavoce.training.crossfit import Procedure
from vivavoce.training.search import STARTED, SearchedRidge, Trial


@dataclass(frozen=True)
class Search:
    """Makes one :class:`SearchedRidge` after another for a training.

    Parameters
    ----------
    trials
        For each competency, and again in every outer fold.
    modalities
        Of the columns that declare one; others go by the first part of their name.
    seed
        Of every sampler.
    """

    trials: int
    modalities: Mapping[str, str]
    seed: int

    def __call__(self, columns: Sequence[str]) -> SearchedRidge:
        """An unfitted ridge for these columns."""
        return SearchedRidge(tuple(family(name, self.modalities) for name in columns), self.trials, self.seed)

    @property
    def reduced(self) -> Procedure:
        """What validity's many fits go through: the search's first settings, which depend on no rating."""
        count = min(self.trials, STARTED)
        said = "the plain ridge" if count == 1 else f"the plain ridge and {count - 1} settings drawn at random"
        words = f"a reduced search in every fit: {said}, the search's first, which depend on no rating"
        return Procedure(replace(self, trials=count), words)


def trials_of(ridges: Mapping[str, CompetencyRidge]) -> dict[str, tuple[Trial, ...]]:
    """What the final fit of each competency tried, on folds of all people."""
    return {name: one.trials_ for name, one in ridges.items() if isinstance(one, SearchedRidge)}


def family(column: str, modalities: Mapping[str, str]) -> str:
    """The family that a search allows or leaves out as one: modality and measure family.

    Examples
    --------
    >>> family("prosody.f0_median_hz", {"prosody.f0_median_hz": "voice"}), family("language.length_words", {})
    ('voice: prosody', 'language')
    """
    first = column.partition(".")[0]
    return f"{modalities[column]}: {first}" if column in modalities else first


def without_idle(model: LinearVersion) -> LinearVersion:
    """The model without columns that count for nothing: it then does not ask for them when it scores."""
    kept = tuple(_without_idle(one) for one in model.competencies)
    used = {name for one in kept for name in one.features}
    fingerprints = {name: found for name, found in model.fingerprints.items() if name in used}
    return replace(model, competencies=kept, fingerprints=fingerprints)


def _without_idle(one: LinearCompetency) -> LinearCompetency:
    busy = (one.coefficients != 0) | (one.absent != 0)
    if not busy.any():
        return one
    return replace(
        one,
        features=tuple(name for name, counts in zip(one.features, busy, strict=True) if counts),
        coefficients=one.coefficients[busy],
        absent=one.absent[busy],
        mean=one.mean[busy],
        scale=one.scale[busy],
    )
