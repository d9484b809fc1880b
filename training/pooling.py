"""Weights of one job beside other jobs': what is learned there of the same competencies counts as far as jobs agree.

The model, at strength κ of the frameworks. Every job's weights follow its own framework's Dirichlet, and jobs have in
common L persons of whom everything were known, ``n_c`` of them speaking for competency c:

    n ~ Dirichlet-multinomial(L, κ · prior),   r_j | n ~ Dirichlet(κ · prior + n)

where r_j are job j's relative weights within the competencies that it shares with this job. A part of a Dirichlet is a
Dirichlet, independent of the mass on the rest (Aitchison 1986, The Statistical Analysis of Compositional Data): this
mass, and the weights of what jobs do not share, stay each job's own. Averaged over n, r_j has its prior back whatever L
is. L / (κ + L) is the *agreement* of jobs: the correlation between their weights before any data, where they share all
competencies (it is higher where they share fewer). Where frameworks differ, r_j is seen from this job's: job j's
weights over its framework's, times this one's: other jobs whose data only confirm their frameworks say that this one
is right too. This job may stand apart from jobs that agree with one another (Neuenschwander, Wandel, Roychoudhury &
Bailey 2016, Pharmaceutical Statistics 15, 123–134).

Given n, jobs are independent. What another job says of n is the mean of ``Π r_c^n_c`` over its posterior, by the mean
over its prior: no person's data are needed for it, only the job's :class:`Moments`.

Model versions of other jobs to pool weights with: what their documents hold, read without trust, or why not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from scipy import special

from vivavoce.data.framework import Framework
from vivavoce.models.directory import load_model
from vivavoce.models.simplex import (
    Floats,
    LogDensity,
    Moments,
    Posterior,
    log_likelihood,
    move,
    posteriors,
    resample,
    slopes,
)
from vivavoce.training import BadTraining
from vivavoce.training.inputs import LEAST_PEOPLE

COMMON = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)  # L in units of κ
AGREEMENTS = tuple(share / (1 + share) for share in COMMON)  # 0, .20, .33, .50, .67, .80, .89
NOTHING_COMMON = 0.5  # prior probability that this job stands apart: agreement has to be earned
LEAST_SHARED = 2  # competencies: one alone has no relative weight
PARTICLES = 1000  # of each other job
TINY = 1e-300  # a weight that vanished keeps a finite logarithm

Counts = npt.NDArray[np.int64]
Columns = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Beside:
    """Another job's people, as sums.

    Parameters
    ----------
    job, digest
        Which job, and which model version of it.
    prior
        Its framework's weight of each of its competencies.
    moments
        Of its people, competencies in the order of ``prior``.
    shared
        The competencies, two or more, that mean the same in this job.
    """

    job: str
    digest: str
    prior: Mapping[str, float]
    moments: Moments
    shared: tuple[str, ...]


@dataclass(frozen=True)
class Said:
    """What another job says of the persons in common, at one strength of the frameworks.

    Parameters
    ----------
    columns
        Which of this job's competencies it shares, shape (s,).
    alpha
        Of the relative weights' prior, shape (s,).
    logs
        Log relative weights of m draws from its posterior, seen from this job's framework, shape (m, s).
    shares
        Log of how much each draw counts, shape (m,); they sum to 1.
    """

    columns: Columns
    alpha: Floats
    logs: Floats
    shares: Floats

    def gain(self, counts: Counts) -> Floats:
        """Log of p(y | n) / p(y), shape (m,), for each of m counts (m, k)."""
        different, which = np.unique(counts[:, self.columns], axis=0, return_inverse=True)
        n = different.astype(np.float64)
        terms = n @ self.logs.T
        terms += self.shares
        highest = terms.max(axis=1, keepdims=True)
        terms -= highest
        posterior = np.log(np.exp(terms, out=terms).sum(axis=1)) + highest[:, 0]
        prior = (special.gammaln(self.alpha + n) - special.gammaln(self.alpha)).sum(axis=1)
        prior += special.gammaln(self.alpha.sum()) - special.gammaln(self.alpha.sum() + n.sum(axis=1))
        found: Floats = (posterior - prior)[which.reshape(-1)]
        return found


@dataclass(frozen=True)
class Pooled:
    """Equally weighted draws of this job's weights at one agreement, slopes free in sign.

    Parameters
    ----------
    weights
        Shape (m, k), each row on the simplex.
    gain
        Log of how much likelier all jobs' people are than without anything in common.
    """

    weights: Floats
    gain: float


def agreement_shares(all_jobs: Floats, others: Floats) -> Floats:
    """How much each agreement counts at each strength, relative to this job alone at that strength.

    With a probability of ``NOTHING_COMMON`` this job has nothing in common with the others; else all jobs agree as
    much as the others do among themselves, as far as their people tell, and that counts by how well it predicts this
    job's people, whom the other jobs have not seen.

    Parameters
    ----------
    all_jobs
        Log gain of all jobs at each agreement, shape (strengths, agreements): that of :func:`pooled`.
    others
        The same without this job.

    Examples
    --------
    >>> agreement_shares(np.zeros((1, 7)), np.zeros((1, 7))).round(2)
    array([[0.57, 0.07, 0.07, 0.07, 0.07, 0.07, 0.07]])
    """
    found: Floats = (1 - NOTHING_COMMON) * special.softmax(others, axis=1) * np.exp(all_jobs - others)
    found[:, 0] += NOTHING_COMMON
    return found


def said_by(
    beside: Sequence[Beside], prior: Mapping[str, float], strengths: Sequence[float], *, seed: int = 0
) -> list[list[Said]]:
    """For each strength κ what each other job says; the order in which jobs are named does not matter.

    Parameters
    ----------
    beside
        The other jobs.
    prior
        This job's framework.
    strengths
        κ, rising.
    seed
        Of the draws.

    Raises
    ------
    ValueError
        For a job that shares fewer than two competencies, or names one that is not in both.
    """
    found: list[list[Said]] = [[] for _ in strengths]
    for job in sorted(beside, key=lambda one: (one.digest, one.job)):
        if len(job.shared) < LEAST_SHARED or not set(job.shared) <= set(prior) & set(job.prior):
            raise ValueError(
                f"Jobs are pooled over {LEAST_SHARED} or more competencies that both have. Got {list(job.shared)} of "
                f"{job.job} instead: leave it out."
            )
        own = np.array(list(job.prior.values()))
        for i, drawn in enumerate(posteriors(own, strengths, [job.moments], particles=PARTICLES, seed=seed)):
            found[i].append(_said(job, prior, drawn))
    return found


def _said(job: Beside, prior: Mapping[str, float], drawn: Posterior) -> Said:
    """One job's draws, seen from this job's framework, under a slope that is not negative."""
    here, there = list(prior), list(job.prior)
    ours, theirs = (np.array([side[name] for name in job.shared]) for side in (prior, job.prior))
    relative = within(_logs(drawn.weights)[:, [there.index(name) for name in job.shared]])
    seen = within(relative + np.log(ours / theirs))
    alpha = drawn.strength * ours
    shares = seen @ alpha - relative @ (drawn.strength * theirs)  # drawn under its own framework's Dirichlet
    shares += np.log(np.maximum(slopes(drawn.weights, job.moments).positive, TINY))
    return Said(np.array([here.index(name) for name in job.shared]), alpha, seen, shares - special.logsumexp(shares))


def pooled(
    drawn: Posterior,
    prior: Mapping[str, float],
    moments: Sequence[Moments],
    said: Sequence[Said],
    rng: np.random.Generator,
) -> list[Pooled]:
    """Draw this job's weights at every agreement, each going on from the one before (``AGREEMENTS``).

    Parameters
    ----------
    drawn
        This job's own posterior at one strength; without people, draws from its prior.
    prior
        This job's framework.
    moments
        Of this job's people; without any, it is the other jobs among themselves.
    said
        What the other jobs say, at the same strength.
    rng
        Of the draws.
    """
    shared = np.unique(np.concatenate([one.columns for one in said]))
    alpha = drawn.strength * np.array(list(prior.values()))
    logs = _logs(drawn.weights)
    ratios, counts = logs[:, :-1] - logs[:, -1:], np.zeros(logs.shape, np.int64)
    before, gain, found = np.zeros(len(logs)), 0.0, [Pooled(drawn.weights, 0.0)]
    for fewer, more in pairwise(COMMON):
        added = round(more * drawn.strength) - round(fewer * drawn.strength)
        relative = np.exp(within(_simplex(ratios)[:, shared]))
        counts[:, shared] += rng.multinomial(added, relative / relative.sum(axis=1, keepdims=True))
        after: Floats = np.sum([one.gain(counts) for one in said], axis=0)
        step = after - before
        gain += float(special.logsumexp(step) - np.log(len(step)))
        kept = resample(np.exp(step - step.max()), len(step), rng)
        counts, before = counts[kept], after[kept]
        ratios = move(ratios[kept], _given(counts[:, shared], shared, alpha, moments), rng)
        found.append(Pooled(np.exp(_simplex(ratios)), gain))
    return found


def _given(counts: Counts, shared: Columns, alpha: Floats, moments: Sequence[Moments]) -> LogDensity:
    """Log density of each particle's weights by the framework, this job's people and its own persons in common."""

    def density(ratios: Floats) -> Floats:
        logs = _simplex(ratios)
        common = (counts * within(logs[:, shared])).sum(axis=1)
        found: Floats = logs @ alpha + log_likelihood(np.exp(logs), moments) + common
        return found

    return density


def _simplex(ratios: Floats) -> Floats:
    """Log weights (m, k) from log-ratios to the last weight (m, k − 1)."""
    return within(np.hstack([ratios, np.zeros((len(ratios), 1))]))


def within(logs: Floats) -> Floats:
    """Log relative weights (m, s) of log weights (m, s): each row's exponentials sum to 1."""
    highest = logs.max(axis=1, keepdims=True)
    found: Floats = logs - (highest + np.log(np.exp(logs - highest).sum(axis=1, keepdims=True)))
    return found


