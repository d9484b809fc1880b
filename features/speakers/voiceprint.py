"""Turns from how alike the voices of a recording's segments of speech are.

This is a voiceprint: it is made only with the consent of everybody who speaks, it is not kept, and what leaves this
file is who spoke when. Voices are compared by the spectral envelope of voiced frames (mel cepstrum, Davis & Mermelstein
1980) and F0, each speaker as one Gaussian, as in Chen & Gopalakrishnan (1998), Speaker, environment and channel change
detection and clustering via the Bayesian information criterion. No weights, nothing learnt from anybody.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from vivavoce.data.track import Array, Track
from vivavoce.features.speakers.candidate import seconds, turn_track
from vivavoce.features.speech import RATE

if TYPE_CHECKING:
    from vivavoce.data.media.memory import AudioSpool

Labels = npt.NDArray[np.intp]

CEPSTRA = 16  # coefficients 1 to 16 of BANDS; the 0th is level
BANDS = 40  # mel
FFT = 512  # samples, 32 ms
HOP_S = 0.01  # the voice track's
LONGEST_S = 2.0  # a longer segment is cut before voices are compared: a piece holds one voice, or two for once
GRAIN_S = 0.5  # to which turns are told in the end: a change of speaker without a pause costs no more
ENOUGH = 30  # voiced frames, 0.3 s, of which a mean says something
LEAST = 250  # voiced frames of either voice, some 5 s of speech: below it two moods pass for two people
APART = 2.5
"""Distance of two voices in standard deviations of their frames from which they are two people.

Cut in two by the same means, one person's speech gave 0.7 to 1.2 (synthetic voices, 30 s) and 1.6 to 2.2 (four real
readers, 8 to 18 s), two people's 3.4 to 14 (synthetic) and 1.4 to 3.5 (ten pairs of the real ones): the line keeps
every single speaker whole, and takes two alike for one.
"""
MOST = 4  # voices sought: a panel of three and the candidate
SETTLED = 20  # re-assignments at most; five are usual
SWITCH = 3.0  # nats that a change of speaker costs: turns last seconds, pieces about one
INDEPENDENT = 10  # frames, 0.1 s, that are worth one: neighbours say the same
SHRINK = 0.1  # of a covariance towards its diagonal
RIDGE = 1e-3  # added to a covariance: a coefficient that does not vary says nothing


def find_voice_turns(audio: "AudioSpool", speech: Track, voice: Track) -> Track | None:
    """Turns of two to ``MOST`` speakers, told apart by their voices.

    Parameters
    ----------
    audio
        The recording, 16 kHz; read segment by segment.
    speech
        Its segments, from ``find_speech``.
    voice
        From ``track_voice``: which frames are voiced, and their F0.

    Returns
    -------
    Track or None
        As ``turns.py`` describes, without overlap, which voices alone do not show; speaker 0 speaks most. None where
        all voices are alike: one person speaks, or two whom this cannot tell apart.
    """
    pieces, frames = cut_pieces(audio, speech, voice, LONGEST_S)
    labels = np.zeros(len(pieces), np.intp)
    waiting = [0]
    while waiting and labels.max(initial=0) + 1 < MOST:
        speaker = waiting.pop(0)
        own = np.flatnonzero(labels == speaker)
        parts = split_voices([frames[i] for i in own])
        if parts is not None:
            another = int(labels.max()) + 1
            labels[own[parts == 1]] = another
            waiting += [speaker, another]
    if not labels.any():
        return None
    voices = [_joined(frames, labels, speaker) for speaker in range(labels.max() + 1)]
    grains, frames = cut_pieces(audio, speech, voice, GRAIN_S)
    labels = _in_time(np.stack([_likelihood(frames, one) for one in voices], axis=1))
    spans = [grains[labels == speaker] for speaker in range(len(voices))]
    return turn_track(sorted(spans, key=seconds, reverse=True))


def cut_pieces(audio: "AudioSpool", speech: Track, voice: Track, longest_s: float) -> tuple[Array, list[Array]]:
    """Pieces of speech of at most ``longest_s``, shape (n, 2), and each one's voiced frames, shape (m, CEPSTRA + 1).

    A frame holds cepstra and F0 in semitones.
    """
    from librosa.filters import mel
    from scipy.fft import dct
    from scipy.signal import stft

    bands = mel(sr=RATE, n_fft=FFT, n_mels=BANDS)
    f0 = voice["f0_hz"]
    pieces, frames = [], []
    for start, end in speech.spans:
        edges = np.linspace(start, end, int(np.ceil((end - start) / longest_s)) + 1)
        for first, last in pairwise(edges):
            samples = audio.read(float(first), float(last))
            spectrum = stft(samples, RATE, nperseg=FFT, noverlap=FFT - round(HOP_S * RATE))[2]
            places = round(first / HOP_S) + np.arange(np.shape(spectrum)[-1])
            places = places[places < len(f0)]
            voiced = np.isfinite(f0[places])
            power = bands @ np.abs(spectrum[:, : len(places)][:, voiced]) ** 2
            cepstra = dct(10 * np.log10(power + np.finfo(np.float32).tiny), axis=0, norm="ortho")[1 : CEPSTRA + 1]
            pieces.append((first, last))
            frames.append(np.column_stack([cepstra.T, 12 * np.log2(f0[places][voiced])]))
    return np.array(pieces, float).reshape(-1, 2), frames


def split_voices(frames: Sequence[Array]) -> Labels | None:
    """Which of two voices each piece is, shape (n,) of 0 and 1; None where they are no two people's.

    Pieces are grouped by their means (Ward), then re-assigned in time order, changes at a cost, until they settle.
    """
    from scipy.cluster.hierarchy import fcluster, linkage

    sure = [i for i, one in enumerate(frames) if len(one) >= ENOUGH]
    if len(sure) < 2:
        return None
    within = _covariance(np.concatenate([frames[i] - frames[i].mean(axis=0) for i in sure]))
    whitened = np.array([frames[i].mean(axis=0) for i in sure]) @ np.linalg.cholesky(np.linalg.inv(within))
    labels = np.full(len(frames), -1, np.intp)
    labels[sure] = fcluster(linkage(whitened, "ward"), 2, "maxclust") - 1
    for _ in range(SETTLED):
        groups = [_joined(frames, labels, k) for k in (0, 1)]
        if min(map(len, groups)) < LEAST:
            return None
        before, labels = labels, _in_time(np.stack([_likelihood(frames, group) for group in groups], axis=1))
        if np.array_equal(before, labels):
            break
    groups = [_joined(frames, labels, k) for k in (0, 1)]
    if min(map(len, groups)) < LEAST or distance(*groups) < APART:
        return None
    return labels


def distance(one: Array, other: Array) -> float:
    """Mahalanobis distance of two voices' means under their common covariance; 0 is the same voice."""
    apart = one.mean(axis=0) - other.mean(axis=0)
    common = (len(one) * _covariance(one) + len(other) * _covariance(other)) / (len(one) + len(other))
    return float(np.sqrt(apart @ np.linalg.solve(common, apart)))


