"""``viva score``: a manifest in, an output folder out, resumed wherever it stopped.

What the event log says of an output folder: which version scored whom, entered exactly once.
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc
import pyarrow.parquet as pq
from rich.console import Console

from vivavoce.data.errors import Exit
from vivavoce.data.identity import digest_file
from vivavoce.data.interview import Interview
from vivavoce.data.ledger import Finished, Ledger
from vivavoce.data.log.event import Action, Event, pseudonym
from vivavoce.data.manifest import BadRow
from vivavoce.data.run_owner import forget_rows, forgotten_id
from vivavoce.data.status import COMPLETE, MediaStatus, Reason, RowStatus
from vivavoce.data.vault.keys import Erased, KeyRing
from vivavoce.data.vault.store import Store
from vivavoce.features.transcript.recognise import Engine
from vivavoce.pipelines.door import front_door
from vivavoce.pipelines.erased_rows import forgotten_row
from vivavoce.pipelines.records import Records, enter
from vivavoce.pipelines.scoring.batch import Batch, MeasureRequest, Request, ScoreRequest, prepare
from vivavoce.pipelines.scoring.engine import Done, run_tasks
from vivavoce.pipelines.scoring.folder import Progress, is_finished, recorded_versions, summarise, write_folder
from vivavoce.pipelines.scoring.job import Outcome, Task, build_job, find_result, not_measured, open_store
from vivavoce.pipelines.scoring.outputs import Result, Row, read_frame
from vivavoce.pipelines.terminal import say

if TYPE_CHECKING:
    import pandas as pd

NEEDED = ("candidate_id", "job", "score", "model_digest", "standing")


def enter_scores(out: Path, keyring: KeyRing, said: Console) -> bool:
    """Enter a finished folder's scores into the event log, where there is one and it does not have them yet.

    Asked again by every later run on the folder: a run that was killed between its last file and its event is entered
    by the next one. False, and said, where the log refuses.
    """
    records = Records.here()
    return enter(said, scoring_events(out, keyring, records.who), records, once=True) if records.logged else True


def scoring_events(out: Path, keyring: KeyRing, who: str) -> list[Event]:
    """One event for each job and version that gave somebody a score; more where that were more than a thousand people.

    People are named by the pseudonym under their own key of this folder, so equal scores in two folders are two events.
    """
    table = pq.read_table(out / "scores.parquet", columns=list(NEEDED))
    scored = table.filter(pc.is_valid(table["score"])).drop_columns("score")
    rows = {tuple(row.values()) for row in scored.to_pylist()}
    digests = {"scores": digest_file(out / "scores.parquet").sha256}
    finished = json.loads((out / "run.json").read_text(encoding="utf-8"))["finished"]
    events: list[Event] = []
    for job, model, standing in sorted({row[1:] for row in rows}):
        people = sorted(row[0] for row in rows if row[1:] == (job, model, standing))
        details = {"job": job, "standing": standing, "people": len(people), "finished": finished}
        event = Event.now(Action.SCORE, who, digests={"model": model, **digests}, details=details)
        events += event.naming([pseudonym(key) for name in people if (key := _key(keyring, name))])
    return events


def _key(keyring: KeyRing, person: str) -> bytes | None:
    try:
        return keyring.find(person)
    except Erased:
        return None


DIED = frozenset({MediaStatus.CRASHED, MediaStatus.TIMEOUT})  # ends without a result of their own
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
KEPT_MEMORY = {  # glibc keeps what CTranslate2 would else give back and fetch again at every layer (docs/hearing.md)
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": str(2**32),
}


@dataclass(frozen=True)
class Run:
    """A finished output folder, and what is in it.

    Parameters
    ----------
    folder
        Where everything is.
    exit
        0 where every row was scored (measured), 3 where some was not or only partly: ``status`` says why.
    """

    folder: Path
    exit: Exit

    @property
    def scores(self) -> "pd.DataFrame":
        """One row for each interview and competency, and ``overall``: score 0–100, its band, its standing."""
        return self._table("scores")

    @property
    def questions(self) -> "pd.DataFrame":
        """One row for each scored answer: what it alone would score."""
        return self._table("questions")

    @property
    def status(self) -> "pd.DataFrame":
        """One row for each row of the manifest: how it ended, and why."""
        return self._table("status")

    @property
    def features(self) -> "pd.DataFrame":
        """One row for each answer, one column for each measure; ``nan`` where it could not be measured.

        ``attrs`` of the table hold what each measure is, with its fingerprint: :func:`vivavoce.train` needs it.
        """
        return self._table("features")

    @property
    def absent(self) -> "pd.DataFrame":
        """One row for each value that is ``nan``, with the reason."""
        return self._table("absent")

    @property
    def report(self) -> Path:
        """The page to open in a browser."""
        return self.folder / "report.html"

    def document(self) -> dict[str, Any]:
        """What ``run.json`` says, with the folder and how it ended."""
        run = json.loads((self.folder / "run.json").read_text(encoding="utf-8"))
        return {"folder": str(self.folder), "exit": int(self.exit), "report": str(self.report), **run}

    def _table(self, name: str) -> "pd.DataFrame":
        return read_frame(self.folder / f"{name}.parquet")


@front_door(ScoreRequest)
def score(request: ScoreRequest) -> Run:
    """Score interviews: a manifest in, an output folder out, resumed wherever it stopped.

    A run that is killed at any moment is continued by the same command; a finished one is left alone.

    Raises
    ------
    VivaError
        For everything in the manifest, the frameworks and the models that cannot be used, at once and before anything
        is run.
    """
    return run(request)


@front_door(MeasureRequest)
def measure(request: MeasureRequest) -> Run:
    """Measure interviews without scoring them, as training wants them: of people who agreed to that purpose.

    Raises
    ------
    VivaError
        As :func:`score`.
    """
    return run(request)


def run(request: Request) -> Run:
    """Run or continue a batch."""
    os.environ.update(dict.fromkeys(THREADS, "1"))  # before workers start: one thread each, they share the cores
    if request.asr == Engine.FASTER_WHISPER:
        os.environ.update({name: value for name, value in KEPT_MEMORY.items() if name not in os.environ})
    said = Console(stderr=True)
    batch = prepare(request)
    for line in batch.foreign():
        say(said, line, "yellow")
    with Ledger.open(request.folder, batch.configuration.document(), versions=recorded_versions()) as ledger:
        return Run(request.folder, _run(request, batch, ledger, said))


def exit_status(counts: Mapping[RowStatus, int]) -> Exit:
    """0 where every row was scored, 3 where some was not, or only partly."""
    incomplete = any(count for status, count in counts.items() if status not in COMPLETE)
    return Exit.SOME_ROWS if incomplete else Exit.DONE


def _run(request: Request, batch: Batch, ledger: Ledger, said: Console) -> Exit:
    store = open_store(batch.settings.store, batch.settings.project_key)
    batch, erased = _without_erased(batch, store)
    interviews, bad_rows = batch.manifest.interviews, batch.manifest.bad_rows
    forget_rows(request.folder, erased)
    lines = {interview.interview_id: interview.line for interview in interviews}
    lines |= {bad_row_id(bad): bad.line for bad in bad_rows} | {forgotten_id(line): line for line in erased.values()}
    ledger.begin([(name, str(line)) for name, line in sorted(lines.items(), key=lambda item: item[1])])
    for row in ledger.finished():
        if row.reason == Reason.READER_FAILED:  # no result of the person: every run tries again
            ledger.reopen(row.interview_id)
    pending = {row.interview_id for row in ledger.pending()}
    if not pending and is_finished(request.folder, batch, csv=request.csv):
        say(said, f"{request.folder} is finished: nothing to do.")
        return _closed(request.folder, ledger.counts(), store, said)
    for bad in bad_rows:
        ledger.finish(bad_row_id(bad), RowStatus.BAD_ROW, RowStatus.BAD_ROW, None, 0.0)
    for line in erased.values():
        ledger.finish(forgotten_id(line), RowStatus.NOT_SCORED, Reason.ERASED, None, 0.0)
    lost = _reopen_lost(batch, ledger, store)
    try:
        causes = _work(request, batch, ledger, [one for one in interviews if one.interview_id in pending | lost], said)
    except KeyboardInterrupt:
        say(said, f"Interrupted; nothing is lost. The same command continues in {request.folder}.")
        return Exit.INTERRUPTED
    ended = {row.interview_id: row for row in ledger.finished()}
    rows = [_ended_row(batch, interview, ended[interview.interview_id], store, causes) for interview in interviews]
    rows += [_bad_row(bad) for bad in bad_rows] + [forgotten_row(forgotten_id(line)) for line in erased.values()]
    rows.sort(key=lambda row: lines[row.result.interview_id])
    counts = ledger.verify()
    write_folder(request.folder, rows, batch, ledger.runs(), csv=request.csv)
    summarise(said, request.folder, rows)
    return _closed(request.folder, counts, store, said)


def _closed(out: Path, counts: Mapping[RowStatus, int], store: Store, said: Console) -> Exit:
    """Enter what is not in the event log yet; the exit status."""
    return exit_status(counts) if enter_scores(out, store.keyring, said) else Exit.NOT_LOGGED


def _without_erased(batch: Batch, store: Store) -> tuple[Batch, dict[str, int]]:
    """The batch without the rows of people who were erased; those by their id, with their line in the manifest."""
    whole = batch.manifest
    bad = tuple(one for one in whole.bad_rows if one.candidate_id and store.keyring.erased(one.candidate_id))
    gone = tuple(one for one in whole.interviews if store.keyring.erased(one.candidate_id))
    erased = {one.interview_id: one.line for one in gone} | {bad_row_id(one): one.line for one in bad}
    if not erased:
        return batch, erased
    kept = tuple(one for one in whole.interviews if one.line not in erased.values())
    kept_bad = tuple(one for one in whole.bad_rows if one.line not in erased.values())
    return replace(batch, manifest=replace(whole, interviews=kept, bad_rows=kept_bad)), erased


def _reopen_lost(batch: Batch, ledger: Ledger, store: Store) -> set[str]:
    """Rows that an earlier run ended and whose sealed result is gone or damaged: they are measured again."""
    sealed = {row.interview_id for row in ledger.finished() if row.reason not in DIED}
    interviews = [interview for interview in batch.manifest.interviews if interview.interview_id in sealed]
    lost = {interview.interview_id for interview in interviews if not _is_there(batch, interview, store)}
    for name in lost:
        ledger.reopen(name)
    return lost


def _is_there(batch: Batch, interview: Interview, store: Store) -> bool:
    """Whether a row's result can be read, or its person was erased: then there is none to measure again."""
    try:
        return find_result(store, interview, batch.configuration) is not None
    except Erased:
        return True


