"""Which of a recording's sound is listened to: the tracks and channels in which somebody speaks, not those that come
first. Nothing of a voice is compared, only where each holds speech.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from vivavoce.data.media.account import Source
from vivavoce.data.media.decode import Decoded
from vivavoce.data.media.memory import AudioSpool
from vivavoce.data.status import MediaStatus
from vivavoce.data.track import Array
from vivavoce.features.speakers.candidate import (
    BOTH_SHARE,
    EXTREME,
    FLOOR,
    LEAST_TURN_S,
    LOUDER_DB,
    TURN_GAP_S,
    common,
    join,
    level_difference,
    marked,
    seconds,
    without,
)
from vivavoce.features.speech import FRAME_S, READ_S, find_speech

MOST = 16  # tracks, and channels, that are listened to: each is decoded by itself
FIRST_SHARE = 0.5  # of the most speech in any track: the container's own choice is kept with that much
NEARLY = 0.8  # of the most speech in any channel: among these the clearest is taken
OWN_SHARE = 0.1  # of a channel's speech that lies in no other's turns: less is where the detector's edges differ

Hear = Callable[[Source], Decoded]


@dataclass(frozen=True)
class Choice:
    """What is listened to.

    Parameters
    ----------
    sources
        The sounds that are, in order; none where it is the container's own track with all its channels.
    note
        A sentence for the operator; empty where there was nothing to choose.
    """

    sources: tuple[Source, ...] = ()
    note: str = ""


OWN = Choice()  # what is decoded where nobody chooses


@dataclass(frozen=True, eq=False)
class Spoken:
    """What sounds hold: stretches of speech, shape (n, 2), and how far it stands above the rest, dB; their channels."""

    spans: Array
    clarity: float
    channels: int
    sources: tuple[Source, ...]

    @property
    def seconds(self) -> float:
        """Of speech."""
        return seconds(self.spans)


def choose(decoded: Decoded, hear: Hear) -> Choice:
    """Choose by where somebody speaks.

    Parameters
    ----------
    decoded
        The recording as it is decoded where nobody chooses, with its two channels where it has two.
    hear
        Decodes one of its sounds; what it gives is closed here.
    """
    sound = decoded.probe.audio
    if sound is None or decoded.audio is None:
        return OWN
    if sound.tracks > 1:
        return _of_tracks(sound.track, [_track(n, hear) for n in range(min(sound.tracks, MOST))])
    if sound.channels > 2:
        found = _channels(None, sound.channels, hear)
        return Choice(found.sources, _told(found, sound.channels)) if _speaks(found) else OWN
    return _of_two(decoded.channels)


def listen(sources: Sequence[Source], hear: Hear) -> Decoded:
    """Decode what was chosen; where that is several sounds, their mean, and two of them as channels beside it."""
    heard = [hear(source) for source in sources]
    sounds = tuple(one.audio for one in heard if one.audio is not None)
    if len(heard) == 1:
        return heard[0]
    for channel in (channel for one in heard for channel in one.channels):
        channel.close()
    worst = next((one for one in heard if one.status is not MediaStatus.OK), heard[0])
    mix = _mixed(sounds) if len(sounds) == len(heard) else None
    kept = sounds if mix is not None and len(sounds) == 2 else ()
    for sound in sounds if not kept else ():
        sound.close()
    lost = tuple(sorted(stretch for one in heard for stretch in one.lost))
    return replace(worst, audio=mix, channels=kept, lost=lost, share=min(one.share for one in heard))


def instead(decoded: Decoded, heard: Decoded) -> Decoded:
    """A recording with what was chosen in the place of its own sound; the picture's account stays."""
    decoded.close()
    if heard.audio is None:
        return heard
    flags = decoded.flags | heard.flags
    status = MediaStatus.PARTIAL_MEDIA if MediaStatus.PARTIAL_MEDIA in flags else decoded.status
    detail = "; ".join(dict.fromkeys(filter(None, [decoded.detail, heard.detail])))
    return replace(heard, status=status, detail=detail, flags=flags, probe=decoded.probe, pictures=decoded.pictures)


def _mixed(sounds: Sequence[AudioSpool]) -> AudioSpool:
    """The mean of several sounds in which different people speak, as long as the longest."""
    mix = AudioSpool()
    for block in range(int(max(sound.duration for sound in sounds) / READ_S) + 1):
        parts = [sound.read(block * READ_S, (block + 1) * READ_S) for sound in sounds]
        total = np.zeros(max(map(len, parts)), np.float32)
        for part in parts:
            total[: len(part)] += part / len(sounds)
        mix.append(total)
    return mix


