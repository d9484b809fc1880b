"""Our language features alone against raters' Overall, on 138 mock interviews, beside the data set's 28 verbal columns.

Ridge on standardised columns, its strength chosen inside each training part, 10 × 10 folds in which nobody is on both
sides (each student was interviewed twice); the ten predictions of an interview are averaged. Intervals draw students
again. The same interviews, folds and draws serve both. The transcripts have no times: words are spread over the
sound's length where the data set gives one, as its own columns use it, and else said at two and a half a second.

Words a second carry most of what the data set's columns predict; our rate is never scored by default, since it
penalises stammering, so that both sets are compared without it too.
"""

import csv
import os
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tests.benchmarks import Figure
from tests.conftest import ROOT
from vivavoce.data.schema import Absent
from vivavoce.evaluation.estimate import Estimate, bootstrap
from vivavoce.features.language import LANGUAGE, AnswerText
from vivavoce.features.transcript.hygiene import normalise
from vivavoce.features.transcript.words import Transcript, Word

REPEATS, FOLDS = 10, 10
ALPHAS = np.logspace(0, 5, 11)  # from hardly any to almost all shrinkage of about a hundred standardised rows
LEAST_MEASURED = 0.9  # of the interviews: a column that few have says who has it
NOT_VERBAL = ("Audio Duration (s)", "Duration/Filler Words")  # the sound's length, and nan where nobody fills
LIKE = (1.5, 4.5)  # words a second of sound: elsewhere transcript and sound are of different lengths
RATES = ("Duration/Total Words", "Duration/Unique Words", "language.rate_words_per_min")
Floats = npt.NDArray[np.float64]


def run(reduced: bool) -> list[Figure]:
    """The correlation of each set's predictions with the raters, and the paired gain."""
    folder = Path(os.environ.get("VIVA_DATA", ROOT.parent / "shared" / "data")) / "mit_interview"
    if not folder.is_dir():
        raise FileNotFoundError(f"bench_mit_language needs the interviews in {folder}. Set VIVA_DATA.")
    rating, theirs, lengths = ratings(folder), verbal_columns(folder), durations(folder)
    repeats = 2 if reduced else REPEATS
    every, timed = sorted(rating), interviews(folder, lengths)
    names, columns = our_columns([one for _, one in sorted(interviews(folder, {}).items())])
    y = np.array([rating[name] for name in every])
    alone = r_of(every, y, predicted(columns, y, students(every), repeats))
    alike = [name for name in theirs if LIKE[0] <= len(timed[name].words) / lengths[name] <= LIKE[1]]
    return [
        Figure(f"ours without times, {len(names)} columns, {len(every)} interviews", show(alone)),
        *compare(sorted(theirs), rating, timed, theirs, repeats),
        *compare(sorted(alike), rating, timed, theirs, repeats),
        *compare(sorted(alike), rating, timed, verbal_columns(folder, RATES), repeats, RATES),
    ]


def compare(
    names: list[str],
    rating: dict[str, float],
    timed: dict[str, AnswerText],
    theirs: dict[str, Floats],
    repeats: int,
    without: tuple[str, ...] = (),
) -> list[Figure]:
    """Ours with times and theirs on the same interviews, and the paired gain."""
    _, columns = our_columns([timed[name] for name in names], without)
    verbal = np.array([theirs[name] for name in names])
    y, persons = np.array([rating[name] for name in names]), students(names)
    mine, other = (predicted(x, y, persons, repeats) for x in (columns, verbal))
    gain = bootstrap(lambda a, b, c: correlation(a, c) - correlation(b, c), mine, other, y, persons=persons)
    where = f"{len(names)} interviews" + (", no rates" if without else "")
    return [
        Figure(f"ours over the sound's length, {columns.shape[1]} columns, {where}", show(r_of(names, y, mine))),
        Figure(f"the data set's {verbal.shape[1]} verbal columns, {where}", show(r_of(names, y, other)), None, ".28"),
        Figure(f"paired gain of ours, {where}", show(gain)),
    ]


