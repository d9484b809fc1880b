import hashlib
import io
import os
import random
import sqlite3
import time
from pathlib import Path

import pytest

from tests.killed import killed, start
from tests.proof import proof_count
from vivavoce.data.identity import InputChanged, digest_file
from vivavoce.data.ledger import Finished, Ledger, LedgerBroken
from vivavoce.data.run_owner import AlreadyRunning, ConfigurationDiffers
from vivavoce.data.status import MediaStatus, Reason, RowStatus

CONFIGURATION = {"profile": "language", "asr": {"engine": "whisper", "beam": 5}, "frames_per_second": 5.0}
VERSIONS = {"vivavoce": "0.1.0"}
ROWS = [(f"iv-{number:03}", f"{number:064x}") for number in range(40)]


def opened(folder: Path) -> Ledger:
    return Ledger.open(folder, CONFIGURATION, versions=VERSIONS)


def end(ledger: Ledger, number: int) -> None:
    """End row ``number`` in a way that its number tells."""
    name = ROWS[number][0]
    if number % 4 == 0:
        ledger.finish(name, RowStatus.NOT_SCORED, Reason.NO_CONSENT, None, 0.0)
    elif number % 4 == 1:
        ledger.finish(name, RowStatus.PARTIAL, Reason.MISSING_COMPETENCY, MediaStatus.NO_FACE, 1.5)
    else:
        ledger.finish(name, RowStatus.SCORED, None, MediaStatus.OK, 2.5)


class TestRows:
    def test_end_once_in_the_manifests_order_and_add_up(self, tmp_path: Path) -> None:
        with opened(tmp_path) as ledger:
            ledger.begin(ROWS)
            for number in reversed(range(40)):
                assert ledger.attempt(ROWS[number][0]) == 1
                end(ledger, number)
            assert [row.interview_id for row in ledger.finished()] == [name for name, _ in ROWS]
            assert ledger.finished()[1] == Finished(
                "iv-001", RowStatus.PARTIAL, "missing_competency", MediaStatus.NO_FACE, 1.5
            )
            assert ledger.verify() == ledger.counts()
            assert ledger.counts() == {
                RowStatus.SCORED: 20,
                RowStatus.MEASURED: 0,
                RowStatus.PARTIAL: 10,
                RowStatus.NOT_SCORED: 10,
                RowStatus.BAD_ROW: 0,
            }

    def test_a_measured_row_has_no_reason(self, tmp_path: Path) -> None:
        with opened(tmp_path) as ledger:
            ledger.begin(ROWS[:1])
            ledger.finish(ROWS[0][0], RowStatus.MEASURED, None, MediaStatus.OK, 1.0)
            assert ledger.verify()[RowStatus.MEASURED] == 1

    def test_a_row_whose_result_was_lost_is_opened_again(self, tmp_path: Path) -> None:
        with opened(tmp_path) as ledger:
            ledger.begin(ROWS[:1])
            ledger.finish(ROWS[0][0], RowStatus.SCORED, None, MediaStatus.OK, 1.0)
            ledger.reopen(ROWS[0][0])
            assert [row.interview_id for row in ledger.pending()] == [ROWS[0][0]]
            ledger.finish(ROWS[0][0], RowStatus.NOT_SCORED, MediaStatus.NO_AUDIO, MediaStatus.NO_AUDIO, 1.0)
            assert ledger.verify()[RowStatus.NOT_SCORED] == 1

    def test_outlast_the_run(self, tmp_path: Path) -> None:
        with opened(tmp_path) as ledger:
            ledger.begin(ROWS)
            ledger.attempt("iv-002")
            end(ledger, 3)
        with opened(tmp_path) as ledger:
            ledger.begin(list(reversed(ROWS)))
            assert [row.interview_id for row in ledger.finished()] == ["iv-003"]
            assert len(ledger.pending()) == 39
            assert [row.attempts for row in ledger.pending()[:4]] == [0, 0, 1, 0]
            assert ledger.pending()[0].digest == ROWS[0][1]
            assert [(run.versions, run.ended is None) for run in ledger.runs()] == [(VERSIONS, False), (VERSIONS, True)]

    def test_an_end_is_final(self, tmp_path: Path) -> None:
        with opened(tmp_path) as ledger:
            ledger.begin(ROWS)
            end(ledger, 2)
            end(ledger, 2)
            ledger.finish("iv-002", RowStatus.SCORED, None, MediaStatus.OK, 99.0)
            assert ledger.finished()[0].seconds == 2.5
            with pytest.raises(ValueError, match="iv-002 ended as .'scored', None, 'ok'. already; it cannot"):
                ledger.finish("iv-002", RowStatus.NOT_SCORED, Reason.TOO_SHORT, MediaStatus.OK, 2.5)
            with pytest.raises(ValueError, match="iv-002 is not a pending row"):
                ledger.attempt("iv-002")

    @pytest.mark.parametrize(("status", "reason"), [(RowStatus.SCORED, Reason.TOO_SHORT), (RowStatus.PARTIAL, None)])
    def test_reason_and_status_agree(self, tmp_path: Path, status: RowStatus, reason: Reason | None) -> None:
        with opened(tmp_path) as ledger:
            ledger.begin(ROWS)
            with pytest.raises(ValueError, match="a reason exactly where something is missing"):
                ledger.finish("iv-001", status, reason, None, 0.0)

    def test_unknown_rows_are_refused(self, tmp_path: Path) -> None:
        with opened(tmp_path) as ledger:
            with pytest.raises(ValueError, match="nobody is not a pending row"):
                ledger.finish("nobody", RowStatus.SCORED, None, None, 0.0)
            with pytest.raises(ValueError, match="must be there once. Got iv-1 more than once"):
                ledger.begin([("iv-1", "a"), ("iv-2", "b"), ("iv-1", "c")])

    def test_a_row_that_takes_its_worker_down_twice_ends_as_crashed(self, tmp_path: Path) -> None:
        with opened(tmp_path) as ledger:
            ledger.begin(ROWS[:1])
            ledger.attempt("iv-000")
            assert not ledger.crash("iv-000", 1.0)
            assert ledger.pending()[0].crashes == 1
        with opened(tmp_path) as ledger:  # crashes are counted over runs
            assert ledger.attempt("iv-000") == 2
            assert ledger.crash("iv-000", 2.0)
            assert ledger.pending() == ()
            assert ledger.finished() == (Finished("iv-000", RowStatus.NOT_SCORED, "crashed", MediaStatus.CRASHED, 2.0),)

    def test_killing_the_run_is_no_crash_of_its_rows(self, tmp_path: Path) -> None:
        for _ in range(5):
            with opened(tmp_path) as ledger:
                ledger.begin(ROWS[:1])
                ledger.attempt("iv-000")
        with opened(tmp_path) as ledger:
            assert (ledger.pending()[0].attempts, ledger.pending()[0].crashes) == (5, 0)

    def test_verify_names_what_has_not_ended(self, tmp_path: Path) -> None:
        with opened(tmp_path) as ledger:
            ledger.begin(ROWS[:3])
            end(ledger, 0)
            with pytest.raises(LedgerBroken, match="2 of 3 rows have not ended .iv-001, iv-002"):
                ledger.verify()


