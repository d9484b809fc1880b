"""Each check of the gate: evidence and thresholds in, an outcome with what was seen and the way out."""

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from vivavoce.evaluation.effect import people_needed_for_correlation
from vivavoce.fairness.gate.evidence import NO_AUDIT, Evidence, Seen, failed, interval, limits, passed, place, unknown
from vivavoce.fairness.table import SHARE_THAT_COUNTS

Parameters = Mapping[str, float]
Json = Mapping[str, Any]


def audited(evidence: Evidence, _: Parameters) -> Seen:
    """Whether the audit is of this very version; no audit is a failure, since one can be made."""
    if evidence.audit is None:
        return failed(NO_AUDIT, "Run viva audit with --model and give its folder.")
    digest = (evidence.audit.get("model") or {}).get("digest")
    if digest != evidence.model_digest:
        seen = f"the audit is of {str(digest)[:12] if digest else 'no named version'}, not {evidence.model_digest[:12]}"
        return failed(seen, "Score with this version, and audit those scores with --model.")
    return passed(f"of {evidence.model_digest[:12]}")


def current(evidence: Evidence, parameters: Parameters) -> Seen:
    """Whether the audit is young enough."""
    if evidence.audit is None:
        return failed(NO_AUDIT, "Run viva audit with --model and give its folder.")
    made = datetime.fromisoformat(evidence.audit["made"])
    age = evidence.now - (made if made.tzinfo else made.replace(tzinfo=UTC))
    seen = f"{age.days} days old, at most {parameters['days']:g}"
    if age.total_seconds() < 0:
        return failed(f"made on {made:%Y-%m-%d}, which is still to come", "Set the clock right and audit again.")
    return passed(seen) if age.days <= parameters["days"] else failed(seen, "Audit this year's scores.")


def consent(evidence: Evidence, _: Parameters) -> Seen:
    """Whether everybody who was learned from agreed to it."""
    if evidence.without_consent is None:
        return failed("the data sheet does not say", "Train from a table that carries purposes.")
    if evidence.without_consent:
        return failed(f"{evidence.without_consent} without", "Leave these people out and train again.")
    return passed("on record for all")


def no_refused_feature(evidence: Evidence, _: Parameters) -> Seen:
    """Whether anything is scored that must not be."""
    if not evidence.refused:
        return passed("none is used")
    listed = "; ".join(f"{name}: {reason}" for name, reason in evidence.refused.items())
    return failed(listed, "Drop these features and train again.")


def groups_permuted(evidence: Evidence, _: Parameters) -> Seen:
    """Whether declared groups can reach a score."""
    return _unchanged(evidence.groups_permuted, "when declared groups were permuted")


def scored_twice(evidence: Evidence, _: Parameters) -> Seen:
    """Whether a score depends on anything but the person."""
    return _unchanged(evidence.scored_twice, "when people were scored again in another order")


def _unchanged(same: bool | None, when: str) -> Seen:
    if same is None:
        return failed(f"not tried {when}", "Give the measured features with --features, so that it can be tried.")
    if not same:
        return failed(f"scores changed {when}", "Find what reaches the score; this is a defect.")
    return passed(f"bit-identical {when}")


def validity(evidence: Evidence, parameters: Parameters) -> Seen:
    """Whether the score predicts performance at all: a failure only once enough people could have shown it."""
    needed = people_needed_for_correlation(parameters["r"])
    if math.isnan(evidence.validity.low):
        missing = evidence.validity.reason or "no interval"
        return unknown(missing, f"Collect the performance of {needed} scored people.", needed)
    seen = f"r {interval(evidence.validity)}, {evidence.persons} people"
    if evidence.validity.low > 0:
        return passed(seen)
    if evidence.persons < needed:
        more = f"Collect performance of {needed} people in all; r = {parameters['r']:g} then shows in 4 of 5 studies."
        return unknown(seen, more, needed)
    return failed(seen, "Look at criterion, ratings and questions; keep the champion, or people, meanwhile.")


def not_below_champion(evidence: Evidence, parameters: Parameters) -> Seen:
    """Whether a change makes decisions worse; without a champion there is nothing to be worse than."""
    gap, margin = evidence.over_champion, parameters["margin"]
    if gap is None:
        return passed("there is no champion yet")
    if math.isnan(gap.low):
        return unknown(gap.reason or "not compared", "Compare with the champion on the same people.")
    seen = f"Δr {interval(gap)} against the champion, margin {margin:g}"
    if gap.low >= -margin:
        return passed(seen)
    if gap.value < -margin:
        return failed(seen, "Keep the champion.")
    width = (gap.high - gap.low) / 2
    people = math.ceil(evidence.persons * (width / margin) ** 2) if evidence.persons else None
    return unknown(seen, "Collect more outcomes until the interval is narrower than the margin.", people)


