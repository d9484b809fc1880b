"""What consent permits: refusals go to people, silence is no consent, and a batch policy covers text only."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from vivavoce.data.interview import (
    Consent,
    ConsentEntry,
    Interview,
    Modality,
    Purpose,
    consent_on_file,
    permitted,
    route,
)
from vivavoce.data.status import Reason

TODAY = date(2026, 11, 22)
FULL: dict[str, Any] = {
    "text": True,
    "voice": True,
    "face": True,
    "purpose": ["score", "train", "audit", "external_reader"],
    "date": "2026-11-01",
    "policy": "privacy-2026",
    "withdrawn": None,
}


def recorded(**changes: object) -> Consent:
    return ConsentEntry.model_validate({**FULL, **changes}, context={"today": TODAY}).recorded()


def interview(consent: Consent | None, accommodation: bool = False) -> Interview:
    return Interview("i1", "c1", "software_engineer", (), "en", consent, accommodation=accommodation)


def test_what_is_written_is_what_is_recorded() -> None:
    assert recorded() == Consent(frozenset(Modality), frozenset(Purpose), date(2026, 11, 1), "privacy-2026")


def test_a_modality_that_is_not_mentioned_is_not_granted() -> None:
    entry = {"text": True, "purpose": ["score"], "date": "2026-11-01", "policy": "p"}
    consent = ConsentEntry.model_validate(entry, context={"today": TODAY}).recorded()
    assert permitted(consent, Purpose.SCORE) == {Modality.TEXT}


def test_a_refusal_needs_no_more_than_itself() -> None:
    consent = ConsentEntry.model_validate({"text": False}, context={"today": TODAY}).recorded()
    assert consent.refused
    assert permitted(consent, Purpose.SCORE) == frozenset()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"date": "2026-11-23"}, r"date\n  This lies after today \(2026-11-22\)"),
        ({"withdrawn": "2027-01-01"}, r"withdrawn\n  This lies after today"),
        ({"withdrawn": "2026-10-31"}, r"withdrawn\n  Consent was given on 2026-11-01, after this"),
        ({"date": None}, r"date\n  Consent that grants text must state its date"),
        ({"policy": None}, r"policy\n  Consent that grants text must state its policy"),
        ({"purpose": None}, r"purpose\n  Consent that grants text must state its purpose"),
        (
            {"purpose": ["score", "sell"]},
            r"purpose.1\n  Input should be 'score', .* or 'external_reader'",
        ),
        ({"purpose": "score"}, r"purpose\n  Input should be a valid tuple"),
        ({"text": "true"}, r"text\n  Input should be a valid boolean"),
        ({"face": 1}, r"face\n  Input should be a valid boolean"),
        ({"video": True}, r"video\n  Extra inputs are not permitted"),
        ({"date": "1 November"}, r"date\n  .*Write the day as 2026-11-22"),
        ({"date": 1}, r"date\n  .*Write the day as 2026-11-22"),
    ],
)
def test_a_consent_that_cannot_be_right_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        recorded(**changes)


def test_a_withdrawal_on_the_same_day_is_possible() -> None:
    assert recorded(withdrawn="2026-11-01").refused


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (interview(recorded()), None),
        (interview(None), Reason.NO_CONSENT),
        (interview(recorded(text=False)), Reason.HUMAN_ROUTE),
        (interview(recorded(withdrawn="2026-11-20")), Reason.HUMAN_ROUTE),
        (replace(interview(recorded()), language="yue"), Reason.UNMEASURED_LANGUAGE),
        (replace(interview(None), language="yue"), Reason.NO_CONSENT),
        (interview(recorded(purpose=["train"])), Reason.NO_CONSENT),
        (interview(recorded(purpose=[])), Reason.NO_CONSENT),
        (interview(recorded(), accommodation=True), Reason.HUMAN_ROUTE),
        (interview(None, accommodation=True), Reason.HUMAN_ROUTE),
        (interview(consent_on_file("p")), None),
        (interview(recorded(voice=False, face=False)), None),
    ],
)
def test_where_a_row_goes(row: Interview, reason: Reason | None) -> None:
    assert route(row, Purpose.SCORE) is reason


def test_a_purpose_that_was_not_named_is_not_consented() -> None:
    row = interview(recorded(purpose=["score"]))
    assert route(row, Purpose.SCORE) is None
    assert route(row, Purpose.TRAIN) is Reason.NO_CONSENT
    assert permitted(row.consent, Purpose.TRAIN) == frozenset()


def test_a_batch_policy_never_covers_voice_face_or_training() -> None:
    consent = consent_on_file("privacy-2026")
    assert consent.on_file
    assert consent.policy == "privacy-2026"
    assert permitted(consent, Purpose.SCORE) == {Modality.TEXT}
    assert permitted(consent, Purpose.TRAIN) == permitted(consent, Purpose.AUDIT) == frozenset()
    with pytest.raises(ValueError, match=r"must name the policy .* Got ' ' instead"):
        consent_on_file(" ")


def test_no_consent_permits_nothing() -> None:
    assert permitted(None, Purpose.SCORE) == frozenset()
