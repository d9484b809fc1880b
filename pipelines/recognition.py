"""``viva weights calibrate``: from an employer's own checked transcripts, how far each recogniser is trusted."""

from collections.abc import Mapping, Sequence
from functools import reduce
from operator import add
from pathlib import Path
from typing import Annotated

import numpy as np
from rich.console import Console

from vivavoce.data.errors import Exit
from vivavoce.data.problem import Problem, shorten
from vivavoce.data.table import Column, Given, Kind, Maps, Table, read_table
from vivavoce.data.vault.durable import make_folder
from vivavoce.evaluation.recognition import WORD, ErrorRate, error_interval, word_error_rate
from vivavoce.features.transcript.words import UNCLEAR_BELOW
from vivavoce.pipelines.door import Data, Map, Place, folder_for, maps_of
from vivavoce.pipelines.scoring.outputs import write_whole
from vivavoce.pipelines.scoring.trust import LEAST_SPEAKERS, MOST_ERROR, Pair, Trust
from vivavoce.pipelines.terminal import say

FILE = "recognition.json"
SPEAKER, ENGINE, LANGUAGE = "candidate_id", "asr_engine", "language"
CONFIDENCE, REFERENCE, HYPOTHESIS = "word_confidence", "reference", "hypothesis"
CHECKED = (
    Column(SPEAKER, Kind.ID, meaning="who spoke"),
    Column(ENGINE, Kind.LABEL, meaning="which recogniser wrote it down, as features.parquet says"),
    Column(LANGUAGE, Kind.LABEL, meaning="en or zh"),
    Column(REFERENCE, Kind.TEXT, meaning="what was said, by a person who listened"),
    Column(HYPOTHESIS, Kind.TEXT, meaning="what was recognised").optional,
    Column(CONFIDENCE, Kind.NUMBER, low=0, high=1, meaning="the answer's mean word confidence").optional,
)
HALF = 0.5  # of the written words: more of them wrong, and a term that is found is more likely misheard than said
ONE_SIDED_90 = 0.8  # the two-sided level whose upper limit is exceeded by one in ten
IN_A_TENTH = 5  # speakers, before a tenth of confidence says anything

Answer = tuple[str, float | None, ErrorRate]  # who spoke, the confidence, the errors


def calibrate(
    checked: Annotated[Data, "Checked answers: who spoke, recogniser, language, what was said, what was recognised."],
    *,
    out: Annotated[Place, "Folder for recognition.json, which viva score --recognition takes."],
    map: Map = (),
) -> Exit:
    """Measure a recogniser's errors and its line of confidence on transcripts that somebody checked.

    One line for everybody: nothing is made by group. Errors by group are ``viva audit``'s.

    Raises
    ------
    TableRefused
        For missing columns, answers without a word, and unknown languages.
    """
    said, path = Console(stderr=True), folder_for(out) / FILE
    trust = measured(checked, maps_of(map))
    make_folder(path.parent)
    write_whole(path, lambda temporary: Path(temporary).write_text(trust.text(), encoding="utf-8"))
    for pair in trust.pairs:
        limit = "unknown" if pair.high is None else f"{pair.high:.3f}"
        say(
            said,
            f"{pair.engine}, {pair.language}: {pair.answers} answers of {pair.speakers} speakers, error "
            f"{pair.error:.3f}, upper 95 % limit {limit}; {'trusted' if pair.trusted else 'not trusted'} in production "
            f"(at most {MOST_ERROR:g} over at least {LEAST_SPEAKERS}). Answers below {pair.line:g} are unclear: "
            f"{'shown by these answers' if pair.established else 'not established here, the shipped line stays'}.",
        )
    say(said, f"→ {path}")
    return Exit.DONE if all(pair.trusted and pair.established for pair in trust.pairs) else Exit.CANNOT_TELL


def measured(checked: Given, maps: Maps | None = None) -> Trust:
    """Every recogniser and language of a table.

    Parameters
    ----------
    checked
        One row per answer, columns as ``CHECKED``; an answer of which nothing was recognised counts as missed.

    Raises
    ------
    TableRefused
        As ``calibrate``.
    """
    table = read_table(checked, CHECKED, checks=[_answers], maps=maps, called="checked transcripts")
    frame = table.frame
    heard = frame[HYPOTHESIS].fillna("") if HYPOTHESIS in frame else [""] * len(frame)
    sure = frame[CONFIDENCE].tolist() if CONFIDENCE in frame else [np.nan] * len(frame)
    pairs: dict[tuple[str, str], list[Answer]] = {}
    rows = zip(frame[SPEAKER], frame[ENGINE], frame[LANGUAGE], frame[REFERENCE], heard, sure, strict=True)
    for speaker, engine, language, said, written, confidence in rows:
        known = float(confidence) if confidence == confidence else None  # nan: the recogniser gave none
        answer = (str(speaker), known, word_error_rate(said, written, language))
        pairs.setdefault((str(engine), str(language)), []).append(answer)
    return Trust(tuple(_pair(*name, answers) for name, answers in sorted(pairs.items())))


def _answers(table: Table) -> list[Problem]:
    """Languages that are not read, and references without a word."""
    problems = []
    for row, (language, said) in enumerate(zip(table.frame[LANGUAGE], table.frame[REFERENCE].fillna(""), strict=True)):
        if language not in WORD:
            problems.append(table.problem(row, LANGUAGE, shorten(language), f"Write {' or '.join(WORD)}."))
        elif not word_error_rate(said, "", language).reference:
            problems.append(table.problem(row, REFERENCE, "no word", "Write what was said, or leave the row out."))
    return problems


def _pair(engine: str, language: str, answers: Sequence[Answer]) -> Pair:
    persons = _by_speaker(answers)
    rate = error_interval(persons, lambda errors: errors.value)
    found = clear_from(answers) if len(persons) >= LEAST_SPEAKERS else None
    return Pair(
        engine=engine,
        language=language,
        speakers=len(persons),
        answers=len(answers),
        error=round(rate.value, 4),
        high=round(rate.high, 4) if np.isfinite(rate.high) else None,
        line=UNCLEAR_BELOW if found is None else found,
        established=found is not None,
    )


def clear_from(answers: Sequence[Answer]) -> float | None:
    """The lowest tenth of confidence from which on, in every tenth, at most half of the written words are wrong.

    With 90 % confidence over speakers, as the shipped line was found (``docs/hearing.md``). None where the answers do
    not show it: a tenth that decides, the last that passes or the one below it, has fewer than ``IN_A_TENTH`` speakers.
    """
    known = [(speaker, confidence, errors) for speaker, confidence, errors in answers if confidence is not None]
    for low in reversed(range(10)):
        inside = [one for one in known if min(int(one[1] * 10 + 1e-9), 9) == low]
        persons = _by_speaker(inside)
        if len(persons) < IN_A_TENTH:
            return None
        if not error_interval(persons, wrong, level=ONE_SIDED_90).high <= HALF:
            return (low + 1) / 10 if low < 9 else None
    return 0.0


def wrong(errors: ErrorRate) -> float:
    """Share of the written words that were not said, 0–1; words that were missed are none of them. nan for none."""
    written = errors.reference - errors.deletions + errors.insertions
    return (errors.substitutions + errors.insertions) / written if written else float("nan")


def _by_speaker(answers: Sequence[Answer]) -> Mapping[str, list[ErrorRate]]:
    persons: dict[str, list[ErrorRate]] = {}
    for speaker, _, errors in answers:
        persons.setdefault(speaker, []).append(errors)
    return {speaker: [reduce(add, all_of_it)] for speaker, all_of_it in persons.items()}
