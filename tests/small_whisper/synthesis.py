"""A formant synthesiser small enough to read: spoken words whose times are exact because we placed them.

Source and filter: glottal pulses and noise through four resonators whose frequencies move between the targets of
the phones. It is not meant to please the ear; it has syllables, pitch, breath, fricatives and stops, which is
enough for a detector to call it speech and for a small recogniser to have to listen.

References
----------
Klatt, Software for a cascade/parallel formant synthesizer, J. Acoust. Soc. Am. 67 (1980). Vowel targets rounded from
Peterson & Barney, Control methods used in a study of the vowels, J. Acoust. Soc. Am. 24 (1952).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.signal import lfilter

RATE = 16_000  # Hz
STEP = 80  # samples: targets move every 5 ms
BANDWIDTHS = (80.0, 100.0, 140.0, 250.0)  # Hz, of the four resonators

Sound = npt.NDArray[np.float32]

# phone: (milliseconds, voicing, noise, F1, F2, F3, noise centre in Hz)
PHONES: dict[str, tuple[float, float, float, float, float, float, float]] = {
    "a": (120, 1, 0, 730, 1150, 2450, 0),
    "ae": (120, 1, 0, 660, 1720, 2410, 0),
    "e": (100, 1, 0, 530, 1840, 2480, 0),
    "i": (110, 1, 0, 280, 2260, 3000, 0),
    "o": (115, 1, 0, 520, 900, 2450, 0),
    "u": (110, 1, 0, 310, 880, 2250, 0),
    "v-": (80, 1, 0, 600, 1200, 2400, 0),  # the vowel of "cup"
    "er": (110, 1, 0, 490, 1350, 1700, 0),
    "@": (60, 0.9, 0, 500, 1450, 2450, 0),
    "y-": (110, 1, 0, 290, 1900, 2300, 0),  # the vowel of "xue"
    "m": (70, 0.5, 0, 250, 1000, 2200, 0),
    "n": (65, 0.5, 0, 250, 1600, 2500, 0),
    "ng": (75, 0.5, 0, 250, 2000, 2700, 0),
    "l": (60, 0.7, 0, 360, 1100, 2700, 0),
    "r": (60, 0.7, 0, 380, 1150, 1550, 0),
    "w": (55, 0.7, 0, 300, 650, 2200, 0),
    "j": (50, 0.7, 0, 270, 2250, 3000, 0),
    "s": (105, 0, 0.5, 400, 1700, 2600, 5600),
    "sh": (105, 0, 0.6, 400, 1800, 2500, 3200),
    "f": (90, 0, 0.25, 400, 1100, 2300, 4300),
    "h": (60, 0, 0.25, 550, 1500, 2500, 1600),
    "z": (80, 0.4, 0.3, 350, 1700, 2600, 5400),
    "v": (60, 0.5, 0.12, 350, 1100, 2300, 4200),
    "th": (80, 0, 0.2, 400, 1400, 2500, 5000),
    "-": (45, 0, 0, 400, 1500, 2500, 0),  # the closure before a stop
    "p": (25, 0, 0.5, 350, 900, 2200, 900),
    "t": (30, 0, 0.7, 350, 1750, 2650, 4200),
    "k": (35, 0, 0.6, 350, 1900, 2400, 1900),
    "b": (20, 0.6, 0.2, 300, 850, 2200, 700),
    "d": (20, 0.6, 0.3, 300, 1700, 2650, 3600),
    "g": (25, 0.6, 0.3, 300, 1900, 2350, 1800),
}

TONES: dict[str, tuple[float, float, float]] = {  # pitch at start, middle and end of a syllable, in semitones
    "0": (0.0, 1.0, -1.0),  # an English stress
    "1": (4.0, 4.0, 4.0),
    "2": (-2.0, 0.0, 4.0),
    "3": (-1.0, -5.0, 0.0),
    "4": (5.0, 1.0, -5.0),
}


@dataclass(frozen=True)
class Voice:
    """Who speaks: pitch in Hz, size of the vocal tract (formants' factor), seconds' factor, breath 0–1."""

    pitch: float
    tract: float
    pace: float
    breath: float

    @staticmethod
    def draw(rng: np.random.Generator) -> "Voice":
        """A voice somewhere between a deep and a high one."""
        high = rng.random()
        return Voice(
            pitch=90 + 140 * high + rng.normal(0, 8),
            tract=0.92 + 0.26 * high + rng.normal(0, 0.02),
            pace=rng.uniform(1.0, 1.15),
            breath=rng.uniform(0.0, 0.12),
        )


def speak(syllables: str, voice: Voice, rng: np.random.Generator) -> Sound:
    """One word, shape (samples,), peak 0.5.

    Parameters
    ----------
    syllables
        Phones with spaces between, each syllable closed by its tone: ``"- g a r 0 - d @ n 0"``.
    voice
        Who says it.
    rng
        Noise and small variations.
    """
    targets, pitch = _targets(syllables, voice, rng)
    samples = len(targets) * STEP
    phase = np.cumsum(np.repeat(pitch, STEP) / RATE)
    pulses = np.diff(np.floor(phase), prepend=0.0)  # one impulse at each closing of the glottis
    voiced = lfilter([1.0], [1.0, -0.96], pulses) * np.repeat(targets[:, 0], STEP)
    noise = rng.normal(0, 1, samples)
    source = voiced + noise * np.repeat(targets[:, 0], STEP) * voice.breath
    vowel = _resonate(source, targets[:, 2:5] * voice.tract)
    hiss = _hiss(noise, targets)
    word = vowel / max(np.abs(vowel).max(), 1e-9) + 0.5 * hiss / max(np.abs(hiss).max(), 1.0)
    edge = np.minimum(1.0, np.arange(samples) / 160)  # 10 ms in and out
    word = word * edge * edge[::-1]
    return (0.5 * word / np.abs(word).max()).astype(np.float32)


def _targets(syllables: str, voice: Voice, rng: np.random.Generator) -> tuple[npt.NDArray, npt.NDArray]:
    """Per 5 ms: (voicing, noise, F1, F2, F3, noise centre), smoothed as a mouth moves, and the pitch in Hz."""
    rows: list[npt.NDArray] = []
    pitch: list[npt.NDArray] = []
    held: list[npt.NDArray] = []
    for sign in syllables.split():
        if sign in TONES:
            steps = sum(map(len, held))
            contour = np.interp(np.linspace(0, 1, steps), [0, 0.5, 1], TONES[sign]) + rng.normal(0, 0.5)
            pitch.append(voice.pitch * 2 ** (contour / 12))
            rows.extend(held)
            held = []
        else:
            length, *values = PHONES[sign]
            steps = max(2, round(length * voice.pace * rng.uniform(0.9, 1.1) / 5))
            held.append(np.tile(values, (steps, 1)))
    targets = np.concatenate(rows)
    padded = np.pad(targets, ((3, 3), (0, 0)), mode="edge")
    smooth = np.stack([np.convolve(column, np.ones(7) / 7, mode="valid") for column in padded.T], axis=1)
    smooth[:, 5] = targets[:, 5]  # a noise's place does not glide
    return smooth, np.concatenate(pitch)


def _resonate(source: npt.NDArray, formants: npt.NDArray) -> npt.NDArray:
    """The source through resonators in series whose frequencies change every step."""
    fixed = np.full((len(formants), 1), 3600.0)
    sound = source
    for column, bandwidth in zip(np.concatenate([formants, fixed], axis=1).T, BANDWIDTHS, strict=True):
        sound = _sweep(sound, column, bandwidth)
    return sound


def _hiss(noise: npt.NDArray, targets: npt.NDArray) -> npt.NDArray:
    """Fricatives and bursts: noise around a centre that belongs to the phone."""
    centres = np.where(targets[:, 5] > 0, targets[:, 5], 4000.0)
    return _sweep(noise * np.repeat(targets[:, 1], STEP), centres, 900.0)


def _sweep(sound: npt.NDArray, frequencies: npt.NDArray, bandwidth: float) -> npt.NDArray:
    """One resonator of unit gain at 0 Hz whose frequency changes every step."""
    radius = np.exp(-np.pi * bandwidth / RATE)
    state = np.zeros(2)
    pieces = []
    for step, frequency in enumerate(frequencies):
        b, c = 2 * radius * np.cos(2 * np.pi * frequency / RATE), -(radius**2)
        piece, state = lfilter([1 - b - c], [1.0, -b, -c], sound[step * STEP : (step + 1) * STEP], zi=state)
        pieces.append(piece)
    return np.concatenate(pieces)