class TestRefusals:
    def test_another_configuration_names_each_difference(self, tmp_path: Path) -> None:
        opened(tmp_path).close()
        other = {"profile": "all", "asr": {"engine": "whisper", "beam": 1}, "language": None}
        with pytest.raises(ConfigurationDiffers) as refusal:
            Ledger.open(tmp_path, other, versions=VERSIONS)
        assert str(refusal.value).splitlines() == [
            f"The results in {tmp_path} were begun with another configuration:",
            "  frames_per_second: 5.0 → absent",
            "  language: absent → null",
            '  profile: "language" → "all"',
            "  asr.beam: 5 → 1",
            "Use another output folder, or the configuration that this one was begun with.",
        ]
        opened(tmp_path).close()  # the refusal let go of the folder

    def test_the_order_of_entries_does_not_matter(self, tmp_path: Path) -> None:
        opened(tmp_path).close()
        Ledger.open(tmp_path, dict(reversed(CONFIGURATION.items())), versions={"vivavoce": "0.2.0"}).close()

    def test_another_manifest_names_its_rows(self, tmp_path: Path) -> None:
        with opened(tmp_path) as ledger:
            ledger.begin([("iv-1", "a"), ("iv-2", "b")])
            with pytest.raises(ConfigurationDiffers, match='(?s)another manifest.*iv-1: "a" → "x".*iv-3: absent → "c"'):
                ledger.begin([("iv-1", "x"), ("iv-2", "b"), ("iv-3", "c")])
            with pytest.raises(ConfigurationDiffers, match='iv-2: "b" → "x"'):
                ledger.begin([("iv-1", "a"), ("iv-2", "x")])
            many = [(f"iv-{number}", "x") for number in range(3, 100)]
            with pytest.raises(ConfigurationDiffers, match="and 79 more"):
                ledger.begin(many)

    def test_a_second_live_run_names_the_first(self, tmp_path: Path) -> None:
        program = (
            "import sys, pathlib, time; from tests.data.test_ledger import opened\n"
            "ledger = opened(pathlib.Path(sys.argv[1])); print('ready', flush=True); time.sleep(60)"
        )
        (tmp_path / "ledger.lock").write_text("the longer name of an owner that is long dead" * 9)
        first = start(program, tmp_path)
        assert first.stdout is not None
        first.stdout.readline()
        with pytest.raises(AlreadyRunning, match=f"by process {first.pid} on {os.uname().nodename}, since 20"):
            opened(tmp_path)
        first.kill()
        first.communicate()
        with opened(tmp_path) as ledger:  # the lock died with its process
            assert [run.pid for run in ledger.runs()] == [first.pid, os.getpid()]
            assert ledger.runs()[0].ended is None
            with pytest.raises(AlreadyRunning, match=f"process {os.getpid()} "):
                opened(tmp_path)

    def test_damage_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "ledger.sqlite").write_bytes(b"not a database" * 1000)
        with pytest.raises(LedgerBroken, match="sqlite is damaged: file is not a database. Move the output folder"):
            opened(tmp_path)

    def test_another_format_is_named(self, tmp_path: Path) -> None:
        opened(tmp_path).close()
        with sqlite3.connect(tmp_path / "ledger.sqlite") as database:
            database.execute("PRAGMA user_version = 7")
        database.close()
        with pytest.raises(LedgerBroken, match="has format 7; this version reads 1"):
            opened(tmp_path)


