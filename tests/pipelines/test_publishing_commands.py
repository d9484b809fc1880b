"""``viva keys``, ``log`` and ``model``: what they say, how they end, what they leave."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.pipelines.bundles import bundle_of, make_model
from tests.pipelines.registries import environment, make_house
from vivavoce.data.log.event import Action
from vivavoce.data.signing.key import Role
from vivavoce.pipelines.app import app
from vivavoce.pipelines.records import Records


class Desk:
    """The command line with keys, log and registry in one folder; the clock is the real one."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.environment = environment(home) | {"VIVA_LOG_HEAD": str(home / "elsewhere" / "head"), "COLUMNS": "300"}
        self.records = Records.of(self.environment, who="ana")

    def ask(self, *arguments: object, **more: str) -> Result:
        return CliRunner().invoke(app, [str(argument) for argument in arguments], env=self.environment | more)

    def do(self, *arguments: object, ends: int = 0, **more: str) -> str:
        answer = self.ask(*arguments, **more)
        assert answer.exit_code == ends, answer.output
        return " ".join(answer.output.split())


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    desk.do("keys", "create", "log", "--role", "log")
    desk.do("log", "create", "--as", "ana")
    return desk


class TestKeys:
    def test_are_made_listed_and_logged(self, desk: Desk) -> None:
        said = desk.do("keys", "create", "ben", "--role", "publish", "--role", "audit", "--as", "ben")
        assert "as audit, publish, is in" in said
        assert (desk.home / "ben.key").stat().st_mode & 0o777 == 0o600
        assert "ben" in desk.do("keys", "list")
        *_, event = desk.records.read().events(Action.KEY)
        assert (event.who, event.details) == ("ben", {"key": "ben", "change": "create"})
        found = desk.records.trust().find("ben")
        assert found is not None
        assert desk.do("keys", "public", "ben") == found.public

    def test_of_others_are_trusted_by_their_public_half(self, desk: Desk, tmp_path: Path) -> None:
        there = Desk(tmp_path / "there")
        there.do("keys", "create", "cem", "--role", "audit")
        desk.do("keys", "trust", "cem", there.do("keys", "public", "cem"), "--role", "audit")
        assert desk.records.trust().find("cem") == there.records.trust().find("cem")
        assert "public" in desk.do("keys", "trust", "dan", "abc", "--role", "audit", ends=2)

    def test_of_one_name_are_made_once(self, desk: Desk) -> None:
        before = (desk.home / "log.key").read_bytes()
        assert "has a key 'log' already" in desk.do("keys", "create", "log", "--role", "log", ends=2)
        assert (desk.home / "log.key").read_bytes() == before
        assert "name" in desk.do("keys", "create", "../eve", "--role", "log", ends=2)
        assert not (desk.home.parent / "eve.key").exists()
        assert "king" in desk.do("keys", "create", "eve", "--role", "king", ends=2)

    def test_may_have_a_passphrase(self, desk: Desk) -> None:
        desk.do("keys", "create", "ben", "--role", "publish", "--passphrase", VIVA_PASSPHRASE="horse")
        assert "ENCRYPTED" in (desk.home / "ben.key").read_text()

    def test_are_revoked_with_a_reason_and_logged(self, desk: Desk) -> None:
        desk.do("keys", "create", "ben", "--role", "publish")
        assert "ben is revoked" in desk.do("keys", "revoke", "ben", "--reason", "left")
        assert "left" in desk.do("keys", "list")
        *_, event = desk.records.read().events(Action.KEY)
        assert (event.details["change"], event.details["reason"]) == ("revoke", "left")
        assert "was revoked" in desk.do("keys", "revoke", "ben", "--reason", "again", ends=2)

    def test_that_sign_the_log_go_after_their_successor(self, desk: Desk) -> None:
        assert "Make its successor first" in desk.do("keys", "revoke", "log", "--reason", "old", ends=2)
        desk.do("keys", "create", "log-2", "--role", "log", VIVA_LOG_KEY="log-2")
        desk.do("keys", "revoke", "log", "--reason", "old", VIVA_LOG_KEY="log-2")
        desk.do("log", "verify")