def _logs(weights: Floats) -> Floats:
    found: Floats = np.log(np.maximum(weights, TINY))
    return found


PEOPLE = ("persons", "interviews", "with performance", "criterion")  # of a data sheet: with its digests, who they were

Json = Mapping[str, Any]


class _Summary(BaseModel):
    """One job's entry of ``moments`` in ``weights.json``."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)

    persons: Annotated[int, Field(ge=LEAST_PEOPLE)]
    covariance: list[list[float]]
    correlations: list[Annotated[float, Field(ge=-1, le=1)]]


def read_beside(folders: Sequence[Path], framework: Framework, sheet: Json) -> tuple[Beside, ...]:
    """Read what other jobs' versions know of weights.

    Parameters
    ----------
    folders
        Of model versions, each of another job.
    framework, sheet
        Of this training: the job's framework and the data sheet.

    Raises
    ------
    BadTraining
        Without performance; for a version of this job or of the same people, two versions of one job, another
        criterion, a version made before versions kept what pooling needs, one whose weights were not identified, and
        one that shares fewer than two competencies; each with the way out.
    ModelRefused
        For a folder that is no model version.
    """
    if folders and sheet["criterion"] is None:
        raise BadTraining("--beside pools weights that are learned from performance: give --outcomes, or leave it out.")
    taken = {framework.job: "this training"}
    people = {_people(sheet): "this training"}
    found = []
    for folder in folders:
        model, digest = load_model(folder)
        job, theirs = model.framework.job, model.documents.get("datasheet", {})
        who = _people(theirs)
        if job in taken:
            raise BadTraining(
                f"{folder} is of {job}, as is {taken[job]}: --beside takes one version of each other job."
            )
        if who in people:
            raise BadTraining(f"{folder} learned from the same people as {people[who]}: they would count twice.")
        if theirs.get("criterion") != sheet["criterion"]:
            raise BadTraining(
                f"{folder} learned from {theirs.get('criterion')!r}, this training from {sheet['criterion']!r}: other "
                "criteria have other weights. Name it alike in both tables if it is the same, or leave it out."
            )
        moments = _moments(folder, job, len(model.framework.weights), model.documents.get("weights", {}))
        shared = _shared(folder, framework, model.framework)
        found.append(Beside(job, digest, model.framework.weights, moments, shared))
        taken[job] = people[who] = str(folder)
    return tuple(found)


def _people(sheet: Json) -> str:
    """Whose data: the digests of all tables but sample weights, and how many people they gave."""
    digests = {name: digest for name, digest in sheet.get("digests", {}).items() if name != "weights"}
    return repr([sorted(digests.items()), [sheet.get(name) for name in PEOPLE]])


def _moments(folder: Path, job: str, competencies: int, learned: Json) -> Moments:
    if "weights" not in learned:
        raise BadTraining(f"{folder} learned no weights (it was given no performance): leave it out.")
    if "moments" not in learned:
        raise BadTraining(
            f"{folder} was trained before versions kept what pooling needs: train it again, or leave it out."
        )
    if not learned.get("identified"):
        raise BadTraining(f"{folder}: its weights were not identified, there is nothing to pool. Leave it out.")
    try:
        one = _Summary.model_validate(learned["moments"].get(job) if isinstance(learned["moments"], dict) else None)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "whole"
        raise BadTraining(f"{folder}, weights.json, moments.{job}, {where}: {first['msg']}.") from error
    if [len(one.correlations), *map(len, one.covariance)] != [competencies] * (competencies + 1):
        raise BadTraining(
            f"{folder}, weights.json, moments.{job}: its shape is not that of {competencies} competencies."
        )
    if any(one.covariance[i][i] <= 0 for i in range(competencies)):
        raise BadTraining(f"{folder}, weights.json, moments.{job}: a competency's variance is not above 0.")
    return Moments.of_summary(one.persons, one.covariance, one.correlations)


def _shared(folder: Path, ours: Framework, theirs: Framework) -> tuple[str, ...]:
    """Competencies of the same id that mean the same: anchors, in the languages of both, and scale."""
    both = [name for name in ours.weights if name in theirs.weights and theirs.weights[name] > 0]
    same = tuple(name for name in both if ours.scale == theirs.scale and _alike(ours, theirs, name))
    if len(same) < LEAST_SHARED:
        other = ", ".join(name for name in both if name not in same)
        more = f" ({other}: same id, other anchors or scale)" if other else ""
        raise BadTraining(
            f"{folder}: {theirs.job} and {ours.job} share {len(same)} competencies{more}, and pooling takes "
            f"{LEAST_SHARED}: one alone has no relative weight. Leave it out."
        )
    return same


def _alike(ours: Framework, theirs: Framework, name: str) -> bool:
    languages = set(ours.languages) & set(theirs.languages)
    one, other = (side.competency(name).anchors for side in (ours, theirs))
    return bool(languages) and all(
        getattr(one, level)[language] == getattr(other, level)[language]
        for level in ("low", "middle", "high")
        for language in languages
    )
