"""A signed bundle: whole it may be used; changed, exchanged, expired or signed by the wrong key it is refused."""

import json
import os
import shutil
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.data.log.logs import make_key
from tests.pipelines.bundles import NOW, Made, bundle_of, gate, make_all, make_audit, make_model
from vivavoce.data.errors import AlreadyThere
from vivavoce.data.signing.key import Revocation, Role, Trust, TrustedKey, add_key, revoke_key
from vivavoce.models.directory import load_model
from vivavoce.pipelines.publishing.bundle import BundleRefused, Parts, make_bundle, sign_bundle, verify_bundle

YEAR = timedelta(days=365)


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return make_all(tmp_path_factory.mktemp("made"))


@pytest.fixture
def made(once: Made, tmp_path: Path) -> Made:
    """A copy, to be spoilt."""
    home = Path(shutil.copytree(once.home, tmp_path / "home"))
    return Made(home, home / "bundle", home / "v1", once.auditor, once.publisher)


def refused(made: Made, said: str, *, after: timedelta = timedelta()) -> None:
    with pytest.raises(BundleRefused, match=said) as caught:
        verify_bundle(made.folder, made.trust, now=NOW + after)
    assert [one.holds for one in caught.value.checks][-1] is False
    assert all(one.holds for one in caught.value.checks[:-1])


def test_a_whole_bundle_may_be_used(once: Made) -> None:
    verified = verify_bundle(once.folder, once.trust, now=NOW)
    assert [one.name for one in verified.checks] == [
        "folder",
        "manifest",
        "files",
        "signatures",
        "model",
        "audit",
        "gate",
    ]
    assert sorted(verified.signers) == ["auditor", "publisher"]
    assert verified.admission == "published"
    assert verified.expires == NOW + YEAR
    assert load_model(verified.model_folder, digest=verified.model)[1] == verified.model


def test_it_lists_the_packages_that_made_it(once: Made) -> None:
    environment = json.loads((once.folder / "environment.json").read_text())
    assert {"numpy", "cryptography", "vivavoce"} <= set(environment["packages"])


def test_a_bundle_is_never_overwritten(once: Made) -> None:
    parts = Parts(once.model, once.home / "bundle-audit", {}, {"card.md": b""})
    with pytest.raises(AlreadyThere, match="a bundle never changes"):
        make_bundle(once.folder, parts)
    with pytest.raises(ValueError, match=r"A bundle has card\.md"):
        make_bundle(once.home / "other", Parts(once.model, once.home, {}, {}))


def test_one_flipped_byte_anywhere_is_found_and_its_file_named(made: Made) -> None:
    for path in sorted(path for path in made.folder.rglob("*") if path.is_file()):
        whole = path.read_bytes()
        for at in {0, len(whole) // 2, len(whole) - 1}:
            path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
            with pytest.raises(BundleRefused) as caught:
                verify_bundle(made.folder, made.trust, now=NOW)
            name = path.relative_to(made.folder).as_posix()
            assert name in str(caught.value) or name == "bundle.json", str(caught.value)
        path.write_bytes(whole)
    verify_bundle(made.folder, made.trust, now=NOW)


def test_every_bit_of_the_manifest_and_the_signatures_counts(made: Made) -> None:
    trust = made.trust
    (signature, _) = sorted((made.folder / "signatures").iterdir())
    for path, step in ((made.folder / "bundle.json", 23), (signature, 7)):
        whole = path.read_bytes()
        for at in range(0, len(whole), step):
            path.write_bytes(whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1 :])
            with pytest.raises(BundleRefused):
                verify_bundle(made.folder, trust, now=NOW)
        path.write_bytes(whole)


def test_an_exchanged_audit_is_refused(made: Made) -> None:
    other = load_model(make_model(made.home / "v2", people=61))[1]
    shutil.rmtree(made.folder / "audit")
    make_audit(made.folder / "audit", other)
    refused(made, r"files: audit/audit\.json is not the file that was signed")


