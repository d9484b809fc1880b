"""Champions and challengers: given by signed events, followed only where registry, log and bundle agree."""

import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.data.log.logs import make_key
from tests.pipelines.bundles import NOW, bundle_of
from tests.pipelines.registries import NAME, House, make_house
from vivavoce.data.log.event import Action, Event
from vivavoce.data.log.log import LogAltered
from vivavoce.data.signing.key import Revocation, Role, revoke_key
from vivavoce.models.directory import ModelRefused, load_model
from vivavoce.models.score import Standing
from vivavoce.pipelines.publishing.bundle import BundleRefused, verify_bundle
from vivavoce.pipelines.publishing.promotion import Promotion, PromotionRefused, Target, new_event
from vivavoce.pipelines.publishing.registry import RegistryRefused, Version
from vivavoce.pipelines.registry import AliasMoved, Resolved, promote, resolve, roll_back

CHAMPION = f"models:/{NAME}@champion"
REVOKED = Revocation(on=date(2026, 12, 1), reason="stolen")


@pytest.fixture
def house(tmp_path: Path) -> House:
    return make_house(tmp_path)


def crown(house: House, version: Version) -> Promotion:
    return promote(house.registry, house.records, version, "champion", house.publisher, now=NOW)


def follow(house: House, reference: str = CHAMPION, after: timedelta = timedelta()) -> Resolved:
    return resolve(reference, house.registry, house.records, now=NOW + after)


def promotions(house: House) -> list[Event]:
    return list(house.records.read().events(Action.PROMOTE, Action.ROLL_BACK))


def test_a_champion_is_found_with_its_bundle(house: House) -> None:
    version = house.version(60)
    given = crown(house, version)
    assert (given.target, given.signer, given.who) == (Target(1, version.model, version.bundle), "publisher", "ana")
    found = follow(house)
    assert (found.version.number, found.standing, found.digest) == (1, Standing.PUBLISHED, version.model)
    assert found.bundle is not None
    assert load_model(found.folder, digest=found.digest)[1] == version.model


def test_other_versions_are_experimental(house: House) -> None:
    crown(house, house.version(60))
    other = house.version(61, bundled=False)
    assert follow(house, f"models:/{NAME}/2").standing is Standing.EXPERIMENTAL
    with pytest.raises(PromotionRefused, match="engineer has no challenger yet"):
        follow(house, f"models:/{NAME}@challenger")
    trainer = make_key(house.home, "trainer", Role.TRAIN)
    promote(house.registry, house.records, other, "challenger", trainer, now=NOW)
    found = follow(house, f"models:/{NAME}@challenger")
    assert (found.version.number, found.standing, found.bundle) == (2, Standing.EXPERIMENTAL, None)


@pytest.mark.parametrize(
    "reference", ["engineer", "models:/engineer", "models:/engineer@king", "models:/a/b/c", "/etc"]
)
def test_what_is_no_reference_is_refused(house: House, reference: str) -> None:
    with pytest.raises(PromotionRefused, match="models:/NAME@champion"):
        follow(house, reference)
    with pytest.raises(RegistryRefused, match="1 to 80 letters"):
        follow(house, "models:/..@champion")


def test_a_champion_needs_a_bundle_and_a_publisher(house: House) -> None:
    bare, whole = house.version(61, bundled=False), house.version(60)
    with pytest.raises(RegistryRefused, match="has no bundle: publish it first"):
        crown(house, bare)
    trainer = make_key(house.home, "trainer", Role.TRAIN)
    stranger = make_key(house.home / "elsewhere", "publisher", Role.PUBLISH)
    for key, said in (
        (trainer, "takes a key with the role publish. 'trainer' has none"),
        (stranger, "not in the trust"),
    ):
        with pytest.raises(PromotionRefused, match=said):
            promote(house.registry, house.records, whole, "champion", key, now=NOW)
    with pytest.raises(PromotionRefused, match="one of challenger, champion"):
        promote(house.registry, house.records, whole, "king", house.publisher, now=NOW)
    with pytest.raises(BundleRefused, match="not current"):
        promote(house.registry, house.records, whole, "champion", house.publisher, now=NOW + timedelta(days=400))
    assert promotions(house) == []
    assert house.registry.alias(NAME, "champion") is None


def test_promoting_again_changes_nothing(house: House) -> None:
    version = house.version(60)
    assert crown(house, version) == crown(house, version)
    assert len(promotions(house)) == 1


def test_an_alias_moved_by_hand_is_found(house: House) -> None:
    one, two = house.version(60), house.version(61)
    crown(house, one)
    house.registry.set_alias(two, "champion")
    with pytest.raises(AliasMoved, match=r"names version 2 .* publisher gave it to 1 at .*moved by hand"):
        follow(house)
    crown(house, one)  # nothing new to log; the alias is put right
    assert follow(house).version.number == 1
    house.registry._client.delete_registered_model_alias(NAME, "champion")
    with pytest.raises(AliasMoved, match="champion of engineer is gone, and by the signed log publisher gave it to 1"):
        follow(house)


def test_an_alias_that_nobody_gave_is_found(house: House) -> None:
    house.registry.set_alias(house.version(60), "champion")
    with pytest.raises(AliasMoved, match="names version 1 .* nobody ever gave it"):
        follow(house)


def test_an_exchanged_bundle_is_found(house: House) -> None:
    one, two = house.version(60), house.version(61)
    crown(house, one)
    shelf = house.registry.shelf
    shutil.rmtree(shelf.place(str(one.bundle)))
    shutil.copytree(shelf.place(str(two.bundle)), shelf.place(str(one.bundle)))
    with pytest.raises(AliasMoved, match=f"bundle of engineer 1 is not {str(one.bundle)[:12]}, as promoted"):
        follow(house)


