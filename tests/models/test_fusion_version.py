"""A fusion version: the same bits alone and in a table, points shared out over answers, and nothing read unchecked."""

import json
import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load, save

import vivavoce.models.fusion.fitted as prediction
from tests.models.fusions import COLUMNS, FRAMEWORK, QUESTIONS, people, planted
from tests.models.test_directory import put
from tests.models.versions import planted as planted_linear
from vivavoce.data.framework import Framework
from vivavoce.data.identity import RefusedName
from vivavoce.data.schema import Absent
from vivavoce.models.directory import ModelRefused, load_model, save_model
from vivavoce.models.fusion.fitted import FittedFusion
from vivavoce.models.fusion.fusion_version import ANSWER, FusionVersion, answer_parts, check_questions
from vivavoce.models.score import OVERALL, STARTING_POINT, Norms, Quote
from vivavoce.models.version import MeasuredAnswer

WEIGHTS = "weights.safetensors"


def table(x: np.ndarray, order: np.ndarray | None = None) -> dict[str, object]:
    """Sequences as a table of answers, for ``score_table``."""
    n, q, _ = x.shape
    rows = np.arange(n * q) if order is None else order
    return {
        "columns": {name: x[:, :, i].reshape(-1)[rows] for i, name in enumerate(COLUMNS)},
        "interview": np.repeat(np.arange(n), q)[rows],
        "question": np.tile(np.array(QUESTIONS), n)[rows],
        "interviews": n,
    }


def answers(x: np.ndarray, questions: tuple[str, ...] = QUESTIONS) -> list[MeasuredAnswer]:
    """One interview, shape (q, p), as scoring meets it."""
    return [
        MeasuredAnswer(
            question,
            (),
            {name: Absent("no_face") if math.isnan(v) else float(v) for name, v in zip(COLUMNS, row, strict=True)},
            {COLUMNS[0]: (Quote(f"said in {question}", 1.0, 2.0),)},
        )
        for question, row in zip(questions, x, strict=True)
    ]