def test_an_audit_of_another_version_is_refused_although_signed(made: Made) -> None:
    digest = load_model(made.model)[1]
    other = make_audit(made.home / "other", load_model(make_model(made.home / "v2", people=61))[1])
    shutil.rmtree(made.folder)
    make_bundle(made.folder, Parts(made.model, other, gate(digest), {"card.md": b""}), now=NOW)
    sign_bundle(made.folder, made.auditor), sign_bundle(made.folder, made.publisher)
    refused(made, r"audit: audit/audit\.json is of [0-9a-f]{12}, not of this model")


@pytest.mark.parametrize(
    ("decision", "said"),
    [
        ({"model_digest": "0" * 64}, "is about 000000000000, not this model"),
        ({"model_digest": None}, "is about no named version"),
        ({"admission": "refused"}, "says 'refused'; it must be one of published, provisional"),
        ({"admission": None}, "says None"),
        ({"expires": "2026-11-21T00:00:00+00:00"}, "the admission ended on 2026-11-21"),
        ({"expires": None}, r"gate\.json names no time"),
    ],
)
def test_a_gate_that_does_not_admit_this_model_is_refused(made: Made, decision: dict[str, str], said: str) -> None:
    digest = load_model(made.model)[1]
    shutil.rmtree(made.folder)
    document = {**gate(digest), **decision}
    make_bundle(made.folder, Parts(made.model, made.home / "bundle-audit", document, {"card.md": b""}), now=NOW)
    sign_bundle(made.folder, made.auditor), sign_bundle(made.folder, made.publisher)
    refused(made, f"gate: .*{said}")


def test_an_audit_lasts_a_year(made: Made) -> None:
    verify_bundle(made.folder, made.trust, now=NOW + YEAR)
    refused(made, "audit: .*not current at 2027-11-22", after=YEAR + timedelta(seconds=1))
    refused(made, "audit: .*not current", after=-timedelta(seconds=1))


def test_a_provisional_admission_ends_sooner(made: Made) -> None:
    shutil.rmtree(made.folder), shutil.rmtree(made.home / "bundle-audit")
    bundle_of(made.folder, made.model, made.auditor, made.publisher, admission="provisional", days=90)
    verified = verify_bundle(made.folder, made.trust, now=NOW)
    assert (verified.admission, verified.expires) == ("provisional", NOW + timedelta(days=90))
    refused(made, "the admission ended on 2027-02-20", after=timedelta(days=91))


def test_a_revoked_key_takes_its_bundles_with_it(made: Made) -> None:
    revoke_key(made.trust_file, "auditor", Revocation(on=date(2027, 1, 1), reason="left the house"))
    refused(made, "signatures: .*'auditor' was revoked on 2027-01-01: left the house")


def test_an_unknown_key_is_refused_even_beside_known_ones(made: Made) -> None:
    stranger = make_key(made.home / "elsewhere", "publisher", Role.PUBLISH)
    sign_bundle(made.folder, stranger, now=NOW)
    refused(made, f"signatures: signatures/{stranger.id}.json: .* is unknown")


def test_both_roles_must_have_signed(made: Made) -> None:
    (made.folder / "signatures" / f"{made.auditor.id}.json").unlink()
    refused(made, "signed by publisher; no key with the role audit did")
    machine = make_key(made.home, "machine", Role.LOG)
    sign_bundle(made.folder, machine, now=NOW)
    refused(made, "'machine' may sign as log, not as audit or publish")
    shutil.rmtree(made.folder / "signatures")
    refused(made, "signatures: nobody signed it")


def test_one_person_may_have_both_roles(made: Made) -> None:
    shutil.rmtree(made.folder / "signatures")
    both = make_key(made.home, "both", Role.AUDIT, Role.PUBLISH)
    sign_bundle(made.folder, both, now=NOW)
    assert verify_bundle(made.folder, made.trust, now=NOW).signers == ("both",)


