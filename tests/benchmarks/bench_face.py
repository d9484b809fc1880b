"""The face at five frames a second against every frame: what it costs, and whether the answer's measures stay.

*Usual* is FaceMesh on every frame read by OpenCV; *floor* is decoding once and the same mesh as ours, which notices a
second face, on the sampled frames, with no measure taken. Models are built before the clock starts; seconds are of
CPU. The clips last three seconds, so each is repeated to the length of a short answer.
"""

import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import cv2
import numpy as np
from mediapipe.python.solutions.face_mesh import FaceMesh

from tests.benchmarks import Figure
from tests.conftest import ROOT
from tests.features.face.clips import CHANGES, Frames, measured, read
from tests.features.face.movement import drawn, moved
from vivavoce.data.schema import Measures
from vivavoce.features.face import FACE
from vivavoce.features.face.answer_face import AnswerFace
from vivavoce.features.face.face_track import FaceTracker, measure_frame
from vivavoce.features.face.pose import Mesh

REPEATS = 5
MIN_PERSONS = 5
ANSWERS, ANSWER_S = 16, 8.0
RATES = (10, 5)


def clips() -> list[Path]:
    """Recordings of people who stay in the picture."""
    folder = Path(os.environ.get("VIVA_DATA", ROOT.parent / "shared" / "data")) / "talking_face"
    found = [*sorted((folder / "grid").glob("*.mpg")), folder / "pyfeat" / "single_face.mp4"]
    if not all(path.is_file() for path in found):
        raise FileNotFoundError(f"bench_face needs the recordings in {folder}. Set VIVA_DATA to the data's folder.")
    return found


def run(reduced: bool) -> list[Figure]:
    """Cost at 5 and 10 frames a second, and the agreement of the measures with those of every frame."""
    paths = clips()
    figures = [own_cost(paths[0]), *cost(paths[:3] if reduced else paths)]
    every = [measured(list(read(path))) for path in paths]
    for rate in (5, 10):
        some = [measured(list(read(path, rate))) for path in paths]
        figures.append(agreement(every, some, f"r, {rate} fps against every frame: speakers who hold still for 3 s"))
    if not reduced:
        for whose, found in rates().items():
            figures += [agreement(*found[rate], f"r, {rate} fps against every frame: {whose}") for rate in RATES]
    return figures


