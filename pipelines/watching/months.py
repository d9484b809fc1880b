"""What output folders of ``viva score`` show, month by month: one row per person, named things to be watched."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from vivavoce.data import table as tables
from vivavoce.data.people_tables import ENDED, SCORED
from vivavoce.data.problem import Problem, shorten
from vivavoce.data.status import COMPLETE, RowStatus
from vivavoce.data.table import InputRefused, read_table
from vivavoce.evaluation.drift import Window
from vivavoce.fairness.groups import AFTER, BEFORE, CANDIDATE, DATE

UNDATED = "undated"
INTERVIEW, RECORDED, WINDOW = "interview_id", "recorded_at", "window"
NOT_SCORED, PARTIAL, UNCLEAR = "not scored", "scored in part", "unclear speech"
CONFIDENCE = "word_confidence"  # the recogniser's, 0–1; of people whose words it recognised
CHANGED, CHANGE = "scores changed by reviewers", "reviewers' change"
WATCHED = (tables.Column(INTERVIEW, tables.Kind.ID), tables.Column("unclear", tables.Kind.ANY))
SCORE = " score"  # what a competency's column is called after it


class Kind(StrEnum):
    """What a watched thing is of, in the order of the page."""

    SCORE = "scores"
    LOSS = "people without a whole score"
    RECOGNITION = "recognition"
    AGREEMENT = "human reviews"
    FEATURE = "features"
    RECORDING = "recording quality"  # explains, and calls for nothing by itself


@dataclass(frozen=True)
class Seen:
    """Folders as read.

    Parameters
    ----------
    folders
        Which.
    people
        One row per person and window: the latest interview there.
    kinds
        Of every column of ``people`` that is a variable.
    fingerprints
        Of the features among them.
    digests
        Of the models that made the scores.
    reasons
        Why people were not scored, as found.
    """

    folders: tuple[Path, ...]
    people: pd.DataFrame
    kinds: Mapping[str, Kind]
    fingerprints: Mapping[str, str]
    digests: tuple[str, ...]
    reasons: tuple[str, ...] = field(default=())

    @property
    def windows(self) -> list[str]:
        """Months in order, undated people last."""
        found = sorted(set(self.people[WINDOW]))
        return [name for name in found if name != UNDATED] + [name for name in found if name == UNDATED]


def read_seen(folders: Sequence[Path], job: str | None, wanted: Collection[str] | None = None) -> Seen:
    """Read output folders as one.

    Parameters
    ----------
    folders
        Each with ``scores``, ``status`` and ``features.parquet``.
    job
        Whose interviews; None where there is but one.
    wanted
        Features to be watched; all that a score may rest on where None. Measures of the recording come with them.

    Raises
    ------
    InputRefused
        For files that cannot be read, several jobs where none was named, an interview that stands in two folders, and
        folders whose features have different fingerprints.
    """
    parts, prints, kinds = [], dict[str, str](), dict[str, Kind]()
    for folder in folders:
        answers = read_table(folder / "features.parquet", WATCHED, empty=True).frame
        measures = _measures(folder, wanted)
        for name, (kind, found) in measures.items():
            if prints.setdefault(name, found) != found:
                remedy = f"Measure both alike: {name} has another fingerprint than in {folders[0].name}."
                raise InputRefused(folder / "features.parquet", [Problem(name, found[:12], remedy)])
            kinds[name] = kind
        parts.append(_interviews(folder, job, answers, measures))
    together = pd.concat(parts)
    twice = together.index[together.index.duplicated() & together[CANDIDATE].notna()]
    if len(twice):
        remedy = "Name each batch once: an interview counts once."
        raise InputRefused(folders[-1], [Problem(INTERVIEW, f"{shorten(twice[0])} in two folders", remedy)])
    jobs = sorted(together["job"].dropna().unique())
    if not jobs:
        raise InputRefused(
            folders[0], [Problem("job", shorten(job), "Name one that is there: there is nobody of this.")]
        )
    if len(jobs) > 1:
        raise InputRefused(
            folders[0], [Problem("job", ", ".join(jobs), "Name one with --job: jobs have their own scales.")]
        )
    scores = [name for name in together.columns if name.endswith(SCORE)]
    kinds |= dict.fromkeys(scores, Kind.SCORE) | ({CONFIDENCE: Kind.RECOGNITION} if CONFIDENCE in together else {})
    together[CANDIDATE] = together[CANDIDATE].fillna(together.index.to_series())  # a row that could not be read
    ordered = together.sort_values([RECORDED, INTERVIEW], kind="stable", na_position="first")
    people = ordered.drop_duplicates([WINDOW, CANDIDATE], keep="last").reset_index()
    digests = tuple(sorted(together["model_digest"].dropna().unique()))
    return Seen(tuple(folders), people, kinds, prints, digests, tuple(sorted(together["why"].dropna().unique())))


def check_alike(reference: Seen, later: Seen) -> None:
    """Refuse features that were measured otherwise than the reference's. Raises ``InputRefused`` naming every one."""
    problems = [
        Problem(
            name, found[:12], f"Measure as the reference was ({reference.fingerprints[name][:12]}), or train again."
        )
        for name, found in sorted(later.fingerprints.items())
        if reference.fingerprints.get(name, found) != found
    ]
    if problems:
        raise InputRefused(later.folders[0] / "features.parquet", problems)