def primary_impact(evidence: Evidence, _: Parameters) -> Seen:
    """The audit's verdict on its primary family; never its sweep, nor anything else that was only looked at."""
    if evidence.audit is None:
        return unknown(NO_AUDIT, "Run viva audit with --model and give its folder.")
    status = evidence.audit["status"]
    if status == "ok":
        return passed("no group of at least 2 % is in doubt")
    if status == "finding":
        found = [one for one in evidence.audit["findings"] if one["family"] == "primary"]
        seen = "; ".join(f"{place(one['where'])} ratio {one['size']:.2f} {limits(*one['interval'])}" for one in found)
        return failed(seen, _suspects(evidence.audit) or "Look for what causes it, retrain without it, audit again.")
    open_ones = list(evidence.audit["open"])
    needed = [one["people_needed"] for one in open_ones if one["people_needed"]]
    people = max(needed) if needed else None
    seen = f"not told for {', '.join(place(one['where']) for one in open_ones) or 'any group'}"
    return unknown(seen, "Audit again when these groups are larger; until then people decide.", people)


def _suspects(audit: Json) -> str:
    """Questions that the same audit found to treat equally able people differently: where to begin."""
    biased = biased_questions(audit)
    return f"Retrain without {', '.join(biased)}, which treats equally able people differently." if biased else ""


def job_analysis(evidence: Evidence, parameters: Parameters) -> Seen:
    """Whether people who know the job said what it asks for."""
    if evidence.rated_job >= parameters["raters"]:
        return passed(f"{evidence.rated_job} raters")
    if evidence.rated_job == 0:
        return failed("the framework is an illustration", "Have people who do the job rate its tasks.")
    return failed(f"{evidence.rated_job} raters, at least {parameters['raters']:g}", "Ask more people of the job.")


def same_questions(evidence: Evidence, parameters: Parameters) -> Seen:
    """Whether the interview was the same for everybody."""
    if evidence.same_questions is None:
        return unknown("not known", "Give the measured features with --features.")
    seen = f"{evidence.same_questions:.0%} of interviews have every question"
    if evidence.same_questions >= parameters["share"]:
        return passed(seen)
    return failed(seen, "Ask everybody all questions of the framework.")


def people(evidence: Evidence, parameters: Parameters) -> Seen:
    """Whether there are people enough, overall and by group."""
    if evidence.audit is None:
        return unknown(NO_AUDIT, "Run viva audit with --model and give its folder.")
    short, largest = [], 0
    for table in _primary(evidence.audit):
        largest = max(largest, int(sum(row["n"] for row in table["rows"])))
        short += [
            f"{table['attribute']} {row['group']}: {row['n']:g}"
            for row in table["rows"]
            if row["n"] < parameters["group"] and (row["share"] or 0) >= float(SHARE_THAT_COUNTS)
        ]
    if largest < parameters["overall"]:
        need = int(parameters["overall"])
        return unknown(f"{largest} people, at least {need}", "Audit again with more people.", need)
    if short:
        return unknown("; ".join(short), f"At least {parameters['group']:g} people in every group.")
    return passed(f"{largest} people, every group of 2 % has {parameters['group']:g}")


def rater_agreement(evidence: Evidence, parameters: Parameters) -> Seen:
    """Whether what was learned from deserves to be learned."""
    least = parameters["icc"]
    low = [name for name, found in evidence.rater_agreement.items() if found.value < least]
    undefined = [name for name, found in evidence.rater_agreement.items() if math.isnan(found.value)]
    if low:
        shown = ", ".join(f"{name} {evidence.rater_agreement[name].value:.2f}" for name in low)
        return failed(f"ICC(1,k) below {least:g}: {shown}", "Train the raters, or have more of them rate.")
    if undefined or not evidence.rater_agreement:
        return unknown(f"not known for {', '.join(undefined) or 'any competency'}", "Have two people rate everybody.")
    return passed(f"ICC(1,k) from {min(one.value for one in evidence.rater_agreement.values()):.2f} up")


def modalities(evidence: Evidence, _: Parameters) -> Seen:
    """Whether voice and face earn their place."""
    idle = {name: found for name, found in evidence.increments.items() if found.verdict != "shown"}
    if not idle:
        used = ", ".join(evidence.increments)
        return passed(f"shown for {used}" if used else "language only")
    shown = ", ".join(f"{name} {found.verdict}" for name, found in idle.items())
    if all(found.verdict == "underpowered" for found in idle.values()):
        needed = [found.people_needed for found in idle.values() if found.people_needed]
        return unknown(shown, "Drop them until they are shown.", max(needed) if needed else None)
    return failed(shown, f"Train without {', '.join(idle)}.")


