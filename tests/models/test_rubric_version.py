"""A rubric version: the numbers of the rubric in its variant, alone and in a table, which no later rubric changes."""

import hashlib
import json
import math
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save

from tests.models.versions import FRAMEWORK
from vivavoce.data.schema import Absent
from vivavoce.data.status import RowStatus
from vivavoce.models.directory import ModelRefused, load_model, save_model
from vivavoce.models.fusion.fusion_version import FusionVersion
from vivavoce.models.linear.linear_version import LinearVersion
from vivavoce.models.rubric.rubric import Rubric, rubric_parameters
from vivavoce.models.rubric.rubric_version import RubricVersion, column_of
from vivavoce.models.version import WHOLE, MeasuredAnswer

NAMES = tuple(FRAMEWORK.weights)
QUESTIONS = tuple(one.id for one in FRAMEWORK.questions)
VARIANTS = ("full", "no_question", "no_encoder")
BY_COMPETENCY = ("language.term_coverage_share", "language.anchor_closeness_ratio")
TOLD = [f"language.{one}_share" for one in ("own_acts", "said", "particular", "reasons", "consequences")]
SHOWN = {WHOLE: NAMES} | {one.id: one.shows for one in FRAMEWORK.questions}


def version(variant="full", **changes):
    measures = rubric_parameters().variants[variant]
    columns = [f"{one}.{name}" for one in measures for name in NAMES if one in BY_COMPETENCY]
    columns += [one for one in measures if one not in BY_COMPETENCY]
    given = {
        "framework": FRAMEWORK,
        "weights": FRAMEWORK.weights,
        "fingerprints": {name: f"print of {name}" for name in columns},
        "recognisers": ("provided:vtt",),
        "variant": variant,
        "parameters": rubric_parameters().only(variant),
    }
    return RubricVersion(**given | changes)


def columns(model, answers):
    return {name: [answer.value(name) for _, answer in answers] for name in model.fingerprints}


def table(model, answers, interviews):
    whose, asked = [i for i, _ in answers], [answer.question_id for _, answer in answers]
    return model.score_table(columns(model, answers), whose, asked, interviews)


def numbers(scores):
    return {one.competency: math.nan if one.value is None else one.value for one in scores}


values = st.one_of(
    st.sampled_from([Absent("too_short"), Absent("no_encoder"), Absent("no_question"), 0.0, -0.0, 1.0, 0.7]),
    st.floats(-2, 2, allow_nan=False),
)


@st.composite
def batches(draw):
    """Interviews with answers of all sorts, repeated and unknown questions among them."""
    interviews, answers = draw(st.integers(1, 4)), []
    for i in range(interviews):
        for question in draw(st.lists(st.sampled_from([*QUESTIONS, WHOLE, "unmatched", "foreign"]), max_size=5)):
            shows = SHOWN.get(question, NAMES)
            measures = {one: draw(values) for one in (*TOLD, "language.relevance_cosine")}
            measures |= {f"{one}.{name}": draw(values) for one in BY_COMPETENCY for name in shows}
            answers.append((i, MeasuredAnswer(question, shows, measures, {})))
    order = draw(st.permutations(range(len(answers))))
    return interviews, [answers[i] for i in order]


@pytest.mark.parametrize("variant", VARIANTS)
@settings(max_examples=60, deadline=None)
@given(batch=batches())
def test_one_interview_alone_and_in_a_table_have_the_same_bits(variant, batch):
    interviews, answers = batch
    model = version(variant)
    found = table(model, answers, interviews)
    for i in range(interviews):
        own = [answer for j, answer in answers if j == i]
        scores = model.score(own, QUESTIONS)
        alone = numbers(scores)
        assert list(alone) == list(found)
        assert np.array(list(alone.values())).tobytes() == np.array([one[i] for one in found.values()]).tobytes()
        assert all(one.value is None or 0 <= one.value <= 100 + 1e-9 for one in scores)
        known = [answer for answer in own if answer.question_id in SHOWN]
        assert scores == Rubric(FRAMEWORK, variant, rubric_parameters()).score(known, QUESTIONS)


@settings(max_examples=30, deadline=None)
@given(batch=batches(), seed=st.integers(0, 99))
def test_neither_the_others_nor_their_order_change_a_bit(batch, seed):
    interviews, answers = batch
    model = version()
    found = table(model, answers, interviews)
    order = np.random.default_rng(seed).permutation(len(answers))
    again = table(model, [answers[i] for i in order], interviews)
    for name, one in found.items():
        assert one.tobytes() == again[name].tobytes()
        for i in range(interviews):
            single = table(model, [(0, answer) for j, answer in answers if j == i], 1)
            assert single[name].tobytes() == one[i : i + 1].tobytes()


def measured(question, coverage=0.2, relevance=0.15, told=0.5):
    shows = SHOWN[question]
    own = {f"language.term_coverage_share.{name}": coverage for name in shows}
    own |= {f"language.anchor_closeness_ratio.{name}": 0.525 for name in shows}
    measures = {**dict.fromkeys(TOLD, told), "language.relevance_cosine": relevance, **own}
    return MeasuredAnswer(question, shows, measures, {})


def test_planted_measures_come_back_as_points_and_as_bands():
    model = version()
    scores = {one.competency: one for one in model.score([measured(one) for one in QUESTIONS], QUESTIONS)}
    assert {round(one.value, 9) for one in scores.values()} == {50.0}, "every measure lies halfway"
    several = next(name for name in NAMES if len(FRAMEWORK.questions_showing(name)) > 1)
    count = len(FRAMEWORK.questions_showing(several))
    assert scores[several].error == model.error(several, count) == 17.0 / math.sqrt(count)
    assert model.error(several, 1) is None
    assert model.applicants is None
    for name, most in model.influence.items():
        assert math.fsum(most.values()) == pytest.approx(100)
        assert most[column_of("language.term_coverage_share", name, model.fingerprints)] == pytest.approx(5)
        assert most["language.own_acts_share"] == pytest.approx(25)


