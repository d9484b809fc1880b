"""Reviews: before and after form a chain, nothing is overwritten, an erased person's cannot be read."""

import numpy as np
import pandas as pd
import pytest

from tests.commands import told
from tests.data.log.logs import make_key
from tests.pipelines.registries import environment
from tests.pipelines.watched import DIGEST, make_keys, people, write_folder
from vivavoce.data.log.event import Action, pseudonym
from vivavoce.data.signing.key import Role
from vivavoce.fairness.groups import read_reviews
from vivavoce.pipelines.records import Records
from vivavoce.pipelines.review import ReviewRequest, add_review, read_kept, review
from vivavoce.pipelines.watching.review_file import REVIEWS, ReviewsAltered

REASON = "The recording broke off; the last answer was strong."


@pytest.fixture
def records(tmp_path) -> Records:
    return Records.of(environment(tmp_path), who="ana")


@pytest.fixture
def out(tmp_path, monkeypatch):
    frame = people(np.random.default_rng(0), "2026-05", 6, lost=0.0)
    frame.loc[5, "scored"] = False
    folder = write_folder(tmp_path / "out", frame)
    make_keys(folder, tmp_path, list(frame["candidate_id"]))
    monkeypatch.setenv("VIVA_PROJECT_KEY", str(tmp_path / "project.key"))
    return folder


def ask(out, records, candidate="2026-05-0001", after=70.0, reason=REASON, **more) -> tuple[int, str]:
    asked = {"candidate": candidate, "after": after, "reason": reason, "reviewer": "ben", "records": records}
    return told(review, out, **(asked | more))


def test_the_second_review_begins_where_the_first_ended(out, records):
    machine = pd.read_parquet(out / "scores.parquet").set_index("candidate_id")["score"]["2026-05-0001"].iloc[0]
    assert ask(out, records)[0] == 0
    first = (out / REVIEWS).read_bytes()
    assert ask(out, records, after=65.0)[0] == 0
    assert ask(out, records, after=20.0, competency="teamwork")[0] == 0
    assert (out / REVIEWS).read_bytes().startswith(first)
    kept = read_kept(out, records).reviews
    assert [(one.before, one.after) for one in kept] == [(machine, 70.0), (70.0, 65.0), (machine, 20.0)]
    assert {one.model_digest for one in kept} == {DIGEST}
    path = out / "reviews.csv"
    assert len(review(out, export=out, records=records).reviews) == 2
    found = read_reviews(path)
    assert found.change == pytest.approx([70 - machine, -5.0])
    assert found.totals == {"reviews": 2, "reviewers": 1, "without_reason": 0}


def test_nothing_about_the_person_stands_in_the_file(out, records):
    ask(out, records)
    for secret in (b"2026-05-0001", b"recording", b"70.0"):
        assert secret not in (out / REVIEWS).read_bytes().split(b'"sealed"')[0]
    assert b"recording" not in (out / REVIEWS).read_bytes()


def test_an_erased_person_is_refused_and_what_was_said_cannot_be_read(out, records, tmp_path):
    ask(out, records)
    ask(out, records, candidate="2026-05-0002")
    before = (out / REVIEWS).read_bytes()
    make_keys(out, tmp_path, []).destroy("2026-05-0001")
    status, said = ask(out, records)
    assert (status, "was erased on" in said) == (2, True)
    assert (out / REVIEWS).read_bytes() == before
    kept = read_kept(out, records)
    assert ([one.candidate_id for one in kept.reviews], kept.erased) == (["2026-05-0002"], 1)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"reason": "  "}, "--reason: Write 1 to 2000 characters"),
        ({"after": 101.0}, "'after' must be at least 0 and at most 100. Got 101.0 instead."),
        ({"candidate": "2026-05-0010"}, "--candidate: Name one that is there. Nobody has this id."),
        ({"interview": "i2"}, "--interview: Name one that is there. Known are: i2026-05-0001."),
        ({"competency": "teamwrk"}, "Did you mean 'teamwork'?"),
        ({"candidate": "2026-05-0005"}, "no score (no_speech)"),
    ],
)
def test_what_is_no_review_is_refused(out, records, more, message):
    status, said = ask(out, records, **more)
    assert status == 2
    assert message in " ".join(said.split())
    assert not (out / REVIEWS).exists()


def test_a_line_changed_taken_out_or_put_in_is_found(out, records):
    for after in (60.0, 61.0, 62.0):
        ask(out, records, after=after)
    whole = (out / REVIEWS).read_bytes()
    lines = whole.splitlines(keepends=True)
    for altered in (lines[1:], [lines[0], lines[2]], [lines[0], *lines], [lines[1], lines[0], lines[2]]):
        (out / REVIEWS).write_bytes(b"".join(altered))
        status, said = ask(out, records)
        assert (status, "Restore the file" in said) == (1, True)
    (out / REVIEWS).write_bytes(whole + lines[0][:50])  # a writer was killed: that line was never kept
    assert ask(out, records, after=63.0)[0] == 0
    assert [one.after for one in read_kept(out, records).reviews] == [60.0, 61.0, 62.0, 63.0]


def test_the_log_names_the_line_and_the_person_by_pseudonym_only(out, records, tmp_path):
    make_key(tmp_path, "log", Role.LOG)
    records.create_log()
    asked = ReviewRequest(out, candidate="2026-05-0003", after=44.0, reason=REASON, reviewer="ben")
    add_review(asked, records)
    [event] = list(records.read().events(Action.REVIEW))
    key = make_keys(out, tmp_path, []).find("2026-05-0003")
    assert key is not None
    assert event.people == (pseudonym(key),)
    assert set(event.digests) == {"review", "file", "model"}
    assert event.details == {"reviewer": "ben", "line": 0}
    assert b"2026-05-0003" not in b"".join(path.read_bytes() for path in records.log.iterdir())


def test_with_a_log_a_line_cut_off_at_the_end_is_found_too(out, records, tmp_path):
    make_key(tmp_path, "log", Role.LOG)
    records.create_log()
    for after in (60.0, 61.0):
        assert ask(out, records, after=after)[0] == 0
    whole = (out / REVIEWS).read_bytes()
    (out / REVIEWS).write_bytes(whole.splitlines(keepends=True)[0])
    with pytest.raises(ReviewsAltered, match="line 2: it is not the review that ben gave on"):
        read_kept(out, records)
    assert ask(out, records, after=62.0)[0] == 1
    (out / REVIEWS).write_bytes(whole)
    assert len(read_kept(out, records).reviews) == 2


def test_a_review_killed_before_its_event_is_entered_by_the_next_one(out, records, tmp_path):
    make_key(tmp_path, "log", Role.LOG)
    assert ask(out, records, after=60.0)[0] == 0  # there was no log yet
    records.create_log()
    for after in (61.0, 62.0):
        assert ask(out, records, after=after)[0] == 0
    events = list(records.read().events(Action.REVIEW))
    assert [event.details["line"] for event in events] == [0, 1, 2]
    assert [event.details.get("entered") for event in events] == ["by a later review", None, None]
    assert len({event.digests["file"] for event in events}) == 1
    whole = (out / REVIEWS).read_bytes()
    (out / REVIEWS).write_bytes(whole.replace(b'"n":0', b'"n": 0', 1))
    assert ask(out, records, after=63.0)[0] == 1
