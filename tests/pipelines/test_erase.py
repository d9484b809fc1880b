"""Erasing a person: canaries planted in every file are gone, everybody else is as they were, killed or not."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.commands import told
from tests.data.log.logs import make_key
from tests.killed import killed_before_every_step
from tests.pipelines.registries import environment
from tests.pipelines.runs import ROWS, batch, document, numbers, rows, viva
from tests.pipelines.watched import make_keys, people, write_folder
from vivavoce.data.errors import Exit
from vivavoce.data.identity import digest_file
from vivavoce.data.ledger import Ledger
from vivavoce.data.log.event import Action, Event, pseudonym
from vivavoce.data.run_owner import take_folder
from vivavoce.data.schema import Stage
from vivavoce.data.signing.key import Role
from vivavoce.data.status import MediaStatus, RowStatus
from vivavoce.data.vault.store import Artefact, Store
from vivavoce.pipelines.erase import erase
from vivavoce.pipelines.records import Records
from vivavoce.pipelines.review import read_kept, review
from vivavoce.pipelines.scoring.outputs import STATUS, write_csv, write_parquet

WHO = "2026-05-0002"
REASON = "Asked us to, by letter of 20 November."
BAD_ROWS = {
    "line 7 (again)": f"line 7, candidate_id: Every one once. Got '{WHO}' instead.",
    "line 8": "line 8, job: Name a job. Got 'x' instead, see 2026-05-0003.",
}
CHEAP = ("--profile", "language", "--encoder", "none", "--asr", "provided", "--csv")
CANARY = "zanzibarquux"


def make_output(home: Path) -> Path:
    """An output folder of six people with everything that viva writes about one, an event log beside it."""
    frame = people(np.random.default_rng(0), "2026-05", 6, lost=0.0)
    out = write_folder(home / "out", frame)
    status = pq.read_table(out / "status.parquet").to_pylist()
    whole = [{**one, "detail": f"{one['candidate_id']} is known.", "seconds": 1.5} for one in status]
    bad = [{"interview_id": one, "status": "bad_row", "detail": told, "seconds": 0.0} for one, told in BAD_ROWS.items()]
    status = pa.Table.from_pylist([*whole, *bad], STATUS)
    write_parquet(status, out / "status.parquet")
    write_csv(status, out / "status.csv")
    for name in ("scores", "features"):
        pd.read_parquet(out / f"{name}.parquet").to_csv(out / f"{name}.csv", index=False)
    absent = pd.DataFrame({"interview_id": "i" + frame["candidate_id"], "feature": "f", "reason": "too_short"})
    absent.to_parquet(out / "absent.parquet")
    (out / "report.html").write_text(f"<p>{WHO} said {CANARY}</p>")
    (out / "run.json").write_text('{"finished": "2026-05-20T10:00:00+00:00"}')
    listed = {"moved_in": [WHO, "2026-05-0003"], "moved_out": []}
    (out / "shadow.json").write_text(json.dumps({"format": 1, "listed": listed}))
    ring = make_keys(out, home, list(frame["candidate_id"]))
    with Ledger.open(out, {"profile": "language"}, versions={}) as ledger:
        names = [f"i{one}" for one in frame["candidate_id"]]
        ledger.begin([(name, str(line)) for line, name in enumerate([*names, *BAD_ROWS], 1)])
        for name in BAD_ROWS:
            ledger.finish(name, RowStatus.BAD_ROW, RowStatus.BAD_ROW, None, 0.0)
        for name in names:
            ledger.finish(name, RowStatus.SCORED, None, MediaStatus.OK, 1.0)
    store = Store(out / "store", ring)
    for one in frame["candidate_id"]:
        store.put(one, "a" * 64, Stage("words", "1", {}), Artefact({"said": CANARY}, {}))
    make_key(home, "log", Role.LOG)
    records = Records.of(environment(home), who="ana")
    records.create_log()
    os.environ["VIVA_PROJECT_KEY"] = str(home / "project.key")
    for candidate, reason in ((WHO, f"{CANARY} was misheard."), ("2026-05-0003", "The last answer was strong.")):
        review(out, candidate=candidate, after=12.0, reason=reason, reviewer="ben", records=records)
    review(out, export=out, records=records)
    return out


@pytest.fixture
def out(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("VIVA_PROJECT_KEY", str(tmp_path / "project.key"))  # put back afterwards
    return make_output(tmp_path)


def ask(out: Path, candidate: str = WHO, reason: str = REASON, **more) -> tuple[int, str]:
    records = Records.of(environment(out.parent), who="ana")
    return told(erase, more.pop("folders", (out,)), candidate=candidate, reason=reason, records=records, **more)


def holding(folder: Path, *canaries: bytes) -> list[str]:
    """Files in which a canary stands, Parquet unpacked; ledger, its log and everything sealed included."""
    found = []
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        content = path.read_bytes()
        if path.suffix == ".parquet":
            content += pq.read_table(path).to_pandas().to_csv().encode()
        if any(one in content for one in canaries):
            found.append(path.relative_to(folder).as_posix())
    return found


def others(out: Path, who: str = WHO) -> dict[str, object]:
    """Everybody else's rows in every table, and each CSV's lines."""
    found: dict[str, object] = {}
    for path in sorted(out.glob("*.parquet")):
        frame = pq.read_table(path).to_pandas()
        frame = frame[~frame.astype(str).apply(lambda row: row.str.contains(who)).any(axis=1)]
        frame = frame[~frame["interview_id"].str.startswith("line")]
        found[path.name] = pa.Table.from_pandas(frame, preserve_index=False).to_pydict().__repr__()
    for path in sorted(out.glob("*.csv")):
        found[path.name] = [
            one for one in path.read_bytes().splitlines() if who.encode() not in one and b"erased" not in one
        ]
    return found


class TestErased:
    def test_no_file_names_the_person_and_nobody_else_changes(self, out):
        planted = holding(out, WHO.encode(), CANARY.encode())
        tables = {f"{name}.{kind}" for name in ("scores", "status", "features") for kind in ("parquet", "csv")}
        assert {*tables, "absent.parquet", "report.html", "shadow.json", "reviews.csv", "ledger.sqlite"} <= set(planted)
        before = others(out)
        status, said = ask(out)
        assert status == Exit.DONE, said
        assert holding(out, WHO.encode(), CANARY.encode()) == []
        assert others(out) == before
        assert len(before) == 8
        assert json.loads((out / "shadow.json").read_text())["listed"] == {
            "moved_in": ["2026-05-0003"],
            "moved_out": [],
        }
        assert "none names the person" in said

    def test_what_was_sealed_is_gone_and_others_can_be_read(self, out, tmp_path):
        reviews = (out / "reviews.jsonl").read_bytes()
        assert ask(out)[0] == Exit.DONE
        ring = make_keys(out, tmp_path, [])
        assert ring.erased(WHO) is not None
        assert not list((out / "store").glob(f"{ring.pseudonym(WHO)}/*"))
        assert not (out / "store" / "keys" / f"{ring.pseudonym(WHO)}.key").exists()
        found = Store(out / "store", ring).get("2026-05-0003", "a" * 64, Stage("words", "1", {}))
        assert found is not None
        assert found.document == {"said": CANARY}
        assert (out / "reviews.jsonl").read_bytes() == reviews
        kept = read_kept(out, Records.of(environment(tmp_path), who="ana"))
        assert ([one.candidate_id for one in kept.reviews], kept.erased) == (["2026-05-0003"], 1)

    def test_the_log_says_so_under_the_pseudonym_and_verifies(self, out, tmp_path):
        key = make_keys(out, tmp_path, []).find(WHO)
        assert key is not None
        scores = digest_file(out / "scores.parquet").sha256
        assert ask(out)[0] == Exit.DONE
        records = Records.of(environment(tmp_path), who="ana")
        [event] = list(records.read().events(Action.ERASE))
        assert (event.people, event.details["reason"], event.who) == ((pseudonym(key),), REASON, "ana")
        assert event.digests["scores.parquet before"] == scores
        assert event.digests["scores.parquet"] == digest_file(out / "scores.parquet").sha256
        assert holding(records.log, WHO.encode()) == []

    def test_asked_again_does_nothing(self, out, tmp_path):
        assert ask(out)[0] == Exit.DONE
        stamps = {path: path.read_bytes() for path in out.rglob("*") if path.is_file() and "ledger" not in path.name}
        status, said = ask(out)
        assert (status, "nothing was left to do" in said) == (Exit.DONE, True)
        assert {path: path.read_bytes() for path in stamps} == stamps
        assert len(list(Records.of(environment(tmp_path)).read().events(Action.ERASE))) == 1

    def test_files_elsewhere_and_what_was_made_from_the_tables(self, out, tmp_path):
        digest = digest_file(out / "features.parquet").sha256
        (tmp_path / "models" / "v1").mkdir(parents=True)
        (tmp_path / "models" / "v1" / "datasheet.json").write_text(json.dumps({"digests": {"features": digest}}))
        records = Records.of(environment(tmp_path), who="ana")
        records.write(Event.now(Action.TRAIN, "ana", digests={"model": "cd" * 32, "features": digest}))
        elsewhere = tmp_path / "outcomes.csv"
        elsewhere.write_text('candidate_id,note\n2026-05-0001,"two\nlines"\n' + f"{WHO},x\n2026-05-00021,y\n")
        status, said = ask(out, also=(elsewhere,), used_in=(tmp_path / "models",))
        assert status == Exit.DONE, said
        assert elsewhere.read_text() == 'candidate_id,note\n2026-05-0001,"two\nlines"\n2026-05-00021,y\n'
        assert "datasheet.json" in said
        assert "model cdcdcdcdcdcd: event" in said
        _, said = ask(out, candidate="2026-05-0004", used_in=(tmp_path / "models",))
        assert "datasheet.json" in said, "the table has another digest since, and held this person then, too"

    def test_what_cannot_be_taken_out_is_named(self, out):
        (out / "notes.txt").write_text(f"Call {WHO} back.")
        status, said = ask(out)
        assert status == Exit.FINDING
        assert f"{out / 'notes.txt'}: still names them" in said


class TestRefused:
    def test_a_table_that_cannot_be_read(self, out):
        (out / "other.parquet").write_bytes(b"PAR1")
        status, said = ask(out)
        assert (status, "Take the table that cannot be read out" in said) == (Exit.BAD_INPUT, True)

    @pytest.mark.parametrize(
        ("more", "message"),
        [
            ({"candidate": "2026-05-0099"}, "--candidate: Name somebody who is there"),
            ({"reason": " "}, "--reason: Write 1 to 2000 characters"),
            ({"reason": f"{WHO} asked"}, "Leave the person's id out"),
            ({"folders": (Path("nowhere"),)}, "Name output folders that viva score"),
            ({"also": (Path("nowhere.csv"),)}, "Name a file or folder that exists"),
        ],
    )
    def test_what_is_no_request_changes_nothing(self, out, more, message):
        before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file() and "ledger" not in path.name}
        status, said = ask(out, **more)
        assert status == Exit.BAD_INPUT
        assert message in said
        assert {path: path.read_bytes() for path in before} == before

    def test_a_folder_at_which_a_run_is_at_work(self, out):
        lock, _ = take_folder(out)
        try:
            status, said = ask(out)
        finally:
            os.close(lock)
        assert (status, "is being worked on by process" in said) == (Exit.BAD_INPUT, True)
        assert holding(out, WHO.encode())

    def test_a_log_that_was_altered_comes_first(self, out, tmp_path):
        path = tmp_path / "log" / "events.jsonl"
        path.write_bytes(path.read_bytes().replace(b"ana", b"eve"))
        status, said = ask(out)
        assert (status, "was altered" in said) == (Exit.FINDING, True)
        assert make_keys(out, tmp_path, []).find(WHO) is not None


def prepare(folder: Path) -> None:
    shutil.copytree(Path(os.environ["MADE"]), folder, dirs_exist_ok=True)
    os.environ["VIVA_PROJECT_KEY"] = str(folder / "project.key")


def erased(folder: Path) -> None:
    assert ask(folder / "out")[0] == Exit.DONE


def test_killed_before_every_step_the_next_call_finishes(out, tmp_path, monkeypatch, tmp_path_factory, record_property):
    before = others(out)
    monkeypatch.setenv("MADE", str(tmp_path))
    left = killed_before_every_step(
        "tests.pipelines.test_erase", "prepare", "erased", tmp_path_factory.mktemp("killed")
    )
    record_property("kills", len(left) - 1)
    assert len(left) > 30
    for folder in left:
        monkeypatch.setenv("VIVA_PROJECT_KEY", str(folder / "project.key"))
        status, said = ask(folder / "out")
        assert status == Exit.DONE, said
        assert holding(folder / "out", WHO.encode(), CANARY.encode()) == []
        assert others(folder / "out") == before
        assert len(list(Records.of(environment(folder)).read().events(Action.ERASE))) == 1


@pytest.mark.xdist_group("resume")
def test_a_run_goes_on_without_the_person(tmp_path):
    """Words, values and ids of one of three people of a real run; the same command then brings nothing back."""
    (tmp_path / "batch").mkdir()
    planted = {**ROWS["c13"], "interview_id": "interview-zq13", "candidate_id": (who := "person-zq13")}
    manifest = batch(tmp_path / "batch", [planted, ROWS["c11"], ROWS["c10"]])
    transcript = tmp_path / "batch" / ROWS["c13"]["transcript"]
    transcript.write_text(transcript.read_text(encoding="utf-8").replace(" the ", f" {CANARY} ", 1), encoding="utf-8")
    out = tmp_path / "out"
    viva("score", manifest, "--out", out, *CHEAP, ends=3)
    row = next(one for one in rows(out, "features") if one["candidate_id"] == who)
    value = next(repr(one) for one in row.values() if isinstance(one, float) and len(repr(one)) > 14)
    canaries = [b"zq13", CANARY.encode(), value.encode()]
    assert all(holding(out, one) for one in canaries)
    shutil.copytree(out, half := tmp_path / "half")
    before = others(out, "zq13")
    said = viva("erase", out, "--candidate", who, "--reason", REASON)
    assert "none names the person" in said
    assert holding(out, *canaries) == []
    assert others(out, "zq13") == before
    erased = {name: rows(out, name) for name in ("scores", "status", "questions")}
    assert next((one["status"], one["reason"]) for one in erased["status"]) == ("not_scored", "erased")

    viva("score", manifest, "--out", out, *CHEAP, ends=3)
    assert (out / "report.html").exists()
    assert holding(out, *canaries) == []
    seconds = {name: [{**one, "seconds": 0} for one in found] for name, found in erased.items()}
    again = {name: [{**one, "seconds": 0} for one in rows(out, name)] for name in erased}
    assert repr(again) == repr(seconds)
    assert "is finished" in viva("score", manifest, "--out", out, *CHEAP, ends=3)

    for path in half.iterdir():  # as a run leaves it that was killed when one row had not ended
        if path.suffix in {".parquet", ".csv", ".html", ".json"}:
            path.unlink()
    with Ledger.open(half, document(out)["configuration"], versions={}) as ledger:
        ledger.reopen("c10")
    assert "Its run has not finished" in viva("erase", half, "--candidate", who, "--reason", REASON)
    viva("score", manifest, "--out", half, *CHEAP, ends=3)
    assert holding(half, *canaries) == []
    assert numbers(half) == numbers(out)