def _joined(frames: Sequence[Array], labels: Labels, voice: int) -> Array:
    """All frames of one voice; shape (0, CEPSTRA + 1) where it has none."""
    return np.concatenate([one if label == voice else one[:0] for one, label in zip(frames, labels, strict=True)])


def _covariance(frames: Array) -> Array:
    found = np.cov(frames.T) + RIDGE * np.eye(frames.shape[1])
    return np.asarray((1 - SHRINK) * found + SHRINK * np.diag(np.diag(found)))


def _likelihood(frames: Sequence[Array], voice: Array) -> Array:
    """Log-likelihood of each piece under a voice's Gaussian, shape (n,)."""
    mean, covariance = voice.mean(axis=0), _covariance(voice)
    inverse, volume = np.linalg.inv(covariance), np.linalg.slogdet(covariance)[1]
    offsets = [one - mean for one in frames]
    return np.array([-0.5 * (np.sum(x @ inverse * x) + len(x) * volume) / INDEPENDENT for x in offsets])


def _in_time(likelihood: Array) -> Labels:
    """The likeliest sequence of speakers, shape (n,), each change costing ``SWITCH`` (Viterbi).

    Examples
    --------
    >>> _in_time(np.array([[9.0, 0.0], [4.0, 5.0], [9.0, 0.0], [0.0, 9.0]])).tolist()
    [0, 0, 0, 1]
    """
    best, before = likelihood[0], []
    for row in likelihood[1:]:
        change = best.max() - SWITCH
        before.append(np.where(change > best, best.argmax(), np.arange(len(best))))
        best = np.maximum(best, change) + row
    labels = [int(best.argmax())]
    for came_from in before[::-1]:
        labels.append(int(came_from[labels[-1]]))
    return np.array(labels[::-1], np.intp)
