"""One event is one line, the same line every time; people are in it under their pseudonym only."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.data.log.logs import DIGEST, make_key
from vivavoce.data.log.event import Action, Event, EventRefused, pseudonym
from vivavoce.data.signing.key import Role, Trust
from vivavoce.data.signing.signature import Purpose, SignatureRefused, check
from vivavoce.data.vault.keys import Erased, KeyRing, ProjectKey

TIME = "2026-11-22T12:00:00+00:00"
TRAIN = Event(
    Action.TRAIN, "ana", TIME, {"model": DIGEST}, {"name": "engineer", "people": 812}, (pseudonym(bytes(32)),)
)


def test_the_line_of_an_event() -> None:
    assert TRAIN.line(7).decode() == (
        '{"n":7,"action":"train","who":"ana","time":"2026-11-22T12:00:00+00:00",'
        f'"digests":{{"model":"{DIGEST}"}},"details":{{"name":"engineer","people":812}},'
        '"people":["590bfca5164f63a23d630ab49468b365"]}'
    )
    assert Event.read(TRAIN.line(7)) == (7, TRAIN)


VALUES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30)


@given(
    who=st.text(min_size=1, max_size=80),
    details=st.dictionaries(st.text(max_size=8), VALUES),
)
def test_what_is_accepted_comes_back(who: str, details: dict[str, Any]) -> None:
    try:
        event = Event(Action.REVIEW, who, TIME, details=details)
        line = event.line(3)
    except (EventRefused, UnicodeEncodeError):
        return
    assert b"\n" not in line
    assert Event.read(line) == (3, event)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"who": ""}, "The operator must be 1 to 80"),
        ({"who": "a\nb"}, "The operator"),
        ({"time": "yesterday"}, "The time must be UTC"),
        ({"digests": {"model": "abc"}}, "The digest of 'model' must be 64"),
        ({"people": ("candidate-17",)}, "People must be named by their pseudonym in the log. Got 'candidate-17'"),
        ({"details": {"list": [1]}}, "The detail 'list' must be"),
        ({"details": {"r": float("nan")}}, "The detail 'r' must be"),
    ],
)
def test_what_is_not_well_formed_is_refused(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(EventRefused, match=said):
        Event(**{"action": Action.SCORE, "who": "ana", "time": TIME, **fields})


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"[]",
        b"{}",
        b'{"n":0}',
        TRAIN.line(7) + b" ",
        TRAIN.line(7).replace(b'"n":7,', b""),
        TRAIN.line(7).replace(b"train", b"rule"),
        TRAIN.line(7).replace(b'"n":7', b'"n":true'),
        TRAIN.line(7).replace(b'"who":"ana",', b'"who":"ana","more":1,'),
        b"\xff",
    ],
)
def test_a_line_that_is_no_event_is_refused(line: bytes) -> None:
    with pytest.raises(EventRefused):
        Event.read(line)


def test_an_event_of_too_many_people_is_refused() -> None:
    with pytest.raises(EventRefused, match="at most 65536 bytes"):
        Event(Action.SCORE, "ana", TIME, people=(pseudonym(bytes(32)),) * 2000).line(1)


def test_an_event_about_many_people_is_several() -> None:
    people = [pseudonym(number.to_bytes(32)) for number in range(2500)]
    several = Event(Action.SCORE, "ana", TIME, {"model": DIGEST}).naming(people)
    assert [len(event.people) for event in several] == [1000, 1000, 500]
    assert [one for event in several for one in event.people] == people
    assert {event.digests["model"] for event in several} == {DIGEST}
    assert all(Event.read(event.line(9_999_999))[1] == event for event in several)


def test_a_signed_event_says_who_signed_all_of_it(tmp_path: Path) -> None:
    key = make_key(tmp_path, "ana", Role.PUBLISH)
    trust = Trust.read(tmp_path / "trust.json")
    event = Event.read(TRAIN.signed(key).line(4))[1]
    assert event.signature is not None
    assert check(event.signature, Purpose.EVENT, event.content(), trust, Role.PUBLISH).name == "ana"
    other = Event(Action.TRAIN, "ben", TIME, event.digests, event.details, event.people)
    with pytest.raises(SignatureRefused):
        check(event.signature, Purpose.EVENT, other.content(), trust)


def test_an_erased_person_cannot_be_found_in_the_log(tmp_path: Path) -> None:
    ring = KeyRing(tmp_path / "keys", ProjectKey(bytes(32)))
    before = pseudonym(ring.find_or_create("candidate-17"))
    assert pseudonym(ring.find_or_create("candidate-17")) == before
    assert before != pseudonym(ring.find_or_create("candidate-18"))
    assert before != ring.pseudonym("candidate-17")  # which needs no key of the person's
    ring.destroy("candidate-17")
    with pytest.raises(Erased):
        ring.find_or_create("candidate-17")
