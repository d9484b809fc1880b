"""A signed audit: whose signature it is, what it covers, and that every later change is told."""

import json
import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from tests.commands import ended
from vivavoce.data.errors import Exit
from vivavoce.data.log.event import Action
from vivavoce.data.signing.key import Revocation, Role, revoke_key
from vivavoce.data.signing.signature import Purpose, check
from vivavoce.pipelines import keys
from vivavoce.pipelines.audit import audit
from vivavoce.pipelines.auditing.sign_off import sign, verify
from vivavoce.pipelines.records import Records

COUNTS = "table,group,n,selected\nsex,f,{f},{of}\nsex,m,400,200\n"


def audited(folder: Path, passed: int = 190, *, replace: bool = False) -> Path:
    (folder / "counts.csv").write_text(COUNTS.format(f=400, of=passed), encoding="utf-8")
    made = datetime(2026, 11, 22, tzinfo=UTC)
    audit(counts=folder / "counts.csv", papers=["sign-off"], out=folder / "audit", replace=replace, made=made)
    return folder / "audit"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An audit with its sign-off page, signed by ana; keys of ana and ben (audit), eve (publish), and a log."""
    home = tmp_path_factory.mktemp("signed")
    books = records(home)
    for name, role in (("log", Role.LOG), ("ana", Role.AUDIT), ("ben", Role.AUDIT), ("eve", Role.PUBLISH)):
        keys.create(name, role=[role], records=books)
    books.create_log()
    assert sign(audited(home), key="ana", records=books) is Exit.DONE
    return home


@pytest.fixture
def home(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "home"))


def records(home: Path) -> Records:
    return Records.of(
        {"VIVA_KEYS": f"{home}/keys", "VIVA_TRUST": f"{home}/trust.json", "VIVA_LOG": f"{home}/log"}, "me"
    )


def seen(home: Path) -> tuple[Exit, list[tuple[str, bool]], str]:
    found = verify(home / "audit", records=records(home))
    reasons = " ".join(str(row["why not"]) for row in found.rows)
    return found.exit, [(str(row["signer"]), bool(row["counts"])) for row in found.rows], f"{reasons} {found.note}"


def test_a_signature_counts_and_is_logged_by_the_key(home: Path) -> None:
    assert seen(home) == (Exit.DONE, [("ana", True)], "None ")
    assert sign(home / "audit", key="ben", records=records(home)) is Exit.DONE
    assert sorted(seen(home)[1]) == [("ana", True), ("ben", True)]
    first, second = records(home).read().events(Action.SIGN)
    assert first.digests == second.digests
    assert first.digests.keys() == {"audit", "sign_off"}
    assert (first.details["key"], second.details["key"]) == ("ana", "ben")
    assert second.signature is not None
    assert check(second.signature, Purpose.EVENT, second.content(), records(home).trust()).name == "ben"


@pytest.mark.parametrize("name", ["audit.json", "audit.html", "papers/sign-off.json", "papers/sign-off.html"])
def test_one_changed_byte_is_told(home: Path, name: str) -> None:
    path = home / "audit" / name
    path.write_bytes(path.read_bytes() + b" ")
    assert seen(home)[:2] == (Exit.FINDING, [("ana", False)])
    assert f"changed since: {name} " in seen(home)[2]


def test_what_is_missing_and_what_came_later_is_named(home: Path) -> None:
    (home / "audit" / "papers" / "more.html").write_text("<p>later</p>", encoding="utf-8")
    assert seen(home) == (Exit.DONE, [("ana", True)], "None Under no signature that counts: papers/more.html")
    (home / "audit" / "audit.html").unlink()
    assert seen(home)[0] is Exit.FINDING
    assert "missing: audit.html" in seen(home)[2]


def statement(home: Path) -> Path:
    return next((home / "audit" / "signatures").iterdir())


def _other_files(home: Path) -> None:
    document = json.loads(statement(home).read_bytes())
    document["files"].pop("audit.html")
    statement(home).write_text(json.dumps(document), encoding="utf-8")


def _revoked(home: Path) -> None:
    revoke_key(home / "trust.json", "ana", Revocation(on=date(2026, 11, 23), reason="lost"))


def _unknown(home: Path) -> None:
    document = json.loads((home / "trust.json").read_bytes())
    document["keys"] = [one for one in document["keys"] if one["name"] != "ana"]
    (home / "trust.json").write_text(json.dumps(document), encoding="utf-8")


def _another_name(home: Path) -> None:
    statement(home).rename(home / "audit" / "signatures" / "ben.json")


def _no_statement(home: Path) -> None:
    statement(home).write_text("[" * 100_000, encoding="utf-8")


def _empty(home: Path) -> None:
    document = json.loads(statement(home).read_bytes()) | {"files": {}}
    statement(home).write_text(json.dumps(document), encoding="utf-8")


@pytest.mark.parametrize(
    ("forge", "why"),
    [
        (_other_files, "is not one of these bytes"),
        (_revoked, "was revoked on 2026-11-23: lost"),
        (_unknown, "is unknown"),
        (_another_name, "the signature of another key"),
        (_no_statement, "must hold format, files and signature"),
        (_empty, "must be of format 1 and cover audit.json"),
    ],
)
def test_a_signature_that_does_not_count_says_why(home: Path, forge: Callable[[Path], None], why: str) -> None:
    forge(home)
    ends, signers, said = seen(home)
    assert ends is Exit.FINDING
    assert [counts for _, counts in signers] == [False]
    assert why in said


def test_nobody_is_said(home: Path) -> None:
    statement(home).unlink()
    assert seen(home) == (Exit.FINDING, [], " Nobody signed it.")


def test_what_cannot_be_signed_says_why(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def refused(why: str, key: str = "ben") -> bool:
        status = ended(lambda folder: sign(folder, key=key, records=records(home)), home / "audit")
        return status == Exit.BAD_INPUT and why in capsys.readouterr().err

    assert refused("may sign as publish, not as audit", key="eve")
    paper = home / "audit" / "papers" / "sign-off.json"
    document = json.loads(paper.read_bytes()) | {"blanks": []}
    paper.write_text(json.dumps(document), encoding="utf-8")
    assert refused("is not the sign-off page of the audit that lies there")
    paper.unlink()
    assert refused("with --paper sign-off")
    (home / "audit" / "audit.json").unlink()
    assert refused("holds no audit.json")
    assert len(list((home / "audit" / "signatures").iterdir())) == 1


def test_another_audit_takes_no_signature_over(home: Path) -> None:
    folder = audited(home, 150, replace=True)
    assert seen(home) == (Exit.FINDING, [], " Nobody signed it.")
    assert (folder / "signatures-1" / statement_name(folder)).is_file()
    assert (folder / "papers-1" / "sign-off.json").is_file()
    assert sign(folder, key="ana", records=records(home)) is Exit.DONE
    assert seen(home)[:2] == (Exit.DONE, [("ana", True)])


def statement_name(folder: Path) -> str:
    return next((folder / "signatures-1").iterdir()).name
