"""The golden run equals what it was.

Features, scores and weights to the last bit, statistics within 1e-12, verdicts and exit statuses exactly. Digests,
times, versions, paths and sentences are left out: see ``plain``. Where the truth was made by another processor or
other libraries (``made on`` in each file) the last bits may differ: numbers are then compared within 1e-6, what was
measured on sound and pictures, and its scores, within .01, and a version learned by thousands of steps, fusion, within
.05. A change on purpose is kept by ``python -m tests.golden STAGE``.
"""

from pathlib import Path

import pytest

from tests.golden import truth
from tests.golden.run import STAGES, Run
from tests.golden.truth import differences, read_truth, report, write_truth

pytestmark = pytest.mark.xdist_group("golden")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, demo: Path) -> Run:
    return Run(tmp_path_factory.mktemp("golden"), demo=demo)


@pytest.mark.parametrize("stage", [name for name in STAGES if name != "clips"])
def test_it_is_as_it_was(run: Run, stage: str) -> None:
    told = report(stage, run[stage])
    assert not told, "\n".join(told)


def test_real_clips_are_measured_as_they_were(run: Run, viva_data: Path) -> None:
    run.clips = viva_data / "talking_face"
    told = report("clips", run["clips"])
    assert not told, "\n".join(told)


@pytest.mark.parametrize(
    "path",
    [
        "demo.features.language.length_words.c01 q1", "demo.features.face.yaw_spread_deg.c01 q1",
        "demo.features.prosody.f0_median_hz.c01 q1", "demo.scores.c04.overall.score", "demo.status.c12.reason",
        "train.linear.version.weights.teamwork", "train.linear.version.arrays.teamwork.coefficients",
        "train.linear.weights.weights.teamwork.low", "train.fusion.fusion.gain.low",
        "train.fusion.version.arrays.moved",
        "train.rubric.validity.performance.corrected.framework.corrected.high", "audit.linear.status",
        "audit.rubric.tables.0.rows.women.adjusted_p", "audit.rubric.findings.0.interval", "audit.linear.agreement",
        "audit.linear.recognition.rows.women.words", "publish.rubric.admission",
        "publish.linear.checks.validity.outcome", "production.scores.c01.overall.score",
        "production.status.c04.reason", "monitor.triggers.0.what", "monitor.exit", "erase.left.features",
        "clips.features.face.seen_share.bbaf2n interview", "clips.status.face_noface.reason",
    ],
)  # fmt: skip
def test_what_the_run_is_for_is_kept(path: str) -> None:
    """What is left out of documents must not take numbers and verdicts with it."""
    stage, rest = path.split(".", 1)
    kept = read_truth(stage)[0]
    while rest:
        if isinstance(kept, list):
            name, _, rest = rest.partition(".")
            kept = kept[int(name)]
        else:
            name = max((one for one in kept if f"{rest}.".startswith(f"{one}.")), key=len)
            kept, rest = kept[name], rest[len(name) + 1 :]
    assert kept not in ({}, [], None)


def test_a_difference_is_told_by_its_path() -> None:
    kept = {"sex": {"f": {"ratio": 0.81, "verdict": "ok", "p": 0.2}, "m": [1, 2.0]}}
    found = {"sex": {"f": {"ratio": 0.79, "verdict": "finding", "q": 1.0}, "m": [1, 2.0 + 1e-13]}}
    assert list(differences("audit", kept, found, alike=True)) == [
        "audit.sex.f.ratio: 0.81 became 0.79",
        'audit.sex.f.verdict: "ok" became "finding"',
        "audit.sex.f.p: 0.2 is gone",
        "audit.sex.f.q: 1.0 is new",
    ]


@pytest.mark.parametrize(
    ("path", "change", "alike", "seen"),
    [
        ("demo.features.a", 1e-16, True, True),
        ("demo.features.a", 1e-4, False, False),
        ("demo.features.a", 2e-2, False, True),
        ("production.scores.a", 1e-9, False, False),
        ("production.scores.a", 1e-5, False, True),
        ("train.linear.version.weights.a", 1e-16, True, True),
        ("train.linear.validity.a", 1e-13, True, False),
        ("train.linear.validity.a", 1e-11, True, True),
        ("train.fusion.version.arrays.a", 1e-3, False, False),
    ],
)
def test_bits_statistics_and_other_machines(path: str, change: float, alike: bool, seen: bool) -> None:
    assert bool(list(differences(path, 0.3, 0.3 + change, alike=alike))) == seen


def test_what_is_kept_comes_back_and_the_first_differences_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(truth, "HERE", tmp_path / "truth")
    kept = {"one": {"name": "李", "values": [0.1, 1 / 3, 1e-300, True]}, "many": {str(i): i / 7 for i in range(25)}}
    write_truth("made", kept)
    assert read_truth("made") == (kept, True)
    assert report("made", kept) == []
    told = report("made", {**kept, "many": {str(i): i / 7 + 1 for i in range(25)}})
    assert told[0] == "made.many.0: 0.0 became 1.0"
    assert (len(told), told[-1]) == (21, "... and 5 more")