def test_a_signature_cannot_be_filed_under_another_key(made: Made) -> None:
    signatures = made.folder / "signatures"
    (signatures / f"{made.auditor.id}.json").rename(signatures / "another.json")
    refused(made, r"signatures/another\.json holds the signature of another key, 'auditor'")


def link(folder: Path) -> None:
    (folder / "card.html").unlink()
    (folder / "card.html").symlink_to("/etc/passwd")


def linked_folder(folder: Path) -> None:
    (folder / "audit").rename(folder.parent / "moved")
    (folder / "audit").symlink_to(folder.parent / "moved")


def pipe(folder: Path) -> None:
    os.mkfifo(folder / "model" / "pipe")


def added(folder: Path) -> None:
    (folder / "model" / "extra.pkl").write_bytes(b"\x80\x04.")


def taken(folder: Path) -> None:
    (folder / "audit" / "audit.html").unlink()


def hidden(folder: Path) -> None:
    (folder / ".hidden").write_bytes(b"")


def odd_name(folder: Path) -> None:
    (folder / "a\nb").write_bytes(b"")


def huge(folder: Path) -> None:
    with (folder / "card.md").open("ab") as stream:
        stream.truncate(65 * 2**20)


def many(folder: Path) -> None:
    for number in range(501):
        (folder / "audit" / f"{number}.json").touch()


def deep(folder: Path) -> None:
    (folder / "audit" / "a" / "b" / "c" / "d").mkdir(parents=True)


def traversal(folder: Path) -> None:
    manifest = json.loads((folder / "bundle.json").read_text())
    manifest["files"]["../secret"] = "0" * 64
    (folder / "bundle.json").write_text(json.dumps(manifest))


def nested(folder: Path) -> None:
    (folder / "bundle.json").write_text("[" * 100_000)


def fewer(folder: Path) -> None:
    manifest = json.loads((folder / "bundle.json").read_text())
    del manifest["files"]["gate.json"]
    (folder / "gate.json").unlink()
    (folder / "bundle.json").write_text(json.dumps(manifest))


SPOILT: dict[Callable[[Path], None], str] = {
    link: r"folder: .*card\.html is a link",
    linked_folder: "folder: .*audit is a link",
    pipe: "folder: .*pipe is neither a file nor a folder",
    added: r"files: not in bundle\.json: model/extra\.pkl",
    taken: "files: missing: 'audit/audit.html'",
    hidden: r"folder: .*'\.hidden': names must be",
    odd_name: "folder: .*names must be",
    huge: r"folder: .*card\.md has 68157440 bytes, at most 67108864",
    many: "folder: .*at most 500 files",
    deep: "folder: .*more than 4 folders deep",
    traversal: "files: missing: '../secret'",
    nested: r"manifest: bundle\.json is no JSON object",
    fewer: r"files: bundle\.json lacks gate\.json",
}


@pytest.mark.parametrize(("spoil", "said"), SPOILT.items(), ids=[by.__name__ for by in SPOILT])
def test_a_folder_that_is_no_plain_bundle_is_refused(made: Made, spoil: Callable[[Path], None], said: str) -> None:
    spoil(made.folder)
    refused(made, said)


def test_what_is_no_folder_is_refused(made: Made, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(made.folder)
    for folder in (tmp_path / "link", tmp_path / "none", made.folder / "bundle.json"):
        with pytest.raises(BundleRefused, match="must be a folder, and no link"):
            verify_bundle(folder, made.trust, now=NOW)


def test_the_trust_of_others_does_not_count(once: Made, tmp_path: Path) -> None:
    entry = TrustedKey(name="auditor", public="00" * 32, roles=frozenset({Role.AUDIT}), since=date(2026, 1, 1))
    add_key(tmp_path / "trust.json", entry)
    with pytest.raises(BundleRefused, match="is unknown"):
        verify_bundle(once.folder, Trust.read(tmp_path / "trust.json"), now=NOW)
