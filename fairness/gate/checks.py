"""Each check of the gate: evidence and thresholds in, an outcome with what was seen and the way out."""

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from vivavoce.data.wording import NOTHING, Words, as_is, joined
from vivavoce.evaluation.effect import people_needed_for_correlation
from vivavoce.fairness.gate.evidence import Evidence, Seen, failed, interval, limits, passed, place, say, unknown
from vivavoce.fairness.table import SHARE_THAT_COUNTS

Parameters = Mapping[str, float]
Json = Mapping[str, Any]


def audited(evidence: Evidence, _: Parameters) -> Seen:
    """Whether the audit is of this very version; no audit is a failure, since one can be made."""
    if evidence.audit is None:
        return failed(say("no_audit"), say("run_audit"))
    digest = (evidence.audit.get("model") or {}).get("digest")
    if digest != evidence.model_digest:
        given = {"digest": evidence.model_digest[:12]}
        seen = say("audit_of_other", other=str(digest)[:12], **given) if digest else say("audit_of_none", **given)
        return failed(seen, say("audit_these_scores"))
    return passed(say("audit_of", digest=evidence.model_digest[:12]))


def current(evidence: Evidence, parameters: Parameters) -> Seen:
    """Whether the audit is young enough."""
    if evidence.audit is None:
        return failed(say("no_audit"), say("run_audit"))
    made = datetime.fromisoformat(evidence.audit["made"])
    age = evidence.now - (made if made.tzinfo else made.replace(tzinfo=UTC))
    seen = say("age", days=age.days, most=f"{parameters['days']:g}")
    if age.total_seconds() < 0:
        return failed(say("to_come", made=f"{made:%Y-%m-%d}"), say("set_clock"))
    return passed(seen) if age.days <= parameters["days"] else failed(seen, say("audit_this_year"))


def consent(evidence: Evidence, _: Parameters) -> Seen:
    """Whether everybody who was learned from agreed to it."""
    if evidence.without_consent is None:
        return failed(say("consent_unsaid"), say("train_with_purposes"))
    if evidence.without_consent:
        return failed(say("without_consent", n=evidence.without_consent), say("leave_out"))
    return passed(say("consent_of_all"))


def no_refused_feature(evidence: Evidence, _: Parameters) -> Seen:
    """Whether anything is scored that must not be."""
    if not evidence.refused:
        return passed(say("none_used"))
    listed = "; ".join(f"{name}: {reason}" for name, reason in evidence.refused.items())
    return failed(as_is(listed), say("drop_features"))


def groups_permuted(evidence: Evidence, _: Parameters) -> Seen:
    """Whether declared groups can reach a score."""
    return _unchanged(evidence.groups_permuted, say("permuted"))


def scored_twice(evidence: Evidence, _: Parameters) -> Seen:
    """Whether a score depends on anything but the person."""
    return _unchanged(evidence.scored_twice, say("scored_again"))


def _unchanged(same: bool | None, when: Words) -> Seen:
    if same is None:
        return failed(say("not_tried", when=when), say("give_features_to_try"))
    if not same:
        return failed(say("changed", when=when), say("find_what_reaches"))
    return passed(say("identical", when=when))


def validity(evidence: Evidence, parameters: Parameters) -> Seen:
    """Whether the score predicts performance at all: a failure only once enough people could have shown it."""
    needed = people_needed_for_correlation(parameters["r"])
    if math.isnan(evidence.validity.low):
        missing = as_is(evidence.validity.reason) if evidence.validity.reason else say("no_interval")
        return unknown(missing, say("collect_performance", n=needed), needed)
    seen = say("validity", r=interval(evidence.validity), n=evidence.persons)
    if evidence.validity.low > 0:
        return passed(seen)
    if evidence.persons < needed:
        return unknown(seen, say("collect_in_all", n=needed, r=f"{parameters['r']:g}"), needed)
    return failed(seen, say("look_at_criterion"))


def not_below_champion(evidence: Evidence, parameters: Parameters) -> Seen:
    """Whether a change makes decisions worse; without a champion there is nothing to be worse than."""
    gap, margin = evidence.over_champion, parameters["margin"]
    if gap is None:
        return passed(say("no_champion"))
    if math.isnan(gap.low):
        return unknown(as_is(gap.reason) if gap.reason else say("not_compared"), say("compare"))
    seen = say("over_champion", gap=interval(gap), margin=f"{margin:g}")
    if gap.low >= -margin:
        return passed(seen)
    if gap.value < -margin:
        return failed(seen, say("keep_champion"))
    width = (gap.high - gap.low) / 2
    people = math.ceil(evidence.persons * (width / margin) ** 2) if evidence.persons else None
    return unknown(seen, say("more_outcomes"), people)


