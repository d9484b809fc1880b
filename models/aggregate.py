"""From answers to what a competency is scored on: one mean per feature, the same in training and in scoring."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from vivavoce.data.framework import Framework

Floats = npt.NDArray[np.float64]


def own_columns(competency: str, columns: Iterable[str], framework: Framework) -> list[str]:
    """A competency's columns: the general ones and its own, not those of other competencies.

    Examples
    --------
    >>> from importlib.resources import files
    >>> from pathlib import Path
    >>> from vivavoce.data.framework import load_framework
    >>> shipped = load_framework(Path(str(files("vivavoce.data") / "frameworks" / "software_engineer.yaml")))
    >>> own_columns("teamwork", ["language.a", "language.b.teamwork", "language.b.learning"], shipped)
    ['language.a', 'language.b.teamwork']
    """
    others = tuple(f".{name}" for name in framework.weights if name != competency)
    return [name for name in columns if not name.endswith(others)]


def answer_means(
    columns: Mapping[str, npt.ArrayLike],
    interview: npt.ArrayLike,
    question: Sequence[str] | npt.NDArray[np.str_],
    shown: Sequence[str],
    interviews: int,
) -> dict[str, Floats]:
    """Mean of each feature over the answers to some questions, for each interview.

    Parameters
    ----------
    columns
        Values of m answers by feature, shape (m,) each; ``nan`` where not measured.
    interview
        Which interview an answer belongs to, 0 to ``interviews`` − 1, shape (m,).
    question
        What was answered, shape (m,).
    shown
        Ids of the questions that count, in the framework's order. Values are added up in this order whatever the
        order of the answers, so that a table's order changes no bit.
    interviews
        How many there are.

    Returns
    -------
    dict of array, shape (interviews,)
        ``nan`` where none of the answers was measured.

    Examples
    --------
    >>> found = answer_means({"language.a": [1.0, 3.0, 9.0]}, [0, 0, 1], ["q1", "q2", "q3"], ["q1", "q2"], 2)
    >>> found["language.a"]
    array([ 2., nan])
    """
    place = {name: i for i, name in enumerate(shown)}
    order = np.array([place.get(str(name), -1) for name in question], np.intp)
    rows = np.argsort(order, kind="stable")[np.count_nonzero(order < 0) :]
    whose = np.asarray(interview, np.intp)[rows]
    answers = np.bincount(whose, minlength=interviews)
    found = {}
    for name, given in columns.items():
        values = np.asarray(given, np.float64)[rows]
        missing = np.isnan(values)
        count = answers - np.bincount(whose[missing], minlength=interviews)
        total = np.bincount(whose, np.where(missing, 0.0, values), minlength=interviews)
        found[name] = np.divide(total, count, out=np.full(interviews, np.nan), where=count > 0)
    return found