def differential_prediction(evidence: Evidence, _: Parameters) -> Seen:
    """Whether the score means the same performance in every group."""
    outcomes = (evidence.audit or {}).get("outcomes")
    if not outcomes:
        return unknown("the audit has no outcomes", "Audit with --outcomes.")
    rows = [
        (f"{criterion['criterion']}, {entry['attribute']} {row['group']}", row["verdict"])
        for criterion in outcomes["criteria"]
        for entry in criterion["attributes"]
        for row in entry["groups"]
    ]
    return _verdicts(rows, "predicts alike", "Look at criterion and score of these groups.")


def question_functioning(evidence: Evidence, _: Parameters) -> Seen:
    """Whether a question treats equally able people differently."""
    if evidence.audit is None or not evidence.audit.get("questions"):
        return unknown("the audit has no scores by question", "Audit with --questions.")
    biased = biased_questions(evidence.audit)
    if biased:
        return failed(", ".join(biased), f"Retrain without {', '.join(biased)}.")
    rows = [
        (f"{row['question']} ({entry['attribute']} {group['group']})", row["verdict"])
        for job in evidence.audit["questions"]["jobs"]
        for entry in job["attributes"]
        for group in entry["groups"]
        for row in group["questions"]
    ]
    return _verdicts(rows, "none stands out", "")


def biased_questions(audit: Json) -> list[str]:
    """Ids of the questions that the audit found to treat equally able people differently, in its order."""
    found = [one["where"]["question"] for one in audit["findings"] if one["what"] == "question functioning"]
    return list(dict.fromkeys(found))


def recognition(evidence: Evidence, _: Parameters) -> Seen:
    """Whether words are recognised alike."""
    found = (evidence.audit or {}).get("recognition")
    if not found:
        return unknown("the audit has no word errors by group", "Audit with --recognition.")
    rows = [(f"{row['attribute']} {row['group']}", row["verdict"]) for row in found["rows"]]
    return _verdicts(rows, "no gap", "Use a recogniser that hears these groups as well, or transcripts by people.")


def not_scored(evidence: Evidence, _: Parameters) -> Seen:
    """Whether being unmeasurable hits a group."""
    tables = (evidence.audit or {}).get("not_scored")
    if not tables:
        return unknown("the audit does not say who was not scored", "Audit the project's own scores.")
    rows = [(f"{table['attribute']} {row['group']}", row["verdict"]) for table in tables for row in table["rows"]]
    hit = [name for name, verdict in rows if verdict == "finding"]
    return failed(", ".join(hit), "Find out why.") if hit else passed("no group stands out")


def alternatives(evidence: Evidence, parameters: Parameters) -> Seen:
    """Whether there is as good a way that hurts less."""
    search = evidence.search
    if search is None:
        return unknown("nobody searched", "Run viva fair alternatives with candidates declared beforehand.")
    if search.better:
        return failed(f"confirmed: {', '.join(search.better)}", "Publish the alternative instead, or say why not.")
    if search.tried < parameters["candidates"]:
        return unknown(f"{search.tried} tried, at least {parameters['candidates']:g}", "Declare more candidates.")
    if not search.told:
        return unknown(f"{search.tried} tried; these numbers could confirm none", "Search again with more people.")
    return passed(f"{search.tried} tried, none as valid with clearly less impact")


def _verdicts(rows: Iterable[tuple[str, str | None]], fine: str, remedy: str) -> Seen:
    """Findings before doubts: any finding fails, any group without a verdict leaves the check open."""
    listed = list(rows)
    hit = [name for name, verdict in listed if verdict == "finding"]
    open_ones = [name for name, verdict in listed if verdict == "insufficient"]
    if hit:
        return failed("; ".join(hit), remedy)
    if open_ones or not listed:
        return unknown(f"not told for {'; '.join(open_ones) or 'any group'}", "Audit again with more people.")
    return passed(fine)


def _primary(audit: Json) -> list[Json]:
    return [table for table in audit["tables"] if table["family"] == "primary"]


CHECKS: dict[str, Callable[[Evidence, Parameters], Seen]] = {
    check.__name__: check
    for check in (
        audited, current, consent, no_refused_feature, groups_permuted, scored_twice, validity, not_below_champion,
        primary_impact, job_analysis, same_questions, people, rater_agreement, modalities, differential_prediction,
        question_functioning, recognition, not_scored, alternatives,
    )
}  # fmt: skip
