"""Sounds of known truth: tones, chirps, vowels of planted jitter, shimmer and noise, syllables, synthetic speakers."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vivavoce.data.track import Track

Samples = npt.NDArray[np.float32]
RATE = 16_000
FORMANTS_HZ = (560.0, 1480.0, 2520.0, 3450.0)  # a vowel near the middle of the chart
BANDWIDTHS_HZ = (60.0, 90.0, 120.0, 150.0)
GAINS = (1.0, 0.4, 0.2, 0.1)


def seconds(length: float, rate: int = RATE) -> npt.NDArray[np.float64]:
    """Sample times of a sound of this length."""
    return np.arange(round(length * rate)) / rate


def tone(hz: float, length: float, amplitude: float = 0.3) -> Samples:
    """A pure tone at 16 kHz."""
    return (amplitude * np.sin(2 * np.pi * hz * seconds(length))).astype(np.float32)


def chirp(low_hz: float, high_hz: float, length: float) -> tuple[Samples, Callable[[npt.ArrayLike], npt.ArrayLike]]:
    """A tone that glides exponentially, and its F0 as a function of time."""
    growth = np.log(high_hz / low_hz) / length
    phase = 2 * np.pi * low_hz * np.expm1(growth * seconds(length)) / growth
    return (0.3 * np.sin(phase)).astype(np.float32), lambda t: low_hz * np.exp(growth * np.asarray(t))


def speech_track(*spans: tuple[float, float]) -> Track:
    """The segments that a perfect detector would find."""
    return Track(np.array(spans, float).reshape(-1, 2), np.ones((len(spans), 1)), ("speech_probability",))


@dataclass(frozen=True, eq=False)
class Vowel:
    """A sustained vowel and what was planted in it."""

    samples: Samples
    f0_hz: float
    jitter_percent: float
    shimmer_percent: float
    hnr_db: float


def vowel(
    f0_hz: float = 120.0,
    length: float = 3.0,
    *,
    jitter_percent: float = 0.0,
    shimmer_percent: float = 0.0,
    hnr_db: float = np.inf,
    seed: int = 0,
) -> Vowel:
    """A pulse train through four resonances, with independent changes from cycle to cycle and noise below 3.8 kHz.

    The planted values are those of the very sequence that was drawn, not of the distribution.
    """
    chance = np.random.default_rng(seed)
    count = int(length * f0_hz) + 2
    # the mean absolute difference of two independent normals of spread s is 2 s / sqrt(pi)
    spread = np.sqrt(np.pi) / 2 / 100
    periods = (1 + jitter_percent * spread * chance.standard_normal(count)) / f0_hz
    sizes = 1 + shimmer_percent * spread * chance.standard_normal(count)
    voice = pulses(np.cumsum(periods), sizes, length, RATE)
    noise = limit_band(chance.standard_normal(len(voice)), 3800, RATE)
    noise *= np.sqrt(np.mean(voice**2) / np.mean(noise**2)) * 10 ** (-hnr_db / 20)
    return Vowel(
        normal(voice + noise),
        f0_hz,
        float(100 * np.abs(np.diff(periods)).mean() / periods.mean()),
        float(100 * np.abs(np.diff(sizes)).mean() / sizes.mean()),
        hnr_db,
    )


def pulses(
    times: npt.ArrayLike, sizes: npt.ArrayLike, length: float, rate: int, formants_hz: tuple[float, ...] = FORMANTS_HZ
) -> npt.NDArray[np.float64]:
    """Responses of the resonances to pulses at exact times between the samples: no jitter from rounding."""
    total = np.zeros(round(length * rate))
    ring = round(0.05 * rate)
    for time, size in zip(np.asarray(times), np.asarray(sizes), strict=True):
        first = int(np.ceil(time * rate))
        if first >= len(total):
            break
        t = np.arange(first, min(first + ring, len(total))) / rate - time
        for formant, bandwidth, gain in zip(formants_hz, BANDWIDTHS_HZ, GAINS, strict=True):
            total[first : first + len(t)] += (
                size * gain * np.exp(-np.pi * bandwidth * t) * np.sin(2 * np.pi * formant * t)
            )
    return total


def limit_band(sound: npt.ArrayLike, high_hz: float, rate: int, low_hz: float = 0.0) -> npt.NDArray[np.float64]:
    """The part of a sound between two frequencies, by cutting its spectrum."""
    spectrum = np.fft.rfft(sound)
    frequencies = np.fft.rfftfreq(len(np.asarray(sound)), 1 / rate)
    return np.fft.irfft(spectrum * ((frequencies >= low_hz) & (frequencies <= high_hz)), len(np.asarray(sound)))


def normal(sound: npt.ArrayLike, peak: float = 0.2) -> Samples:
    """Scale to a peak that leaves 12 dB to full scale."""
    return (np.asarray(sound) * peak / np.abs(sound).max()).astype(np.float32)


def syllable_train(count: int, per_s: float, f0_hz: float = 130.0, lead: float = 0.5) -> tuple[Samples, Track]:
    """Vowels of even pace, each with its own rise and fall, and the segment that they fill; silence around."""
    length = count / per_s
    voice = pulses(np.arange(0, length, 1 / f0_hz), np.ones(int(np.ceil(length * f0_hz))), length, RATE)
    swell = 0.1 + 0.9 * np.sin(np.pi * per_s * seconds(length)) ** 2
    silence = np.zeros(round(lead * RATE))
    return normal(np.concatenate([silence, voice * swell, silence])), speech_track((lead, lead + length))


@dataclass(frozen=True, eq=False)
class Clip:
    """A recording with the segments of its speech."""

    name: str
    samples: Samples
    rate: int
    spans: tuple[tuple[float, float], ...]


def speaker(seed: int, length: float = 8.0, rate: int = 48_000) -> Clip:
    """A synthetic person: phrases of syllables with consonants, gliding F0, pauses and a room's noise.

    Pitch, its spread, vocal tract, pace, cycle differences and noise differ between seeds as between people.
    """
    chance = np.random.default_rng(seed)
    base, depth = chance.uniform(90, 230), chance.uniform(0.05, 0.25)
    tract, pace, breath = chance.uniform(0.85, 1.2), chance.uniform(3.0, 5.5), 10 ** chance.uniform(-2.0, -0.4)
    rough, uneven, swell = chance.uniform(0.003, 0.015), chance.uniform(0.02, 0.07), chance.uniform(0.05, 0.3)
    total, spans, at = np.zeros(round(length * rate)), [], chance.uniform(0.4, 0.9)
    while at < length - 1.5:
        syllables = int(chance.integers(4, 10))
        span = min(syllables / pace, length - 0.4 - at)
        t = seconds(span, rate)
        times = [0.0]
        while times[-1] < span:
            glide = 1 + depth * np.sin(2 * np.pi * 0.7 * times[-1] + at) - 0.1 * times[-1]
            times.append(times[-1] + (1 + rough * chance.standard_normal()) / (base * glide))
        formants = tuple(tract * f for f in FORMANTS_HZ)
        voice = pulses(times, 1 + uneven * chance.standard_normal(len(times)), span, rate, formants)
        beat = np.abs(np.sin(np.pi * pace * t))
        noise = chance.standard_normal(len(t))
        voice = voice / voice.std() * (swell + (1 - swell) * beat) * chance.uniform(0.7, 1.4)
        hiss = limit_band(noise, 7500, rate, 2500) * (beat < 0.25) * 0.3
        total[round(at * rate) :][: len(t)] += voice + breath * limit_band(noise, 6000, rate) * beat + hiss
        spans.append((at, at + span))
        at += span + chance.uniform(0.3, 0.9)
    total += 10 ** (-45 / 20) * chance.standard_normal(len(total))
    return Clip(f"synthetic {seed}", normal(total), rate, tuple(spans))