def rates() -> dict[str, dict[int, tuple[list[Measures], list[Measures]]]]:
    """Measures of every frame and of fewer, over answers in which people move by very different amounts, as they do."""
    pictures = [[rgb for _, rgb in read(path)] for path in clips() if path.suffix == ".mpg"]
    speakers = (moved(pictures[seed // 2], seed, ANSWER_S) for seed in range(ANSWERS))
    candidates = (drawn(seed, ANSWER_S) for seed in range(ANSWERS))
    return {
        "real speakers with movement added": thinned(speakers, 25.0),
        "drawn candidates who turn and look": thinned(candidates, 20.0),
    }


def thinned(answers: Iterable[Frames], rate_hz: float) -> dict[int, tuple[list[Measures], list[Measures]]]:
    """Measures of whole answers, and of those frames that a slower camera would have taken."""
    found: dict[int, tuple[list[Measures], list[Measures]]] = {rate: ([], []) for rate in RATES}
    for frames in answers:
        whole = measured(frames)
        for rate, (every, some) in found.items():
            every.append(whole)
            some.append(measured([frames[round(i)] for i in np.arange(0, len(frames) - 0.5, rate_hz / rate)]))
    return found


def own_cost(path: Path) -> Figure:
    """What the measures of a frame cost beside the mesh that finds its face."""
    mesh, frames = Mesh(), list(read(path, 5)) * 6
    landmarks = mesh.find(frames[0][1])[0]
    arms = {
        "mesh": lambda: [mesh.find(rgb) for _, rgb in frames],
        "own": lambda: [measure_frame(rgb, landmarks) for _, rgb in frames],
    }
    spent = {}
    for name, arm in arms.items():
        start = time.process_time()
        arm()
        spent[name] = (time.process_time() - start) / len(frames) * 1000
    shown = f"{spent['own']:.2f} ms a frame beside {spent['mesh']:.2f} ms of the mesh"
    return Figure("own measures / mesh", shown, spent["own"] / spent["mesh"], "≤ 0.1")


def cost(paths: list[Path]) -> list[Figure]:
    """CPU seconds of the arms, interleaved so that a busy machine treats them alike."""
    usual_mesh, mesh, tracker = FaceMesh(refine_landmarks=True), Mesh(), FaceTracker(5.0)
    arms: dict[str, Callable[[Path], None]] = {"usual": lambda path: usual(path, usual_mesh)}
    for rate in (5, 10):
        arms[f"floor {rate}"] = lambda path, rate=rate: floor(path, rate, mesh)
        arms[f"ours {rate}"] = lambda path, rate=rate: ours(path, rate, tracker)
    spent = dict.fromkeys(arms, 0.0)
    for path in paths:
        usual_mesh.reset()
        mesh.reset()
        for name, arm in arms.items():
            start = time.process_time()
            arm(path)
            spent[name] += time.process_time() - start
    seconds = REPEATS * sum(list(read(path))[-1][0] for path in paths)
    figures = [Figure("usual script", f"{spent['usual'] / seconds:.4f} CPU s per second of video")]
    for rate, target in ((5, "≥ 2.2"), (10, "")):
        mine, least = spent[f"ours {rate}"], spent[f"floor {rate}"]
        figures += [
            Figure(f"usual / ours, {rate} fps", f"{mine / seconds:.4f} CPU s/s", spent["usual"] / mine, target),
            Figure(f"ours / floor, {rate} fps", f"{least / seconds:.4f} CPU s/s", mine / least, "≤ 1.2"),
        ]
    return figures


def usual(path: Path, mesh: FaceMesh) -> None:
    """Run the mesh on every frame."""
    for _ in range(REPEATS):
        capture = cv2.VideoCapture(str(path))
        while (frame := capture.read()[1]) is not None:
            mesh.process(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB))
        capture.release()


def floor(path: Path, rate: float, mesh: Mesh) -> None:
    """Decode once and run the mesh on the sampled frames."""
    for _ in range(REPEATS):
        for _, rgb in read(path, rate):
            mesh.find(rgb)


def ours(path: Path, rate: float, tracker: FaceTracker) -> None:
    """Track the face and take the answer's measures."""
    for repeat in range(REPEATS):
        for time_s, rgb in read(path, rate):
            tracker.see(time_s + 10 * repeat, rgb)
    FACE.measure(AnswerFace(tracker.finish(), 0.0, float("inf")))


def pairs(before: list[Measures], after: list[Measures], name: str) -> np.ndarray:
    """Values of one measure where both have one, shape (persons, 2)."""
    both = [(b[name], a[name]) for b, a in zip(before, after, strict=True)]
    return np.array([pair for pair in both if all(isinstance(value, float) for value in pair)]).reshape(-1, 2)


def correlations(before: list[Measures], after: list[Measures]) -> dict[str, float]:
    """Over answers, of the measures of the person that vary."""
    r = {}
    for feature in (feature for feature in FACE if not feature.quality):
        values = pairs(before, after, feature.name)
        if len(values) >= MIN_PERSONS and values.std(axis=0).min() > 1e-9:
            r[feature.name] = float(np.corrcoef(values.T)[0, 1])
    return r


def agreement(before: list[Measures], after: list[Measures], what: str) -> Figure:
    """The median of the correlations, and which are low."""
    r = correlations(before, after)
    below = {name.removeprefix("face."): round(value, 2) for name, value in r.items() if value < 0.95}
    share = f"{sum(value >= 0.95 for value in r.values())} of {len(r)} measures ≥ .95; below: {below}"
    return Figure(what, share, float(np.median(list(r.values()))), "≥ .95")


def rate_table() -> str:
    """Correlations of fewer frames with every frame: Markdown."""
    found = [correlations(*answers[rate]) for answers in rates().values() for rate in RATES]
    lines = ["| measure | moved, 10 fps | moved, 5 fps | drawn, 10 fps | drawn, 5 fps |", "|---" * 5 + "|"]
    for name in (feature.name for feature in FACE if any(feature.name in r for r in found)):
        cells = [f"{r[name]:.2f}" if name in r else "" for r in found]
        lines.append(f"| `{name}` | {' | '.join(cells)} |")
    return "\n".join(lines)


def shift_table() -> str:
    """How far each change moves the measures, in spreads between persons: Markdown, declared resistance bold."""
    paths = clips()
    people = [list(read(path)) for path in paths]
    before = [measured(frames) for frames in people]
    after = {
        change: (resistance, [measured(frames, apply) for frames in people])
        for change, (resistance, apply) in CHANGES.items()
    }
    for rate in (10, 5):
        after[f"{rate} fps"] = ("frame_rate", [measured(list(read(path, rate))) for path in paths])
    lines = [f"| measure | spread between persons | {' | '.join(after)} |", "|---" * (len(after) + 2) + "|"]
    for feature in FACE:
        known = [value for b in before if isinstance(value := b[feature.name], float)]
        spread = float(np.std(known)) if len(known) >= MIN_PERSONS else float("nan")
        cells = [
            shift(pairs(before, changed, feature.name), spread, declared=resistance in feature.resists)
            for resistance, changed in after.values()
        ]
        lines.append(f"| `{feature.name}` | {spread:.3g} {feature.unit} | {' | '.join(cells)} |")
    return "\n".join(lines)


def shift(values: np.ndarray, spread: float, declared: bool) -> str:
    """Median shift over persons in spreads between them; empty where either is not known."""
    if len(values) < MIN_PERSONS or not spread > 0:
        return ""
    median = f"{np.median(np.abs(values[:, 1] - values[:, 0])) / spread:.2f}"
    return f"**{median}**" if declared else median
