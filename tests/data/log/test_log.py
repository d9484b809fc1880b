"""The event log: what is appended stays, whoever is killed; what is changed is found."""

import multiprocessing
import os
import random
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from tests.data.log.logs import Place, events, make_key, make_log
from tests.killed import killed
from tests.proof import proof_count
from vivavoce.data.log.event import Action, Event, Head
from vivavoce.data.log.log import EVENTS, HEADS, EventLog, LogAltered, LogRefused, NoLog, verify_log
from vivavoce.data.log.tree import consistency_proof, consistent, included, inclusion_proof, leaf_hash
from vivavoce.data.signing.key import Revocation, Role, revoke_key


def test_what_was_appended_is_read_in_order(tmp_path: Path) -> None:
    place = make_log(tmp_path, 3, 2)
    read = verify_log(place.folder, place.trust)
    found = list(read.events())
    assert [event.action for event in found] == [Action.CREATE] + [Action.SCORE] * 5
    assert [event.details["row"] for event in read.events(Action.SCORE)] == [0, 1, 2, 0, 1]
    assert [head.size for head in read.heads] == [1, 4, 6]


def test_two_logs_are_never_the_same(tmp_path: Path) -> None:
    one, two = (make_log(tmp_path / name) for name in "ab")
    assert (one.folder / EVENTS).read_bytes() != (two.folder / EVENTS).read_bytes()


def test_an_empty_batch_is_refused(tmp_path: Path) -> None:
    with make_log(tmp_path).open() as log, pytest.raises(ValueError, match="at least one event"):
        log.append([])


def test_a_log_is_begun_once_and_looked_for_where_it_is(tmp_path: Path) -> None:
    place = make_log(tmp_path)
    with pytest.raises(LogRefused, match="never begun twice"):
        EventLog.create(place.folder, place.key, place.trust, who="ana")
    with pytest.raises(NoLog, match="viva log create"):
        verify_log(tmp_path / "elsewhere", place.trust)
    with pytest.raises(NoLog, match="viva log create"):
        EventLog.open(tmp_path / "elsewhere", place.key, place.trust, who="ana")


def test_only_a_trusted_key_of_a_log_may_write(tmp_path: Path) -> None:
    place = make_log(tmp_path)
    publisher = make_key(tmp_path, "publisher", Role.PUBLISH)
    stranger = make_key(tmp_path / "other", "machine", Role.LOG)
    for key, said in ((publisher, "has another role"), (stranger, "is not in the trust file")):
        with pytest.raises(LogRefused, match=said):
            EventLog.open(place.folder, key, place.trust, who="ana")
    revoke_key(place.trust_file, "machine", Revocation(on=date(2026, 12, 1), reason="leaked"))
    with pytest.raises(LogRefused, match="was revoked"):
        place.open()
    with pytest.raises(LogAltered, match="'machine' was revoked on 2026-12-01: leaked"):
        verify_log(place.folder, place.trust)


def test_a_new_key_takes_over_from_a_revoked_one(tmp_path: Path) -> None:
    place = make_log(tmp_path, 2)
    heir = Place(place.folder, make_key(tmp_path, "heir", Role.LOG), place.trust_file)
    with heir.open() as log:
        log.append(events(1))
    revoke_key(place.trust_file, "machine", Revocation(on=date(2026, 12, 1), reason="retired"))
    assert verify_log(place.folder, place.trust).tree.size == 4


def edit(lines: list[bytes]) -> None:
    at = len(lines) // 2
    lines[at] = lines[at].replace(b'"who":"ana"', b'"who":"eve"')


