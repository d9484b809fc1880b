import hashlib
import logging
import os
import random
import time
from pathlib import Path

import numpy as np
import pytest

from tests.killed import killed, killed_before_every_step
from tests.proof import proof_count
from vivavoce.data.schema import Stage
from vivavoce.data.track import Track
from vivavoce.data.vault.keys import HEADER, NONCE_BYTES, Erased, KeyRing, ProjectKey, Tampered
from vivavoce.data.vault.store import Artefact, Store

PROJECT = ProjectKey(bytes(range(32)))
MEDIA = "a" * 64
SPEECH = Stage("speech", "1", {"threshold": 0.5})
SAID = "I shipped the release on Friday"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return opened(tmp_path)


def artefact(number: int) -> Artefact:
    spans = np.column_stack([np.arange(50.0), np.arange(50.0) + 0.5])
    values = np.random.default_rng(number).normal(size=(50, 3))
    return Artefact({"number": number, "said": SAID}, {"track": Track(spans, values, ("x", "y", "z"))})


def same(found: Artefact | None, put: Artefact) -> bool:
    return found is not None and found.to_bytes() == put.to_bytes()


def sealed_files(store: Store) -> list[Path]:
    return sorted(
        path
        for path in store.folder.rglob("*")
        if path.is_file() and path.parent.parent == store.folder and path.parent.name not in ("scratch", "quarantine")
    )


def test_returns_what_was_put_and_nothing_else(store: Store) -> None:
    assert store.get("ann", MEDIA, SPEECH) is None
    store.put("ann", MEDIA, SPEECH, artefact(1))
    assert same(store.get("ann", MEDIA, SPEECH), artefact(1))
    assert same(Store(store.folder, KeyRing(store.keyring.folder, PROJECT)).get("ann", MEDIA, SPEECH), artefact(1))
    store.put("ann", MEDIA, SPEECH, artefact(2))
    assert same(store.get("ann", MEDIA, SPEECH), artefact(2))
    assert len(sealed_files(store)) == 1


@pytest.mark.parametrize(
    ("person", "media", "stage"),
    [
        ("bob", MEDIA, SPEECH),
        ("ann", "b" * 64, SPEECH),
        ("ann", MEDIA, Stage("voice", "1", {"threshold": 0.5})),
        ("ann", MEDIA, Stage("speech", "2", {"threshold": 0.5})),
        ("ann", MEDIA, Stage("speech", "1", {"threshold": 0.4})),
        ("ann", MEDIA, Stage("speech", "1", {"threshold": 0.5}, (Stage("decode", "1", {}),))),
    ],
)
def test_every_part_of_the_address_counts(store: Store, person: str, media: str, stage: Stage) -> None:
    store.put("ann", MEDIA, SPEECH, artefact(1))
    assert store.get(person, media, stage) is None


def test_nothing_is_shared_between_persons(store: Store) -> None:
    for person in ("ann", "bob"):
        store.put(person, MEDIA, SPEECH, artefact(1))
    one, two = sealed_files(store)
    assert one.name != two.name  # nor can the names tell that it is the same recording
    assert one.read_bytes()[len(HEADER) + NONCE_BYTES :] != two.read_bytes()[len(HEADER) + NONCE_BYTES :]
    store.keyring.destroy("ann")
    assert same(store.get("bob", MEDIA, SPEECH), artefact(1))


def test_nothing_is_readable_without_the_keys(store: Store) -> None:
    store.put("ann@example.org", MEDIA, SPEECH, artefact(1))
    stored = b"".join(str(path).encode() + path.read_bytes() for path in sealed_files(store))
    for secret in (b"ann@", b"shipped", b"said", MEDIA.encode(), bytes.fromhex(MEDIA), SPEECH.fingerprint.encode()):
        assert secret not in stored
    assert all(path.stat().st_mode & 0o077 == 0 for path in store.folder.rglob("*"))


