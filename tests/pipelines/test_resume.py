"""A run that is killed, interrupted, disturbed or damaged gives the numbers of one that was left alone."""

import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.commands import told
from tests.pipelines.runs import ROWS, batch, document, ends, kill, numbers, start, viva, write_manifest
from tests.proof import proof_count
from vivavoce.data.errors import Exit
from vivavoce.data.ledger import Ledger
from vivavoce.pipelines.score import score
from vivavoce.pipelines.scoring.batch import ScoreRequest

TRIES = 5
SHORT = ("c13", "c10", "c09", "c11")  # scored, cut off, without sound, without consent
CHEAP = ("--profile", "language", "--encoder", "none", "--asr", "provided")
GONE_S = 20.0  # within which nobody of a killed run may be left


@pytest.fixture(scope="session")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return batch(tmp_path_factory.mktemp("short"), [ROWS[name] for name in SHORT])


@pytest.fixture(scope="session")
def undisturbed(manifest: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The short batch, scored by one worker that nobody disturbed."""
    out = tmp_path_factory.mktemp("undisturbed") / "out"
    viva("score", manifest, "--out", out, *CHEAP, ends=3)
    return out


def request(manifest: Path, out: Path, **changed: Any) -> ScoreRequest:
    return ScoreRequest(manifest, out=out, **{"asr": "provided", "encoder": "none", **changed})


def run_here(asked: ScoreRequest) -> tuple[int, str]:
    """Exit status and words of a run in this process."""
    return told(score, asked, width=400)


def files(out: Path) -> set[Path]:
    """What lies in a folder; some of it may vanish while one looks."""
    return {Path(place, name) for place, _, names in os.walk(out) for name in names if out.exists()}


def wait_for(process: "subprocess.Popen[str]", reached: Callable[[], bool]) -> None:
    """Wait until something is reached, or the process ended first."""
    while process.poll() is None and not reached():
        time.sleep(0.005)


def left_of(session: int) -> list[psutil.Process]:
    """Processes of a session that still live."""
    found = []
    for process in psutil.process_iter():
        try:
            if os.getsid(process.pid) == session and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (ProcessLookupError, psutil.NoSuchProcess):
            continue
    return found


def assert_gone(session: int) -> None:
    """Nobody of a session is left, or nobody is soon."""
    end = time.monotonic() + GONE_S
    while left_of(session) and time.monotonic() < end:
        time.sleep(0.1)
    assert left_of(session) == []


def assert_undisturbed(out: Path, undisturbed: Path) -> None:
    """The folder holds what the undisturbed one holds, and its books are in order."""
    assert numbers(out) == numbers(undisturbed)
    assert ends(out) == ends(undisturbed)
    with Ledger.open(out, document(out)["configuration"], versions={}) as ledger:
        assert sum(ledger.verify().values()) == len(SHORT)
    assert not list(out.glob(".*")), "nothing half written is left"


@pytest.mark.proof
@pytest.mark.xdist_group("resume")
def test_a_run_killed_at_random_moments_is_continued(
    manifest: Path, undisturbed: Path, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """The whole process group dies by SIGKILL once a random number of files was written and a random time passed."""
    moment = random.Random(20_261_122)
    count = len(files(undisturbed))
    in_time = 0
    for attempt in range(proof_count(3, 20)):
        out = tmp_path / f"run{attempt}"
        command = ("score", manifest, "--out", out, *CHEAP)
        process = start(*command, "--workers", 1 + attempt % 2)
        target, pause = moment.randint(0, count), moment.uniform(0, 0.3)
        wait_for(process, lambda out=out, target=target: len(files(out)) >= target)
        time.sleep(pause)
        in_time += kill(process, signal.SIGKILL) == -signal.SIGKILL
        viva(*command, ends=3)
        assert_undisturbed(out, undisturbed)
        shutil.rmtree(out)
    record_property("kills", proof_count(3, 20))
    record_property("kills that came before the end", in_time)
    assert in_time >= proof_count(3, 20) // 2


@pytest.fixture(scope="module")
def interrupted(manifest: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    """A run disturbed by a second one and then by Ctrl-C: its folder, and what each of the two said."""
    for _ in range(TRIES):  # a run is so short that on a busy machine it may have ended before it is stopped
        out = tmp_path_factory.mktemp("interrupted") / "out"
        process = start("score", manifest, "--out", out, *CHEAP)
        assert process.stdout is not None
        first = process.stdout.readline()  # said when the first row has ended
        os.killpg(process.pid, signal.SIGSTOP)  # or the run may end before the second has looked
        if not (out / "run.json").exists():
            break
        os.killpg(process.pid, signal.SIGCONT)
        process.communicate(timeout=120)
    status, second = run_here(request(manifest, out))
    assert status == Exit.BAD_INPUT
    os.killpg(process.pid, signal.SIGINT)
    os.killpg(process.pid, signal.SIGCONT)
    said, _ = process.communicate(timeout=120)
    assert process.returncode == 130, first + said
    assert f"process {process.pid} on " in second
    assert_gone(process.pid)
    return out, said, second


@pytest.mark.xdist_group("resume")
class TestInterrupted:
    def test_a_second_live_run_is_refused_and_named_the_first(self, interrupted: tuple[Path, str, str]) -> None:
        assert "is being worked on by process" in interrupted[2]
        assert "Wait until it has finished" in interrupted[2]

    def test_says_that_nothing_is_lost(self, interrupted: tuple[Path, str, str]) -> None:
        assert "Interrupted; nothing is lost." in interrupted[1]
        assert not (interrupted[0] / "run.json").exists()

    def test_continues_even_where_all_that_was_sealed_is_damaged(
        self, interrupted: tuple[Path, str, str], manifest: Path, undisturbed: Path
    ) -> None:
        """Of rows that had ended, too: the ledger knows that they did, but their numbers are gone."""
        out = interrupted[0]
        damaged = sorted(out.glob("store/*/result.*")) + sorted(out.glob("store/*/observation.*"))
        for path in damaged:
            content = bytearray(path.read_bytes())
            content[len(content) // 2] ^= 1
            path.write_bytes(content)
        viva("score", manifest, "--out", out, *CHEAP, ends=3)
        assert_undisturbed(out, undisturbed)
        aside = [path.name.split(".")[1] for path in (out / "store" / "quarantine").iterdir()]
        assert {"result", "observation"} <= set(aside)
        assert [run["ended"] is None for run in document(out)["runs"]] == [False, True]  # it writes before it ends


@pytest.mark.xdist_group("resume")
def test_workers_die_with_their_run(manifest: Path, tmp_path: Path) -> None:
    process = start("score", manifest, "--out", tmp_path / "out", *CHEAP)
    wait_for(process, lambda: len(left_of(process.pid)) >= 4)  # itself, multiprocessing's tracker, worker, decoder
    process.kill()  # this one alone, not its group
    process.communicate(timeout=60)  # returns when nobody holds its output open any more
    assert_gone(process.pid)


@pytest.mark.xdist_group("resume")
class TestFinished:
    def test_run_again_does_no_work(
        self,
        manifest: Path,
        undisturbed: Path,
        monkeypatch: pytest.MonkeyPatch,
        record_property: Callable[[str, object], None],
    ) -> None:
        stamps = {path: path.stat().st_mtime_ns for path in files(undisturbed) if "ledger" not in path.name}
        begun = time.monotonic()
        assert "is finished: nothing to do" in viva("score", manifest, "--out", undisturbed, *CHEAP, ends=3)
        record_property("seconds to run a finished folder again", round(time.monotonic() - begun, 1))

        def refuse(*_: object, **__: object) -> None:
            raise AssertionError("a worker was asked for")

        monkeypatch.setattr("vivavoce.pipelines.score.run_tasks", refuse)
        assert run_here(request(manifest, undisturbed))[0] == Exit.SOME_ROWS
        assert {path: path.stat().st_mtime_ns for path in stamps} == stamps

    @pytest.mark.parametrize(
        ("changed", "named"),
        [
            ({"profile": "voice"}, 'profile: "language" → "voice"'),
            ({"consent_on_file": "p-1"}, 'consent_on_file: null → "p-1"'),
            ({"fps": 10.0}, "frames_per_second: 5.0 → 10.0"),
        ],
        ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
    )
    def test_another_configuration_is_refused_and_named(
        self, manifest: Path, undisturbed: Path, changed: dict[str, object], named: str
    ) -> None:
        before = files(undisturbed)
        status, said = run_here(request(manifest, undisturbed, **changed))
        assert status == Exit.BAD_INPUT
        assert named in said
        assert "Use another output folder" in said
        assert files(undisturbed) == before

    def test_another_manifest_is_refused(self, manifest: Path, undisturbed: Path, tmp_path: Path) -> None:
        shutil.copytree(manifest.parent, tmp_path / "other")
        other = write_manifest(tmp_path / "other", [ROWS[name] for name in SHORT[:2]])
        status, said = run_here(request(other, undisturbed))
        assert status == Exit.BAD_INPUT
        assert "manifest: " in said

    def test_another_key_is_refused(
        self, manifest: Path, undisturbed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("VIVA_PROJECT_KEY", str(tmp_path / "other.key"))
        shutil.copytree(undisturbed, tmp_path / "out")
        (tmp_path / "out" / "run.json").unlink()
        status, said = run_here(request(manifest, tmp_path / "out"))
        assert status == Exit.BAD_INPUT
        assert "Name the right key file in VIVA_PROJECT_KEY" in said


@pytest.mark.xdist_group("demo")
def test_order_and_worker_count_change_no_digit(demo: Path, tmp_path: Path) -> None:
    """One worker, the rows in another order and fewer of them, everything measured: the demo's numbers, bit by bit."""
    ids = ["c13", "c09", "c10"]
    manifest = batch(tmp_path, [ROWS[name] for name in ids])
    viva("score", manifest, "--out", tmp_path / "out", "--profile", "all", "--asr", "provided", ends=3)
    ours = numbers(tmp_path / "out")
    theirs = numbers(demo, ids)
    for name in ("scores", "features"):
        shared = [
            {key: row[key] for key in one if key in row} for one, row in zip(ours[name], theirs[name], strict=True)
        ]
        assert ours[name] == shared, name
    assert {name: end for name, end in ends(demo).items() if name in ids} == ends(tmp_path / "out")