def _work(
    request: Request, batch: Batch, ledger: Ledger, interviews: Sequence[Interview], said: Console
) -> dict[str, str]:
    """Bring every interview that has not ended to its end; why a reader failed, by interview: nobody seals it."""
    interviews = in_turn(interviews)
    total = len(batch.manifest.interviews) + len(batch.manifest.bad_rows)
    tasks = [
        Task(interview, tuple(ledger.recall(one.path) if one.path.is_file() else None for one in interview.recordings))
        for interview in interviews
    ]
    crashes: dict[int, float] = {}
    causes: dict[str, str] = {}

    def again(index: int, seconds: float) -> bool:
        crashes[index] = crashes.get(index, 0.0) + seconds
        return not ledger.crash(interviews[index].interview_id, crashes[index])

    ends = run_tasks(
        build_job,
        (batch.settings,),
        tasks,
        workers=request.workers,
        began=lambda index: ledger.attempt(interviews[index].interview_id),
        again=again,
    )
    with Progress(said, total, total - len(tasks)) as progress:
        for done in ends:
            interview = interviews[done.index]
            result = _end(batch, ledger, interview, done, said)
            progress.ended(result, sum(result.seconds.values()))
            if result.reason == Reason.READER_FAILED:
                causes[interview.interview_id] = result.detail
    return causes


