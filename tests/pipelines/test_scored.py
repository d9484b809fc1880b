"""A finished folder's scores stand in the event log exactly once, whoever was killed before they did."""

import io
import os
import shutil
import signal
import subprocess
import sys

import pyarrow.parquet as pq
import pytest
from rich.console import Console

from tests.commands import told
from tests.data.log.logs import make_key
from tests.pipelines.registries import environment
from tests.pipelines.runs import ROWS, batch, rows, viva
from tests.training.tables import FILE, write
from vivavoce.data.errors import Exit
from vivavoce.data.identity import digest_file
from vivavoce.data.log.event import Action, pseudonym
from vivavoce.data.signing.key import Role
from vivavoce.data.vault.keys import KeyRing, ProjectKey
from vivavoce.models.directory import load_model
from vivavoce.pipelines.records import Records
from vivavoce.pipelines.score import enter_scores
from vivavoce.pipelines.train import TrainingRequest, train

SHORT = ("c13", "c11")  # scored, without consent
CHEAP = ("--profile", "language", "--encoder", "none", "--asr", "provided")
KILLED_AT_THE_LOG = """
import os, signal, sys
def watch(event, arguments):
    if event == "open" and str(arguments[0]).endswith("events.jsonl") and arguments[2] & os.O_RDWR:
        os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(watch)
from vivavoce.pipelines.app import main
main()
"""


@pytest.fixture
def records(tmp_path, monkeypatch) -> Records:
    for name, value in environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    make_key(tmp_path, "log", Role.LOG)
    found = Records.here()
    found.create_log()
    return found


@pytest.mark.xdist_group("resume")
def test_a_run_killed_between_its_last_file_and_its_event_is_entered_by_the_next_one_once(records, tmp_path):
    (tmp_path / "batch").mkdir()
    out = tmp_path / "batch" / "out"
    arguments = ["score", batch(tmp_path / "batch", [ROWS[name] for name in SHORT]), "--out", out, *CHEAP]
    command = [sys.executable, "-c", KILLED_AT_THE_LOG, *map(str, arguments)]
    assert subprocess.run(command, check=False, capture_output=True).returncode == -signal.SIGKILL
    assert (out / "run.json").is_file()
    assert list(records.read().events(Action.SCORE)) == []
    for _ in range(2):
        assert "is finished: nothing to do" in viva(*arguments, ends=3)
    [event] = list(records.read().events(Action.SCORE))
    assert event.digests["scores"] == digest_file(out / "scores.parquet").sha256
    key = KeyRing(out / "store" / "keys", ProjectKey.read(ProjectKey.location(os.environ))).find(
        ROWS["c13"]["candidate_id"]
    )
    assert key is not None
    assert event.people == (pseudonym(key),)
    assert (event.details["people"], event.details["job"]) == (1, rows(out, "scores")[0]["job"])

    for name in ("copy", "unlike"):  # the same people's scores: written again, and with another value
        shutil.copytree(out, tmp_path / name)
    other = pq.read_table(out / "scores.parquet").to_pandas()
    other["score"] += 1
    other.to_parquet(tmp_path / "unlike" / "scores.parquet")
    ring = KeyRing(out / "store" / "keys", ProjectKey.read(ProjectKey.location(os.environ)))
    said = Console(file=io.StringIO())
    assert enter_scores(tmp_path / "copy", ring, said)
    assert len(list(records.read().events(Action.SCORE))) == 1
    assert enter_scores(tmp_path / "unlike", ring, said)
    assert len(list(records.read().events(Action.SCORE))) == 2


def test_a_training_killed_before_its_event_is_entered_when_asked_for_again(records, tmp_path, monkeypatch):
    paths = write(tmp_path, n=60)
    request = TrainingRequest(**paths, framework=FILE, out=tmp_path / "v1", tracking="none")
    with monkeypatch.context() as killed:
        killed.setattr("vivavoce.pipelines.train._entered", kill_here)
        with pytest.raises(Killed):
            train(request)
    digest = load_model(tmp_path / "v1")[1]
    for _ in range(2):
        status, said = told(train, request)
        assert (status, f"holds model {digest[:12]}; the event log has its training" in said) == (Exit.BAD_INPUT, True)
    [event] = list(records.read().events(Action.TRAIN))
    assert (event.digests["model"], event.details["entered"]) == (digest, "by a later run")
    assert event.digests["features"] == digest_file(paths["features"]).sha256


class Killed(BaseException):
    """Stands for SIGKILL: nothing of the program runs after it."""


def kill_here(*_: object, **__: object) -> bool:
    raise Killed