def test_the_champion_keeps_its_bundle_until_another_is_promoted(house: House) -> None:
    """A new audit of the same version is attached first; if its promotion fails, the old one stays in force."""
    other, version = house.version(61), house.version(60)
    crown(house, other), crown(house, version)
    new = bundle_of(house.home / "new", house.home / "model60", house.auditor, house.publisher, days=30)
    renewed = house.registry.attach(version, verify_bundle(new, house.records.trust(), now=NOW))
    found = follow(house)
    assert (found.version.bundle, found.bundle and found.bundle.digest) == (version.bundle, version.bundle)
    crown(house, renewed)
    found = follow(house)
    assert (found.version.bundle, found.bundle and found.bundle.digest) == (renewed.bundle, renewed.bundle)
    back = roll_back(house.registry, house.records, NAME, house.publisher, now=NOW)
    assert back.target.version == other.number  # the version before, not the audit before


def test_a_flipped_byte_on_the_shelf_is_found(house: House) -> None:
    version = house.version(60)
    crown(house, version)
    path = house.registry.bundle_folder(version) / "model" / "weights.safetensors"
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(BundleRefused, match=r"model/weights\.safetensors is not the file that was signed"):
        follow(house)


def test_a_spoilt_version_is_no_challenger(house: House) -> None:
    version = house.version(60, bundled=False)
    (house.registry.model_folder(version) / "model.json").write_text("{}")
    with pytest.raises(ModelRefused):
        promote(house.registry, house.records, version, "challenger", house.publisher, now=NOW)


def test_an_expired_audit_and_a_revoked_key_end_a_champion(house: House) -> None:
    crown(house, house.version(60))
    with pytest.raises(BundleRefused, match="not current at 2027-12-27"):
        follow(house, after=timedelta(days=400))
    revoke_key(house.records.trust_file, "publisher", REVOKED)
    with pytest.raises(PromotionRefused, match="key 'publisher', revoked on 2026-12-01: stolen. Promote again"):
        follow(house)


def test_another_publisher_takes_over_from_a_revoked_key(house: House) -> None:
    one = house.version(60)
    promote(house.registry, house.records, one, "challenger", house.publisher, now=NOW)
    revoke_key(house.records.trust_file, "publisher", REVOKED)
    heir = make_key(house.home, "heir", Role.PUBLISH)
    given = promote(house.registry, house.records, one, "challenger", heir, now=NOW)
    assert given.signer == "heir"
    assert follow(house, f"models:/{NAME}@challenger").version.number == 1
    with pytest.raises(PromotionRefused, match="nothing to go back to"):  # signed anew is no version before
        roll_back(house.registry, house.records, NAME, heir, now=NOW, alias="challenger")


def test_a_step_back_leads_to_the_champion_before(house: House) -> None:
    one, two, three = (house.version(people) for people in (60, 61, 62))
    for version in (one, two, three):
        crown(house, version)
    numbers = []
    for _ in range(2):
        given = roll_back(house.registry, house.records, NAME, house.publisher, now=NOW)
        numbers.append(given.target.version)
        assert follow(house).version.number == given.target.version
    assert numbers == [2, 1]
    with pytest.raises(PromotionRefused, match="nothing to go back to"):
        roll_back(house.registry, house.records, NAME, house.publisher, now=NOW)
    assert [event.action for event in promotions(house)] == [Action.PROMOTE] * 3 + [Action.ROLL_BACK] * 2
    crown(house, three)
    assert follow(house).version.number == 3


def test_there_is_no_step_back_to_a_champion_that_may_not_be_used(house: House) -> None:
    one, two = house.version(60), house.version(61)
    crown(house, one), crown(house, two)
    (house.registry.bundle_folder(one) / "card.md").write_text("another")
    with pytest.raises(BundleRefused, match=r"card\.md"):
        roll_back(house.registry, house.records, NAME, house.publisher, now=NOW)
    assert follow(house).version.number == 2


def test_a_promotion_that_was_killed_halfway_is_refused_and_finished(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = house.version(60), house.version(61)
    crown(house, one)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(type(house.registry), "set_alias", killed)
    with pytest.raises(KeyboardInterrupt):
        crown(house, two)
    monkeypatch.undo()
    with pytest.raises(AliasMoved):
        follow(house)
    crown(house, two)
    assert follow(house).version.number == 2
    assert len(promotions(house)) == 2


def test_the_machines_key_alone_makes_no_champion(house: House) -> None:
    """Whoever holds the log's key can write events, and neither sign a promotion nor repeat an old one."""
    one, two = house.version(60), house.version(61)
    crown(house, one), crown(house, two)
    target, machine = Target(1, one.model, one.bundle), house.records.key("log")
    forged = new_event(Action.PROMOTE, "eve", NAME, "champion", target, None, machine)
    repeated = promotions(house)[0]
    for event, said in ((forged, "signed by 'log', which may not"), (repeated, "does not follow on")):
        copy = shutil.copytree(house.records.log, house.home / event.who, dirs_exist_ok=True)
        house.records.write(event)
        house.registry.set_alias(one, "champion")
        with pytest.raises(PromotionRefused, match=said):
            follow(house)
        shutil.rmtree(house.records.log)
        shutil.move(copy, house.records.log)
    house.registry.set_alias(two, "champion")
    assert follow(house).version.number == 2


def test_an_altered_log_ends_every_champion(house: House) -> None:
    crown(house, house.version(60))
    path = house.records.log / "events.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"who":"ana"', b'"who":"eve"'))
    with pytest.raises(LogAltered):
        follow(house)