def test_no_nonce_comes_twice(store: Store) -> None:
    nonces = set()
    for _ in range(20):
        store.put("ann", MEDIA, SPEECH, artefact(1))
        nonces.add(sealed_files(store)[0].read_bytes()[len(HEADER) : len(HEADER) + NONCE_BYTES])
    assert len(nonces) == 20


def test_an_erased_person_is_neither_read_nor_written(store: Store) -> None:
    store.put("ann", MEDIA, SPEECH, artefact(1))
    store.keyring.destroy("ann")
    with pytest.raises(Erased, match="was erased on"):
        store.get("ann", MEDIA, SPEECH)
    with pytest.raises(Erased, match="was erased on"):
        store.put("ann", MEDIA, SPEECH, artefact(1))


@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "alien", "newer"])
def test_damage_is_set_aside_and_measured_again(store: Store, damage: str, caplog: pytest.LogCaptureFixture) -> None:
    store.put("ann@example.org", MEDIA, SPEECH, artefact(1))
    (path,) = sealed_files(store)
    whole = path.read_bytes()
    content, why = {
        "flip": (whole[:40] + bytes([whole[40] ^ 1]) + whole[41:], "its seal is broken"),
        "cut": (whole[:-1], "its seal is broken"),
        "empty": (b"", "it is cut off: 0 bytes"),
        "alien": (b"PK" + whole[2:], "it is not a sealed file"),
        "newer": (whole[:4] + b"\x02" + whole[5:], "it has seal format 2; this version reads format 1"),
    }[damage]
    path.write_bytes(content)
    with caplog.at_level(logging.WARNING):
        assert store.get("ann@example.org", MEDIA, SPEECH) is None
    assert why in caplog.text
    assert path.name in caplog.text
    assert "ann" not in caplog.text
    assert not path.exists()
    assert [aside.read_bytes() for aside in store.quarantined()] == [content]
    store.put("ann@example.org", MEDIA, SPEECH, artefact(1))
    assert same(store.get("ann@example.org", MEDIA, SPEECH), artefact(1))


def test_every_flipped_bit_is_noticed(store: Store) -> None:
    store.put("ann", MEDIA, SPEECH, Artefact({"x": 1}, {}))
    (path,) = sealed_files(store)
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ (1 << place % 8)]) + whole[place + 1 :])
        assert store.get("ann", MEDIA, SPEECH) is None
    assert len(store.quarantined()) == len(whole)


@pytest.mark.parametrize("other", [("ann", "b" * 64), ("bob", MEDIA)])
def test_a_file_moved_to_another_address_does_not_open(store: Store, other: tuple[str, str]) -> None:
    store.put("ann", MEDIA, SPEECH, artefact(1))
    (path,) = sealed_files(store)
    store.put(*other, SPEECH, artefact(2))
    (elsewhere,) = set(sealed_files(store)) - {path}
    path.rename(elsewhere)
    assert store.get(*other, SPEECH) is None
    assert len(store.quarantined()) == 1


def test_a_damaged_key_stops_instead_of_orphaning(store: Store) -> None:
    store.put("ann", MEDIA, SPEECH, artefact(1))
    (store.keyring.folder / f"{store.keyring.pseudonym('ann')}.key").write_bytes(b"")
    with pytest.raises(Tampered, match="cannot be used: it is cut off.*Restore it from your backup, or erase"):
        store.get("ann", MEDIA, SPEECH)
    with pytest.raises(Tampered, match="cannot be used"):
        store.put("ann", MEDIA, SPEECH, artefact(2))
    assert len(sealed_files(store)) == 1


def test_refuses_addresses_that_are_none(store: Store) -> None:
    with pytest.raises(ValueError, match="must be 64 lower-case hexadecimal digits. Got '../../etc' instead"):
        store.put("ann", "../../etc", SPEECH, artefact(1))
    with pytest.raises(ValueError, match="stage's name must be .* Got '../x' instead"):
        store.put("ann", MEDIA, Stage("../x", "1", {}), artefact(1))


