"""Searching a competency's settings: which families of features, which penalty, how much must have been measured.

The search is part of fitting. Whoever cross-fits a :class:`SearchedRidge` gets a search of its own in every outer fold,
on inner folds by person, so that the figures reported are those of the whole procedure: what the best of many trials
looked like on its own folds is kept beside them, and is not validity.

What is learned again hundreds of times to look at validity goes through a *reduced* search: the first settings that the
search tries, before its sampler learns from results and before anything is pruned. They depend on no rating, so that a
permutation test deals every permutation the very procedure that the true ratings get.

The search of one training: a ridge that searches for each competency, and the model without what it left out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import GroupKFold
from sklearn.utils.validation import check_is_fitted, validate_data

from vivavoce.models.linear.linear_version import LinearCompetency, LinearVersion
from vivavoce.models.linear.ridge import FOLDS, LEAST_MEASURED, CompetencyRidge
from vivavoce.training.overall import Procedure

if TYPE_CHECKING:
    import optuna


Floats = npt.NDArray[np.float64]

PENALTIES = (1e-3, 1e2)  # per person: an order of magnitude beyond those of the plain ridge on either side
MEASURED = (0.5, LEAST_MEASURED, 0.9)
STARTED = 10  # trials at random before the sampler learns from them, and before any is pruned
DEFAULT_PENALTY = 0.1  # of the first trial, which is the plain ridge with every family


@dataclass(frozen=True)
class Trial:
    """One setting that was tried.

    Parameters
    ----------
    families
        Of features, that were allowed.
    penalty, least_measured
        As :class:`CompetencyRidge` has them.
    error
        Mean squared error on inner folds as a share of the ratings' variance; ideal 0, 1 is the mean's. Of the folds
        that were run.
    r
        Correlation on inner folds, of the people who were predicted; ``nan`` where pruned.
    pruned
        Whether it was given up before the last fold.
    """

    families: tuple[str, ...]
    penalty: float
    least_measured: float
    error: float
    r: float
    pruned: bool

    @property
    def settings(self) -> dict[str, str | float]:
        """What was tried, as a record keeps it."""
        return {
            "families": ", ".join(self.families),
            "penalty": self.penalty,
            "least_measured": self.least_measured,
        }


class SearchedRidge(CompetencyRidge):
    """A ridge that looks for its settings on folds by person whenever it is fitted.

    Parameters
    ----------
    families
        Of each column, by name, p of them; None: all columns are one family.
    trials
        How many settings are tried, the plain ridge first.
    seed
        Of the sampler: the same seed tries the same settings.

    Attributes
    ----------
    trials_
        What was tried, in order.
    best_
        The one taken, by its error.
    least_measured
        As found; its other attributes are those of :class:`CompetencyRidge`, 0 for columns of families left out.

    References
    ----------
    Akiba et al. (2019), Optuna, KDD, 2623–2631; Varma & Simon (2006), BMC Bioinformatics 7, 91 (why nested).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x = rng.standard_normal((120, 6))
    >>> found = SearchedRidge(families=("a", "a", "b", "b", "b", "b"), trials=20).fit(x, x[:, 0] + x[:, 1])
    >>> "a" in found.best_.families, found.best_.error < 0.01
    (True, True)
    """

    def __init__(self, families: Sequence[str] | None = None, trials: int = 40, seed: int = 0) -> None:
        self.families = families
        self.trials = trials
        self.seed = seed

    @property
    def least_measured(self) -> float:  # type: ignore[override]  # found by fitting, not given
        """Share of the coefficients whose features must have been measured, as found."""
        check_is_fitted(self)
        return self.best_.least_measured

    def fit(
        self,
        X: npt.ArrayLike,
        y: npt.ArrayLike,
        groups: npt.ArrayLike | None = None,
        sample_weight: npt.ArrayLike | None = None,
    ) -> Self:
        """Search on inner folds, then fit all rows with what was found; parameters as in :class:`CompetencyRidge`."""
        x, target = validate_data(
            self, X, y, dtype=np.float64, ensure_all_finite="allow-nan", y_numeric=True, ensure_min_samples=2
        )
        weights = np.ones(len(x)) if sample_weight is None else np.asarray(sample_weight, np.float64)
        persons = np.arange(len(x)) if groups is None else np.asarray(groups)
        data = _Data(x, np.asarray(target, np.float64), persons, weights, self._families(x.shape[1]))
        self.trials_ = _search(data, self.trials, self.seed)
        self.best_ = min((one for one in self.trials_ if not one.pruned), key=lambda one: one.error)
        ridge, used = data.ridge((self.best_.families, self.best_.penalty, self.best_.least_measured))
        ridge.fit(x[:, used], data.y, groups=persons, sample_weight=weights)
        self.intercept_, self.penalty_ = ridge.intercept_, ridge.penalty_
        self.coef_, self.absent_coef_ = _spread(ridge.coef_, used), _spread(ridge.absent_coef_, used)
        self.mean_, self.scale_ = _spread(ridge.mean_, used), _spread(ridge.scale_, used, 1.0)
        return self

    def predict_targets(
        self,
        X: npt.ArrayLike,
        targets: npt.ArrayLike,
        new: npt.ArrayLike,
        groups: npt.ArrayLike,
        sample_weight: npt.ArrayLike | None = None,
    ) -> Floats:
        """Search anew for each of many ratings of the same people, and predict others, shape (m, t).

        What ``fit`` and ``predict`` give one rating at a time, at a small part of the price: every rating tries the
        same settings, which needs a reduced search (at most 10 trials; more are refused with ``ValueError``).
        """
        if self.trials > STARTED:
            raise ValueError(
                f"Many ratings at once need a search of at most {STARTED} trials, whose settings depend on no rating. "
                f"Got {self.trials} instead: reduce it."
            )
        x, y, other = (np.asarray(one, np.float64) for one in (X, targets, new))
        weights = np.ones(len(x)) if sample_weight is None else np.asarray(sample_weight, np.float64)
        data = _Data(x, y, np.asarray(groups), weights, self._families(x.shape[1]))
        settings = _first_settings(data, self.trials, self.seed)
        best = np.argmin([_errors(data, one) for one in settings], axis=0)
        found = np.full((len(other), y.shape[1]), np.nan)
        for i in np.unique(best):
            ridge, used = data.ridge(settings[i])
            found[:, best == i] = ridge.predict_targets(
                x[:, used], y[:, best == i], other[:, used], data.persons, weights
            )
        return found

    def _families(self, p: int) -> tuple[str, ...]:
        found = ("all",) * p if self.families is None else tuple(self.families)
        if len(found) != p or self.trials < 1:
            raise ValueError(
                "SearchedRidge needs at least one trial and the family of each column. Got "
                f"{self.trials} trials and {len(found)} families for {p} columns instead."
            )
        return found


@dataclass(frozen=True)
class _Data:
    """What one search sees: features (n, p), ratings (n,) or (n, t), whose rows, their weights, columns' families."""

    x: Floats
    y: Floats
    persons: npt.NDArray[Any]
    weights: Floats
    families: tuple[str, ...]

    def columns(self, allowed: Sequence[str]) -> npt.NDArray[np.bool_]:
        return np.isin(np.asarray(self.families), list(allowed))

    def ridge(self, setting: "Setting") -> tuple[CompetencyRidge, npt.NDArray[np.bool_]]:
        """An unfitted ridge as a setting has it, and which columns it may see."""
        allowed, penalty, measured = setting
        return CompetencyRidge((penalty,), measured), self.columns(allowed)

    @property
    def splits(self) -> list[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]]:
        folds = min(FOLDS, len(np.unique(self.persons)))
        if folds < 2:
            raise ValueError("A search needs at least two persons. Got one instead.")
        return list(GroupKFold(folds).split(self.x, self.y, self.persons))


