import random
from pathlib import Path

import pytest

from tests.killed import killed, killed_before_every_step, start
from tests.proof import proof_count
from vivavoce.data.vault.keys import Erased, KeyRing, ProjectKey, ProjectKeyRefused, Tampered

PROJECT = ProjectKey(bytes(range(32)))
PERSON = "candidate-0017@example.org"


@pytest.fixture
def ring(tmp_path: Path) -> KeyRing:
    return KeyRing(tmp_path / "keys", PROJECT)


def everything_in(folder: Path) -> bytes:
    return b"".join(str(path).encode() + path.read_bytes() for path in folder.rglob("*") if path.is_file())


class TestProjectKey:
    def test_is_made_once_for_its_owner_only(self, tmp_path: Path) -> None:
        path = tmp_path / "deep" / "project.key"
        key = ProjectKey.read_or_create(path)
        assert path.stat().st_mode & 0o777 == 0o600
        assert path.parent.stat().st_mode & 0o777 == 0o700
        assert ProjectKey.read_or_create(path) == ProjectKey.read(path) == key
        assert [found.name for found in path.parent.iterdir()] == ["project.key"]

    def test_of_two_makers_the_first_wins(self, tmp_path: Path) -> None:
        path = tmp_path / "project.key"
        program = (
            "import sys, pathlib; from vivavoce.data.vault.keys import ProjectKey\n"
            "print(ProjectKey.read_or_create(pathlib.Path(sys.argv[1])).secret.hex())"
        )
        makers = [start(program, path) for _ in range(3)]
        assert len({maker.communicate()[0] for maker in makers}) == 1

    def test_does_not_show_itself(self) -> None:
        assert PROJECT.secret.hex() not in repr(PROJECT)
        assert repr(PROJECT) == "ProjectKey()"

    @pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
    def test_refuses_a_file_that_others_can_read(self, tmp_path: Path, mode: int) -> None:
        path = tmp_path / "project.key"
        ProjectKey.read_or_create(path)
        path.chmod(mode)
        with pytest.raises(ProjectKeyRefused, match=f"mode 0{mode:o}, at most 0600.*Run: chmod 600 "):
            ProjectKey.read(path)

    @pytest.mark.parametrize("content", [b"", b"abc", b"zz" * 32, b"00" * 31, b"00" * 33, bytes(32), b"\xff" * 64])
    def test_refuses_what_is_no_key(self, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "project.key"
        path.touch(mode=0o600)
        path.write_bytes(content)
        with pytest.raises(ProjectKeyRefused, match="must be 64 hexadecimal digits"):
            ProjectKey.read(path)

    def test_says_where_it_looked(self, tmp_path: Path) -> None:
        with pytest.raises(ProjectKeyRefused, match="no project key at .*Name an existing one in VIVA_PROJECT_KEY"):
            ProjectKey.read(tmp_path / "absent")

    def test_location(self) -> None:
        assert ProjectKey.location({"VIVA_PROJECT_KEY": "/k", "XDG_DATA_HOME": "/x"}) == Path("/k")
        assert ProjectKey.location({}) == Path.home() / ".local/share/vivavoce/project.key"


class TestKeyRing:
    def test_one_key_per_person_that_lasts(self, ring: KeyRing) -> None:
        assert ring.find(PERSON) is None
        key = ring.find_or_create(PERSON)
        assert len(key) == 32
        assert ring.find(PERSON) == ring.find_or_create(PERSON) == KeyRing(ring.folder, PROJECT).find(PERSON) == key
        assert ring.find_or_create("another") != key

    def test_names_nobody_and_shows_no_key(self, ring: KeyRing) -> None:
        key = ring.find_or_create(PERSON)
        ring.destroy("someone@else.org")
        stored = everything_in(ring.folder)
        for secret in (PERSON.encode(), b"someone@else", key, key.hex().encode(), PROJECT.secret):
            assert secret not in stored
        assert ring.pseudonym(PERSON) != KeyRing(ring.folder.parent / "b", ProjectKey(bytes(32))).pseudonym(PERSON)

    def test_two_at_once_get_the_same(self, ring: KeyRing) -> None:
        program = (
            "import sys, pathlib; from vivavoce.data.vault.keys import KeyRing, ProjectKey\n"
            "ring = KeyRing(pathlib.Path(sys.argv[1]), ProjectKey(bytes(range(32))))\n"
            "print(*[ring.find_or_create(f'p{i}').hex() for i in range(40)])"
        )
        programs = [start(program, ring.folder) for _ in range(4)]
        said = {program.communicate()[0] for program in programs}
        assert len(said) == 1
        assert len(set(said.pop().split())) == 40

    def test_erased_is_erased(self, ring: KeyRing) -> None:
        old = ring.find_or_create(PERSON)
        kept = ring.find_or_create("other")
        wrapped = next(ring.folder.glob(f"{ring.pseudonym(PERSON)}.key")).read_bytes()
        ring.destroy(PERSON)
        for look in (ring.find, ring.find_or_create, KeyRing(ring.folder, PROJECT).find):
            with pytest.raises(Erased, match=f"{ring.pseudonym(PERSON)} was erased on 20.*Leave their interviews out"):
                look(PERSON)
        assert old not in everything_in(ring.folder)
        assert wrapped not in everything_in(ring.folder)
        assert ring.find("other") == kept
        ring.destroy(PERSON)  # again changes nothing

    def test_the_key_is_overwritten_before_it_is_unlinked(self, ring: KeyRing) -> None:
        ring.find_or_create(PERSON)
        path = ring.folder / f"{ring.pseudonym(PERSON)}.key"
        same = ring.folder.parent / "still open elsewhere"
        same.hardlink_to(path)
        before = same.read_bytes()
        ring.destroy(PERSON)
        assert len(same.read_bytes()) == len(before)
        assert same.read_bytes() != before

    def test_half_an_erasure_is_finished_by_whoever_comes_next(self, ring: KeyRing) -> None:
        ring.find_or_create(PERSON)
        path = ring.folder / f"{ring.pseudonym(PERSON)}.key"
        wrapped = path.read_bytes()
        ring.destroy(PERSON)
        path.write_bytes(wrapped)  # as if killed between the tombstone and the key; or put back by a restored backup
        with pytest.raises(Erased):
            ring.find_or_create(PERSON)
        assert not path.exists()

    def test_a_forged_tombstone_erases_nobody(self, ring: KeyRing) -> None:
        key = ring.find_or_create(PERSON)
        ring.destroy("other")
        forged = ring.folder / f"{ring.pseudonym(PERSON)}.erased"
        forged.write_bytes((ring.folder / f"{ring.pseudonym('other')}.erased").read_bytes())
        with pytest.raises(Tampered, match="was not signed by this project"):
            ring.find(PERSON)
        forged.write_bytes(b"{")
        with pytest.raises(Tampered, match="is unreadable"):
            ring.find(PERSON)
        forged.unlink()
        assert ring.find(PERSON) == key

    @pytest.mark.parametrize("damage", ["flip", "cut", "swap"])
    def test_a_damaged_key_is_refused_never_replaced(self, ring: KeyRing, damage: str) -> None:
        ring.find_or_create(PERSON)
        ring.find_or_create("other")
        path = ring.folder / f"{ring.pseudonym(PERSON)}.key"
        whole = path.read_bytes()
        other = (ring.folder / f"{ring.pseudonym('other')}.key").read_bytes()
        path.write_bytes({"flip": whole[:-1] + bytes([whole[-1] ^ 1]), "cut": whole[:20], "swap": other}[damage])
        for look in (ring.find, ring.find_or_create):
            with pytest.raises(Tampered, match=f"{path.name} cannot be used: .*Restore it from your backup"):
                look(PERSON)

    def test_refuses_another_projects_key(self, ring: KeyRing) -> None:
        with pytest.raises(ProjectKeyRefused, match="belong to project key .*Name the right key file"):
            KeyRing(ring.folder, ProjectKey(bytes(32)))


def have_a_key(folder: Path) -> None:
    KeyRing(folder, PROJECT).find_or_create(PERSON)


def erase(folder: Path) -> None:
    KeyRing(folder, PROJECT).destroy(PERSON)


def have_nothing(folder: Path) -> None:
    """Leave the folder as it is."""


def test_killed_before_every_step_of_an_erasure(tmp_path: Path) -> None:
    ends = []
    for folder in killed_before_every_step("tests.data.vault.test_keys", "have_a_key", "erase", tmp_path):
        try:
            ends.append(KeyRing(folder, PROJECT).find(PERSON) is not None)
        except Erased:
            ends.append(False)
            assert not list(folder.glob("*.key"))
    assert len(ends) >= 8
    assert ends == sorted(ends, reverse=True)  # kept up to one step, erased from there on
    assert ends[0]
    assert not ends[-1]


def test_killed_before_every_step_of_making_a_key(tmp_path: Path) -> None:
    folders = killed_before_every_step("tests.data.vault.test_keys", "have_nothing", "have_a_key", tmp_path)
    assert len(folders) >= 8
    for folder in folders:
        ring = KeyRing(folder, PROJECT)
        found = ring.find(PERSON)
        key = ring.find_or_create(PERSON)
        assert found in (None, key)
        assert ring.find(PERSON) == key
    assert found is not None


CHURN = """
import sys, pathlib
from vivavoce.data.vault.keys import KeyRing, ProjectKey
ring = KeyRing(pathlib.Path(sys.argv[1]), ProjectKey(bytes(range(32))))
print("ready", flush=True)
for number in range(int(sys.argv[2]), 100_000):
    print("key", number, ring.find_or_create(str(number)).hex(), flush=True)
    if number % 2:
        ring.destroy(str(number))
        print("erased", number, flush=True)
"""


@pytest.mark.proof
def test_killed_at_any_moment_keys_and_erasures_hold(tmp_path: Path) -> None:
    moment, begun = random.Random(20261122), 0
    keys: dict[str, str] = {}
    erased: set[str] = set()
    for _ in range(proof_count(5, 100)):
        for line in killed(CHURN, tmp_path, begun, within=15, moment=moment):
            what, number, *key = line.split()
            begun = int(number) + 1
            if what == "key":
                keys[number] = key[0]
            else:
                erased.add(number)
        ring = KeyRing(tmp_path, PROJECT)
        for number, key_said in keys.items():
            try:
                found = ring.find(number)
            except Erased:
                assert int(number) % 2
            else:
                assert number not in erased
                assert found is not None
                assert found.hex() == key_said
        ring.find_or_create(str(begun))  # the person it was killed at
    assert keys
    assert erased
    assert not list(tmp_path.glob(".*.tmp"))
