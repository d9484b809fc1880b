"""A rubric and its evidence: the variant that measures most, planted validity, nothing said of too few people."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tests.training.tables import COMPETENCIES, FRAMEWORK, LENGTH, save
from vivavoce.models.rubric.rubric import rubric_parameters
from vivavoce.training import BadTraining
from vivavoce.training.inputs import Selection
from vivavoce.training.joining import read_inputs
from vivavoce.training.rubric.rubric_trainer import changed, chosen, judge
from vivavoce.training.variants import Variant

TOLD = tuple(f"language.{one}_share" for one in ("own_acts", "said", "particular", "reasons", "consequences"))
GENERAL = (*TOLD, "language.relevance_cosine")
OWN = ("language.term_coverage_share", "language.anchor_closeness_ratio")
PEOPLE, ANSWER_SD = 1500, 12.0
VALIDITY = 0.5  # of the overall points themselves


def table(n=PEOPLE, *, without=(), whole=(), seed=0):
    """Answers of known worth: one person's points for an answer lie ANSWER_SD apart; ``whole``: no questions known."""
    rng = np.random.default_rng(seed)
    level = 50 + 10 * rng.standard_normal(n)
    rows = []
    for question in FRAMEWORK.questions:
        share = np.clip((level + ANSWER_SD * rng.standard_normal(n)) / 100, 0, 1)
        values = {
            **dict.fromkeys(TOLD, share),
            "language.relevance_cosine": 0.05 + 0.20 * share,
            **{f"language.term_coverage_share.{name}": 0.4 * share for name in question.shows},
            **{f"language.anchor_closeness_ratio.{name}": 0.40 + 0.25 * share for name in question.shows},
            LENGTH: 150 + 30 * rng.standard_normal(n),
        }
        kept = {name: one for name, one in values.items() if not any(name.startswith(gone) for gone in without)}
        rows.append(pd.DataFrame({"candidate_id": np.arange(n), "question_id": question.id, **kept}))
    found = pd.concat(rows, ignore_index=True)
    ids = found["candidate_id"].map("c{:05d}".format)
    fixed = {"job": FRAMEWORK.job, "language": "en", "asr_engine": "provided:vtt", "purposes": "score,train"}
    found = found.assign(candidate_id=ids, interview_id="i" + ids, **fixed)
    lacking = found["candidate_id"].isin([f"c{i:05d}" for i in whole])
    found.loc[lacking, [name for name in ("language.relevance_cosine",) if name in found]] = np.nan
    return found, level


def read(folder, answers, outcomes=None, ratings=None):
    save(answers, folder / "features.parquet")
    return read_inputs(folder / "features.parquet", ratings, outcomes, FRAMEWORK, learning=False)


def hired(folder, scores, people, seed=1):
    """Performance of planted validity for these people."""
    rng = np.random.default_rng(seed)
    z = (scores - scores.mean()) / scores.std()
    y = VALIDITY * z + np.sqrt(1 - VALIDITY**2) * rng.standard_normal(len(z))
    ids = np.array([f"c{i:05d}" for i in range(len(z))])
    path = folder / "outcomes.csv"
    pd.DataFrame({"candidate_id": ids[people], "value": y[people]}).to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def everybody(tmp_path_factory):
    folder = tmp_path_factory.mktemp("judged")
    answers, _ = table()
    inputs = read(folder, answers)
    return folder, answers, inputs, judge(inputs, FRAMEWORK)


def test_the_richest_variant_that_measures_most_people_is_fixed(tmp_path, everybody):
    _, _, inputs, found = everybody
    assert found.model.variant == "full"
    assert found.model.documents["validity"]["variants"] == {"full": PEOPLE, "no_question": 0, "no_encoder": 0}
    assert found.model.parameters == rubric_parameters().only("full")
    answers, _ = table(40, whole=range(30))
    mixed, counts = chosen(read(tmp_path, answers), FRAMEWORK, rubric_parameters())
    assert (mixed.variant, counts) == ("no_question", {"full": 10, "no_question": 30, "no_encoder": 0})
    bare = read(tmp_path, table(40, without=("language.relevance", "language.anchor"))[0])
    assert judge(bare, FRAMEWORK).model.variant == "no_encoder"
    assert (inputs.raters, inputs.languages, found.model.recognisers) == (0, ("en",), ("provided:vtt",))