def in_turn(interviews: Sequence[Interview]) -> list[Interview]:
    """Those whose words are given, then those that have to be listened to: the first results come sooner."""
    return sorted(interviews, key=lambda one: any(recording.transcript is None for recording in one.recordings))


def _end(batch: Batch, ledger: Ledger, interview: Interview, done: Done, said: Console) -> Result:
    """Record how one interview ended; a defect of the program ends one row and is shown, not hidden."""
    if isinstance(done.result, Outcome):
        result = done.result.result
        for digest in done.result.digests:
            ledger.remember(digest)
    else:
        reason = MediaStatus.TIMEOUT if done.error == MediaStatus.TIMEOUT else MediaStatus.CRASHED
        if done.defect:
            say(said, f"{interview.interview_id}: a defect of the program, please report it:", "red")
            say(said, done.error or "")
        result = not_measured(interview.interview_id, batch.frameworks[interview.job], reason, died(reason), reason)
    if result.reason == Reason.READER_FAILED:
        say(said, f"{interview.interview_id}: {result.detail}", "yellow")
    if result.speakers:
        say(said, f"{interview.interview_id}: the transcript names {', '.join(result.speakers)}.")
    seconds = sum(result.seconds.values())
    ledger.finish(interview.interview_id, result.status, result.reason, result.media, seconds)
    return result


def died(reason: str) -> str:
    """The sentence for an interview whose worker died or fell silent."""
    if reason == MediaStatus.TIMEOUT:
        return "Its worker said nothing for an hour and was stopped."
    return "It took its worker down twice, or met a defect of the program (see the run's output)."


def _ended_row(batch: Batch, interview: Interview, ended: Finished, store: Store, causes: Mapping[str, str]) -> Row:
    """A row as the tables show it; where no result was sealed, the ledger's ending is all there is."""
    framework = batch.frameworks[interview.job]
    try:
        result = find_result(store, interview, batch.configuration)
    except Erased as error:
        result = not_measured(interview.interview_id, framework, ended.reason or "erased", str(error))
    if result is None:
        reason = ended.reason or MediaStatus.CRASHED
        detail = causes.get(interview.interview_id) or died(reason)
        result = not_measured(interview.interview_id, framework, reason, detail, ended.media)
    return Row(interview, result, ended.seconds)


def bad_row_id(bad: BadRow) -> str:
    """The id under which a row that could not be read is listed: its own may be missing or stand twice."""
    return f"line {bad.line}" + (f" ({bad.interview_id})" if bad.interview_id else "")


def _bad_row(bad: BadRow) -> Row:
    detail = " ".join(str(error) for error in bad.errors)
    result = Result(bad_row_id(bad), RowStatus.BAD_ROW, RowStatus.BAD_ROW, detail, None, (), (), None, {})
    return Row(None, result, 0.0)
