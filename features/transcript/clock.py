"""Whether a transcript and its recording are of one time, and the one shift or factor that makes them so.

Compared are where words stand and where the detector found speech. A transcript that a recogniser cut into cues without
pauses agrees with any speech and is no evidence; one that lies where nothing was recorded is.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from vivavoce.data.errors import VivaError
from vivavoce.data.track import Track
from vivavoce.features.transcript.words import Account, Transcript

STEP_S = 0.2
BEYOND_S = 5.0  # seconds that words may lie beyond the last speech: meeting tools hold the last caption
AGREES = 0.3  # correlation of words and speech from which the times are believed as they stand
WITHIN = 0.6  # … where words and speech end at the same time, so that nothing but this speaks for it
MENDED = 0.4  # … from which a shift that was searched for is believed
CLEARLY = 0.3  # by how much a shift within the recording must agree better than the times as they stand
NEAR_S = 1.0  # seconds by which captions come early or late
UNSAID_S = 3.0  # of speech without words, and at least
UNSAID_SHARE = 0.03  # of all speech: less is laughter and "mm-hm", which transcripts leave out
FACTORS = (0.001, 24 / 25, 25 / 24, 23.976 / 25, 25 / 23.976)  # milliseconds; film and television

Times = npt.NDArray[np.float64]


class TranscriptMismatch(VivaError):
    """Transcript and recording are not of one time; the message has both figures."""


@dataclass(frozen=True)
class _Fit:
    """New time = factor · time + shift."""

    factor: float
    shift: float
    agreement: float
    inside: float  # share of the words that lie where speech may be

    def __str__(self) -> str:
        parts = [f"multiplied by {self.factor:g}"] if self.factor != 1 else []
        parts += [f"shifted by {self.shift:+.1f} s"] if abs(self.shift) >= STEP_S else []
        return " and ".join(parts)


def set_clock(transcript: Transcript, speech: Track) -> Transcript:
    """The transcript on its recording's clock; its account says what was changed, and how much speech has no words.

    Parameters
    ----------
    transcript
        As the file has it.
    speech
        The detector's segments, seconds of the recording; without any nothing is compared.

    Raises
    ------
    TranscriptMismatch
        Where words lie outside the recording's speech and no one shift or factor brings them there.
    """
    if not transcript.words or not len(speech):
        return transcript
    return _compared(_set(transcript, speech), speech)


def _compared(transcript: Transcript, speech: Track) -> Transcript:
    """Count the seconds in which somebody speaks and no words are: cues that were lost, or stand elsewhere."""
    near = np.array([(word.start - NEAR_S, word.end + NEAR_S) for word in transcript.words])
    last = float(speech.spans[:, 1].max())
    heard, held = _mask(np.asarray(speech.spans, float), last), _mask(np.maximum(near, 0.0), last)
    unsaid = float(np.sum((heard > 0) & (held == 0))) * STEP_S
    if unsaid < max(UNSAID_S, UNSAID_SHARE * float(heard.sum()) * STEP_S):
        return transcript
    told = ("seconds of speech without words", round(unsaid))
    account = replace(transcript.account, mended=tuple(sorted((*transcript.account.mended, told))))
    return replace(transcript, account=account)


def _set(transcript: Transcript, speech: Track) -> Transcript:
    said = np.array([(word.start, word.end) for word in transcript.words])
    heard = np.asarray(speech.spans, float)
    asis = _fit(said, heard, 1.0, 0.0)
    outside = said[:, 1].max() > heard[:, 1].max() + BEYOND_S and asis.inside < 0.98
    if asis.agreement >= AGREES and asis.inside >= 0.5:
        return transcript
    found = [*_explained(said, heard), *_searched(said, heard)]
    best = max(found, key=lambda fit: (round(fit.agreement, 1), -abs(fit.shift)), default=None)
    if outside and best is not None:
        return _moved(transcript, best)
    if not outside and best is not None and best.agreement >= max(WITHIN, asis.agreement + CLEARLY):
        return _moved(transcript, best)
    if outside:
        raise TranscriptMismatch(
            f"The transcript's words lie between {said[:, 0].min():.1f} and {said[:, 1].max():.1f} s, the recording's "
            f"speech between {heard[:, 0].min():.1f} and {heard[:, 1].max():.1f} s, and no one shift explains it: give "
            "the transcript of this recording."
        )
    return transcript


def _explained(said: Times, heard: Times) -> list[_Fit]:
    """Whole hours, and factors that tools are known for: believed where all words then lie within the recording."""
    hours = 3600.0 * np.floor(said[:, 0].min() / 3600.0)
    fits = [_fit(said, heard, 1.0, -hours)] if hours else []
    fits += [_fit(said, heard, factor, 0.0) for factor in FACTORS]
    return [
        one for one in fits if one.inside >= 0.98 and one.agreement >= (0.0 if one.factor in (1.0, 0.001) else MENDED)
    ]


def _searched(said: Times, heard: Times) -> list[_Fit]:
    """The shift at which words and speech agree best."""
    from scipy.signal import correlate

    if said[:, 1].max() - said[:, 0].min() > 2 * heard[:, 1].max() + 60:
        return []
    first = said[:, 0].min()
    words, voice = _mask(said - first, heard[:, 1].max()), _mask(heard, heard[:, 1].max())
    if words.std() == 0 or voice.std() == 0:
        return []
    best = int(np.argmax(correlate(voice - voice.mean(), words - words.mean(), method="fft"))) - (len(words) - 1)
    fit = _fit(said, heard, 1.0, best * STEP_S - first)
    return [fit] if fit.agreement >= MENDED and fit.inside >= 0.9 and abs(fit.shift) > NEAR_S else []


def _fit(said: Times, heard: Times, factor: float, shift: float) -> _Fit:
    moved = said * factor + shift
    last = heard[:, 1].max()
    inside = float(np.mean((moved[:, 0] >= -BEYOND_S) & (moved[:, 1] <= last + BEYOND_S)))
    words, voice = _mask(moved, last), _mask(heard, last)
    agreement = float(np.corrcoef(words, voice)[0, 1]) if words.std() > 0 and voice.std() > 0 else 0.0
    return _Fit(factor, shift, agreement, inside)


def _mask(spans: Times, last: float) -> Times:
    """Per step of the recording, whether a span covers it."""
    count = int(np.ceil(last / STEP_S)) + 1
    edges = np.zeros(count + 1)
    kept = spans[(spans[:, 1] >= 0) & (spans[:, 0] <= last)]
    np.add.at(edges, np.clip(np.floor(kept[:, 0] / STEP_S).astype(int), 0, count), 1)
    np.add.at(edges, np.clip(np.ceil(kept[:, 1] / STEP_S).astype(int), 0, count), -1)
    return np.asarray(np.cumsum(edges)[:count] > 0, float)


def _moved(transcript: Transcript, fit: _Fit) -> Transcript:
    words = tuple(
        replace(
            word, start=max(0.0, word.start * fit.factor + fit.shift), end=max(0.0, word.end * fit.factor + fit.shift)
        )
        for word in transcript.words
    )
    account = transcript.account
    mended = tuple(sorted((*account.mended, (f"transcript whose times were {fit}", 1))))
    turns = tuple((start * fit.factor + fit.shift, end * fit.factor + fit.shift) for start, end in account.turns)
    return replace(transcript, words=words, account=Account(mended, account.share, turns))