def ratings(folder: Path) -> dict[str, float]:
    """The raters' weighted mean Overall by interview."""
    with (folder / "turker_scores_full_interview.csv").open(encoding="utf-8") as file:
        return {
            row["Participant"].lower(): float(row["Overall"]) for row in csv.DictReader(file) if row["Worker"] == "AGGR"
        }


def durations(folder: Path) -> dict[str, float]:
    """Seconds of sound by interview."""
    with (folder / "combined_features_hireverse.csv").open(encoding="utf-8") as file:
        return {row["participant_id"].lower(): float(row["Audio Duration (s)"]) for row in csv.DictReader(file)}


def interviews(folder: Path, lengths: dict[str, float]) -> dict[str, AnswerText]:
    """What each interviewee said, as one answer, its words spread evenly over so many seconds."""
    found = {}
    with (folder / "transcripts.csv").open(encoding="utf-8", errors="replace") as file:
        for name, text in csv.reader(file):
            turns = [turn.partition(":") for turn in text.split("|")]
            words = " ".join(said for who, _, said in turns if who.strip().lower().startswith("interviewee")).split()
            each = lengths.get(name.lower(), 0.4 * len(words)) / len(words)
            timed = tuple(Word(word, i * each, (i + 0.75) * each) for i, word in enumerate(words))
            found[name.lower()] = AnswerText(normalise(Transcript(timed, "en", "provided:vtt", False)).words, "en")
    return found


def verbal_columns(folder: Path, without: tuple[str, ...] = ()) -> dict[str, Floats]:
    """The data set's counts of words and of kinds of words; rows with a gap are left out."""
    with (folder / "combined_features_hireverse.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    columns = list(rows[0])
    columns = [name for name in columns[columns.index("Total Words") :] if name not in (*NOT_VERBAL, *without)]
    found = {row["participant_id"].lower(): np.array([float(row[name] or "nan") for name in columns]) for row in rows}
    return {name: values for name, values in found.items() if np.isfinite(values).all()}


def our_columns(said: list[AnswerText], without: tuple[str, ...] = ()) -> tuple[list[str], Floats]:
    """Every language feature that at least ``LEAST_MEASURED`` have and that varies; gaps take the median."""
    measured = [LANGUAGE.measure(answer) for answer in said]
    names, columns = [], []
    for feature in (one for one in LANGUAGE if one.name not in without):
        values = np.array([np.nan if isinstance(v := row[feature.name], Absent) else v for row in measured])
        if np.isfinite(values).mean() >= LEAST_MEASURED and np.nanstd(values) > 0:
            names.append(feature.name)
            columns.append(np.where(np.isfinite(values), values, np.nanmedian(values)))
    return names, np.stack(columns, axis=1)


def students(names: list[str]) -> npt.NDArray[np.str_]:
    """Interviews pN and ppN are one student's, before and after training."""
    return np.array([name.lstrip("p") for name in names])


def predicted(x: Floats, y: Floats, persons: npt.NDArray[np.str_], repeats: int) -> Floats:
    """Mean over the repeats of predictions by models that never saw the person."""
    from sklearn.linear_model import RidgeCV
    from sklearn.model_selection import GroupKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    total = np.zeros(len(y))
    for repeat in range(repeats):
        for train, test in GroupKFold(FOLDS, shuffle=True, random_state=repeat).split(x, y, persons):
            inner = list(GroupKFold(5).split(x[train], y[train], persons[train]))
            model = make_pipeline(StandardScaler(), RidgeCV(ALPHAS, cv=inner))
            total[test] += model.fit(x[train], y[train]).predict(x[test])
    return total / repeats


def correlation(a: Floats, b: Floats) -> float:
    return float(np.corrcoef(a, b)[0, 1])


def r_of(names: list[str], y: Floats, prediction: Floats) -> Estimate:
    return bootstrap(correlation, prediction, y, persons=students(names))


def show(found: Estimate) -> str:
    return f"{found.value:+.2f} [{found.low:+.2f}, {found.high:+.2f}]"