def delete(lines: list[bytes]) -> None:
    del lines[len(lines) // 2]


def insert(lines: list[bytes]) -> None:
    lines.insert(len(lines) // 2, lines[len(lines) // 2])


def reorder(lines: list[bytes]) -> None:
    at = len(lines) // 2
    lines[at], lines[at + 1] = lines[at + 1], lines[at]


def truncate(lines: list[bytes]) -> None:
    del lines[-3:]


def add(lines: list[bytes]) -> None:
    lines.append(Event.now(Action.PUBLISH, "eve").line(len(lines)))


def relabel(lines: list[bytes]) -> None:
    """Take one out and number the rest anew: only the root tells."""
    del lines[len(lines) // 2]
    lines[:] = [Event.read(line)[1].line(number) for number, line in enumerate(lines)]


CHANGES = {
    edit: "are not those that were signed",
    delete: "where event .* should be stands",
    insert: "where event .* should be stands",
    reorder: "where event .* should be stands",
    truncate: "the end was cut off",
    add: "after the last signed head",
    relabel: "are not those that were signed|the end was cut off",
}


def change(place: Place, by: Callable[[list[bytes]], None]) -> None:
    path = place.folder / EVENTS
    lines = path.read_bytes().splitlines()
    by(lines)
    path.write_bytes(b"".join(line + b"\n" for line in lines))


def copy(place: Place, folder: Path) -> Place:
    return Place(Path(shutil.copytree(place.folder, folder)), place.key, place.trust_file)


@pytest.mark.proof
def test_every_kind_of_tampering_is_found(tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    """Seven kinds: edit, deletion, insertion, reordering, truncation, replacement, replay of an old head."""
    size, batch = proof_count(2_000, 100_000), 1_000
    place = make_log(tmp_path)
    with place.open() as log:
        for _ in range(size // batch - 1):
            log.append(events(batch))
    old = copy(place, tmp_path / "old")
    with place.open() as log:
        kept = log.append(events(batch))
    assert verify_log(place.folder, place.trust, kept=[kept]).tree.size == size + 1
    found = 0
    for by, said in CHANGES.items():
        changed = copy(place, tmp_path / by.__name__)
        change(changed, by)
        with pytest.raises(LogAltered, match=said):
            verify_log(changed.folder, changed.trust)
        if by is add:
            _cut_off_and_logged(changed)
        else:
            with pytest.raises(LogAltered):
                changed.open()
        shutil.rmtree(changed.folder)
        found += by in (edit, delete, insert, reorder, truncate)
    found += _replaced(place, tmp_path) + _replayed(old, place, kept)
    record_property("events", size)
    record_property("kinds found", f"{found} of 7")
    assert found == 7


def _cut_off_and_logged(place: Place) -> None:
    """What somebody added at the end does not outlive the next writer, and the log says so."""
    place.open().close()
    *_, last = verify_log(place.folder, place.trust).events()
    assert last.action is Action.RECOVER


def _replaced(place: Place, tmp_path: Path) -> bool:
    """Another log altogether: with a stranger's key, and with this log's own key."""
    stranger = make_log(tmp_path / "stranger", 3)
    with pytest.raises(LogAltered, match="is unknown"):
        verify_log(stranger.folder, place.trust)
    forged = Place(tmp_path / "forged", place.key, place.trust_file)
    EventLog.create(forged.folder, forged.key, forged.trust, who="eve")
    with forged.open() as log:
        log.append(events(10))
    (kept,) = verify_log(place.folder, place.trust).heads[:1]
    with pytest.raises(LogAltered, match="the first 1 events are not those of the head kept elsewhere"):
        verify_log(forged.folder, forged.trust, kept=[kept])
    return True


def _replayed(old: Place, place: Place, kept: Head) -> bool:
    """An earlier state of all files was true once: only a later head from elsewhere tells."""
    verify_log(old.folder, old.trust)
    with pytest.raises(LogAltered, match="an old state was put back"):
        verify_log(old.folder, old.trust, kept=[kept])
    last = (place.folder / HEADS).read_bytes().splitlines()
    (place.folder / HEADS).write_bytes(b"\n".join(last[:-1]) + b"\n")  # an old head over the newer events
    with pytest.raises(LogAltered, match="that nobody signed"):
        verify_log(place.folder, place.trust)
    return True


def test_every_single_byte_of_a_log_counts(tmp_path: Path) -> None:
    place = make_log(tmp_path, 1)
    trust = place.trust
    for name in (EVENTS, HEADS):
        whole = (place.folder / name).read_bytes()
        for at in range(len(whole)):
            (place.folder / name).write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
            with pytest.raises(LogAltered):
                verify_log(place.folder, trust)
        (place.folder / name).write_bytes(whole)
    verify_log(place.folder, place.trust)


@pytest.mark.parametrize("content", [None, b"", b"{}\n", b'{"size":1}\n', b"\xff\n"])
def test_heads_that_are_gone_or_no_heads_are_found(tmp_path: Path, content: bytes | None) -> None:
    place = make_log(tmp_path, 2)
    (place.folder / HEADS).unlink()
    if content is not None:
        (place.folder / HEADS).write_bytes(content)
    with pytest.raises(LogAltered, match="no signed head|This is no head of a log"):
        verify_log(place.folder, place.trust)
    with pytest.raises(LogAltered):
        place.open()


def test_the_stretch_that_was_changed_is_named(tmp_path: Path) -> None:
    place = make_log(tmp_path, 4, 4, 4)  # heads over 1, 5, 9, 13
    change(place, edit)  # event 6
    with pytest.raises(LogAltered, match="events 5 to 8 are not those that were signed") as caught:
        verify_log(place.folder, place.trust)
    assert len(caught.value.findings) == 1


def test_a_head_kept_elsewhere_must_be_signed_too(tmp_path: Path) -> None:
    place = make_log(tmp_path, 2)
    head = verify_log(place.folder, place.trust).heads[-1]
    forged = Head(99, head.root, head.signature)
    with pytest.raises(LogAltered, match="kept elsewhere: The signature by 'machine'"):
        verify_log(place.folder, place.trust, kept=[forged])


def test_heads_prove_events_and_each_other(tmp_path: Path) -> None:
    place = make_log(tmp_path, 3, 5)
    read = verify_log(place.folder, place.trust)
    leaves = [leaf_hash(line) for line in read.lines]
    *_, old, new = read.heads
    proof = inclusion_proof(leaves, 2)
    assert included(leaves[2], 2, new.size, proof, bytes.fromhex(new.root))
    grown = consistency_proof(leaves, old.size)
    assert consistent(old.size, bytes.fromhex(old.root), new.size, bytes.fromhex(new.root), grown)


@pytest.mark.parametrize("left", [b'{"n":4', b'{"n":4}\n', b"x\ny\nz"])
def test_what_a_killed_writer_left_is_cut_off_and_logged(tmp_path: Path, left: bytes) -> None:
    place = make_log(tmp_path, 3)
    with (place.folder / EVENTS).open("ab") as stream:
        stream.write(left)
    with pytest.raises(LogAltered, match="viva log recover"):
        verify_log(place.folder, place.trust)
    place.open().close()
    *_, last = verify_log(place.folder, place.trust).events()
    assert (last.action, last.details) == (Action.RECOVER, {"bytes": len(left), "lines": left.count(b"\n")})


def test_half_a_head_is_cut_off_with_its_events(tmp_path: Path) -> None:
    place = make_log(tmp_path, 3)
    with place.open() as log:
        log.append(events(2))
    heads = place.folder / HEADS
    heads.write_bytes(heads.read_bytes()[:-10])
    with place.open() as log:
        log.append(events(1))
    assert [event.action for event in verify_log(place.folder, place.trust).events()][4:] == [
        Action.RECOVER,
        Action.SCORE,
    ]


APPENDING = """
import sys
from pathlib import Path
from tests.data.log.logs import Place, events
from vivavoce.data.signing.key import SigningKey
folder = Path(sys.argv[1])
place = Place(folder / "log", SigningKey.read(folder / "machine.key"), folder / "trust.json")
print("ready", flush=True)
while True:
    with place.open() as log:
        print(log.append(events(3)).size, flush=True)
"""


@pytest.mark.proof
def test_kill_loses_no_event_that_was_confirmed(tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    kills, moment = proof_count(3, 50), random.Random(0)
    place = make_log(tmp_path)
    for _ in range(kills):
        confirmed = int(killed(APPENDING, tmp_path, within=5, moment=moment)[-1])
        place.open().close()
        assert verify_log(place.folder, place.trust).tree.size >= confirmed
    record_property("kills", kills)
    record_property("confirmed events lost", 0)


def _append(place: Place, times: int) -> None:
    for _ in range(times):
        with place.open() as log:
            log.append(events(2))


def test_writers_take_turns(tmp_path: Path) -> None:
    place = make_log(tmp_path)
    writers = [multiprocessing.get_context("fork").Process(target=_append, args=(place, 10)) for _ in range(3)]
    for writer in writers:
        writer.start()
    for _ in range(10):
        verify_log(place.folder, place.trust)  # a reader never sees half a batch
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0, 0, 0]
    assert verify_log(place.folder, place.trust).tree.size == 1 + 3 * 10 * 2


def test_a_full_disk_leaves_a_log_that_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = make_log(tmp_path, 2)
    real = os.write

    def full(handle: int, content: bytes) -> int:
        real(handle, bytes(content)[:20])
        raise OSError(28, "No space left on device")

    with place.open() as log:
        monkeypatch.setattr(os, "write", full)
        with pytest.raises(OSError, match="No space"):
            log.append(events(3))
        monkeypatch.undo()
        with pytest.raises(OSError, match="Bad file descriptor"):
            log.append(events(1))
    with place.open() as log:
        log.append(events(1))
    assert verify_log(place.folder, place.trust).tree.size == 5  # created, two, recovered, one
