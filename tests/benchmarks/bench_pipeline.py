"""The whole job: what each stage costs beside the usual script and beside the bare kernels, and how it scales.

Everything but recognition, which ``bench_transcription`` measures with random weights. The same files in the same run,
one thread each:

*usual*
    ``librosa.load`` and ``pyin``; ``FaceMesh`` on every frame that OpenCV reads. Its sound comes as WAV, unpacked
    beforehand at no charge: librosa needs an ffmpeg program to open a video.
*floor*
    The bare kernels: every frame decoded once, the mesh on the sampled ones, the detector, ``yin``.
"""

import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import av
import cv2
import librosa
import numpy as np
import torch

from tests.benchmarks import Figure
from tests.benchmarks.processes import Cost
from tests.benchmarks.processes import run as run_command
from tests.benchmarks.recordings import DEMO, RATE, batch, demo_rows, repeat, unpack, write
from vivavoce.data.media.memory import AudioSpool
from vivavoce.features.face import FACE
from vivavoce.features.face.answer_face import AnswerFace
from vivavoce.features.face.face_track import FaceTracker
from vivavoce.features.face.pose import Mesh
from vivavoce.features.prosody import PROSODY, AnswerVoice, track_voice
from vivavoce.features.speech import find_speech

FPS = 5.0
HOP = 160  # samples: 10 ms, as our voice track
F0 = {"fmin": 60, "fmax": 500, "sr": RATE, "frame_length": 1024, "hop_length": HOP}
VOICES = ("c01.mp4", "c02.mp4", "c03.mp4", "c04.mp4", "c05.mp4", "c06.webm", "c07_q1.mp4", "c08.mp4")
LIMIT_MIB = 1536


def run(reduced: bool) -> list[Figure]:
    """Stages, agreement, a batch against the floor, two workers against one, memory on a long recording."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as folder:
        media = [DEMO / "media" / f"{name}.mp4" for name in (("c10",) if reduced else ("c01", "c02", "c04", "c07_q1"))]
        figures = [*compare(media, Path(folder)), agreement(Path(folder), 8.0 if reduced else 40.0)]
        figures += scaling(Path(folder), 2 if reduced else 20)
        return [*figures, memory(Path(folder), 5 if reduced else 60)]


class Stopwatch:
    """Processor seconds of this process, by what they were spent on."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def __call__(self, what: str, work: Callable[[], Any]) -> Any:
        begun = time.process_time()
        result = work()
        self.seconds[what] = self.seconds.get(what, 0.0) + time.process_time() - begun
        return result


def compare(media: Sequence[Path], folder: Path) -> list[Figure]:
    """Cost by stage of the three arms, file by file so that a busy machine treats them alike."""
    tracker, mesh, usual_mesh = FaceTracker(FPS), Mesh(), face_mesh()
    warm_up(tracker, mesh)
    mine, least, theirs = Stopwatch(), Stopwatch(), Stopwatch()
    seconds = 0.0
    for path in media:
        sound = folder / f"{path.stem}.wav"
        seconds += unpack(path, sound)
        our_arm(path, tracker, mine)
        floor_arm(path, mesh, least)
        usual_arm(path, sound, usual_mesh, theirs)
    return table(mine, least, theirs, seconds)


def warm_up(tracker: FaceTracker, mesh: Mesh) -> None:
    """Load, compile and start everything before the clocks run."""
    hum = (0.1 * np.sin(2 * np.pi * 120 * np.arange(2 * RATE) / RATE)).astype(np.float32)
    with AudioSpool.from_array(hum) as audio:
        track_voice(audio, find_speech(audio))
    librosa.pyin(hum, **F0)
    librosa.yin(hum, **F0)
    tracker.see(0.0, np.zeros((64, 64, 3), np.uint8))
    tracker.reset()
    mesh.reset()


def face_mesh() -> Any:
    from mediapipe.python.solutions.face_mesh import FaceMesh

    return FaceMesh(refine_landmarks=True)


