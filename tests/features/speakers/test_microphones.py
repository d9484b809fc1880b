"""Speech planted in one of several channels and tracks is found, whichever it is, and people keep one each."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest

from tests import media
from tests.media import Samples, Sound
from tests.small_whisper.recordings import converse, room
from tests.small_whisper.synthesis import RATE
from tests.two_speakers import HIGH, LOW
from vivavoce.data.media.account import Source
from vivavoce.data.media.decode import Decoded, decode
from vivavoce.data.status import MediaStatus
from vivavoce.features.speakers.candidate import find_channel_turns
from vivavoce.features.speakers.microphones import Choice, choose, instead, listen

SECONDS = 6.0
VOICE = converse(SECONDS, "en", np.random.default_rng(3), voice=HIGH).sound
OTHER = converse(SECONDS, "en", np.random.default_rng(4), voice=LOW).sound
NOBODY = np.zeros_like(VOICE)


def hiss(seed: int, level_db: float = -45.0) -> Samples:
    return room(SECONDS, np.random.default_rng(seed), level_db)


def heard(path: Path, source: Source) -> Decoded:
    return decode(path, frames_per_second=None, split_channels=True, source=source)


def chosen(folder: Path, *tracks: list[Samples]) -> tuple[Choice, Decoded]:
    """What is chosen of a recording with these channels in each of its tracks, and what that gives."""
    media.write(folder / "a.mka", [Sound(np.stack(channels), RATE, "flac") for channels in tracks])
    hear = partial(heard, folder / "a.mka")
    decoded = hear(Source())
    choice = choose(decoded, hear)
    return choice, instead(decoded, listen(choice.sources, hear)) if choice.sources else decoded


@pytest.mark.parametrize(
    ("channels", "sources"),
    [
        ([VOICE], ()),
        ([VOICE, -VOICE], ()),
        ([VOICE, NOBODY], (Source(None, 0),)),
        ([hiss(1), VOICE], (Source(None, 1),)),
        ([hiss(1), hiss(2), VOICE], (Source(None, 2),)),
        ([0.3 * VOICE + hiss(1), 0.2 * VOICE + hiss(2), VOICE, hiss(3) - 0.3 * VOICE], (Source(None, 2),)),
    ],
    ids=["mono", "opposed", "left", "right in hiss", "third", "array"],
)
def test_a_voice_is_heard_in_whichever_channel_it_is(
    channels: list[Samples], sources: tuple[Source, ...], tmp_path: Path
) -> None:
    choice, found = chosen(tmp_path, channels)
    assert choice.sources == sources
    assert bool(choice.note) == bool(sources)
    with found:
        assert (found.status, found.detail) == (MediaStatus.OK, "")
        assert found.audio is not None
        turned = RATE // 50  # samples in which an opposed channel is turned over
        assert found.audio.read(0, SECONDS)[turned:] == pytest.approx(VOICE[turned:], abs=1e-3)


def test_a_voice_is_heard_in_whichever_track_it_is(tmp_path: Path) -> None:
    for tracks, track, note in (
        (([hiss(1)], [VOICE]), 1, "Of 2 sound tracks this speech was taken: 2 (4 s)."),
        (([hiss(1)], [hiss(2), hiss(3), VOICE]), 1, "Of 3 channels this speech was taken: 3."),
        (([VOICE], [OTHER]), 0, "1 (4 s); speech is in 2 (3 s), too."),  # a translation, spoken over the whole
        (([VOICE + OTHER], [OTHER], [VOICE]), 0, "speech is in 2 (3 s), 3 (4 s), too."),  # everybody's, then each one's
    ):
        choice, found = chosen(tmp_path, *tracks)
        found.close()
        assert [source.track for source in choice.sources] == [track]
        assert note in choice.note


@pytest.mark.parametrize("apart", ["tracks", "channels"])
def test_people_keep_their_tracks_and_channels(apart: str, tmp_path: Path) -> None:
    one, two = np.concatenate([VOICE, NOBODY]), np.concatenate([NOBODY, OTHER])
    quiet = np.concatenate([hiss(1, -60.0), hiss(2, -60.0)])
    tracks = ([one], [two]) if apart == "tracks" else ([quiet, one + quiet, quiet, two + quiet],)
    choice, found = chosen(tmp_path, *tracks)
    assert choice.sources == ((Source(0), Source(1)) if apart == "tracks" else (Source(None, 1), Source(None, 3)))
    with found:
        turns = find_channel_turns(found.channels)
        assert turns is not None
        assert turns.spans[turns["speaker"] == 0].max() < SECONDS + 0.2
        assert turns.spans[turns["speaker"] == 1].min() > SECONDS - 0.2
        assert found.audio is not None
        assert found.audio.read(0, 2 * SECONDS) == pytest.approx(0.5 * (one + two), abs=6e-3)  # the rooms' noise


def test_what_is_lost_is_told_of_what_was_chosen(tmp_path: Path) -> None:
    torn = Sound(VOICE, RATE, "flac", holes=((4.0, 3.0),))
    media.write(tmp_path / "a.mka", [Sound(hiss(1), RATE, "flac"), torn])
    hear = partial(heard, tmp_path / "a.mka")
    decoded = hear(Source())
    choice = choose(decoded, hear)
    with instead(decoded, listen(choice.sources, hear)) as found:
        assert (choice.sources, found.status) == ((Source(1),), MediaStatus.PARTIAL_MEDIA)
        assert found.lost[0] == pytest.approx((4.0, 7.0), abs=0.1)


def test_where_nobody_speaks_there_is_no_choice(tmp_path: Path) -> None:
    for tracks in (([hiss(1), hiss(2), hiss(3)],), ([hiss(1), NOBODY],), ([hiss(1)], [hiss(2)])):
        choice, found = chosen(tmp_path, *tracks)
        found.close()
        assert choice == Choice()