def with_reviews(seen: Seen, reviews: pd.DataFrame) -> Seen:
    """The same people with what reviewers did to their scores: last score after minus first before, in points."""
    change = reviews.sort_values(DATE, kind="stable").groupby(CANDIDATE).agg({BEFORE: "first", AFTER: "last"})
    column = seen.people[CANDIDATE].map(change[AFTER] - change[BEFORE])
    latest = seen.people.groupby(CANDIDATE)[RECORDED].rank(method="first", ascending=False, na_option="bottom") == 1
    people = seen.people.assign(**{CHANGE: column.where(latest).astype(float)})
    return Seen(
        seen.folders, people, {**seen.kinds, CHANGE: Kind.AGREEMENT}, seen.fingerprints, seen.digests, seen.reasons
    )


def window_of(name: str, seen: Seen, rows: pd.DataFrame, kinds: Collection[Kind], reasons: Sequence[str]) -> Window:
    """What some people show of the given kinds; ``reasons`` are those whose shares are counted."""
    values = {what: rows[what].dropna().to_numpy(np.float64) for what, kind in seen.kinds.items() if kind in kinds}
    shares = {}
    if Kind.LOSS in kinds:
        n = len(rows)
        shares[NOT_SCORED] = (int(rows["status"].isin([RowStatus.NOT_SCORED, RowStatus.BAD_ROW]).sum()), n)
        shares[PARTIAL] = (int((rows["status"] == RowStatus.PARTIAL).sum()), n)
        shares |= {f"because of {reason}": (int((rows["why"] == reason).sum()), n) for reason in reasons}
    if Kind.RECOGNITION in kinds:
        heard = rows["unclear"].dropna()
        shares[UNCLEAR] = (int(heard.sum()), len(heard))
    if Kind.AGREEMENT in kinds and CHANGE in rows:
        reviewed = rows[CHANGE].dropna()
        shares[CHANGED] = (int((reviewed != 0).sum()), len(reviewed))
    return Window(name, values, shares)


def kind_of(what: str, seen: Seen) -> Kind:
    """What a watched thing is of."""
    known = {UNCLEAR: Kind.RECOGNITION, CHANGED: Kind.AGREEMENT}
    return seen.kinds.get(what) or known.get(what, Kind.LOSS)


def _measures(folder: Path, wanted: Collection[str] | None) -> dict[str, tuple[Kind, str]]:
    """Columns of ``features.parquet`` to be watched, with kind and fingerprint."""
    path = folder / "features.parquet"
    found = {}
    for column in pq.read_schema(path):
        told = {key.decode(): value.decode() for key, value in (column.metadata or {}).items()}
        if "fingerprint" not in told:
            continue
        quality = told.get("quality") == "true"
        if quality or (told.get("impairment_sensitive") != "true" if wanted is None else column.name in wanted):
            found[column.name] = (Kind.RECORDING if quality else Kind.FEATURE, told["fingerprint"])
    lacking = sorted(set(wanted or ()) - set(found))
    if lacking:
        raise InputRefused(
            path, [Problem("header", "nothing", f"The model uses {name}: measure it.") for name in lacking]
        )
    return found


def _interviews(folder: Path, job: str | None, answers: pd.DataFrame, measures: Mapping[str, Any]) -> pd.DataFrame:
    """One row per interview of one folder."""
    status = read_table(folder / "status.parquet", ENDED, empty=True).frame
    scores = read_table(folder / "scores.parquet", SCORED, empty=True).frame
    if job is not None:
        others = set(scores[INTERVIEW]) - set(scores.loc[scores["job"] == job, INTERVIEW])
        status, scores = status[~status[INTERVIEW].isin(others)], scores[scores["job"] == job]
    status = status.set_index(INTERVIEW)
    found = status[[CANDIDATE, "status"]].copy()
    complete = status["status"].isin(COMPLETE)
    found["why"] = status["reason"].where(~complete).astype("string").str.split(":").str[0].astype(object)
    first = scores.drop_duplicates(INTERVIEW).set_index(INTERVIEW)[["job", "model_digest", RECORDED]]
    found = found.join(first)
    found[RECORDED] = pd.to_datetime(found[RECORDED], utc=True)
    found[WINDOW] = found[RECORDED].dt.strftime("%Y-%m").fillna(UNDATED)
    whole = scores[scores["status"] == RowStatus.SCORED]
    points = whole.pivot_table("score", INTERVIEW, "competency").add_suffix(SCORE)
    sure = answers[~answers["unclear"].astype(bool)]
    means = sure.groupby(INTERVIEW)[list(measures)].mean()
    unclear = answers.groupby(INTERVIEW)["unclear"].any().astype(float)
    found = found.join(points).join(means).join(unclear)
    if CONFIDENCE not in answers:  # of an older table: what the reference has not is not watched
        return found
    return found.join(answers.groupby(INTERVIEW)[CONFIDENCE].mean())