def opened(folder: Path) -> Store:
    return Store(folder / "store", KeyRing(folder / "keys", PROJECT))


def put_one(folder: Path) -> None:
    opened(folder).put("ann", MEDIA, SPEECH, artefact(1))


def put_two(folder: Path) -> None:
    opened(folder).put("ann", MEDIA, SPEECH, artefact(2))


def have_nothing(folder: Path) -> None:
    """Leave the folder as it is."""


@pytest.mark.parametrize(("before", "work"), [("have_nothing", "put_one"), ("put_one", "put_two")])
def test_killed_before_every_step_of_a_put(tmp_path: Path, before: str, work: str) -> None:
    folders = killed_before_every_step("tests.data.vault.test_store", before, work, tmp_path)
    assert len(folders) >= 8
    numbers = []
    for folder in folders:
        store = opened(folder)
        found = store.get("ann", MEDIA, SPEECH)
        numbers.append(0 if found is None else found.document["number"])
        assert found is None or same(found, artefact(numbers[-1]))
        assert store.quarantined() == ()
        store.put("ann", MEDIA, SPEECH, artefact(3))  # whatever was left does not stand in the way
        assert same(store.get("ann", MEDIA, SPEECH), artefact(3))
    assert numbers == sorted(numbers)  # the old one up to one step, the new one from there on
    assert set(numbers) == ({0, 1} if before == "have_nothing" else {1, 2})


CHURN = """
import sys, pathlib, hashlib
from tests.data.vault.test_store import SPEECH, artefact, opened
store = opened(pathlib.Path(sys.argv[1]))
print("ready", flush=True)
for number in range(int(sys.argv[2]), 100_000):
    store.put(f"person {number % 7}", hashlib.sha256(b"%d" % number).hexdigest(), SPEECH, artefact(number))
    store.put("rewritten", "c" * 64, SPEECH, artefact(number))
    print(number, flush=True)
"""


@pytest.mark.proof
def test_killed_at_any_moment_nothing_put_is_lost_and_nothing_torn_is_seen(store: Store) -> None:
    moment, done = random.Random(20261122), 0
    for _ in range(proof_count(5, 100)):
        said = killed(CHURN, store.folder.parent, done, within=15, moment=moment)
        done = max([done, *(int(number) + 1 for number in said)])
        for number in range(max(0, done - 100), done):
            media = hashlib.sha256(b"%d" % number).hexdigest()
            assert same(store.get(f"person {number % 7}", media, SPEECH), artefact(number))
        last = store.get("rewritten", "c" * 64, SPEECH)
        assert done == 0 or (last is not None and last.document["number"] in (done - 1, done))
        assert store.quarantined() == ()
    assert done


def test_what_killed_writers_leave_is_swept(store: Store) -> None:
    left, living = store.folder / "scratch" / ".left.tmp", store.folder / "scratch" / ".living.tmp"
    for path in (left, living):
        path.write_bytes(b"half")
    os.utime(left, (time.time() - 4000,) * 2)
    Store(store.folder, store.keyring)
    assert [path.name for path in left.parent.iterdir()] == [".living.tmp"]


def test_a_persons_files_are_removed_and_nobody_elses(store: Store) -> None:
    for person in ("ann", "bob"):
        store.put(person, MEDIA, SPEECH, artefact(1))
    aside = store.folder / "quarantine" / f"{store.keyring.pseudonym('ann')}.speech.x.0"
    aside.write_bytes(b"damaged")
    store.keyring.destroy("ann")
    assert store.keyring.erased("ann") is not None
    assert store.keyring.erased("bob") is None
    assert store.remove("ann") == 2
    assert store.remove("ann") == 0
    assert not aside.exists()
    assert same(store.get("bob", MEDIA, SPEECH), artefact(1))
