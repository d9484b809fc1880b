"""Rows of erased people keep their place in the ledger; not a byte of what they were called is left in its files."""

from pathlib import Path

from vivavoce.data.identity import digest_file
from vivavoce.data.ledger import Ledger
from vivavoce.data.run_owner import forget_rows, forgotten_id, lines_of, pending_rows
from vivavoce.data.status import MediaStatus, Reason, RowStatus

NAMES = [f"interview-{number:03}-zq" for number in range(50)]
FILM = Path(__file__)  # any file that has not changed within the last seconds


def filled(folder: Path) -> None:
    with Ledger.open(folder, {}, versions={}) as ledger:
        ledger.begin([(name, str(line)) for line, name in enumerate(NAMES, 1)])
        for name in NAMES[:40]:
            ledger.finish(name, RowStatus.SCORED, None, MediaStatus.OK, 1.0)
        ledger.remember(digest_file(FILM))
        assert ledger.recall(FILM) is not None


def test_rows_end_as_erased_and_their_names_are_overwritten(tmp_path):
    filled(tmp_path)
    gone = {NAMES[3], NAMES[45], "nobody"}
    assert forget_rows(tmp_path, gone) == 2
    assert {path.name for path in tmp_path.iterdir() if b"interview-003-zq" in path.read_bytes()} == set()
    assert any(b"interview-004-zq" in path.read_bytes() for path in tmp_path.iterdir())
    assert lines_of(tmp_path)[forgotten_id(4)] == "4"
    assert pending_rows(tmp_path) == 9
    with Ledger.open(tmp_path, {}, versions={}) as ledger:
        ends = {row.interview_id: row for row in ledger.finished()}
        assert (ends["line 46 (erased)"].status, ends["line 46 (erased)"].reason) == (
            RowStatus.NOT_SCORED,
            Reason.ERASED,
        )
        assert [row.interview_id for row in ledger.finished()][3] == "line 4 (erased)"
        assert ledger.recall(FILM) is None


def test_nobody_to_forget_changes_nothing(tmp_path):
    filled(tmp_path)
    before = (tmp_path / "ledger.sqlite").read_bytes()
    assert forget_rows(tmp_path, ()) == 0
    assert (tmp_path / "ledger.sqlite").read_bytes() == before