def test_the_answers_points_come_back_and_the_spread_that_was_planted(everybody):
    _, answers, inputs, found = everybody
    name = COMPETENCIES[0]
    shown = [one.id for one in FRAMEWORK.questions_showing(name)]
    mine = answers[answers["question_id"].isin(shown)].groupby("interview_id")["language.own_acts_share"].mean()
    assert 50 + 15 * found.z[name] == pytest.approx(100 * mine.reindex(inputs.interviews).to_numpy(), abs=1e-6)
    spread = found.model.documents["validity"]["precision"][name]["question_sd"]
    assert spread == pytest.approx(ANSWER_SD, rel=0.05)
    assert "answers lie 17 points around their score; these people's lie 12 points" in " ".join(
        found.model.documents["validity"]["findings"]
    )


def test_planted_validity_comes_back_and_a_stated_selection_is_corrected_for(everybody):
    folder, answers, _, found = everybody
    overall = 50 + 15 * found.overall
    best = np.flatnonzero(overall >= np.quantile(overall, 0.6))
    later = read(folder, answers, hired(folder, overall, best))
    raw = judge(later, FRAMEWORK).model.documents["validity"]["performance"]
    assert (raw["used"], raw["persons"], raw["corrected"]) == ("framework", len(best), None)
    assert raw["correlations"]["framework"]["high"] < VALIDITY, "among the selected it is lower"
    stated = replace(later, selection=Selection(mechanism="direct", source="the people who hired"))
    corrected = judge(stated, FRAMEWORK).model.documents["validity"]["performance"]["corrected"]["framework"]
    assert corrected["method"] == "case II"
    assert corrected["corrected"]["value"] == pytest.approx(VALIDITY, abs=0.1)


def test_a_handful_of_outcomes_shows_nothing_and_is_no_error(everybody):
    folder, answers, _, found = everybody
    few = read(folder, answers, hired(folder, found.overall, np.arange(20)))
    performance = judge(few, FRAMEWORK).model.documents["validity"]["performance"]
    assert performance["persons"] == 20
    assert performance["correlations"][performance["used"]]["value"] is None
    assert "fewer than 50" in performance["correlations"]["framework"]["reason"]


def test_ratings_of_a_few_are_evidence_too(everybody):
    folder, answers, _, _ = everybody
    rows = [(f"ic{i:05d}", "r1", name, 3.0 + (i % 3) / 2) for i in range(30) for name in COMPETENCIES]
    path = folder / "ratings.csv"
    pd.DataFrame(rows, columns=["interview_id", "rater", "competency", "value"]).to_csv(path, index=False)
    found = judge(read(folder, answers, ratings=path), FRAMEWORK).model.documents
    assert found["datasheet"]["rated"]["teamwork"] == 30
    assert found["validity"]["ratings"]["teamwork"]["score"]["value"] is None


def test_a_measure_with_one_value_is_kept(tmp_path):
    answers, _ = table(60)
    same = judge(read(tmp_path, answers.assign(**{"language.own_acts_share": 1.0})), FRAMEWORK)
    assert "language.own_acts_share" in same.model.fingerprints
    assert not np.isnan(same.overall).any()


def test_what_no_variant_measures_is_refused(tmp_path):
    with pytest.raises(BadTraining, match=r"No variant of the rubric can be measured.*own_acts_share"):
        judge(read(tmp_path, table(60, without=("language.own_acts",))[0]), FRAMEWORK)
    inputs = read(tmp_path, table(60)[0])
    with pytest.raises(BadTraining, match="add question_id"):
        judge(replace(inputs, answers=None), FRAMEWORK)
    nothing = table(60)[0].assign(**dict.fromkeys(GENERAL, np.nan))
    with pytest.raises(BadTraining, match="none of their answers was measured whole"):
        judge(read(tmp_path, nothing), FRAMEWORK)


def test_the_same_people_give_the_same_documents(everybody):
    _, _, inputs, found = everybody
    assert judge(inputs, FRAMEWORK).model == found.model


def test_an_alternative_leaves_out_and_scales_up(everybody):
    model = everybody[3].model
    less = changed(model, Variant(name="less", without_features=("language.relevance_cosine",)))
    assert sum(less.measures.values()) == pytest.approx(1)
    assert less.measures["language.own_acts_share"] == pytest.approx(0.25 / 0.95)
    weights = dict(zip(COMPETENCIES, (0.1, 0.2, 0.3, 0.4), strict=True))
    assert changed(model, Variant(name="other", weights=weights)).weights == weights
    with pytest.raises(BadTraining, match="no modalities here"):
        changed(model, Variant(name="deaf", without_modalities=("voice",)))
    with pytest.raises(BadTraining, match="left without measures"):
        changed(model, Variant(name="mute", without_modalities=("text",)))
    with pytest.raises(BadTraining, match="no more and no fewer"):
        changed(model, Variant(name="one", weights={"teamwork": 1.0}))
