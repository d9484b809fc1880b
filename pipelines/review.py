"""``viva review``: a person's second look at a score, kept beside the machine's and never in its place."""

import os
from contextlib import nullcontext
from dataclasses import KW_ONLY, asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
from rich.console import Console

from vivavoce.data.cells import defuse
from vivavoce.data.errors import Exit, VivaError
from vivavoce.data.log.event import Action, pseudonym
from vivavoce.data.people_tables import SCORED
from vivavoce.data.problem import Problem, nearest, shorten
from vivavoce.data.table import InputRefused, read_table
from vivavoce.data.vault.durable import locked, make_folder, write_durably
from vivavoce.data.vault.keys import Erased, KeyRing, ProjectKey
from vivavoce.fairness.groups import CANDIDATE, COLUMNS
from vivavoce.models.score import OVERALL, TOP
from vivavoce.pipelines.door import Folder, Place, Shown, folder_for, front_door, named
from vivavoce.pipelines.records import Records, Who
from vivavoce.pipelines.terminal import say
from vivavoce.pipelines.watching.review_file import (
    REVIEWS,
    Kept,
    Review,
    append_line,
    check_logged,
    event_of,
    late_events,
    make_line,
    open_line,
    person_of,
    read_lines,
)

LONGEST = 2000  # characters of a reason: a paragraph, not a file


@dataclass(frozen=True)
class ReviewRequest:
    """What ``viva review`` may be asked for: to keep one review, or to write those that are kept."""

    out: Annotated[Folder, "Output folder of viva score."]
    _: KW_ONLY
    candidate: Annotated[str | None, "Whose score."] = None
    after: Annotated[float | None, "What the reviewer says it should be.", Shown(least=0, most=TOP)] = None
    reason: Annotated[str | None, "Why; on one line."] = None
    reviewer: Annotated[str | None, "Who looked again."] = None
    competency: Annotated[str, "Which score."] = OVERALL
    interview: Annotated[str | None, "Which interview, where the person has several."] = None
    export: Annotated[
        Place | None, "Instead: folder for reviews.csv, as viva audit --reviews reads it.", Shown(metavar="FOLDER")
    ] = None
    who: Who = None
    records: Records | None = None

    @property
    def folder(self) -> Path:
        """The output folder."""
        return Path(named(self.out))


@dataclass(frozen=True)
class Reviewed:
    """Reviews: the one that was kept, or all that were written."""

    reviews: tuple[Review, ...]
    exit: Exit = Exit.DONE

    def document(self) -> list[dict[str, Any]]:
        """For a machine."""
        return [asdict(one) for one in self.reviews]


@front_door(ReviewRequest)
def review(request: ReviewRequest) -> Reviewed:
    """Keep a person's second look at a score, beside the machine's and never in its place.

    Raises
    ------
    VivaError
        For a score that is not there, one outside 0–100, a review without reviewer or reason, a person who was erased,
        and earlier reviews that are not what was written.
    """
    said, records = Console(stderr=True), request.records or Records.here(request.who)
    if request.export is not None:
        if request.candidate is not None or request.after is not None:
            raise VivaError("viva review either keeps one review, or writes those kept with --export.")
        return _export(request, folder_for(request.export) / "reviews.csv", records, said)
    kept = add_review(request, records)
    moved = f"{kept.before:g} before, {kept.after:g} after, by {kept.reviewer}."
    say(said, f"{kept.competency} of {kept.candidate_id}: {moved}")
    return Reviewed((kept,))


def _export(request: ReviewRequest, path: Path, records: Records, said: Console) -> Reviewed:
    """Write the reviews of one competency as the CSV that ``viva audit --reviews`` reads."""
    kept = read_kept(request.folder, records)
    rows = [one for one in kept.reviews if one.competency == request.competency]
    if not rows:
        problem = Problem(request.competency, "no review", "Review a score first, or name another.")
        raise InputRefused(request.folder / REVIEWS, [problem])
    table = pd.DataFrame([asdict(one) for one in rows])[[*COLUMNS, "interview_id", "job", "competency"]]
    for name in table.columns.difference(["before", "after"]):
        table[name] = table[name].map(defuse)
    make_folder(path.parent)
    write_durably(path, table.to_csv(index=False).encode())
    gone = f"; {kept.erased} of erased people cannot be read" if kept.erased else ""
    say(said, f"{path}: {len(rows)} reviews{gone}.")
    return Reviewed(tuple(rows))