def our_arm(path: Path, tracker: FaceTracker, clock: Stopwatch) -> None:
    """As a worker does it, but with the decoding in this process, so that its seconds are counted."""
    tracker.reset()
    pictures: list[tuple[float, np.ndarray]] = []
    samples = clock("decoding", lambda: frames_and_sound(path, pictures))
    clock("face", lambda: [tracker.see(*picture) for picture in pictures])
    face = clock("face", tracker.finish)
    with AudioSpool.from_array(samples) as audio:
        speech = clock("detector", lambda: find_speech(audio))
        voice = clock("voice", lambda: track_voice(audio, speech))
        length = audio.duration
    clock("voice", lambda: PROSODY.measure(AnswerVoice(voice, speech, 0.0, length)))
    clock("face", lambda: FACE.measure(AnswerFace(face, 0.0, length)))


def floor_arm(path: Path, mesh: Mesh, clock: Stopwatch) -> None:
    """The kernels alone."""
    mesh.reset()
    pictures: list[tuple[float, np.ndarray]] = []
    samples = clock("decoding", lambda: frames_and_sound(path, pictures))
    clock("face", lambda: [mesh.find(rgb) for _, rgb in pictures])
    with AudioSpool.from_array(samples) as audio:
        clock("detector", lambda: find_speech(audio))
    clock("voice", lambda: librosa.yin(samples, **F0))


def usual_arm(path: Path, sound: Path, mesh: Any, clock: Stopwatch) -> None:
    """What one would write first."""
    mesh.reset()
    samples, _ = clock("decoding", lambda: librosa.load(sound, sr=RATE))
    clock("voice", lambda: librosa.pyin(samples, **F0))
    capture = cv2.VideoCapture(str(path))
    while True:
        more, frame = clock("decoding", capture.read)
        if not more:
            return
        clock("face", lambda frame=frame: mesh.process(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)))


def frames_and_sound(path: Path, pictures: list[tuple[float, np.ndarray]]) -> np.ndarray:
    """Decode everything once with PyAV: pictures at ``FPS`` into the list, sound at 16 kHz returned."""
    resampler, parts, due = av.AudioResampler("flt", "mono", RATE), [], 0.0
    with av.open(str(path)) as container:
        container.streams.video[0].thread_count = 1
        for frame in container.decode(video=0, audio=0):
            if isinstance(frame, av.VideoFrame):
                if frame.time >= due:
                    pictures.append((frame.time, frame.to_ndarray(format="rgb24")))
                    due += 1 / FPS
            else:
                parts += [part.to_ndarray()[0] for part in resampler.resample(frame)]
    return np.concatenate(parts)


def table(mine: Stopwatch, least: Stopwatch, theirs: Stopwatch, seconds: float) -> list[Figure]:
    """One line per stage, and all of them together."""
    figures = []
    for stage in ("decoding", "detector", "voice", "face"):
        cost = [arm.seconds.get(stage) for arm in (theirs, mine, least)]
        shown = " / ".join("–" if one is None else f"{one / seconds:.4f}" for one in cost)
        figures.append(Figure(f"{stage}: usual / ours / floor, real-time factor", shown, ratio(cost[0], cost[1])))
    total = [sum(arm.seconds.values()) for arm in (theirs, mine, least)]
    shown = " / ".join(f"{one:.1f} s" for one in total)
    figures.append(Figure(f"all but words, {seconds:.0f} s: usual / ours / floor", shown, total[0] / total[1], "≥ 2.2"))
    figures.append(Figure("ours against the floor, in one process", shown, total[1] / total[2], "≤ 1.15"))
    return figures


def ratio(above: float | None, below: float | None) -> float | None:
    return above / below if above and below else None


