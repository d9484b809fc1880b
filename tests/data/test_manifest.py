"""Good rows come back equal from all three formats; faults of many rows come back at once, with their lines."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import ROOT
from tests.manifests import CONSENT, FORMATS, FULL, MINIMAL, comma_separated, json_lines, read
from tests.proof import proof_count
from vivavoce.data.interview import Consent, Interview, Modality, Purpose, QuestionSpan, Recording
from vivavoce.data.manifest import ManifestError, read_manifest


def faults(folder: Path, *rows: dict[str, Any], suffix: str = ".jsonl") -> list[tuple[int, str]]:
    with pytest.raises(ManifestError) as caught:
        read(folder, FORMATS[suffix](list(rows)), suffix)
    return [(error.line, error.column) for error in caught.value.errors]


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_full_row_becomes_an_interview(suffix: str, tmp_path: Path) -> None:
    manifest = read(tmp_path, FORMATS[suffix]([FULL]), suffix)
    assert manifest.bad_rows == ()
    assert manifest.interviews == (
        Interview(
            interview_id="i1",
            candidate_id="c1",
            job="software_engineer",
            recordings=(Recording(tmp_path / "a.mp4", None, tmp_path / "notes" / "a.VTT"),),
            language="en",
            consent=Consent(
                frozenset({Modality.TEXT, Modality.VOICE}),
                frozenset({Purpose.SCORE, Purpose.TRAIN}),
                date(2026, 11, 1),
                "privacy-2026",
            ),
            candidate_name="Zoë O'Hara, 张　三",
            interviewer_id="n7",
            stage="second",
            questions=(QuestionSpan("q1", 3.5, 40.0), QuestionSpan("q2", 40.0, None)),
            site="Leeds",
            recorded_at=datetime(2026, 11, 2, 1, 30, tzinfo=UTC),
            candidate_speaker="Zoë",
            line=2 if suffix == ".csv" else 1,
        ),
    )


def test_the_documented_example_is_a_manifest(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "manifest.md").read_text(encoding="utf-8")
    example = page.split("```json\n")[1].split("```")[0]
    first, second = read(tmp_path, example.encode()).interviews
    assert [span.question_id for span in first.questions] == ["q1", "q2"]
    assert second.consent is not None
    assert second.consent.refused


def test_a_minimal_row_has_no_consent(tmp_path: Path) -> None:
    (interview,) = read(tmp_path, json_lines([MINIMAL])).interviews
    assert interview.consent is None
    assert interview.language == "auto"
    assert interview.recorded_at is None


label = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=12)


moments = st.datetimes(datetime(2001, 1, 1), datetime(2099, 1, 1)).map(
    lambda naive: naive.replace(tzinfo=timezone(timedelta(hours=naive.hour - 12))).isoformat()
)


file_names = st.from_regex(r"[a-z0-9]{1,8}(/[a-z0-9]{1,8})?\.(vtt|srt|json)", fullmatch=True)


starts = st.lists(st.floats(0, 80_000, allow_subnormal=False), unique=True, min_size=1, max_size=4)


def spans(times: list[float]) -> list[dict[str, Any]]:
    times = sorted(times)
    return [
        {"id": f"q{i}", "start": start, "end": end}
        for i, (start, end) in enumerate(zip(times, [*times[1:], None], strict=True))
    ]


whole_file = st.fixed_dictionaries(
    {"media": file_names}, optional={"questions": starts.map(spans), "transcript": file_names}
)


per_question = st.lists(file_names, min_size=1, max_size=3, unique=True).map(
    lambda names: {kind: {f"q{i}": name for i, name in enumerate(names)} for kind in ("media", "transcript")}
)


others = st.fixed_dictionaries(
    {"candidate_id": label, "job": label},
    optional={
        "candidate_name": label,
        "interviewer_id": label,
        "stage": label,
        "site": label,
        "candidate_speaker": label,
        "language": st.sampled_from(["en", "zh", "auto"]),
        "recorded_at": moments,
        "accommodation": st.booleans(),
        "consent": st.just(CONSENT) | st.just({"text": False}) | st.just({**CONSENT, "withdrawn": "2026-11-09"}),
    },
)


good_rows = st.lists(
    st.tuples(label, others, whole_file | per_question), min_size=1, max_size=4, unique_by=lambda r: r[0]
)


@settings(
    max_examples=proof_count(60, 2000), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(parts=good_rows)
def test_the_same_rows_are_the_same_interviews_in_every_format(parts: list[Any], tmp_path: Path) -> None:
    rows = [{"interview_id": name, **more, **files} for name, more, files in parts]
    read_back = [
        [replace(interview, line=0) for interview in read(tmp_path, write(rows), suffix).interviews]
        for suffix, write in FORMATS.items()
    ]
    assert len(read_back[0]) == len(rows)
    assert read_back[0] == read_back[1] == read_back[2]


@pytest.mark.parametrize("tag", ["yue", "zh-yue", "zh-HK", "zh_hk", "zh-Hant-HK", "zh-MO", "yue-HK"])
def test_cantonese_has_many_names(tag: str, tmp_path: Path) -> None:
    (found,) = read(tmp_path, json_lines([{**MINIMAL, "language": tag}])).interviews
    assert found.language == "yue"


def test_a_manifest_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=r"Name a file that exists .* Got no file"):
        read_manifest(tmp_path / "absent.csv")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(ManifestError, match=r"Got a folder"):
        read_manifest(tmp_path / "folder.csv")


def test_all_faults_of_all_rows_are_listed_at_once(tmp_path: Path) -> None:
    rows = [{**MINIMAL, "language": "de", "media": "../x"}, FULL, {**MINIMAL, "interview_id": "i3", "consent": {}}, {}]
    rows[1] = {**FULL, "interview_id": "i2"}
    assert faults(tmp_path, *rows) == [
        (1, "media"),
        (1, "language"),
        (3, "consent.text"),
        (4, "interview_id"),
        (4, "candidate_id"),
        (4, "job"),
        (4, "media"),
    ]


def test_an_id_that_stands_twice_names_both_lines(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=r"line 2, interview_id: It also stands on line 4") as caught:
        read(tmp_path, comma_separated([MINIMAL, {**MINIMAL, "interview_id": "i2"}, MINIMAL]), ".csv")
    assert [error.line for error in caught.value.errors] == [2, 4]


def test_a_constant_id_does_not_fill_the_screen(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=r"line 1, 2, 3, 4, 5 and 2994 more") as caught:
        read(tmp_path, json_lines([MINIMAL] * 3000))
    assert len(caught.value.errors) == 3000
    assert len(str(caught.value)) < 1_000_000


def test_bad_rows_can_be_left_out(tmp_path: Path) -> None:
    rows = [MINIMAL, {**MINIMAL, "interview_id": "i2", "media": "/a"}, {"candidate_id": "c\x00"}, MINIMAL]
    rows.append({**MINIMAL, "interview_id": "i5"})
    manifest = read(tmp_path, json_lines(rows), skip_bad_rows=True)
    assert [interview.interview_id for interview in manifest.interviews] == ["i5"]
    assert [(bad.line, bad.interview_id, bad.candidate_id) for bad in manifest.bad_rows] == [
        (1, "i1", "c1"),
        (2, "i2", "c1"),
        (3, None, None),
        (4, "i1", "c1"),
    ]


def test_a_batch_policy_fills_in_only_where_a_row_is_silent(tmp_path: Path) -> None:
    rows = [MINIMAL, {**FULL, "interview_id": "i2"}, {**MINIMAL, "interview_id": "i3", "consent": {"text": False}}]
    silent, granted, refused = read(tmp_path, json_lines(rows), consent_on_file="privacy-2025").interviews
    assert silent.consent == Consent(
        frozenset({Modality.TEXT}), frozenset({Purpose.SCORE}), None, "privacy-2025", on_file=True
    )
    assert granted.consent is not None
    assert granted.consent.policy == "privacy-2026"
    assert refused.consent is not None
    assert refused.consent.refused
    with pytest.raises(ValueError, match=r"must name the policy"):
        read(tmp_path, json_lines(rows), consent_on_file="")


def test_the_digest_is_that_of_the_file(tmp_path: Path) -> None:
    once = read(tmp_path, json_lines([MINIMAL])).digest
    assert once == read(tmp_path, json_lines([MINIMAL])).digest
    assert once != read(tmp_path, json_lines([FULL])).digest
    assert len(once) == 64


def test_media_may_lie_elsewhere_and_nothing_outside_is_named(tmp_path: Path) -> None:
    """``folder`` is ``--media-root``: what lies below it and is no link is read there, not beside the manifest."""
    media, beside = tmp_path / "media", tmp_path / "lists"
    (media / "week").mkdir(parents=True)
    beside.mkdir()
    (media / "week" / "a.mp4").touch()
    (beside / "secret.mp4").touch()
    (media / "link.mp4").symlink_to(beside / "secret.mp4")
    (media / "linked").symlink_to(beside)
    rows = [{**MINIMAL, "media": "week/a.mp4", "transcript": "week/a.vtt"}]
    (found,) = read(beside, json_lines(rows), folder=media).interviews
    assert found.recordings == (Recording(media / "week" / "a.mp4", None, media / "week" / "a.vtt"),)
    for outside in ("../lists/secret.mp4", str(beside / "secret.mp4"), "link.mp4", "linked/secret.mp4", "week/../../a"):
        for column in ("media", "transcript"):
            with pytest.raises(ManifestError) as caught:
                read(beside, json_lines([{**rows[0], column: outside}]), folder=media)
            assert caught.value.errors[0].column == column
