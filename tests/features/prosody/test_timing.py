"""Planted pauses, latency and syllables: within 5 %, most of them exactly."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.features.prosody.recordings import cut_speech, plant_pauses, read_clips
from tests.signals import RATE, speech_track, syllable_train
from vivavoce.data.media.memory import AudioSpool
from vivavoce.data.schema import Absent
from vivavoce.data.track import Track
from vivavoce.features.prosody import PROSODY, AnswerVoice, track_voice
from vivavoce.features.prosody.answer_voice import ONSET_S, RELEASE_S, place_edges
from vivavoce.features.prosody.voice_track import COLUMNS
from vivavoce.features.speech import find_speech

SILENT = Track(np.zeros((0, 2)), np.zeros((0, len(COLUMNS)), np.float32), COLUMNS)


def measure(samples, speech: Track, start: float = 0.0, end: float | None = None):
    with AudioSpool.from_array(samples) as audio:
        track = track_voice(audio, speech)
        return PROSODY.measure(AnswerVoice(track, speech, start, audio.duration if end is None else end))


@given(
    lead=st.floats(0, 5),
    words=st.lists(st.floats(0.3, 4), min_size=2, max_size=12),
    gaps=st.lists(st.floats(0.1, 3), min_size=11, max_size=11),
)
def test_pauses_are_those_of_the_segments(lead, words, gaps):
    edges = lead + np.cumsum([0.0, *(x for pair in zip(words, [*gaps, 1.0], strict=False) for x in pair)])
    count = len(words)
    spans = tuple(zip(edges[0 : 2 * count : 2], edges[1 : 2 * count : 2], strict=True))
    voice = AnswerVoice(SILENT, speech_track(*spans), 0.0, edges[-1] + 5)
    planted = np.array([gap for gap in gaps[: count - 1] if gap >= 0.25])
    assert voice.pauses == pytest.approx(planted)
    assert voice.speaking_s == pytest.approx(voice.span_s - planted.sum())


@pytest.mark.parametrize(("count", "per_s"), [(10, 2), (15, 3), (20, 4), (25, 5), (30, 6), (30, 7)])
def test_syllables_are_counted(count, per_s):
    found = measure(*syllable_train(count, per_s))
    assert found["prosody.articulation_rate_per_s"] == pytest.approx(per_s, rel=0.05)
    assert found["prosody.speech_rate_per_s"] == pytest.approx(per_s, rel=0.05)


def test_phrases_pauses_and_latency_of_an_answer():
    phrases, spans, at = [np.zeros(round(1.2 * RATE))], [], 1.2
    for count, pause in ((8, 0.6), (12, 1.4), (6, 0.3), (10, 1.0)):
        sound, _ = syllable_train(count, 4.0, lead=0)
        phrases += [sound, np.zeros(round(pause * RATE))]
        spans.append((at, at + count / 4))
        at += count / 4 + pause
    found = measure(np.concatenate(phrases).astype(np.float32), speech_track(*spans), start=0.5)
    assert found["prosody.response_latency_s"] == pytest.approx(0.7)
    assert found["prosody.pauses_per_min"] == pytest.approx(3 * 60 / 11.3)
    assert found["prosody.pause_share"] == pytest.approx(2.3 / 11.3)
    assert found["prosody.pause_mean_s"] == pytest.approx(2.3 / 3)
    assert found["prosody.pause_median_s"] == pytest.approx(0.6)
    assert found["prosody.pause_longest_s"] == pytest.approx(1.4)
    assert found["prosody.speech_rate_per_s"] == pytest.approx(36 / 11.3, rel=0.05)
    assert found["prosody.articulation_rate_per_s"] == pytest.approx(4, rel=0.05)


def test_an_answer_is_measured_within_its_bounds_only():
    first, _ = syllable_train(12, 3.0, f0_hz=110, lead=0)
    second, _ = syllable_train(20, 5.0, f0_hz=220, lead=0)
    samples = np.concatenate([first, np.zeros(RATE, np.float32), second])
    found = measure(samples, speech_track((0, 4), (5, 9)), start=4.0, end=9.0)
    assert found["prosody.f0_median_hz"] == pytest.approx(220, rel=0.01)
    assert found["prosody.response_latency_s"] == pytest.approx(1.0)
    assert found["prosody.articulation_rate_per_s"] == pytest.approx(5, rel=0.05)
    assert found["prosody.pauses_per_min"] == 0
    assert found["prosody.pause_mean_s"] == Absent("no_pauses")


def test_absence_has_its_reason():
    samples, speech = syllable_train(3, 4.0)
    nobody = measure(samples, speech, 0.0, 0.3)
    assert {value.reason for value in nobody.values() if isinstance(value, Absent)} == {"no_speech"}
    assert all(isinstance(value, Absent) for value in nobody.values())
    assert measure(samples, speech)["prosody.speech_rate_per_s"] == Absent("too_short")


SYLLABLES = {
    "LJ050-0131.wav": 29,
    "spk1_snt1.wav": 8,
    "spk2_snt3.wav": 8,
    "aishell-BAC009S0724W0121.wav": 12,
    "librispeech-1995-1837-0001.wav": 36,
    "nst_ID002.wav": 16,
    "jfk.flac": 28,
}
"""Counted by ear and eye in the transcripts; one per character in Mandarin."""


def test_syllables_of_real_sentences(viva_data):
    clips = [clip for clip in read_clips(viva_data) if clip.name in SYLLABLES]
    counted = []
    for clip in clips:
        found = measure(clip.samples, speech_track(*clip.spans))
        spoken = AnswerVoice(SILENT, speech_track(*clip.spans), 0, len(clip.samples) / RATE).span_s
        counted.append(found["prosody.speech_rate_per_s"] * spoken / SYLLABLES[clip.name])
    assert np.mean(np.abs(np.array(counted) - 1)) < 0.15
    assert np.abs(np.array(counted) - 1).max() <= 0.5


UNBROKEN = (
    *("spk2_snt3.wav", "aishell-BAC009S0724W0121.wav"),
    *("bbaf2n.mpg", "brbk7n.mpg", "id2_vcd_swwp2s.mpg", "lbax4n.mpg", "lrwp9a.mpg", "pwij3p.mpg", "swiz3n.mpg"),
)
"""Sentences without a pause of 0.2 s of their own, recorded in a room so quiet that their edges are known."""


@pytest.mark.parametrize(("snr_db", "each"), [(40, 0.05), (30, 0.05), (20, 0.1)])
def test_planted_pauses_come_back_through_the_detector(viva_data, snr_db, each):
    """Within 5 % from everybody in quiet; in noise that hides the faint ends of words, from most."""
    planted, apart = np.array([0.4, 0.6, 1.0, 2.0]), []
    for clip in (clip for clip in read_clips(viva_data) if clip.name in UNBROKEN):
        speech = cut_speech(clip)
        span = 5 * len(speech) / RATE + planted.sum()
        truth = [240 / span, planted.sum() / span, 1.0, 0.8, 2.0, 1.0]
        with AudioSpool.from_array(plant_pauses(speech, planted, snr_db)) as audio:
            heard = find_speech(audio)
            measures = PROSODY.measure(AnswerVoice(track_voice(audio, heard), heard, 0.0, audio.duration))
        found = ["pauses_per_min", "pause_share", "pause_mean_s", "pause_median_s", "pause_longest_s"]
        values = [measures[f"prosody.{name}"] for name in (*found, "response_latency_s")]
        apart.append(np.array(values) / truth - 1)
        assert values == pytest.approx(truth, rel=each), clip.name
    assert np.abs(np.median(apart, axis=0)).max() <= 0.03


def test_edges_follow_the_level_and_no_further_than_the_detector_leaves_open():
    sound, _ = syllable_train(8, 4.0, lead=1.0)  # speech from 1 to 3 s
    for start, end, placed in (
        (0.95, 3.1, (1.0, 3.0)),
        (1.5, 2.5, (1.5, 2.5)),  # inside the sound nothing tells of an edge
        (0.5, 3.5, (0.5 + ONSET_S, 3.5 - RELEASE_S)),
    ):
        with AudioSpool.from_array(sound) as audio:
            spans = place_edges(np.array([[start, end]]), track_voice(audio, speech_track((start, end))))
        assert spans[0] == pytest.approx(placed, abs=0.02)
    assert place_edges(np.array([[1.0, 2.0]]), SILENT).tolist() == [[1.0, 2.0]]