def same(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> bool:
    return all(one[name].tobytes() == other[name].tobytes() for name in (*FRAMEWORK.weights, OVERALL))


class TestTheSameNumbers:
    def test_alone_in_a_table_in_blocks_and_in_any_order(self, monkeypatch: pytest.MonkeyPatch) -> None:
        model, x = planted(), people(300, seed=3)
        together = model.score_table(**table(x))
        assert 0.5 < np.isfinite(together[OVERALL]).mean() < 1
        rows = np.random.default_rng(0).permutation(x.shape[0] * x.shape[1])
        assert same(together, model.score_table(**table(x, rows)))
        turned = model.score_table(**table(x[::-1].copy()))
        assert same(together, {name: values[::-1].copy() for name, values in turned.items()})
        for i in range(0, 300, 7):
            assert same({name: values[[i]] for name, values in together.items()}, model.score_table(**table(x[[i]])))
        monkeypatch.setattr(prediction, "BLOCK", 17)
        assert same(together, model.score_table(**table(x)))

    def test_with_evidence(self) -> None:
        model, x = planted(), people(40, seed=4)
        together = model.score_table(**table(x))
        scored = 0
        for i, one in enumerate(x):
            for score in model.score(answers(one), QUESTIONS):
                value = together[score.competency][i]
                assert (score.value is None) == math.isnan(value)
                assert score.value is None or score.value == value
                scored += score.value is not None
        assert scored > 100

    @pytest.mark.parametrize("head", ["gaussian", "ordinal"])
    def test_after_saving(self, tmp_path: Path, head: str) -> None:
        model, x = planted(head=head), people(50, seed=5)
        digest = save_model(model, tmp_path / "v1")
        found, _ = load_model(tmp_path / "v1", digest=digest)
        assert isinstance(found, FusionVersion)
        assert same(model.score_table(**table(x)), found.score_table(**table(x)))
        assert found.influence == model.influence
        assert [score.evidence for score in found.score(answers(x[0]), QUESTIONS)] == [
            score.evidence for score in model.score(answers(x[0]), QUESTIONS)
        ]
        assert save_model(found, tmp_path / "again") == digest

    def test_nobody_is_scored_as_well_as_somebody(self) -> None:
        assert planted().score_table(**table(people(0)))[OVERALL].shape == (0,)


class TestEvidence:
    def test_points_and_the_applicants_mean_are_the_score(self) -> None:
        model, whole = planted(), np.nan_to_num(0.3 * people(20, seed=6))
        for x in whole:
            for score in model.score(answers(x), QUESTIONS)[:-1]:
                assert score.origin == 50
                total = 50 + math.fsum(item.points for item in score.evidence)
                assert score.value == pytest.approx(min(100, max(0, total)), abs=1e-9)
                assert [item.question_id for item in score.evidence if item.measure == ANSWER].count(None) == 0
                points = [abs(item.points) for item in score.evidence]
                assert points == sorted(points, reverse=True)

    def test_the_last_answer_counts_against_the_others_as_planted(self) -> None:
        x = np.zeros((len(QUESTIONS), len(COLUMNS)))
        x[[0, -1], 0] = 1.5
        score = planted().score(answers(x), QUESTIONS)[0]
        points = {item.question_id: item.points for item in score.evidence}
        assert points[QUESTIONS[0]] > 3
        assert points[QUESTIONS[-1]] < -3

    def test_quotes_are_those_of_the_answer(self) -> None:
        score = planted().score(answers(np.ones((len(QUESTIONS), len(COLUMNS)))), QUESTIONS)[0]
        found = {item.question_id: item for item in score.evidence if item.measure == ANSWER}
        assert found[QUESTIONS[1]].quotes == (Quote(f"said in {QUESTIONS[1]}", 1.0, 2.0),)
        assert found[QUESTIONS[1]].value == 1.0
        assert {item.measure for item in score.evidence} <= {ANSWER, STARTING_POINT}

    def test_parts_of_a_known_game(self) -> None:
        """2·a + 3·b + a·b, and an answer that was not given: the product is shared in halves."""

        class Game(FittedFusion):
            start = np.array([1.0])

            def predict(self, x):
                a, b = (np.nan_to_num(x[:, i, 0]) for i in (0, 1))
                mean = (1 + 2 * a + 3 * b + a * b)[:, None]
                return prediction.Prediction(mean, mean, mean)

        fitted = planted().fitted
        game = Game(fitted.modalities, 3, 1, 1, fitted.head, fitted.spread, fitted.network)
        parts, start = answer_parts(game, np.array([[2.0], [5.0], [np.nan]]))
        assert parts[:, 0] == pytest.approx([2 * 2 + 5, 3 * 5 + 5, 0])
        assert start == pytest.approx([1.0])


class TestWhatIsMissing:
    def test_an_answer_that_was_asked_and_is_not_there_makes_every_competency_partial(self) -> None:
        x = np.ones((len(QUESTIONS), len(COLUMNS)))
        whole = planted().score(answers(x), QUESTIONS)
        assert {score.status for score in whole} == {"scored"}
        short = planted().score(answers(x[:-1], QUESTIONS[:-1]), QUESTIONS)
        given = [one for one in short if one.value is not None]
        assert {(one.status, one.reason) for one in given} == {("partial", "missing_answer")}
        unasked = planted().score(answers(x[:-1], QUESTIONS[:-1]), QUESTIONS[:-1])
        assert {score.status for score in unasked if score.value is not None} == {"scored"}
        assert unasked[0].error > whole[0].error

    def test_a_competency_that_no_answer_shows_is_not_scored(self) -> None:
        shows = {question.id: question.shows for question in FRAMEWORK.questions}
        lone = QUESTIONS[0]
        found = planted().score(answers(np.ones((1, len(COLUMNS))), (lone,)), (lone,))
        for score in found[:-1]:
            assert (score.value is not None) == (score.competency in shows[lone])
            assert score.reason in (None, "no_answer")
            assert score.error is None

    def test_too_little_measured_is_no_low_score(self) -> None:
        x = np.ones((len(QUESTIONS), len(COLUMNS)))
        x[:, 1] = np.nan  # .3 of the influence
        found = planted().score(answers(x), QUESTIONS)
        assert {score.reason for score in found} == {"too_little_measured: no_face"}
        x[:, 1], x[:, 2] = 1.0, np.nan  # .1 of it
        assert {score.status for score in planted().score(answers(x), QUESTIONS)} == {"scored"}
        assert {score.reason for score in planted().score(answers(np.full_like(x, np.nan)), QUESTIONS)} == {"no_face"}

    def test_answers_to_other_questions_do_not_count(self) -> None:
        found = planted().score(answers(np.ones((1, len(COLUMNS))), ("q99",)), QUESTIONS)
        assert {score.reason for score in found} == {"no_question"}
        assert {score.reason for score in planted().score([], QUESTIONS)} == {"no_answer"}

    def test_a_slip_of_the_measuring_counts_as_four_standard_deviations(self) -> None:
        model = planted()
        mean, scale = model.fitted.modalities[0].mean[0], model.fitted.modalities[0].scale[0]
        x = np.zeros((3, len(QUESTIONS), len(COLUMNS)))
        x[:, 0, 0] = mean + np.array([4.0, 1e9, 3.0]) * scale
        found = model.score_table(**table(x))["teamwork"]
        assert found[0] == pytest.approx(found[1])
        assert found[0] != pytest.approx(found[2])


def test_errors_shrink_with_the_answers() -> None:
    assert (planted().error("teamwork", 4), planted().error("teamwork", 1)) == (6.0, None)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"columns": ("language.emotion_share", *COLUMNS[1:])}, "claims"),
        ({"columns": (COLUMNS[0], *COLUMNS[:2])}, "different columns"),
        ({"moved": np.full((4, 3), -1.0)}, "must not be negative"),
        ({"moved": np.full((4, 3), np.nan)}, "must not be negative"),
        ({"moved": np.ones((3, 3))}, "fit together"),
        ({"least_measured": 1.5}, "0 to 1"),
        ({"norms": dict.fromkeys(FRAMEWORK.weights, Norms(3.0, 0.0, 30))}, "spread above 0"),
        ({"norms": {"teamwork": Norms(3.0, 1.0, 30)}}, "in this order"),
        ({"question_sd": dict.fromkeys(FRAMEWORK.weights, math.inf)}, "finite"),
    ],
)
def test_parts_that_do_not_fit_together_are_refused(change: dict[str, object], match: str) -> None:
    with pytest.raises((ValueError, RefusedName), match=match):
        replace(planted(), **change)