@pytest.mark.parametrize(("variant", "reason"), [("full", "no_encoder"), ("full", "no_question")])
def test_what_this_variant_cannot_measure_is_not_scored_and_says_why(variant, reason):
    answers = [measured(one, relevance=Absent(reason)) for one in QUESTIONS]
    scores = version(variant).score(answers, QUESTIONS)
    assert {(one.value, one.status, one.reason) for one in scores} == {(None, RowStatus.NOT_SCORED, reason)}
    assert all(one.value is not None for one in version("no_encoder").score(answers, QUESTIONS))


def test_what_was_not_even_tried_lacked_consent():
    empty = [replace(measured(one), measures={}) for one in QUESTIONS]
    assert {one.reason for one in version().score(empty, QUESTIONS)} == {"no_consent"}


def test_a_whole_recording_counts_once_for_each_of_its_files():
    files = [measured(WHOLE, told=0.35), measured(WHOLE, told=0.7)]
    scores = version("no_encoder").score(files, ())
    alone = [numbers(version("no_encoder").score([one], ()))["teamwork"] for one in files]
    teamwork = next(one for one in scores if one.competency == "teamwork")
    assert teamwork.value == pytest.approx(sum(alone) / 2)
    assert teamwork.error == 18.0 / math.sqrt(2)


@pytest.mark.parametrize("variant", VARIANTS)
def test_it_comes_back_from_disk_to_the_bit(variant, tmp_path):
    model = version(variant, documents={"datasheet": {"persons": 7}}, languages=("en",))
    digest = save_model(model, tmp_path / "version")
    found, again = load_model(tmp_path / "version", digest=digest)
    assert (found, again) == (model, digest)
    assert list(found.measures) == list(model.measures)
    assert save_model(found, tmp_path / "copy") == digest


def test_a_later_rubric_changes_no_version(tmp_path, monkeypatch):
    answers = [measured(one) for one in QUESTIONS]
    save_model(version(), tmp_path / "version")
    before = version().score(answers, QUESTIONS)
    document = rubric_parameters().model_dump(mode="json")
    document["variants"]["full"] = {"language.own_acts_share": 1.0}
    later = type(rubric_parameters()).model_validate(document | {"version": "3"})
    monkeypatch.setattr("vivavoce.models.rubric.rubric.rubric_parameters", lambda: later)
    found, _ = load_model(tmp_path / "version")
    assert found.score(answers, QUESTIONS) == before
    assert Rubric(FRAMEWORK, "full", later).score(answers, QUESTIONS) != before


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (
            {"variant": "no_encoder", "parameters": rubric_parameters().only("full")},
            "carries its own variant, no_encoder",
        ),
        ({"parameters": rubric_parameters()}, "carries its own variant"),
        ({"weights": dict.fromkeys(FRAMEWORK.weights, 0.25)}, "its framework's weights"),
        ({"fingerprints": {"language.own_acts_share": "a"}}, "needs its fingerprint and its use"),
    ],
)
def test_parts_that_do_not_fit_are_refused(change, match):
    with pytest.raises(ValueError, match=match):
        version(**change)


def changed(document, path, value):
    *way, last = path.split("/")
    place = document
    for step in way:
        place = place[step]
    place[last] = value


@pytest.mark.parametrize(
    ("path", "value", "match"),
    [
        ("measures/language.own_acts_share/weight", 0.5, "must sum to 1"),
        ("measures/language.own_acts_share/full", 0.0, "must have a width"),
        ("measures/language.own_acts_share/weight", "0.3", "valid number"),
        ("measures", {}, "at least 1 item"),
        ("question_sd", 0.0, "greater than 0"),
        ("variant", "rich", "'full', 'no_question' or 'no_encoder'"),
        ("learned", True, "Extra inputs"),
    ],
)
def test_a_folder_that_was_made_up_is_refused(tmp_path, path, value, match):
    folder = tmp_path / "version"
    save_model(version(), folder)
    document = json.loads((folder / "model.json").read_text())
    changed(document, path, value)
    rewrite(folder, "model.json", json.dumps(document).encode())
    with pytest.raises(ModelRefused, match=match):
        load_model(folder)


def test_a_rubric_with_tensors_is_refused(tmp_path):
    folder = tmp_path / "version"
    save_model(version(), folder)
    rewrite(folder, "weights.safetensors", save({"learned": np.ones(3)}))
    with pytest.raises(ModelRefused, match="a rubric has no tensors"):
        load_model(folder)


def rewrite(folder, name, content):
    """Somebody changes a file and the manifest with it."""
    (folder / name).write_bytes(content)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest[name] = hashlib.sha256(content).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize("kind", [RubricVersion, LinearVersion, FusionVersion])
def test_what_a_version_says_of_itself_stands_in_both_languages(kind, monkeypatch):
    monkeypatch.setattr(kind, "applicants", 100)
    said = object.__new__(kind)
    object.__setattr__(said, "variant", "full")
    for one in (said.made, said.worth, *said.limits, said.meaning("0" * 64)):
        assert set(one) == {"en", "zh"}
        assert re.search("[一-鿿]", one["zh"])
        assert not re.search("[一-鿿]", one["en"])
