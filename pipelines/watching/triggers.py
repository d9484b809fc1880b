"""What calls for a new audit: stated beforehand, looked for in every month, said in plain words."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from vivavoce.evaluation.monitoring import Watched
from vivavoce.pipelines.publishing.bundle_check import AUDIT_DAYS
from vivavoce.pipelines.watching.impact import Impact
from vivavoce.pipelines.watching.monitored import Compared
from vivavoce.pipelines.watching.months import Seen, kind_of

RULES = {
    "drift": "something watched moved in two months in a row (Holm over everything watched in a month; PSI of at least "
    ".10 and beyond its noise, or a share by 5 points)",
    "impact": "a group's impact ratio: its whole score interval below .8 in two months in a row, or a finding after "
    "Holm over all groups and months",
    "audit_age": f"the audit is older than {AUDIT_DAYS} days",
    "other_model": "scores by another model version than the audited one",
}


@dataclass(frozen=True)
class Trigger:
    """One reason for a new audit: which rule of :data:`RULES`, since which window, about what, in a sentence."""

    rule: str
    window: str | None
    what: str
    words: str


def find_triggers(
    compared: Compared, impact: Sequence[Impact], later: Seen, audit: Mapping[str, Any] | None, now: datetime
) -> list[Trigger]:
    """Every trigger, each thing once; months before that of the audit were its business and call for nothing.

    Parameters
    ----------
    compared
        What calls for an audit, in the reference and month by month.
    impact, later
        Of the months.
    audit
        ``audit.json``; None where none was given.
    now
        With a time zone.
    """
    since = "" if audit is None else str(audit["made"])[:7]
    found = [*_drift([one for one in compared.months if one.window >= since], compared, later)]
    found += _impact([one for one in impact if one.window >= since], later)
    return found if audit is None else [*found, *_of_audit(audit, later, now)]


def _drift(months: Iterable[Watched], compared: Compared, later: Seen) -> list[Trigger]:
    found: dict[str, Trigger] = {}
    for one in months:
        if one.alarm and one.what not in found:
            words = f"{_moved(one, compared)} ({kind_of(one.what, later).value})"
            found[one.what] = Trigger("drift", one.window, one.what, words)
    return list(found.values())


def _moved(one: Watched, compared: Compared) -> str:
    when = f"in {one.window} and in the month before it"
    if one.drift is None:
        return f"{one.what}: {one.share:.1%} {when}, beside {one.reference_share:.1%} of the reference"
    then = compared.reference.values[one.what].mean()
    now = compared.window(one.window).values[one.what].mean()
    return (
        f"{one.what} moved {when}: its mean is {now:.3g} beside {then:.3g} of the reference, "
        f"{one.drift.shift:+.2f} of its standard deviations, PSI {one.drift.psi.value:.2f}"
    )


def _impact(impact: Sequence[Impact], later: Seen) -> list[Trigger]:
    order = {name: number for number, name in enumerate(later.windows)}
    below = {(one.attribute, one.group, order[one.window]) for one in impact if one.below}
    found: dict[tuple[str, str], Trigger] = {}
    for one in sorted(impact, key=lambda one: order[one.window]):
        place = one.attribute, one.group
        twice = one.below and (*place, order[one.window] - 1) in below
        if place in found or not (one.finding or twice):
            continue
        why = "in two months in a row the whole interval below .80" if twice else "a finding after correction"
        words = (
            f"{one.attribute}, {one.group} against {one.comparator}: impact ratio {one.ratio:.2f} "
            f"[{one.low:.2f}, {one.high:.2f}] in {one.window}, {why}"
        )
        found[place] = Trigger("impact", one.window, f"{one.attribute}: {one.group}", words)
    return list(found.values())


def _of_audit(audit: Mapping[str, Any], later: Seen, now: datetime) -> list[Trigger]:
    found = []
    ends = datetime.fromisoformat(audit["made"]) + timedelta(days=AUDIT_DAYS)
    if ends < now:
        words = f"the audit was made on {str(audit['made'])[:10]} and ended on {ends.date().isoformat()}"
        found.append(Trigger("audit_age", None, "audit", words))
    audited = (audit.get("model") or {}).get("digest")
    others = [digest for digest in later.digests if digest != audited]
    if others:
        of = f"the version {audited[:12]}" if audited else "no version in particular"
        words = f"scores were made by {', '.join(one[:12] for one in others)}, the audit is of {of}"
        found.append(Trigger("other_model", None, "model", words))
    return found
