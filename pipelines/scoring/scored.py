"""What the event log says of an output folder: which version scored whom, entered exactly once."""

import json
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
from rich.console import Console

from vivavoce.data.digest import digest_file
from vivavoce.data.log.event import Action, Event, pseudonym
from vivavoce.data.vault.keys import Erased, KeyRing
from vivavoce.pipelines.publishing.records import Records, enter

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