def agreement(folder: Path, most_s: float) -> Figure:
    """Correlation of the F0 medians over the demo's voices; ``bench_face`` has the face's over persons."""
    ours, usual = [], []
    for name in VOICES:
        sound = folder / f"voice-{name}.wav"
        unpack(DEMO / "media" / name, sound, most_s)
        samples, _ = librosa.load(sound, sr=RATE)
        with AudioSpool.from_array(samples) as audio:
            speech = find_speech(audio)
            measures = PROSODY.measure(AnswerVoice(track_voice(audio, speech), speech, 0.0, audio.duration))
        f0, voiced, _ = librosa.pyin(samples, **F0)
        ours.append(measures["prosody.f0_median_hz"])
        usual.append(float(np.median(f0[voiced])))
    r = float(np.corrcoef(ours, usual)[0, 1])
    apart = np.abs(12 * np.log2(np.array(ours, float) / usual)).max()
    shown = f"{r:.4f}; {apart:.2f} semitones apart at most"
    return Figure(f"r of the F0 medians of {len(ours)} voices, usual script against ours", shown, r, "≥ .98")


def floor_seconds(names: Sequence[str], mesh: Mesh) -> float:
    """Processor seconds of the bare kernels on demo interviews."""
    clock = Stopwatch()
    for name in names:
        floor_arm(DEMO / "media" / f"{name}.mp4", mesh, clock)
    return sum(clock.seconds.values())


def scaling(folder: Path, count: int) -> list[Figure]:
    """A batch by one and by two workers, everything that they start counted, against the bare kernels on its files."""
    names, mesh = [("c10", "c02", "c01", "c03")[i % 4] for i in range(count)], Mesh()
    fewer = names[: count // 2]
    few_kernels, kernels = floor_seconds(fewer, mesh), floor_seconds(names, mesh)
    few = score(batch(folder / "fewer", fewer), folder / "few", 1)
    manifest = batch(folder / "batch", names)
    one, two = (score(manifest, folder / f"by{workers}", workers) for workers in (1, 2))
    more, more_kernels = one.cpu_s - few.cpu_s, kernels - few_kernels
    apart = f"{more / (count - len(fewer)):.1f} s against {more_kernels / (count - len(fewer)):.1f} s"
    return [
        Figure(
            f"{count} interviews, whole command with its start against the kernels",
            f"{one.cpu_s:.1f} s against {kernels:.1f} s",
            one.cpu_s / kernels,
            "≤ 1.15",
        ),
        Figure("each further interview against its kernels", apart, more / more_kernels, "≤ 1.15"),
        Figure(
            "one worker against two, wall time",
            f"{one.wall_s:.0f} s against {two.wall_s:.0f} s",
            one.wall_s / two.wall_s,
            "≥ 1.8",
        ),
    ]


def score(manifest: Path, out: Path, workers: int) -> Cost:
    """``viva score``, everything measured."""
    command = [
        sys.executable, "-m", "vivavoce", "score", str(manifest), "--out", str(out), "--profile", "all",
        "--asr", "provided", "--workers", str(workers),
    ]  # fmt: skip
    environment = {"OMP_NUM_THREADS": "1", "VIVA_PROJECT_KEY": str(manifest.parent / "project.key")}
    return run_command(command, environment=environment, ends=3)


def memory(folder: Path, minutes: int) -> Figure:
    """Peak resident memory of the worker and its decoder on one long recording: a demo file again and again."""
    place = folder / "long"
    place.mkdir()
    repeat(DEMO / "media" / "c02.mp4", place / "long.mp4", minutes * 60)
    rows = demo_rows()
    shutil.copyfile(DEMO / rows["c02"]["transcript"], place / "said.vtt")
    shutil.copyfile(DEMO / rows["c11"]["media"], place / "c11.mp4")
    listed = [
        rows["c02"] | {"media": "long.mp4", "transcript": "said.vtt", "questions": None},
        rows["c11"] | {"media": "c11.mp4"},
    ]
    cost = score(write(place, listed), place / "out", 1)
    worker, decoder = cost.peaks["worker"][0], sum(cost.peaks["decoder"][:2])
    shown = f"worker {worker:.0f} MiB, decoder {decoder:.0f} MiB; {cost.cpu_s:.0f} CPU s"
    return Figure(f"memory on a recording of {minutes} minutes", shown, (worker + decoder) / LIMIT_MIB, "≤ 1 (1.5 GiB)")