def _of_tracks(first: int, spoken: Sequence[Spoken]) -> Choice:
    """One track, or those in which one person speaks each; what else holds speech is told."""
    most = max(one.seconds for one in spoken)
    if most < LEAST_TURN_S:
        return OWN
    if first >= len(spoken) or spoken[first].seconds < FIRST_SHARE * most:
        first = max(range(len(spoken)), key=lambda n: spoken[n].seconds)
    taken = _covering(first, spoken, copies=True)
    also = [f"{n + 1} ({one.seconds:.0f} s)" for n, one in enumerate(spoken) if n not in taken and _speaks(one)]
    told = f"; speech is in {', '.join(also)}, too." if also else "."
    numbers = " and ".join(f"{n + 1} ({spoken[n].seconds:.0f} s)" for n in taken)
    note = f"Of {len(spoken)} sound tracks this speech was taken: {numbers}{told}"
    parted = [spoken[n] for n in taken if spoken[n].sources[0].channel is not None]
    within = [_told(one, one.channels) for one in parted]
    return Choice(tuple(source for n in taken for source in spoken[n].sources), " ".join([note, *within]))


def _track(track: int, hear: Hear) -> Spoken:
    """What a track holds; one of more than two channels by those in which somebody speaks."""
    whole = _spoken(Source(track), hear)
    found = _channels(track, whole.channels, hear) if whole.channels > 2 else whole
    return found if _speaks(found) else whole


def _channels(track: int | None, count: int, hear: Hear) -> Spoken:
    """The clearest of the channels that hold the speech, with those in which others speak."""
    spoken = [_spoken(Source(track, n), hear) for n in range(min(count, MOST))]
    most = max(one.seconds for one in spoken)
    near = [n for n, one in enumerate(spoken) if one.seconds >= NEARLY * most]
    taken = _covering(max(near, key=lambda n: spoken[n].clarity), spoken, copies=False)
    spans = np.concatenate([spoken[n].spans for n in taken])
    return Spoken(spans, max(spoken[n].clarity for n in taken), count, tuple(Source(track, n) for n in taken))


def _told(found: Spoken, count: int) -> str:
    """Which channels were taken, counted from 1."""
    numbers = " and ".join(str(source.channel + 1) for source in found.sources if source.channel is not None)
    return f"Of {count} channels this speech was taken: {numbers}."


def _of_two(channels: Sequence[AudioSpool]) -> Choice:
    """The one of two channels in which alone somebody speaks; both where they are alike, or hold a person each."""
    if len(channels) != 2:
        return OWN
    difference = level_difference(*channels)
    if not len(difference) or np.ptp(np.percentile(difference, (EXTREME, 100 - EXTREME))) < LOUDER_DB:
        return OWN
    spoken = [seconds(find_speech(channel).spans) for channel in channels]
    if min(spoken) >= LEAST_TURN_S or max(spoken) < LEAST_TURN_S:
        return OWN
    only = int(np.argmax(spoken))
    return Choice((Source(None, only),), f"Of 2 channels this speech was taken: {only + 1}.")


def _covering(first: int, spoken: Sequence[Spoken], *, copies: bool) -> list[int]:
    """The first, and every other in which somebody speaks whom those before it do not hold.

    With ``copies``, one that speaks at the same time as they do is another form of the same, a mix or a translation.
    """
    taken, held = [first], spoken[first].spans
    for n in sorted(range(len(spoken)), key=lambda n: -spoken[n].seconds):
        own = seconds(without(spoken[n].spans, join(held, TURN_GAP_S)))
        together = seconds(common(spoken[n].spans, held))
        copy = copies and together > BOTH_SHARE * min(spoken[n].seconds, seconds(held))
        if n != first and not copy and own >= max(LEAST_TURN_S, OWN_SHARE * spoken[n].seconds):
            taken.append(n)
            held = join(np.concatenate([held, spoken[n].spans]))
    return sorted(taken)


def _speaks(one: Spoken) -> bool:
    return one.seconds >= LEAST_TURN_S


def _spoken(source: Source, hear: Hear) -> Spoken:
    """Listen to one sound, and let go of it."""
    with hear(source) as decoded:
        channels = decoded.probe.audio.channels if decoded.probe.audio else 0
        if decoded.audio is None:
            return Spoken(np.empty((0, 2)), -np.inf, channels, (source,))
        spans = find_speech(decoded.audio).spans
        power = np.concatenate([_power(block) for block in decoded.audio.blocks(READ_S)])
    speaks = marked(spans, len(power))
    if not speaks.any() or speaks.all():
        return Spoken(spans, 0.0, channels, (source,))
    above = (power[speaks].mean() + FLOOR) / (np.median(power[~speaks]) + FLOOR)
    return Spoken(spans, float(10 * np.log10(above)), channels, (source,))


def _power(block: Array) -> Array:
    size = round(FRAME_S * AudioSpool.rate)
    frames = block[: len(block) // size * size].reshape(-1, size)
    return np.asarray(np.square(frames).mean(axis=1), float)
