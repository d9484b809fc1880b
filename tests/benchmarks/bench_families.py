"""Each feature family alone: CPU seconds per second of recording, and the memory that it takes.

Every family runs in a process of its own on one thread; models are loaded and have run once before the clock starts.
Decoding is not counted. Memory is the process's peak beside its size before anything of the family was imported:
libraries, models, the longest recording's sound, tracks and measures.
"""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np

from tests.benchmarks import Figure
from tests.benchmarks.recordings import DEMO

FPS = 5.0
MEBI = 1024  # KiB: what ru_maxrss counts
RECORDINGS = ("c01", "c02", "c03", "c08")
Work = Callable[[], object]


def run(reduced: bool) -> list[Figure]:
    """One line per family."""
    names = RECORDINGS[:1] if reduced else RECORDINGS
    return [alone(family, names) for family in FAMILIES]


def alone(family: str, names: tuple[str, ...]) -> Figure:
    """Run one family in a process of its own."""
    command = [sys.executable, "-m", __name__, family, *names]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}: {done.stderr}")
    seen = json.loads(done.stdout.splitlines()[-1])
    memory = f"{seen['peak_mib']:.0f} MiB beside {seen['before_mib']:.0f}"
    return Figure(f"{family}, {seen['seconds']:.0f} s", f"real-time factor {seen['factor']:.4f}; {memory}")


def detector(names: list[str]) -> Iterator[Work]:
    """Where somebody speaks."""
    from vivavoce.data.media.memory import AudioSpool
    from vivavoce.features.speech import find_speech

    for name in names:
        with AudioSpool.from_array(sound(name)) as audio:
            yield lambda audio=audio: find_speech(audio)


def voice(names: list[str]) -> Iterator[Work]:
    """Track and measures of the voice."""
    from vivavoce.data.media.memory import AudioSpool
    from vivavoce.features.prosody import PROSODY, AnswerVoice, track_voice
    from vivavoce.features.speech import find_speech

    for name in names:
        with AudioSpool.from_array(sound(name)) as audio:
            speech, end = find_speech(audio), audio.duration
            yield lambda audio=audio, speech=speech, end=end: PROSODY.measure(
                AnswerVoice(track_voice(audio, speech), speech, 0.0, end)
            )


def face(names: list[str]) -> Iterator[Work]:
    """Mesh, track and measures of the face; each frame is looked at as it comes."""
    from vivavoce.features.face import FACE
    from vivavoce.features.face.answer_face import AnswerFace
    from vivavoce.features.face.face_track import FaceTracker

    tracker = FaceTracker(FPS)
    for name in names:
        for time_s, rgb in pictures(name):
            yield lambda time_s=time_s, rgb=rgb: tracker.see(time_s, rgb)
        yield lambda: FACE.measure(AnswerFace(tracker.finish(), 0.0, float("inf")))


def language(names: list[str]) -> Iterator[Work]:
    """Measures of language and coverage, with the offline encoder's vectors where it is installed."""
    from tests.benchmarks.interviews import demo_answers
    from vivavoce.features.language import LANGUAGE, measure_competency, relate
    from vivavoce.features.language.encoder import SentenceEncoder

    encoder = SentenceEncoder.offline()
    if encoder is not None:
        encoder.encode(["A sentence."])

    def measure(name: str) -> None:
        for answer in relate(demo_answers(name), encoder):
            LANGUAGE.measure(answer)
            for competency in answer.competencies:
                measure_competency(answer, competency)

    for name in names:
        yield lambda name=name: measure(name)


FAMILIES = {"speech detector": detector, "voice": voice, "face, 5 frames a second": face, "language": language}


def sound(name: str) -> np.ndarray:
    """A demo recording's sound at 16 kHz."""
    with av.open(str(media(name))) as container:
        resampler = av.AudioResampler("flt", "mono", 16_000)
        parts = [part for frame in container.decode(audio=0) for part in resampler.resample(frame)]
        return np.concatenate([part.to_ndarray()[0] for part in (*parts, *resampler.resample(None))])


def pictures(name: str) -> Iterator[tuple[float, np.ndarray]]:
    """A demo recording's frames at ``FPS``."""
    with av.open(str(media(name))) as container:
        tick = 0
        for frame in container.decode(video=0):
            if frame.time >= tick / FPS - 1e-6:
                tick += 1
                yield frame.time, frame.to_ndarray(format="rgb24")


def media(name: str) -> Path:
    """A demo recording's file."""
    return DEMO / "media" / f"{name}.mp4"


def length(name: str) -> float:
    """Seconds of a demo recording."""
    with av.open(str(media(name))) as container:
        return float(container.duration / av.time_base)


def spent(works: Iterator[Work]) -> float:
    """CPU seconds of the works alone, without what prepares them."""
    total = 0.0
    for work in works:
        start = time.process_time()
        work()
        total += time.process_time() - start
    return total


def main(family: str, names: list[str]) -> None:
    """Measure one family in this process and say it as JSON."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    spent(FAMILIES[family](names[-1:]))  # loads models, compiles, fills caches
    seconds = sum(map(length, names))
    factor = spent(FAMILIES[family](names)) / seconds
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"seconds": seconds, "factor": factor, "before_mib": before / MEBI, "peak_mib": peak / MEBI}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