def _study(data: _Data, seed: int) -> "optuna.Study":
    """A search that has not begun, the plain ridge with every family queued first."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        sampler=optuna.samplers.TPESampler(seed=seed, n_startup_trials=STARTED),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=STARTED, n_warmup_steps=1),
    )
    study.enqueue_trial({**{f"family {name}": True for name in sorted(set(data.families))}, **_plain(data)})
    return study


def _search(data: _Data, count: int, seed: int) -> tuple[Trial, ...]:
    import optuna

    study = _study(data, seed)
    tried: list[Trial] = []
    splits = data.splits
    for _ in range(count):
        asked = study.ask()
        found = _tried(data, _setting(asked, data), splits, asked)
        tried.append(found)
        if found.pruned:
            study.tell(asked, state=optuna.trial.TrialState.PRUNED)
        else:
            study.tell(asked, found.error)
    return tuple(tried)


Setting = tuple[tuple[str, ...], float, float]


def _plain(data: _Data) -> dict[str, float]:
    found = {"penalty": DEFAULT_PENALTY}
    return found | ({"least_measured": LEAST_MEASURED} if np.isnan(data.x).any() else {})


def _first_settings(data: _Data, count: int, seed: int) -> list[Setting]:
    """The settings that a search begins with, whatever the ratings: drawn before the sampler has learned anything."""
    study, found = _study(data, seed), []
    for _ in range(count):
        asked = study.ask()
        found.append(_setting(asked, data))
        study.tell(asked, 0.0)
    return found


def _errors(data: _Data, setting: Setting) -> Floats:
    """Squared error of each rating (n, t) on inner folds, shape (t,), as a trial has it."""
    ridge, used = data.ridge(setting)
    x, found = data.x[:, used], np.zeros(data.y.shape[1])
    for seen, held in data.splits:
        y, weights = data.y[seen], data.weights[seen]
        predicted = ridge.predict_targets(x[seen], y, x[held], data.persons[seen], weights)
        middle = np.average(y, axis=0, weights=weights)
        found += data.weights[held] @ (data.y[held] - np.where(np.isnan(predicted), middle, predicted)) ** 2
    return found


def _setting(asked: "optuna.Trial", data: _Data) -> Setting:
    """What the sampler proposes; of no family at all every one is allowed."""
    names, missing = sorted(set(data.families)), bool(np.isnan(data.x).any())
    if len(names) > 1:
        allowed = tuple(name for name in names if asked.suggest_categorical(f"family {name}", (True, False)))
    else:
        allowed = tuple(names)
    penalty = float(asked.suggest_float("penalty", *PENALTIES, log=True))
    measured = float(asked.suggest_categorical("least_measured", MEASURED)) if missing else LEAST_MEASURED
    return allowed or tuple(names), penalty, measured


def _tried(
    data: _Data,
    setting: Setting,
    splits: Sequence[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]],
    asked: "optuna.Trial",
) -> Trial:
    """Error on inner folds; given up where its folds so far are worse than most trials' were."""
    allowed, penalty, measured = setting
    ridge, used = data.ridge(setting)
    x, predicted = data.x[:, used], np.full(len(data.y), np.nan)
    error = spread = 0.0
    for step, (seen, held) in enumerate(splits):
        ridge.fit(x[seen], data.y[seen], groups=data.persons[seen], sample_weight=data.weights[seen])
        predicted[held] = ridge.predict(x[held])
        middle = np.average(data.y[seen], weights=data.weights[seen])
        off = data.y[held] - np.where(
            np.isnan(predicted[held]), middle, predicted[held]
        )  # who is not scored is a guess
        error += float(data.weights[held] @ off**2)
        spread += float(data.weights[held] @ (data.y[held] - middle) ** 2)
        asked.report(error / spread, step)
        if step < len(splits) - 1 and asked.should_prune():
            return Trial(allowed, penalty, measured, error / spread, float("nan"), pruned=True)
    return Trial(allowed, penalty, measured, error / spread, _r(predicted, data.y), pruned=False)


def _r(predicted: Floats, y: Floats) -> float:
    both = ~np.isnan(predicted)
    if both.sum() < 3 or np.ptp(predicted[both]) == 0 or np.ptp(y[both]) == 0:
        return float("nan")
    return float(np.corrcoef(predicted[both], y[both])[0, 1])


def _spread(values: Floats, used: npt.NDArray[np.bool_], rest: float = 0.0) -> Floats:
    found = np.full(len(used), rest)
    found[used] = values
    return found


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
