import csv
import resource
from pathlib import Path

import numpy as np
import pytest
import silero_vad
import torch

from tests.features.real import read_sound
from tests.small_whisper.recordings import KINDS, converse, non_speech, room
from vivavoce.data.media.memory import AudioSpool
from vivavoce.features.detector import FRAME, RATE, load_detector, speech_probabilities
from vivavoce.features.speech import SPEECH, find_speech, pauses, response_latency

RNG = np.random.default_rng(7)


def library_probabilities(sound: np.ndarray) -> np.ndarray:
    model = silero_vad.load_silero_vad()
    padded = torch.from_numpy(np.pad(sound, (0, -len(sound) % FRAME))).reshape(-1, FRAME)
    with torch.inference_mode():
        return np.array([model(frame, RATE).item() for frame in padded])


def test_the_network_is_the_librarys() -> None:
    sound = converse(25.0, "en", RNG).sound[: 25 * RATE - 100]
    ours = speech_probabilities(load_detector(), [sound])
    np.testing.assert_allclose(ours, library_probabilities(sound), atol=1e-4)


def test_how_the_sound_is_cut_changes_nothing() -> None:
    sound = converse(40.0, "zh", RNG).sound
    whole = speech_probabilities(load_detector(), [sound])
    parts = speech_probabilities(load_detector(), np.split(sound, [1, 700, 90_000, 90_001, 400_000]))
    np.testing.assert_array_equal(whole, parts)


def test_planted_speech_is_found_and_planted_silence_is_left() -> None:
    spoken = [converse(6.0, language, RNG, gap_s=(0.02, 0.06), lead_s=0.05) for language in ("en", "zh", "en")]
    silences = [room(seconds, RNG) for seconds in (2.0, 3.0, 1.5, 4.0)]
    parts = [silences[0]]
    truth = []
    for recording, silence in zip(spoken, silences[1:], strict=True):
        at = sum(map(len, parts)) / RATE
        truth.append((at + recording.words[0].start, at + recording.words[-1].end))
        parts += [recording.sound, silence]
    sound = np.concatenate(parts)
    speech = find_speech(AudioSpool.from_array(sound))
    t = np.arange(0, len(sound) / RATE, 0.01)
    planted = np.any([(t >= a) & (t < b) for a, b in truth], axis=0)
    found = np.any([(t >= a) & (t < b) for a, b in speech.spans], axis=0)
    both = (planted & found).sum()
    assert 2 * both / (planted.sum() + found.sum()) > 0.93
    assert found[~planted].mean() < 0.05
    assert np.all((speech["speech_probability"] > 0.5) & (speech["speech_probability"] <= 1))


def test_nothing_gives_no_rows() -> None:
    for seconds in (0.0, 0.01, 5.0):
        speech = find_speech(AudioSpool.from_array(np.zeros(round(seconds * RATE), np.float32)))
        assert len(speech) == 0
        assert speech.names == ("speech_probability",)


def test_sounds_without_speech_hardly_ever_pass() -> None:
    passed = [
        kind for kind in KINDS for _ in range(4) if len(find_speech(AudioSpool.from_array(non_speech(kind, 6.0, RNG))))
    ]
    assert set(passed) <= {"music"}, passed


def test_pauses_and_latency_are_derived() -> None:
    word = converse(1.2, "en", np.random.default_rng(3), gap_s=(0.01, 0.02), lead_s=0.0).sound
    sound = np.concatenate([room(1.5, RNG), word, room(2.0, RNG), word, room(1.0, RNG)])
    speech = find_speech(AudioSpool.from_array(sound))
    duration = len(sound) / RATE
    (pause,) = pauses(speech, 0.0, duration)
    assert pause[1] - pause[0] == pytest.approx(2.0, abs=0.45)
    assert response_latency(speech, 0.0, duration) == pytest.approx(1.5, abs=0.15)
    assert np.isnan(response_latency(speech, 0.0, 1.0))


def test_the_stage_names_what_can_change_a_segment() -> None:
    assert {"threshold", "release", "pause_s", "pad_s", "shortest_s"} <= set(SPEECH.parameters)


def test_memory_does_not_grow_with_length() -> None:
    minute = converse(60.0, "en", RNG).sound
    find_speech(AudioSpool.from_array(minute))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    audio = AudioSpool.from_array(np.zeros(0, np.float32))
    for _ in range(20):
        audio.append(minute)
    find_speech(audio)
    grown_mib = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert grown_mib < 40  # twenty minutes of samples alone are 77 MB


def test_real_people_are_heard(viva_data: Path) -> None:
    folder = viva_data / "speech"
    with (folder / "transcripts.csv").open() as file:
        rows = [
            row for row in csv.DictReader(file) if row["note"] != "spontaneous" and "filler" not in row["transcript"]
        ]
    for row in rows:
        if row["file"].endswith("nst_ID003.wav"):  # 0.9 s of fillers at a low level: below the shortest segment
            continue
        sound = read_sound(folder / row["file"])
        audio = AudioSpool.from_array(sound)
        covered = np.diff(find_speech(audio).spans).sum() / audio.duration
        assert covered > 0.5, row["file"]


@pytest.mark.parametrize("snr_db", [20, 10, 0])
def test_real_people_are_heard_in_noise(viva_data: Path, snr_db: int) -> None:
    folder = viva_data / "speech"
    noises = [read_sound(path) for path in sorted((folder / "noise").glob("noise*.wav"))]
    agreed = []
    for i, path in enumerate(sorted((folder / "speechbrain").glob("*.wav"))):
        sound = read_sound(path)
        sound = np.pad(sound, RATE // 2)
        noise = np.resize(noises[i % len(noises)], len(sound))
        level = np.sqrt((sound**2).mean() / (noise**2).mean() / 10 ** (snr_db / 10))
        clean, noisy = (frames(find_speech(AudioSpool.from_array(x))) for x in (sound, sound + level * noise))
        length = max(len(clean), len(noisy))
        clean, noisy = (np.pad(x, (0, length - len(x))) for x in (clean, noisy))
        agreed.append((2 * (clean & noisy).sum(), clean.sum() + noisy.sum()))
    both, total = np.array(agreed).sum(axis=0)
    print(f"frame F1 at {snr_db} dB: {both / total:.3f}")
    assert both / total > {20: 0.95, 10: 0.9, 0: 0.75}[snr_db]


def frames(speech: object) -> np.ndarray:
    spans = speech.spans  # type: ignore[attr-defined]
    t = np.arange(0, spans.max(initial=0.0), 0.01)
    return np.any([(t >= a) & (t < b) for a, b in spans], axis=0) if len(spans) else np.zeros(0, bool)


def test_speech_is_found_in_every_film(viva_data: Path) -> None:
    films = sorted((viva_data / "talking_face" / "grid").glob("*.mpg"))
    assert len(films) == 8
    for film in films:
        audio = AudioSpool.from_array(read_sound(film))
        assert np.diff(find_speech(audio).spans).sum() > 0.7, film.name  # six words in three seconds