def add_review(request: ReviewRequest, records: Records) -> Review:
    """Append one review, durably, and enter it into the event log where there is one.

    Raises
    ------
    InputRefused
        For a score that is not there, one outside 0–100, and a review without reviewer or reason.
    vivavoce.data.vault.keys.Erased
        If the candidate was erased.
    ReviewsAltered, vivavoce.data.vault.keys.Tampered
        If the reviews before are not what was written; nothing is added to them then.
    """
    row = _score(request)
    ring = _ring(request.folder)
    key = ring.find_or_create(row.candidate_id)
    path = request.folder / REVIEWS
    with locked(request.folder / f".{REVIEWS}.lock"), records.writing() if records.logged else nullcontext() as log:
        lines, late = read_lines(path), []
        if log is not None:
            logged = list(log.found.events(Action.REVIEW))
            check_logged(path, lines, logged)
            late = late_events(lines, logged, records.who)
        review = _latest(row, [open_line(line, key) for line in lines if person_of(line) == pseudonym(key)])
        line = make_line(lines, review, key)
        append_line(path, lines, line)
        if log is not None:
            log.append([*late, event_of(lines, line, review, records.who)])
    return review


def read_kept(out: Path, records: Records) -> Kept:
    """Read every review of a folder in the order in which they were made, against the event log where there is one.

    Raises
    ------
    InputRefused
        If ``out`` is no output folder.
    ReviewsAltered, vivavoce.data.vault.keys.Tampered
        If they are not what was written.
    """
    keys: dict[str, bytes] = {}
    lines = read_lines(out / REVIEWS)
    if records.logged:
        check_logged(out / REVIEWS, lines, records.read().events(Action.REVIEW))
    ring = _ring(out)
    for candidate in read_table(out / "scores.parquet", SCORED[:1], empty=True).frame[CANDIDATE].dropna().unique():
        try:
            key = ring.find(candidate)
        except Erased:
            continue
        if key is not None:
            keys[pseudonym(key)] = key
    readable = [line for line in lines if person_of(line) in keys]
    found = tuple(open_line(line, keys[person_of(line)]) for line in readable)
    return Kept(found, len(lines) - len(found))


def _check(request: ReviewRequest) -> tuple[str, float, str, str]:
    """Whose, what, why and by whom, all of it said and sound."""
    asked = request.candidate, request.after, request.reason, request.reviewer
    candidate, after, reason, reviewer = asked
    if candidate is None or after is None or reason is None or reviewer is None:
        raise VivaError("viva review needs --candidate, --after, --reason and --reviewer, or --export.")
    problems = []
    for name, text, most in (("--reason", reason, LONGEST), ("--reviewer", reviewer, 80)):
        if not text.strip() or len(text) > most or not text.isprintable():
            problems.append(Problem(name, shorten(text), f"Write 1 to {most} characters on one line."))
    if problems:
        raise InputRefused(request.folder, problems)
    return candidate, after, reason, reviewer


def _score(request: ReviewRequest) -> Review:
    """The score to be reviewed, as the review that would change it."""
    candidate, after, reason, reviewer = _check(request)
    path = request.folder / "scores.parquet"
    frame = read_table(path, SCORED, empty=True).frame
    rows = frame[frame[CANDIDATE] == candidate]
    for option, column, wanted in (
        ("--candidate", CANDIDATE, candidate),
        ("--competency", "competency", request.competency),
        ("--interview", "interview_id", request.interview),
    ):
        chosen = rows if wanted is None else rows[rows[column] == wanted]
        if chosen.empty:
            hint = nearest(str(wanted), sorted(set(rows[column]))) if len(rows) else "Nobody has this id."
            raise InputRefused(path, [Problem(option, shorten(wanted), f"Name one that is there. {hint}")])
        rows = chosen
    if len(rows) > 1:
        remedy = f"Name one with --interview: {', '.join(rows['interview_id'])}."
        raise InputRefused(path, [Problem(candidate, f"{len(rows)} interviews", remedy)])
    row = rows.iloc[0]
    if pd.isna(row["score"]):
        remedy = "Decide on this person without a score: there is none to review."
        raise InputRefused(path, [Problem(candidate, f"no score ({row['reason']})", remedy)])
    digest = None if pd.isna(row["model_digest"]) else str(row["model_digest"])
    return Review(
        candidate, str(row["interview_id"]), str(row["job"]), request.competency, digest,
        float(row["score"]), after, reviewer.strip(),
        datetime.now(UTC).isoformat(timespec="seconds"), reason.strip(),
    )  # fmt: skip


def _latest(review: Review, earlier: list[Review]) -> Review:
    """The review with what stands before it: the last review of the same score, else the machine's."""
    same = [one for one in earlier if (one.interview_id, one.competency) == (review.interview_id, review.competency)]
    return replace(review, before=same[-1].after) if same else review


def _ring(out: Path) -> KeyRing:
    folder = out / "store" / "keys"
    if not folder.is_dir():
        raise InputRefused(out, [Problem("store/keys", "nothing", "Name the output folder that viva score wrote.")])
    return KeyRing(folder, ProjectKey.read(ProjectKey.location(os.environ)))
