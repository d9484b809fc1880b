"""A promotion: an alias was given to a version, by a signed event of the log that names the promotion before it.

So neither an alias that was moved by hand in MLflow, nor an old promotion that was written again, passes for one.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from vivavoce.data.errors import VivaError
from vivavoce.data.log.event import Action, Event
from vivavoce.data.log.log import Read
from vivavoce.data.signing.key import Role, SigningKey, Trust, TrustedKey
from vivavoce.data.signing.signature import Purpose, SignatureRefused, known

ROLES = {"challenger": (Role.TRAIN, Role.PUBLISH), "champion": (Role.PUBLISH,)}  # one of which the signer must have
ALIASES = tuple(ROLES)


class PromotionRefused(VivaError):
    """A promotion that may not be, or one in the log that does not count."""


@dataclass(frozen=True)
class Target:
    """What an alias names: the number and digest of a version, and for a champion the digest of its bundle."""

    version: int
    model: str
    bundle: str | None


@dataclass(frozen=True)
class Promotion:
    """An alias was given to a version.

    Parameters
    ----------
    name, alias
        Which alias of which registered name.
    target
        What it names since.
    action
        ``promote`` or ``roll_back``.
    signer, who, time
        Name of the key, id of the operator, UTC.
    id
        SHA-256 of what was signed; the next promotion names it.
    """

    name: str
    alias: str
    target: Target
    action: Action
    signer: str
    who: str
    time: str
    id: str


def new_event(
    action: Action, who: str, name: str, alias: str, target: Target, last: Promotion | None, signer: SigningKey
) -> Event:
    """Return the signed event of a promotion that follows on the last one."""
    details = {"name": name, "alias": alias, "version": target.version, "after": last.id if last else None}
    digests = {"model": target.model} | ({"bundle": target.bundle} if target.bundle else {})
    return Event.now(action, who, details=details, digests=digests).signed(signer)


def history(log: Read, trust: Trust, name: str, alias: str) -> list[Promotion]:
    """Every promotion of an alias, oldest first. Keys that were revoked since still count for what is past.

    Raises
    ------
    PromotionRefused
        If one is not signed by a key that may, does not follow on the one before it, or goes back to another version
        than the one before.
    """
    found: list[Promotion] = []
    for event in log.events(Action.PROMOTE, Action.ROLL_BACK):
        if (event.details.get("name"), event.details.get("alias")) != (name, alias):
            continue
        one = read_event(event, trust)
        if event.details.get("after") != (found[-1].id if found else None):
            raise PromotionRefused(f"The {alias} of {name} at {one.time} does not follow on the promotion before it.")
        earlier = before(found)
        if one.action is Action.ROLL_BACK and (earlier is None or earlier.target != one.target):
            raise PromotionRefused(f"The {alias} of {name} went back at {one.time} to what was not before it.")
        found.append(one)
    return found


def before(promotions: Sequence[Promotion]) -> Promotion | None:
    """Return the promotion of another version that a step back from the present one leads to, or None."""
    standing: list[Promotion] = []
    for one in promotions:
        if one.action is Action.ROLL_BACK:
            standing.pop()
        elif standing and standing[-1].target.model == one.target.model:  # signed or audited anew
            standing[-1] = one
        else:
            standing.append(one)
    return standing[-2] if len(standing) > 1 else None


def read_event(event: Event, trust: Trust) -> Promotion:
    """Read a promotion from its event.

    Raises
    ------
    PromotionRefused
        If it is none, or not signed by a key with the role that it takes.
    """
    name, alias, version = (event.details.get(part) for part in ("name", "alias", "version"))
    if not isinstance(name, str) or not isinstance(alias, str) or alias not in ROLES or type(version) is not int:
        raise PromotionRefused(f"The event of {event.time} says that it promotes, and not what to what.")
    what = f"The {alias} of {name} at {event.time}"
    needed = {"model", "bundle"} if alias == "champion" else {"model"}
    if event.signature is None or set(event.digests) != needed:
        raise PromotionRefused(
            f"{what} was signed by nobody, or names another thing than its {' and '.join(sorted(needed))}."
        )
    try:
        key = known(event.signature, Purpose.EVENT, event.content(), trust)
    except SignatureRefused as error:
        raise PromotionRefused(f"{what} does not count: {error}") from error
    if not key.roles & set(ROLES[alias]):
        raise PromotionRefused(f"{what} was signed by {key.name!r}, which may not: it lacks {_listed(ROLES[alias])}.")
    return Promotion(
        name=name,
        alias=alias,
        target=Target(version, event.digests["model"], event.digests.get("bundle")),
        action=event.action,
        signer=key.name,
        who=event.who,
        time=event.time,
        id=hashlib.sha256(event.content()).hexdigest(),
    )


def may_promote(name: str, alias: str, trust: Trust) -> TrustedKey:
    """Return the key of this name or id, which may give the alias now.

    Raises
    ------
    PromotionRefused
        If it is unknown or revoked, or has no role for this alias.
    """
    key = trust.find(name)
    if key is None:
        raise PromotionRefused(f"A {alias} must be signed by a trusted key. The key {name!r} is not in the trust file.")
    if key.revoked:
        raise PromotionRefused(
            f"The {alias} rests on the key {key.name!r}, revoked on {key.revoked.on}: {key.revoked.reason}. "
            "Promote again with another key."
        )
    if not key.roles & set(ROLES[alias]):
        raise PromotionRefused(f"A {alias} takes a key with the role {_listed(ROLES[alias])}. {key.name!r} has none.")
    return key


def _listed(roles: Iterable[Role]) -> str:
    return " or ".join(role.value for role in roles)