def primary_impact(evidence: Evidence, _: Parameters) -> Seen:
    """The audit's verdict on its primary family; never its sweep, nor anything else that was only looked at."""
    if evidence.audit is None:
        return unknown(say("no_audit"), say("run_audit"))
    status = evidence.audit["status"]
    if status == "ok":
        return passed(say("no_doubt"))
    if status == "finding":
        found = [one for one in evidence.audit["findings"] if one["family"] == "primary"]
        seen = joined(
            say("ratio", place=place(one["where"]), ratio=f"{one['size']:.2f}", limits=limits(*one["interval"]))
            for one in found
        )
        return failed(seen, _suspects(evidence.audit))
    open_ones = list(evidence.audit["open"])
    needed = [one["people_needed"] for one in open_ones if one["people_needed"]]
    people = max(needed) if needed else None
    seen = _not_told(place(one["where"]) for one in open_ones)
    return unknown(seen, say("audit_when_larger"), people)


def _suspects(audit: Json) -> Words:
    """Questions that the same audit found to treat equally able people differently: where to begin."""
    biased = biased_questions(audit)
    return say("retrain_without_biased", names=", ".join(biased)) if biased else say("look_for_cause")


def job_analysis(evidence: Evidence, parameters: Parameters) -> Seen:
    """Whether people who know the job said what it asks for."""
    if evidence.rated_job >= parameters["raters"]:
        return passed(say("raters", n=evidence.rated_job))
    if evidence.rated_job == 0:
        return failed(say("illustration"), say("have_tasks_rated"))
    return failed(say("raters_of", n=evidence.rated_job, least=f"{parameters['raters']:g}"), say("ask_more"))


def same_questions(evidence: Evidence, parameters: Parameters) -> Seen:
    """Whether the interview was the same for everybody."""
    if evidence.same_questions is None:
        return unknown(say("not_known"), say("give_features"))
    seen = say("same_questions", share=f"{evidence.same_questions:.0%}")
    if evidence.same_questions >= parameters["share"]:
        return passed(seen)
    return failed(seen, say("ask_all"))


def people(evidence: Evidence, parameters: Parameters) -> Seen:
    """Whether there are people enough, overall and by group."""
    if evidence.audit is None:
        return unknown(say("no_audit"), say("run_audit"))
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
        return unknown(say("people_of", n=largest, least=need), say("more_people"), need)
    if short:
        return unknown(as_is("; ".join(short)), say("least_in_group", n=f"{parameters['group']:g}"))
    return passed(say("people", n=largest, least=f"{parameters['group']:g}"))


def rater_agreement(evidence: Evidence, parameters: Parameters) -> Seen:
    """Whether what was learned from deserves to be learned."""
    least = parameters["icc"]
    low = [name for name, found in evidence.rater_agreement.items() if found.value < least]
    undefined = [name for name, found in evidence.rater_agreement.items() if math.isnan(found.value)]
    if low:
        shown = ", ".join(f"{name} {evidence.rater_agreement[name].value:.2f}" for name in low)
        return failed(say("icc_below", least=f"{least:g}", names=shown), say("train_raters"))
    if undefined or not evidence.rater_agreement:
        return unknown(
            say("icc_unknown", names=", ".join(undefined)) if undefined else say("icc_unknown_at_all"),
            say("two_raters"),
        )
    return passed(say("icc", low=f"{min(one.value for one in evidence.rater_agreement.values()):.2f}"))


def modalities(evidence: Evidence, _: Parameters) -> Seen:
    """Whether voice and face earn their place."""
    idle = {name: found for name, found in evidence.increments.items() if found.verdict != "shown"}
    if not idle:
        used = ", ".join(evidence.increments)
        return passed(say("shown_for", names=used) if used else say("language_only"))
    shown = joined(say(f"modality {found.verdict}".replace(" ", "_"), name=name) for name, found in idle.items())
    if all(found.verdict == "underpowered" for found in idle.values()):
        needed = [found.people_needed for found in idle.values() if found.people_needed]
        return unknown(shown, say("drop_until_shown"), max(needed) if needed else None)
    return failed(shown, say("train_without", names=", ".join(idle)))