class TestLog:
    def test_is_listed_verified_and_proven(self, desk: Desk) -> None:
        desk.do("keys", "create", "ben", "--role", "publish")
        assert "2 events as signed by log" in desk.do("log", "verify")
        assert "create" in desk.do("log", "list", "--last", 2)
        [listed] = json.loads(desk.do("log", "list", "--last", 1, "--json"))
        assert (listed["n"], listed["action"]) == (1, "key")
        verified = json.loads(desk.do("log", "verify", "--json"))
        assert (verified["events"], verified["signer"]) == (2, "log")
        proof = json.loads(desk.do("log", "prove", 1))
        assert proof["number"] == 1
        assert json.loads(proof["event"])["details"]["key"] == "ben"
        assert "There are events 0 to 1" in desk.do("log", "prove", 2, ends=2)

    def test_is_begun_once_and_needs_its_key(self, desk: Desk, tmp_path: Path) -> None:
        assert "never begun twice" in desk.do("log", "create", ends=2)
        assert "viva keys create" in Desk(tmp_path / "other").do("log", "create", ends=2)
        assert "viva log create" in desk.do("log", "verify", ends=2, VIVA_LOG=str(tmp_path / "nowhere"))

    def test_that_was_altered_is_told_with_its_exit_status(self, desk: Desk) -> None:
        desk.do("keys", "create", "ben", "--role", "publish")
        path = desk.home / "log" / "events.jsonl"
        path.write_bytes(path.read_bytes().replace(b'"key":"ben"', b'"key":"eve"'))
        assert "events 1 to 1 are not those that were signed" in desk.do("log", "verify", ends=1)
        assert "altered" in desk.do("keys", "create", "cem", "--role", "audit", ends=1)

    def test_put_back_to_an_old_state_is_told_by_the_kept_head(self, desk: Desk) -> None:
        old = {path: path.read_bytes() for path in (desk.home / "log").iterdir()}
        desk.do("log", "head", "--out", desk.home / "far")
        desk.do("keys", "create", "ben", "--role", "publish")
        desk.do("log", "head", "--out", desk.home / "far")
        for path, content in old.items():
            path.write_bytes(content)
        assert "an old state was put back" in desk.do("log", "verify", ends=1)
        (desk.home / "elsewhere" / "head").unlink()
        assert "an old state put back is not told" in desk.do("log", "verify")
        assert "an old state was put back" in desk.do(
            "log", "verify", "--head", desk.home / "far" / "heads.jsonl", ends=1
        )
        assert "put back" in desk.do("log", "head", "--out", desk.home / "far", ends=1)

    def test_goes_on_after_a_killed_writer(self, desk: Desk) -> None:
        with (desk.home / "log" / "events.jsonl").open("ab") as stream:
            stream.write(b'{"n":1,')
        assert "viva log recover" in desk.do("log", "verify", ends=1)
        assert "7 bytes were cut off" in desk.do("log", "recover", "--as", "ana")
        assert "nothing to recover" in desk.do("log", "recover")
        assert "2 events" in desk.do("log", "verify")

    def test_knows_staff_by_the_name_they_give(self, desk: Desk) -> None:
        assert [event.who for event in desk.records.read().events()] == ["ana"]
        assert "The operator must be" in desk.do("keys", "create", "x", "--role", "audit", "--as", " ", ends=2)


class TestVersions:
    @pytest.fixture
    def stocked(self, tmp_path: Path) -> Desk:
        make_house(tmp_path)
        (tmp_path / "elsewhere").mkdir()
        return Desk(tmp_path)

    def test_are_registered_shown_compared_promoted_and_taken_back(self, stocked: Desk) -> None:
        for people in (60, 61):
            folder = make_model(stocked.home / f"v{people}", people)
            assert "engineer version" in stocked.do("model", "register", folder, "--name", "engineer", "--as", "ana")
        assert b'"action":"register"' in stocked.records.read().lines[-1]
        assert "engineer 2" in stocked.do("model", "list")
        assert stocked.do("model", "show", "engineer").count("software_engineer") == 2
        versions = json.loads(stocked.do("model", "show", "engineer", "--json"))
        assert [(one["version"], len(one["model"])) for one in versions] == [(1, 64), (2, 64)]
        said = stocked.do("model", "compare", "engineer", 1, 2)
        assert "documents.datasheet.persons: 60 → 61 engineer 1 and 2: 1 differences." in said
        stocked.do("keys", "create", "trainer", "--role", "train")
        for number in (1, 2):
            said = stocked.do("model", "promote", "engineer", number, "--key", "trainer")
            assert f"version {number} is the challenger, signed by trainer" in said
        assert "version 1 is the challenger again" in stocked.do("model", "rollback", "engineer", "--key", "trainer")
        actions = [event.action for event in stocked.records.read().events()]
        assert actions[-3:] == [Action.PROMOTE, Action.PROMOTE, Action.ROLL_BACK]
        said = stocked.do("model", "rollback", "engineer", "--key", "trainer", "--alias", "champion", ends=2)
        assert "takes a key with the role publish" in said
        assert "has no version 9" in stocked.do("model", "promote", "engineer", 9, "--key", "trainer", ends=2)
        assert "cannot be read" in stocked.do("model", "promote", "engineer", 1, "--key", "nobody", ends=2)

    def test_in_a_bundle_are_verified_check_by_check(self, stocked: Desk) -> None:
        keys = [stocked.records.key(name) for name in ("auditor", "publisher")]
        folder = make_model(stocked.home / "v1")
        bundle = bundle_of(stocked.home / "bundle", folder, *keys, made=datetime.now(UTC).replace(microsecond=0))
        said = stocked.do("model", "verify", bundle)
        assert all(
            f"ok {name} " in said for name in ["folder", "manifest", "files", "signatures", "model", "audit", "gate"]
        )
        assert "published for software_engineer until" in said
        stocked.do("model", "register", bundle, "--name", "engineer")
        assert stocked.records.read().lines[-1].count(b'"bundle":') == 1
        (bundle / "gate.json").write_text("{}")
        said = stocked.do("model", "verify", bundle, ends=1)
        assert "REFUSED files gate.json is not the file that was signed" in said
        assert "gate.json" in stocked.do("model", "register", bundle, "--name", "engineer", ends=1)


def test_every_role_can_be_given(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    for role in Role:
        desk.do("keys", "create", role.value, "--role", role.value)
    assert [key.name for key in desk.records.trust().keys] == [role.value for role in Role]
