"""The monitor: what was planted into months is called for in its second month, and nothing is where nothing moved."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.commands import told
from tests.data.log.logs import make_key
from tests.models.test_directory import model
from tests.pipelines.bundles import make_model
from tests.pipelines.registries import environment
from tests.pipelines.watched import DIGEST, NOISE, PAUSES, WORDS, people, write_folder, write_groups
from tests.proof import proof_count
from vivavoce.data.log.event import Action
from vivavoce.data.signing.key import Role
from vivavoce.evaluation.drift import Window
from vivavoce.fairness.groups import Declared
from vivavoce.models.directory import save_model
from vivavoce.pipelines.monitor import monitor
from vivavoce.pipelines.records import Records
from vivavoce.pipelines.watching.impact import Compared, Passing, find_triggers, impact_of
from vivavoce.pipelines.watching.months import Seen

NOW = datetime(2026, 9, 1, tzinfo=UTC)
MONTHS = ("2026-04", "2026-05", "2026-06", "2026-07")


@pytest.fixture
def records(tmp_path) -> Records:
    return Records.of(environment(tmp_path), who="ana")


def look(folder, records, months, reference, **more) -> tuple[int, dict, str]:
    """Write months and a reference, ask, and read the answer."""
    folder.mkdir()
    paths = tuple(
        write_folder(folder / f"b{i}", frame) if isinstance(frame, pd.DataFrame) else frame
        for i, frame in enumerate(months)
    )
    given = reference if not isinstance(reference, pd.DataFrame) else write_folder(folder / "reference", reference)
    asked = {"reference": given, "out": folder / "out", "now": NOW, "records": records} | more
    status, said = told(monitor, paths, width=80, **asked)
    path = folder / "out" / "monitor.json"
    return status, json.loads(path.read_text()) if path.exists() else {}, said


def planted(seed=0, n=250, **shifts):
    """A reference and four months; ``words=0.7`` and the like hold from June on."""
    rng = np.random.default_rng(seed)
    reference = people(rng, "2026-01", 800)
    return reference, [people(rng, month, n, **(shifts if month >= "2026-06" else {})) for month in MONTHS]


def test_a_feature_shifted_from_june_on_is_called_for_in_july_and_not_before(tmp_path, records):
    reference, months = planted(words=0.7)
    june, seen, _ = look(tmp_path / "june", records, months[:3], reference)
    assert (june, seen["triggers"]) == (0, [])
    assert [(one["window"], one["what"]) for one in seen["watched"] if one["moved"]] == [("2026-06", WORDS)]
    july, seen, said = look(tmp_path / "july", records, months, reference)
    assert july == 1
    [trigger] = seen["triggers"]
    assert (trigger["rule"], trigger["window"], trigger["what"]) == ("drift", "2026-07", WORDS)
    assert "moved in 2026-07 and in the month before it" in said
    page = (tmp_path / "july" / "out" / "monitor.html").read_text()
    assert trigger["words"] in page
    assert page.index(trigger["words"]) < page.index("<svg")
    assert "在 2026-07 及其前一个月发生变动" in page
    assert "http" not in page.replace("http-equiv", "")


def test_an_audit_made_after_the_shift_answers_it(tmp_path, records):
    reference, months = planted(words=0.7)
    audit = tmp_path / "audit"
    audit.mkdir()
    for made, status in (("2026-06-20T00:00:00+00:00", 1), ("2026-08-20T00:00:00+00:00", 0)):
        (audit / "audit.json").write_text(json.dumps({"made": made, "model": {"digest": DIGEST}}))
        assert look(tmp_path / made[:10], records, months, reference, audit=audit)[0] == status


def test_equal_months_are_quiet(tmp_path, records):
    alarms = 0
    for seed in range(3):
        reference, months = planted(seed + 10, n=120)
        status, seen, _ = look(tmp_path / str(seed), records, months, reference)
        alarms += status
        assert len(seen["watched"]) == 4 * 10  # scores 2, features 2, people lost 3, recognition 2, recording 1
    assert alarms == 0


def test_people_lost_are_seen_with_their_reason(tmp_path, records):
    reference, months = planted(lost=0.25)
    status, seen, _ = look(tmp_path / "f", records, months, reference)
    assert status == 1
    assert {one["what"] for one in seen["triggers"]} == {"not scored", "because of no_speech"}
    [june] = [one for one in seen["watched"] if (one["window"], one["what"]) == ("2026-06", "not scored")]
    assert june["level"] == pytest.approx(0.25, abs=0.09)  # three standard errors of 250


def test_the_recording_explains_and_calls_for_nothing(tmp_path, records):
    reference, months = planted()
    for frame in months[2:]:
        frame[NOISE] += 10
    status, seen, _ = look(tmp_path / "f", records, months, reference)
    assert (status, seen["triggers"]) == (0, [])
    alarms = {(one["window"], one["what"], one["kind"]) for one in seen["watched"] if one["alarm"]}
    assert alarms == {("2026-07", NOISE, "recording quality")}


def test_a_recogniser_that_believes_less_is_called_for(tmp_path, records):
    reference, months = planted()
    for frame in months[2:]:
        frame["word_confidence"] -= 0.03
    status, seen, _ = look(tmp_path / "f", records, months, reference)
    assert (status, [one["what"] for one in seen["triggers"]]) == (1, ["word_confidence"])


def test_a_planted_impact_drop_is_called_for(tmp_path, records):
    reference, months = planted(3, n=400)
    for frame in months[2:]:
        frame.loc[frame["group"] == "women", "score"] -= 9.0
    groups = write_groups(tmp_path / "groups.csv", reference, *months)
    _, before, _ = look(tmp_path / "before", records, months[:2], reference, groups=groups, select=0.3)
    assert not [one for one in before["triggers"] if one["rule"] == "impact"]
    status, seen, _ = look(tmp_path / "after", records, months, reference, groups=groups, select=0.3)
    [found] = [one for one in seen["triggers"] if one["rule"] == "impact"]
    assert (status, found["what"]) == (1, "sex: women")
    late = [one["ratio"] for one in seen["impact"] if one["window"] >= "2026-06" and one["group"] == "women"]
    assert max(late) < 0.75


def test_an_old_audit_and_another_version_are_called_for(tmp_path, records):
    reference, months = planted()
    audit = tmp_path / "audit"
    audit.mkdir()
    found = {"made": "2025-08-01T00:00:00+00:00", "model": {"digest": "cd" * 32}}
    (audit / "audit.json").write_text(json.dumps(found))
    status, seen, _ = look(tmp_path / "f", records, months, reference, audit=audit)
    assert status == 1
    words = {one["rule"]: one["words"] for one in seen["triggers"]}
    assert words == {
        "audit_age": "the audit was made on 2025-08-01 and ended on 2026-08-01",
        "other_model": f"scores were made by {DIGEST[:12]}, the audit is of the version cdcdcdcdcdcd",
    }


def test_features_measured_otherwise_are_refused_by_name(tmp_path, records):
    reference, months = planted(n=30)
    other = write_folder(tmp_path / "other", months[0], prints={WORDS: "another"})
    status, _, said = look(tmp_path / "f", records, [other], reference)
    assert status == 2
    assert f"{WORDS}: Measure as the reference was" in said
    assert PAUSES not in said


def small_model(folder, prints):
    """A version that uses one feature of the folders."""
    planted, one = model(), np.ones(1)
    numbers = {"features": (WORDS,), "coefficients": one, "absent": 0 * one, "mean": 180 * one, "scale": 30 * one}
    competencies = tuple(replace(each, **numbers) for each in planted.competencies)
    save_model(replace(planted, competencies=competencies, fingerprints=prints), folder)
    return str(folder)


def test_with_a_model_its_features_are_watched_and_must_be_its_own(tmp_path, records):
    reference, months = planted(n=30)
    fitting = small_model(tmp_path / "v1", {WORDS: f"print of {WORDS}"})
    _, seen, _ = look(tmp_path / "f", records, months[:1], reference, model=fitting)
    assert [one["what"] for one in seen["watched"] if one["kind"] == "features"] == [WORDS]
    other = small_model(tmp_path / "v2", {WORDS: "print of another"})
    status, _, said = look(tmp_path / "g", records, months[:1], reference, model=other)
    assert (status, f"{WORDS}: fingerprint" in said) == (2, True)
    status, _, said = look(tmp_path / "h", records, months[:1], reference, model=str(make_model(tmp_path / "v3")))
    assert (status, "The model uses language.words_count: measure it" in said) == (2, True)


@pytest.mark.proof
def test_equal_groups_are_rarely_called_for(record_property):
    """Twelve months of 100 people, two groups alike: Holm holds the chance of any finding in a year to .05."""
    groups = Declared(Path("g"), pd.DataFrame({"candidate_id": ids_of(12, 100), "sex": np.resize(["m", "w"], 1200)}))
    count = proof_count(30, 500)
    called = 0
    for seed in range(count):
        rng = np.random.default_rng(seed)
        frame = pd.DataFrame(
            {
                "candidate_id": ids_of(12, 100), "window": np.repeat([f"2026-{i:02d}" for i in range(1, 13)], 100),
                "overall score": rng.normal(50, 15, 1200),
            }
        )  # fmt: skip
        seen = Seen((), frame, {}, {}, ())
        found = impact_of(seen, groups, Passing(share=0.3), {})
        compared = Compared(Window("reference", {}, {}), [], [], [])
        called += any(one.rule == "impact" for one in find_triggers(compared, found, seen, None, NOW))
    record_property("years in which equal groups are called for", called / count)
    assert called / count <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / count)


def ids_of(months: int, people: int) -> list[str]:
    return [f"{i:02d}-{j:03d}" for i in range(months) for j in range(people)]


def test_one_person_counts_once_and_undated_people_are_no_month(tmp_path, records):
    rng = np.random.default_rng(5)
    reference, month = people(rng, "2026-01", 60), people(rng, "2026-05", 40)
    again = month.assign(candidate_id=lambda frame: "x" + frame["candidate_id"])
    paths = [write_folder(tmp_path / name, frame) for name, frame in (("a", month), ("b", again))]
    for name in ("scores", "status", "features"):  # the same people, interviewed again in the same month
        path = paths[1] / f"{name}.parquet"
        table = pd.read_parquet(path)
        table["candidate_id"] = table["candidate_id"].str.removeprefix("x")
        if name != "features":
            table.to_parquet(path)
    undated = people(rng, "undated", 30)
    _, seen, _ = look(tmp_path / "f", records, [*paths, undated], reference)
    assert seen["windows"] == [{"window": "2026-05", "people": 40}, {"window": "undated", "people": 30}]
    assert not [one for one in seen["watched"] if one["window"] == "undated" and one["alarm"]]
    status, _, said = look(tmp_path / "g", records, [paths[0], paths[0]], reference)
    assert (status, "in two folders" in said) == (2, True)


def test_reviews_are_compared_by_month(tmp_path, records):
    reference, months = planted(n=100)
    chosen = pd.concat([reference[:100], *(frame[:50] for frame in months)])
    late = chosen["recorded_at"] >= pd.Timestamp("2026-06-01", tz="UTC")
    change = np.where(late, 8.0, np.resize([0.0, 0.0, 1.0, -1.0], len(chosen)))
    rows = pd.DataFrame(
        {
            "candidate_id": chosen["candidate_id"], "reviewer": "ben", "date": "2026-08-01", "before": 50.0,
            "after": 50.0 + change, "reason": "read again",
        }
    )  # fmt: skip
    rows.to_csv(tmp_path / "reviews.csv", index=False)
    status, seen, _ = look(tmp_path / "f", records, months, reference, reviews=tmp_path / "reviews.csv")
    assert status == 1
    assert {one["what"] for one in seen["triggers"]} == {"scores changed by reviewers", "reviewers' change"}
    found = {one["window"]: (one["n"], one["changed"], one["mean_change"]) for one in seen["reviewed"]}
    assert found["reference"] == (100, 50, 0.0)
    assert found["2026-07"] == (50, 50, 8.0)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"select": 0.3}, "Name --groups with one of --select and --cut"),
        ({"groups": "groups.csv"}, "Name --groups with one of --select and --cut"),
        ({"job": "astronaut"}, "there is nobody"),
        ({"audit": "nowhere"}, "Name the folder that viva audit wrote"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path, records, more, message):
    reference, months = planted(n=30)
    write_groups(tmp_path / "groups.csv", reference)
    more = {name: tmp_path / value if name in ("groups", "audit") else value for name, value in more.items()}
    status, _, said = look(tmp_path / "f", records, months[:1], reference, **more)
    assert status == 2
    assert message in " ".join(said.split())


def test_it_is_logged(tmp_path, records):
    make_key(tmp_path, "log", Role.LOG)
    records.create_log()
    reference, months = planted(n=30)
    look(tmp_path / "f", records, months[:1], reference)
    [event] = list(records.read().events(Action.MONITOR))
    assert event.details == {"triggers": 0, "job": "software_engineer", "windows": 1}


def test_below_its_minimum_it_says_too_few_and_never_quiet(tmp_path, records):
    reference, months = planted(n=12)
    status, seen, said = look(tmp_path / "few", records, months, reference)
    assert (status, seen["triggers"], seen["too_few"]) == (4, [], list(MONTHS))
    assert "Too few" in said
    assert "uiet" not in said
    page = (tmp_path / "few" / "out" / "monitor.html").read_text()
    assert "平静" not in page
    assert "Quiet." not in page
    status, seen, said = look(tmp_path / "last", records, [*planted()[1][:3], months[3]], reference)
    assert (status, seen["too_few"]) == (0, ["2026-07"])
    assert "2026-07" in said
    assert "Quiet" not in said