class TestDigests:
    @pytest.fixture
    def film(self, tmp_path: Path) -> Path:
        path = tmp_path / "film.mp4"
        path.write_bytes(b"frames")
        return path

    def settle(self, monkeypatch: pytest.MonkeyPatch) -> None:
        now = time.time
        monkeypatch.setattr("vivavoce.data.identity.time.time", lambda: now() + 10)

    def test_a_file_is_read_once(self, tmp_path: Path, film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.settle(monkeypatch)
        with opened(tmp_path) as ledger:
            assert ledger.recall(film) is None
            first = ledger.media_digest(film)
            assert first == digest_file(film).sha256
        monkeypatch.delattr("vivavoce.data.ledger.digest_file")
        with opened(tmp_path) as ledger:
            assert ledger.media_digest(film) == first

    def test_a_changed_file_is_read_again_even_with_its_old_time_stamp(
        self, tmp_path: Path, film: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.settle(monkeypatch)
        with opened(tmp_path) as ledger:
            first, before = ledger.media_digest(film), film.stat()
            time.sleep(0.02)  # coarser than a file system's clock
            film.write_bytes(b"forged")
            os.utime(film, ns=(before.st_atime_ns, before.st_mtime_ns))
            assert ledger.recall(film) is None
            assert ledger.media_digest(film) == digest_file(film).sha256 != first

    def test_a_fresh_file_is_not_remembered(self, tmp_path: Path, film: Path) -> None:
        with opened(tmp_path) as ledger:
            ledger.media_digest(film)
            assert ledger.recall(film) is None

    @pytest.mark.parametrize("how", ["grows", "is replaced"])
    def test_a_file_that_changes_meanwhile_is_refused(
        self, film: Path, monkeypatch: pytest.MonkeyPatch, how: str
    ) -> None:
        real = hashlib.file_digest

        def meanwhile(stream: io.BufferedReader, name: str) -> object:
            if how == "is replaced":
                film.with_suffix(".part").write_bytes(film.read_bytes())
                film.with_suffix(".part").replace(film)
            else:
                with film.open("ab") as more:
                    more.write(b"!")
            return real(stream, name)

        monkeypatch.setattr("vivavoce.data.identity.hashlib.file_digest", meanwhile)
        with pytest.raises(InputChanged, match="film.mp4 changed while it was read. Wait until it is complete"):
            digest_file(film)


CHURN = """
import sys, pathlib
from tests.data.test_ledger import ROWS, end, opened
ledger = opened(pathlib.Path(sys.argv[1]))
print("ready", flush=True)
ledger.begin(ROWS)
for row in ledger.pending():
    ledger.attempt(row.interview_id)
    print("began", row.interview_id, flush=True)
    end(ledger, int(row.interview_id[3:]))
    print("ended", row.interview_id, flush=True)
ledger.verify()
ledger.close()
print("closed", flush=True)
"""


@pytest.mark.proof
def test_killed_at_any_moment_no_end_is_lost(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:  # never killed
        ledger.begin(ROWS)
        for number in range(len(ROWS)):
            end(ledger, number)
        whole = [(row.status, row.media) for row in ledger.finished()]
    moment, batch = random.Random(20261122), 0
    done: set[str] = set()
    kills = 0
    for _ in range(proof_count(5, 100)):
        folder = tmp_path / str(batch)
        folder.mkdir(exist_ok=True)
        said = [line.split() for line in killed(CHURN, folder, within=40, moment=moment)]
        done |= {name for what, *rest in said if what == "ended" for name in rest}
        kills += ["closed"] not in said
        with opened(folder) as ledger:
            ledger.begin(ROWS)
            ended = {row.interview_id for row in ledger.finished()}
            assert done <= ended  # one more may have ended before it could be said
            assert len(ended) + len(ledger.pending()) == len(ROWS)
            if not ledger.pending():
                assert sum(ledger.verify().values()) == len(ROWS)
                assert [(row.status, row.media) for row in ledger.finished()] == whole
                batch, done = batch + 1, set()
    assert kills
