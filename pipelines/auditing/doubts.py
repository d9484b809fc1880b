"""What makes tables unfit to judge, before anything is judged: people who do not meet, columns that are no groups.

And what numbers hide: one group in several spellings, several values at once, scores that tie at the cut.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from vivavoce.data.column_maps import fold
from vivavoce.data.problem import Problem, shorten
from vivavoce.data.table import InputRefused, Table

Json = dict[str, Any]

FEWEST_MET = 0.1  # of the smaller table's people: below, the ids are not the same people's
MOST_NUMBERS = 12  # different numbers that may be codes of groups; more are ages, years or amounts
MOST_GROUPS = 50  # of any one attribute
MOST_SPARSE = 12  # groups whose median has fewer than five people: names, not groups
SPARSE = 5
FAR_MORE = 0.1  # of all people passing beyond the share that was declared
WEIGHTS = ("weight", "weights", "sample_weight", "权重")
SAME_WORD = (
    frozenset(("f", "female", "females", "woman", "women", "girl", "女", "女性", "女士")),
    frozenset(("m", "male", "males", "man", "men", "boy", "男", "男性", "男士")),
)

WAYS: Mapping[str, Callable[[str], str]] = {
    "without leading zeros": lambda one: one.lstrip("0") or one,
    "whatever their case": str.casefold,
    "in Unicode's compatible form (NFKC)": lambda one: unicodedata.normalize("NFKC", one),
    "by their last digits alone, without what stands before": lambda one: _digits(one),
    "by letters and digits alone, whatever their case": lambda one: re.sub(r"[\W_]+", "", one).casefold(),
}


def _digits(one: str) -> str:
    found = re.search(r"(\d+)\D*$", one)
    return (found[1].lstrip("0") or "0") if found else one


def check_met(people: Iterable[str], declared: Iterable[str], place: object) -> None:
    """Refuse tables whose ids hardly meet, and say in which way more of them would.

    Parameters
    ----------
    people, declared
        Ids of the scores and of the table of groups.
    place
        What the message is about.

    Raises
    ------
    InputRefused
        Where fewer than one in ten of the smaller table's people stand in the other.
    """
    scored, known = set(people), set(declared)
    met = len(scored & known)
    least = min(len(scored), len(known))
    if least and met >= FEWEST_MET * least and met:
        return
    found = {way: _meet(scored, known, how) for way, how in WAYS.items()}
    way, count = max(found.items(), key=lambda one: one[1])
    first = [f"{shorten(min(ids))} in the {name}" for name, ids in (("scores", scored), ("groups", known)) if ids]
    remedy = f"Write the same ids in both tables: {', '.join(first)}."
    if count > met:
        remedy += f" Read {way}, {count} would meet."
    said = f"{met} of {len(scored)} people of the scores stand in the groups ({len(known)} people there)"
    raise InputRefused(place, [Problem("candidate_id", said, remedy)])


def _meet(scored: set[str], known: set[str], how: Callable[[str], str]) -> int:
    return len({how(one) for one in scored} & {how(one) for one in known})


def check_groups(attributes: Mapping[str, Mapping[str, float]], place: object, remedy: str) -> None:
    """Refuse columns that are no groups: ages and other numbers, names, and more groups than can be compared.

    Parameters
    ----------
    attributes
        People by group, by attribute.
    place
        What the message is about.
    remedy
        How to leave a column out.
    """
    problems = []
    for name, groups in attributes.items():
        if _is_weight(name):
            problems.append(Problem(name, "a column of weights", f"Groups are words that people declare; {remedy}"))
            continue
        numbers = all(re.fullmatch(r"[+-]?\d+(?:[.,]\d+)?", level.strip()) for level in groups)
        sparse = len(groups) > MOST_SPARSE and float(np.median([*groups.values()])) < SPARSE
        if numbers and len(groups) > MOST_NUMBERS:
            bands = "Write bands instead, such as under 40 and 40 and over"
            problems.append(Problem(name, f"{len(groups)} different numbers", f"{bands}; {remedy}"))
        elif sparse or len(groups) > MOST_GROUPS:
            few = "Write groups of people instead, at least 30 in each where there are so many"
            problems.append(Problem(name, f"{len(groups)} different values, {_largest(groups)}", f"{few}; {remedy}"))
    if problems:
        raise InputRefused(place, problems)


def _largest(groups: Mapping[str, float]) -> str:
    name, people = max(groups.items(), key=lambda one: one[1])
    return f"{shorten(name)} the most frequent with {people:g} people"


def spellings(attribute: str, groups: Mapping[str, float]) -> list[Json]:
    """A warning for each group that seems to stand in several spellings, with the mapping that would join them.

    Examples
    --------
    >>> spellings("sex", {"F": 10, "Female": 90, "m": 40})[0]["mapping"]
    '--join sex:F=Female'
    """
    alike: dict[object, list[str]] = {}
    for name in groups:
        word = re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", name)).casefold()
        key = next((place for place, words in enumerate(SAME_WORD) if word in words), word or name)
        alike.setdefault(key, []).append(name)
    found = []
    for names in (names for names in alike.values() if len(names) > 1):
        kept = max(names, key=lambda name: groups[name])
        mapping = " ".join(f"--join {attribute}:{name}={kept}" for name in names if name != kept)
        found.append({"what": "spelled", "attribute": attribute, "groups": ", ".join(names), "mapping": mapping})
    return found


def ties(declared: Mapping[str, Any], scores: npt.NDArray[np.float64] | None) -> list[Json]:
    """Warnings of scores that do not tell people apart: all alike, or ties at the cut that pass far more than asked."""
    if scores is None or declared["kind"] not in ("cut", "select", "median"):
        return []
    known = scores[np.isfinite(scores)]
    if len(known) > 1 and np.ptp(known) == 0:
        return [{"what": "all_alike", "score": float(known[0]), "n": len(known)}]
    asked, share = declared.get("asked"), declared.get("most", declared.get("share"))
    if asked is not None and share is not None and share > asked + min(FAR_MORE, asked / 2):
        return [{"what": "ties", "share_asked": asked, "share_passing": share, "n": declared["at_cut"]}]
    if declared["kind"] == "median" and declared["at_cut"] > FAR_MORE * len(known):
        passing = float((known > declared["cut"]).mean())
        return [{"what": "ties", "share_asked": 0.5, "share_passing": passing, "n": declared["at_cut"]}]
    return []


def no_weights(table: Table) -> list[Problem]:
    """A column of weights, which no audit applies: rows count once."""
    named = [str(name) for name in table.frame.columns if _is_weight(str(name))]
    remedy = "Leave the column out: an audit counts people, each once, and weighs nobody."
    return [Problem("header", shorten(name), remedy) for name in named]


def _is_weight(name: str) -> bool:
    return fold(name) in {fold(one) for one in WEIGHTS}


def joined(given: Mapping[str, str], attributes: Sequence[str], place: object) -> dict[str, dict[str, str]]:
    """Spellings to be joined by attribute, from ``attribute:spelling`` and what it is counted as.

    Raises
    ------
    InputRefused
        For one that names no attribute of the table.
    """
    found: dict[str, dict[str, str]] = {}
    problems = []
    for what, kept in given.items():
        attribute, colon, spelling = what.partition(":")
        if not colon or attribute not in attributes:
            remedy = f"Write attribute:spelling=group, with one of {', '.join(attributes)}."
            problems.append(Problem("join", shorten(f"{what}={kept}"), remedy))
        found.setdefault(attribute, {})[spelling] = kept
    if problems:
        raise InputRefused(place, problems)
    return found
