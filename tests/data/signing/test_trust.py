"""Whose signature counts: the trust file, and signatures by known, unknown and revoked keys."""

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from vivavoce.data.signing.key import Revocation, Role, SigningKey, Trust, TrustedKey, TrustRefused, add_key, revoke_key
from vivavoce.data.signing.signature import Purpose, Signature, SignatureRefused, check, known, sign

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
ANA, BEN = (SigningKey(Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32)) for n in (1, 2))
STOLEN = Revocation(on=date(2026, 12, 1), reason="the laptop was stolen")


def trusted(name: str, key: SigningKey, *roles: Role) -> TrustedKey:
    return TrustedKey(name=name, public=key.public, roles=frozenset(roles), since=date(2026, 1, 1))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "trust.json"
    add_key(found, trusted("ana", ANA, Role.PUBLISH, Role.AUDIT))
    return found


class TestTheFile:
    def test_keeps_what_is_added(self, path: Path) -> None:
        add_key(path, trusted("ben", BEN, Role.LOG))
        assert [(one.name, one.roles) for one in Trust.read(path).keys] == [
            ("ana", {Role.PUBLISH, Role.AUDIT}),
            ("ben", {Role.LOG}),
        ]
        assert Trust.read(path).find(BEN.id) == Trust.read(path).find("ben")
        assert Trust.read(path).find("cem") is None

    def test_has_the_same_bytes_for_the_same_keys(self, path: Path, tmp_path: Path) -> None:
        add_key(tmp_path / "again.json", trusted("ana", ANA, Role.AUDIT, Role.PUBLISH))
        assert path.read_bytes() == (tmp_path / "again.json").read_bytes()

    @pytest.mark.parametrize(("name", "key"), [("ana", BEN), ("other", ANA)])
    def test_lists_every_name_and_key_once(self, path: Path, name: str, key: SigningKey) -> None:
        with pytest.raises(TrustRefused, match="already"):
            add_key(path, trusted(name, key, Role.LOG))

    def test_revokes_once_with_a_reason(self, path: Path) -> None:
        revoke_key(path, "ana", STOLEN)
        (found,) = Trust.read(path).keys
        assert found.revoked == STOLEN
        with pytest.raises(TrustRefused, match="was revoked on 2026-12-01 already"):
            revoke_key(path, "ana", STOLEN)
        with pytest.raises(TrustRefused, match="no key 'cem'. It has: ana"):
            revoke_key(path, "cem", STOLEN)

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ({"format": 2}, "format"),
            ({"keys": [{"name": "ana"}]}, "public: This is required"),
            ({"more": 1}, "more"),
            ({"keys": [{"name": "../a", "public": "0" * 64, "roles": ["log"], "since": "2026-01-01"}]}, "name"),
            ({"keys": [{"name": "a", "public": "0" * 64, "roles": [], "since": "2026-01-01"}]}, "roles"),
            ({"keys": [{"name": "a", "public": "0" * 64, "roles": ["king"], "since": "2026-01-01"}]}, "roles"),
        ],
    )
    def test_is_checked_when_it_is_read(self, path: Path, change: dict[str, object], said: str) -> None:
        path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
        with pytest.raises(TrustRefused, match=said):
            Trust.read(path)

    def test_must_not_be_writable_by_others(self, path: Path) -> None:
        path.chmod(0o664)
        with pytest.raises(TrustRefused, match="chmod go-w"):
            Trust.read(path)

    def test_must_be_there(self, tmp_path: Path) -> None:
        with pytest.raises(TrustRefused, match="VIVA_TRUST"):
            Trust.read(tmp_path / "none.json")


class TestASignature:
    signature = sign(ANA, Purpose.BUNDLE, b"content", NOW)

    def test_names_who_signed(self, path: Path) -> None:
        assert check(self.signature, Purpose.BUNDLE, b"content", Trust.read(path), Role.PUBLISH).name == "ana"
        assert Signature.of(json.loads(json.dumps(self.signature.document()))) == self.signature

    @pytest.mark.parametrize("content", [b"Content", b"content ", b""])
    def test_holds_for_its_bytes_only(self, path: Path, content: bytes) -> None:
        with pytest.raises(SignatureRefused, match="by 'ana' is not one of these bytes"):
            check(self.signature, Purpose.BUNDLE, content, Trust.read(path))

    def test_serves_one_purpose_and_one_time(self, path: Path) -> None:
        later = Signature(self.signature.key, "2027-11-22T12:00:00+00:00", self.signature.value)
        for signature, purpose in ((self.signature, Purpose.EVENT), (later, Purpose.BUNDLE)):
            with pytest.raises(SignatureRefused, match="not one of these bytes"):
                check(signature, purpose, b"content", Trust.read(path))

    def test_of_an_unknown_key_does_not_count(self, path: Path) -> None:
        with pytest.raises(SignatureRefused, match="is unknown"):
            check(sign(BEN, Purpose.BUNDLE, b"content", NOW), Purpose.BUNDLE, b"content", Trust.read(path))

    def test_cannot_be_claimed_for_another_key(self, path: Path) -> None:
        forged = Signature(ANA.id, self.signature.time, sign(BEN, Purpose.BUNDLE, b"content", NOW).value)
        with pytest.raises(SignatureRefused, match="not one of these bytes"):
            check(forged, Purpose.BUNDLE, b"content", Trust.read(path))

    def test_of_a_revoked_key_does_not_count_whatever_its_date(self, path: Path) -> None:
        trust = revoke_key(path, "ana", STOLEN)
        with pytest.raises(SignatureRefused, match="'ana' was revoked on 2026-12-01: the laptop was stolen"):
            check(self.signature, Purpose.BUNDLE, b"content", trust)
        assert known(self.signature, Purpose.BUNDLE, b"content", trust).name == "ana"

    def test_needs_the_role(self, path: Path) -> None:
        with pytest.raises(SignatureRefused, match="may sign as audit or publish, not as log"):
            check(self.signature, Purpose.BUNDLE, b"content", Trust.read(path), Role.LOG)

    @pytest.mark.parametrize("value", ["", "zz", "00" * 63])
    def test_that_is_none_is_refused(self, path: Path, value: str) -> None:
        broken = Signature(ANA.id, self.signature.time, value)
        with pytest.raises(SignatureRefused, match="not one of these bytes"):
            check(broken, Purpose.BUNDLE, b"content", Trust.read(path))

    @pytest.mark.parametrize("document", [None, [], {"key": "a"}, {"key": 1, "time": "", "value": ""}])
    def test_must_have_its_shape(self, document: object) -> None:
        with pytest.raises(SignatureRefused, match="key, time and value"):
            Signature.of(document)
