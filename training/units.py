"""Which column says who is tested together: looked for in the tables of a training, refused where it cannot serve."""

from collections.abc import Iterator, Mapping

import pandas as pd

from vivavoce.data.identity import RefusedName, refuse_name
from vivavoce.data.problem import nearest
from vivavoce.data.table import Table
from vivavoce.training import BadTraining
from vivavoce.training.measured import IDENTITY, Measured
from vivavoce.training.outcomes import Outcomes
from vivavoce.training.ratings import Ratings
from vivavoce.training.scheme import BY_PERSON, PERSON, TIME, Scheme

IDS = frozenset(("interview_id", "candidate_id"))
VALUES = frozenset(("value", "days", "observed", "saw_score"))  # what is learned, or known only afterwards
LISTED = 5  # ids that a message names

Places = Mapping[str, tuple[Table, pd.DataFrame]]


def read_scheme(
    split: str,
    measured: Measured,
    answers: pd.DataFrame,
    ratings: Ratings,
    outcomes: Outcomes | None,
    people: pd.DataFrame,
) -> Scheme:
    """By what a training is split, as ``--split`` asks.

    Parameters
    ----------
    split
        ``person``; ``time``, the moment of recording; or a column of one of the three tables (``site``, ``employer``,
        ``rater``), with the table's name before it (``outcomes.rater``) where several tables have it.
    measured, answers
        The features table, and the rows of it that are learned from.
    ratings, outcomes
        The other two; None where there is none.
    people
        ``interview_id, candidate_id, recorded_at``, one row per interview.

    Raises
    ------
    BadTraining
        For a column that is not there, is there twice, claims a protected attribute or holds what is learned, has no
        value for somebody, or leaves nothing to hold out; the message says what to do.
    """
    if split == PERSON:
        return BY_PERSON
    if split == TIME:
        return _by_time(measured.table, people)
    if split in IDS:
        raise BadTraining(f"--split {split}: every split keeps a person on one side. Write person, which is the usual.")
    places = _places(measured, answers, ratings, outcomes, people)
    name, table, pairs = _found(split, places)
    missing = sorted(set(people["candidate_id"]) - set(pairs["candidate_id"]) | set(_empty(pairs)))
    if missing:
        more = ", …" if len(missing) > LISTED else ""
        raise BadTraining(
            f"{table.source}: {name} is missing for {len(missing)} of {people['candidate_id'].nunique()} people "
            f"({', '.join(missing[:LISTED])}{more}), who could belong to any. Fill it in, leave these people out, or "
            "split by person."
        )
    return Scheme.by_group(name, pairs["candidate_id"].to_numpy(str), pairs["group"].to_numpy(str))


def _by_time(table: Table, people: pd.DataFrame) -> Scheme:
    empty = people.loc[people["recorded_at"].isna(), "interview_id"]
    if len(empty):
        raise BadTraining(
            f"{table.source}: recorded_at is missing for {len(empty)} of {len(people)} interviews "
            f"({', '.join(empty[:LISTED])}{', …' if len(empty) > LISTED else ''}). Fill it in, leave them out, or "
            "split by person."
        )
    return Scheme.by_time(people["candidate_id"].to_numpy(str), people["recorded_at"].astype("int64").to_numpy())


def _places(
    measured: Measured, answers: pd.DataFrame, ratings: Ratings, outcomes: Outcomes | None, people: pd.DataFrame
) -> Places:
    """Each table by its name, with the rows of the people measured and a column ``candidate_id``."""
    named = [name for name in answers.columns if name in IDENTITY]  # a measure is no group
    found = {"features": (measured.table, answers[named])}
    whose = people.set_index("interview_id")["candidate_id"]
    rated = ratings.table.frame
    rated = rated[rated["interview_id"].isin(whose.index)]
    found["ratings"] = ratings.table, rated.assign(candidate_id=rated["interview_id"].map(whose))
    if outcomes is not None:
        later = outcomes.table.frame.loc[outcomes.rows.index]
        found["outcomes"] = outcomes.table, later[later["candidate_id"].isin(set(whose))]
    return found


def _found(split: str, places: Places) -> tuple[str, Table, pd.DataFrame]:
    """The column's name, its table, and pairs ``candidate_id, group``."""
    where, dot, rest = split.partition(".")
    name = rest if dot and where in places else split
    try:
        refuse_name(name)
    except RefusedName as error:
        raise BadTraining(
            f"--split {split}: training opens no declared group ({error}) Compare groups with viva audit."
        ) from error
    if name in VALUES:
        raise BadTraining(f"--split {split}: {name} is what is learned from, and no group. Name another column.")
    having = [one for one in ([where] if name != split else places) if name in places[one][1]]
    if not having:
        known = sorted(set(_usable(places)))
        raise BadTraining(
            f"--split {split}: no table has such a column. {nearest(name, [PERSON, TIME, *known])} A column employer "
            "or site belongs into the features, ratings or outcomes."
        )
    if len(having) > 1:
        said = " or ".join(f"{one}.{name}" for one in having)
        raise BadTraining(f"--split {split}: {len(having)} tables have this column. Write {said}.")
    table, rows = places[having[0]]
    text = rows[name].astype("string").str.strip()
    pairs = pd.DataFrame({"candidate_id": rows["candidate_id"], "group": text})
    return name, table, pairs.drop_duplicates()


def _usable(places: Places) -> Iterator[str]:
    for _, rows in places.values():
        yield from (str(name) for name in rows.columns if name not in IDS | VALUES)


def _empty(pairs: pd.DataFrame) -> list[str]:
    """People with a row that has no value."""
    lacking = pairs["group"].isna() | (pairs["group"] == "")
    return [str(name) for name in pairs.loc[lacking, "candidate_id"].unique()]
