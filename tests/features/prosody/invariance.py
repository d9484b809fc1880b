"""How far each voice feature moves when what it must not measure changes, in units of its spread between persons.

``measured_shifts`` gives the numbers to the tests and to the table in the documentation.
"""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import av
import numpy as np
import soxr
from scipy.signal import correlate

from tests.signals import RATE, Clip, Samples, speech_track
from vivavoce.data.media.memory import AudioSpool
from vivavoce.data.schema import Absent, Feature, Measures
from vivavoce.features.prosody import PROSODY, AnswerVoice, track_voice
from vivavoce.features.speech import find_speech

Change = Callable[[Clip], Clip]


def measure(clip: Clip, detect: bool = False) -> Measures:
    """The family's features of a whole clip as one answer, its speech as planted or as the detector finds it."""
    with AudioSpool.from_array(resample(clip.samples, clip.rate, RATE)) as audio:
        speech = find_speech(audio) if detect else speech_track(*clip.spans)
        return PROSODY.measure(AnswerVoice(track_voice(audio, speech), speech, 0.0, audio.duration))


def resample(samples: Samples, rate: int, wanted: int) -> Samples:
    """Another sampling rate, as a good converter makes it."""
    return soxr.resample(samples, rate, wanted, quality="HQ")


def change_level(decibels: float) -> Change:
    """Play louder or softer."""
    return lambda clip: replace(clip, samples=clip.samples * np.float32(10 ** (decibels / 20)))


def pass_rate(rate: int) -> Change:
    """Record at another rate."""
    return lambda clip: replace(clip, samples=resample(clip.samples, clip.rate, rate), rate=rate)


def trim(clip: Clip) -> Clip:
    """Cut silence at both ends, not on the grid of frames."""
    first, last = clip.spans[0][0] - 0.1537, clip.spans[-1][1] + 0.1011
    start, stop = round(max(first, 0) * clip.rate), round(last * clip.rate)
    moved = tuple((a - start / clip.rate, b - start / clip.rate) for a, b in clip.spans)
    return replace(clip, samples=clip.samples[start:stop], spans=moved)


def pass_codec(codec: str, container: str) -> Change:
    """Encode at 64 kb/s and decode again, put back in time by the delay of the codec."""

    def change(clip: Clip) -> Clip:
        sound = resample(clip.samples, clip.rate, 48_000)
        decoded = _decode(_encode(sound, codec, container))
        delay = int(np.argmax(correlate(decoded[:96_000], sound[:96_000], "full"))) - (min(len(sound), 96_000) - 1)
        aligned = np.concatenate([np.zeros(max(-delay, 0), np.float32), decoded[max(delay, 0) :]])
        padded = np.concatenate([aligned, np.zeros(max(len(sound) - len(aligned), 0), np.float32)])
        return replace(clip, samples=padded[: len(sound)], rate=48_000)

    return change


def _encode(sound: Samples, codec: str, container: str) -> io.BytesIO:
    file = io.BytesIO()
    with av.open(file, "w", format=container) as output:
        stream = output.add_stream(codec, rate=48_000, layout="mono")
        stream.bit_rate = 64_000
        frame = av.AudioFrame.from_ndarray(sound[None].astype(np.float32), format="flt", layout="mono")
        frame.sample_rate = 48_000
        for packet in (*stream.encode(frame), *stream.encode(None)):
            output.mux(packet)
    file.seek(0)
    return file


def _decode(file: io.BytesIO) -> Samples:
    with av.open(file) as source:
        resampler = av.AudioResampler("flt", "mono", 48_000)
        frames = [part for frame in source.decode(audio=0) for part in resampler.resample(frame)]
        return np.concatenate([part.to_ndarray()[0] for part in (*frames, *resampler.resample(None))])


CHANGES: dict[str, tuple[str, Change]] = {
    "12 dB softer": ("level", change_level(-12)),
    "12 dB louder": ("level", change_level(12)),
    "8 kHz": ("resampling", pass_rate(8_000)),
    "11.025 kHz": ("resampling", pass_rate(11_025)),
    "22.05 kHz": ("resampling", pass_rate(22_050)),
    "44.1 kHz": ("resampling", pass_rate(44_100)),
    "48 kHz": ("resampling", pass_rate(48_000)),
    "AAC 64 kb/s": ("codec", pass_codec("aac", "adts")),
    "Opus 64 kb/s": ("codec", pass_codec("libopus", "ogg")),
    "silence trimmed": ("trimming", trim),
}
"""Each change with what a feature declares in ``resists`` to hold still under it."""


@dataclass(frozen=True)
class Shift:
    """How one feature moved under one change."""

    feature: str
    change: str
    resists: str
    declared: bool
    mean: float  # mean absolute shift in standard deviations between persons; nan where never measured
    worst: float  # the largest over the clips
    lost: int  # clips on which the feature was measured only before or only after


def measured_shifts(clips: Sequence[Clip], detect: bool = False) -> list[Shift]:
    """Every feature under every change, over clips of different persons.

    With ``detect`` the speech is sought anew after each change, as it would be in a batch: the detector's own
    shifts are part of the numbers. Synthetic speakers are no speech to it, so theirs is planted.
    """
    before = [measure(clip, detect) for clip in clips]
    spreads = {feature.name: _spread(feature, [row[feature.name] for row in before]) for feature in PROSODY}
    shifts = []
    for label, (kind, change) in CHANGES.items():
        after = [measure(change(clip), detect) for clip in clips]
        for feature in PROSODY:
            pairs = [(old[feature.name], new[feature.name]) for old, new in zip(before, after, strict=True)]
            moved = [abs(a - b) for a, b in pairs if not isinstance(a, Absent) and not isinstance(b, Absent)]
            lost = sum(isinstance(a, Absent) != isinstance(b, Absent) for a, b in pairs)
            relative = np.array(moved) / spreads[feature.name] if moved else np.array([np.nan])
            shifts.append(
                Shift(feature.name, label, kind, kind in feature.resists, relative.mean(), relative.max(), lost)
            )
    return shifts


def _spread(feature: Feature, values: Sequence[float | Absent]) -> float:
    """Standard deviation between persons; where they hardly differ, a hundredth of the plausible range."""
    measured = [value for value in values if not isinstance(value, Absent)]
    least = (feature.high - feature.low) / 100
    return max(float(np.std(measured, ddof=1)), least) if len(measured) > 1 else least


def table(shifts: Sequence[Shift]) -> str:
    """Markdown: one row per feature, one column per change; what a feature must resist is in bold."""
    lines = ["| feature | " + " | ".join(CHANGES) + " |", "|---" * (len(CHANGES) + 1) + "|"]
    for feature in PROSODY:
        row = {shift.change: shift for shift in shifts if shift.feature == feature.name}
        cells = [f"**{s.mean:.2f}**" if s.declared else f"{s.mean:.2f}" for s in (row[change] for change in CHANGES)]
        lines.append(f"| `{feature.name}` | " + " | ".join(cells) + " |")
    return "\n".join(lines)