def test_more_questions_than_subsets_can_be_predicted_of_are_refused() -> None:
    check_questions(10)
    with pytest.raises(ValueError, match="1 to 10 questions, .* Got 11 instead: use linear"):
        check_questions(11)
    longer = FRAMEWORK.model_dump(mode="json")
    first = longer["questions"][0]
    longer["questions"] = [{**first, "id": f"q{i}", "shows": list(FRAMEWORK.weights)} for i in range(1, 12)]
    with pytest.raises(ValueError, match="1 to 10 questions"):
        replace(planted(), framework=Framework.model_validate(longer, strict=False))


def test_torch_is_met_by_fusion_only(tmp_path: Path) -> None:
    save_model(planted_linear(), tmp_path / "linear")
    save_model(planted(), tmp_path / "fusion")
    program = (
        "import sys; from pathlib import Path; from vivavoce.models.directory import load_model;"
        f"load_model(Path({str(tmp_path / 'linear')!r})); print('torch' in sys.modules);"
        f"load_model(Path({str(tmp_path / 'fusion')!r})); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]


def head(folder: Path, **changes: object) -> None:
    put(folder, "model.json", json.dumps(json.loads((folder / "model.json").read_text()) | changes).encode())


def tensors(folder: Path, **changes: object) -> None:
    """Replace tensors by what a function makes of each; one of None is left out."""
    found = load((folder / WEIGHTS).read_bytes())
    for name, change in changes.items():
        key = name.replace("__", "/").replace("_dot_", ".")
        if change is None:
            del found[key]
        else:
            found[key] = np.ascontiguousarray(change(found.get(key)))
    put(folder, WEIGHTS, save(found))


HEADS: dict[str, tuple[dict[str, object], str]] = {
    "negative width": ({"width": -6}, "width"),
    "huge width": ({"width": 10**6}, "width"),
    "width that is not the tensors'": ({"width": 7}, "must be float32"),
    "no columns": ({"columns": []}, "columns"),
    "columns out of range": ({"modalities": {"text": [0, 1], "voice": [3]}}, "columns 0 to 2, each once"),
    "negative columns": ({"modalities": {"text": [0, 1], "voice": [-1]}}, "modalities"),
    "a column twice": ({"modalities": {"text": [0, 1], "voice": [1, 2]}}, "each once"),
    "an odd name": ({"modalities": {"../text": [0, 1], "voice": [2]}}, "modalities"),
    "another head": ({"head": "poisson"}, "head"),
    "the other head": ({"head": "ordinal"}, "head/levels"),
    "an unknown key": ({"device": "cuda"}, "device"),
    "more to be measured than all": ({"least_measured": 1.01}, "least_measured"),
    "other competencies": ({"competencies": []}, "competencies"),
}

TENSORS: dict[str, tuple[dict[str, object], str]] = {
    "half precision": ({"network__linear_dot_weight": lambda x: x.astype(np.float16)}, "must be float32"),
    "another shape": ({"network__linear_dot_weight": lambda x: x[:-1]}, "must be float32"),
    "nan": ({"network__linear_dot_bias": lambda x: x * np.nan}, "must be finite"),
    "beyond float32": ({"network__hidden_dot_weight": lambda x: x + np.float32(1e30)}, "at most 1e"),
    "one too few": ({"network__linear_dot_bias": None}, "missing or too many: network/linear.bias"),
    "one too many": ({"network__extra": lambda _: np.zeros(3, np.float32)}, "missing or too many: network/extra"),
    "a strange name": ({"code": lambda _: np.zeros(3)}, "missing or too many: code"),
    "an infinite mean": ({"modality__text__mean": lambda x: x + np.inf}, "must be finite"),
    "a scale of 0": ({"modality__text__scale": lambda x: 0 * x}, "above 0"),
    "a scale that is none": ({"modality__text__scale": lambda x: x * np.nan}, "above 0"),
    "marks that are none": ({"modality__text__marked": lambda x: x.astype(np.float64)}, "must be bool"),
    "more marks than the network has": ({"modality__text__marked": lambda x: ~x}, "must be float32"),
    "a spread of 0": ({"spread": lambda x: 0 * x}, "spread must be above 0"),
    "usual as numbers": ({"usual": lambda x: x.astype(np.float64)}, "usual must be bool"),
    "moved of another shape": ({"moved": lambda x: x[:1]}, "moved must be float64"),
    "no moved": ({"moved": None}, "moved must be float64"),
    "moved nowhere": ({"moved": lambda x: x * np.nan}, "must not be negative"),
}


@pytest.mark.parametrize(("changes", "match"), HEADS.values(), ids=list(HEADS))
def test_a_head_that_does_not_fit_is_refused(tmp_path: Path, changes: dict[str, object], match: str) -> None:
    save_model(planted(), tmp_path / "v1")
    head(tmp_path / "v1", **changes)
    with pytest.raises(ModelRefused, match=match):
        load_model(tmp_path / "v1")


@pytest.mark.parametrize(("changes", "match"), TENSORS.values(), ids=list(TENSORS))
def test_tensors_that_do_not_fit_are_refused(tmp_path: Path, changes: dict[str, object], match: str) -> None:
    save_model(planted(), tmp_path / "v1")
    tensors(tmp_path / "v1", **changes)
    with pytest.raises(ModelRefused, match=match):
        load_model(tmp_path / "v1")


def test_what_is_refused_above_is_refused_for_what_was_done_to_it(tmp_path: Path) -> None:
    save_model(planted(), tmp_path / "v1")
    head(tmp_path / "v1")
    tensors(tmp_path / "v1")
    load_model(tmp_path / "v1")