def differential_prediction(evidence: Evidence, _: Parameters) -> Seen:
    """Whether the score means the same performance in every group."""
    outcomes = (evidence.audit or {}).get("outcomes")
    if not outcomes:
        return unknown(say("no_outcomes"), say("audit_with", option="--outcomes"))
    rows = [
        (f"{criterion['criterion']}, {entry['attribute']} {row['group']}", row["verdict"])
        for criterion in outcomes["criteria"]
        for entry in criterion["attributes"]
        for row in entry["groups"]
    ]
    return _verdicts(rows, say("predicts_alike"), say("look_at_groups"))


def question_functioning(evidence: Evidence, _: Parameters) -> Seen:
    """Whether a question treats equally able people differently."""
    if evidence.audit is None or not evidence.audit.get("questions"):
        return unknown(say("no_questions"), say("audit_with", option="--questions"))
    biased = biased_questions(evidence.audit)
    if biased:
        return failed(as_is(", ".join(biased)), say("retrain_without", names=", ".join(biased)))
    rows = [
        (f"{row['question']} ({entry['attribute']} {group['group']})", row["verdict"])
        for job in evidence.audit["questions"]["jobs"]
        for entry in job["attributes"]
        for group in entry["groups"]
        for row in group["questions"]
    ]
    return _verdicts(rows, say("none_stands_out"), NOTHING)


def biased_questions(audit: Json) -> list[str]:
    """Ids of the questions that the audit found to treat equally able people differently, in its order."""
    found = [one["where"]["question"] for one in audit["findings"] if one["what"] == "question functioning"]
    return list(dict.fromkeys(found))


def recognition(evidence: Evidence, _: Parameters) -> Seen:
    """Whether words are recognised alike."""
    found = (evidence.audit or {}).get("recognition")
    if not found:
        return unknown(say("no_recognition"), say("audit_with", option="--recognition"))
    rows = [(f"{row['attribute']} {row['group']}", row["verdict"]) for row in found["rows"]]
    return _verdicts(rows, say("no_gap"), say("other_recogniser"))


def not_scored(evidence: Evidence, _: Parameters) -> Seen:
    """Whether being unmeasurable hits a group."""
    tables = (evidence.audit or {}).get("not_scored")
    if not tables:
        return unknown(say("not_scored_unsaid"), say("audit_own_scores"))
    rows = [(f"{table['attribute']} {row['group']}", row["verdict"]) for table in tables for row in table["rows"]]
    hit = [name for name, verdict in rows if verdict == "finding"]
    return failed(as_is(", ".join(hit)), say("find_out")) if hit else passed(say("no_group_stands_out"))


def alternatives(evidence: Evidence, parameters: Parameters) -> Seen:
    """Whether there is as good a way that hurts less."""
    search = evidence.search
    if search is None:
        return unknown(say("nobody_searched"), say("search"))
    if search.better:
        return failed(say("confirmed", names=", ".join(search.better)), say("publish_alternative"))
    if search.tried < parameters["candidates"]:
        return unknown(say("tried_of", n=search.tried, least=f"{parameters['candidates']:g}"), say("declare_more"))
    if not search.told:
        return unknown(say("tried_unsettled", n=search.tried), say("search_again"))
    return passed(say("tried_none", n=search.tried))


def _verdicts(rows: Iterable[tuple[str, str | None]], fine: Words, remedy: Words) -> Seen:
    """Findings before doubts: any finding fails, any group without a verdict leaves the check open."""
    listed = list(rows)
    hit = [name for name, verdict in listed if verdict == "finding"]
    open_ones = [name for name, verdict in listed if verdict == "insufficient"]
    if hit:
        return failed(as_is("; ".join(hit)), remedy)
    if open_ones or not listed:
        return unknown(_not_told(map(as_is, open_ones)), say("more_people"))
    return passed(fine)


def _not_told(groups: Iterable[Words]) -> Words:
    listed = list(groups)
    return say("not_told", groups=joined(listed)) if listed else say("none_told")


def _primary(audit: Json) -> list[Json]:
    return [table for table in audit["tables"] if table["family"] == "primary" and table["stratum"] is None]


CHECKS: dict[str, Callable[[Evidence, Parameters], Seen]] = {
    check.__name__: check
    for check in (
        audited, current, consent, no_refused_feature, groups_permuted, scored_twice, validity, not_below_champion,
        primary_impact, job_analysis, same_questions, people, rater_agreement, modalities, differential_prediction,
        question_functioning, recognition, not_scored, alternatives,
    )
}  # fmt: skip
