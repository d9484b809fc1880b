"""One recording: decoded once, listened to and looked at, and kept as a sealed artefact."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import numpy as np

from vivavoce.data.identity import Digest, InputChanged, digest_file
from vivavoce.data.interview import Modality
from vivavoce.data.media.account import Limits, Source
from vivavoce.data.media.decode import Decoded, decode, refusal
from vivavoce.data.media.memory import AudioSpool
from vivavoce.data.schema import Stage
from vivavoce.data.status import MediaStatus
from vivavoce.data.track import Array, Track
from vivavoce.data.vault.store import Artefact, Store
from vivavoce.features.face.answer_face import FACE
from vivavoce.features.face.face_track import FaceTracker, face_status
from vivavoce.features.prosody.answer_voice import PROSODY
from vivavoce.features.prosody.voice_track import track_voice
from vivavoce.features.speakers.candidate import SPEAKERS, find_channel_turns
from vivavoce.features.speakers.microphones import OWN, Choice, choose, instead, listen
from vivavoce.features.speakers.voiceprint import find_voice_turns
from vivavoce.features.speech import find_speech

TRUSTED = frozenset(
    {
        MediaStatus.OK,
        MediaStatus.PARTIAL_MEDIA,
        MediaStatus.NO_VIDEO,
        MediaStatus.NO_FACE,
        MediaStatus.SEVERAL_FACES,
    }
)
"""Media statuses from which answers may be scored; in the others nothing was heard, or it cannot be trusted."""

TRANSIENT = frozenset({MediaStatus.TIMEOUT, MediaStatus.CRASHED, MediaStatus.INPUT_CHANGED})
"""Statuses that another try may change: never kept for the next run."""


@dataclass(frozen=True, eq=False)
class Observation:
    """What one recording gave.

    Parameters
    ----------
    status, detail
        The one media status, and a sentence for the operator.
    duration
        Seconds of sound on the recording's own timeline; None where there is none.
    tracks
        ``speech``; ``voice`` and ``face`` where they were asked for and could be measured; where more than one person
        was found to speak, ``channel_turns`` if each has a channel of the sound, else ``turns``; ``lost`` where
        sound of a recording that is not whole is missing.
    choice
        Which of its tracks and channels was listened to.
    """

    status: MediaStatus
    detail: str
    duration: float | None
    tracks: Mapping[str, Track]
    choice: Choice = OWN

    @property
    def lost(self) -> Array:
        """Stretches, shape (n, 2) in seconds, of sound that is not what was recorded; endless where it breaks off."""
        return self.tracks["lost"].spans if "lost" in self.tracks else np.zeros((0, 2))

    @property
    def artefact(self) -> Artefact:
        """As it is sealed."""
        document = {
            "status": self.status.value,
            "detail": self.detail,
            "duration": self.duration,
            "sources": [[source.track, source.channel] for source in self.choice.sources],
            "note": self.choice.note,
        }
        return Artefact(document, dict(self.tracks))

    @staticmethod
    def from_artefact(artefact: Artefact) -> "Observation":
        """As it was sealed."""
        document = artefact.document
        choice = Choice(tuple(Source(*source) for source in document["sources"]), document["note"])
        status = MediaStatus(document["status"])
        return Observation(status, document["detail"], document["duration"], artefact.tracks, choice)


def observation_stage(
    modalities: frozenset[Modality], frames_per_second: float, compared: frozenset[Modality] = frozenset()
) -> Stage:
    """Everything that can change an observation."""
    upstream = [SPEAKERS]
    parameters: dict[str, str | int | float | bool | None] = {"voice": False, "face": False}
    parameters["voices_compared"] = Modality.VOICE in compared
    if Modality.VOICE in modalities:
        upstream.append(PROSODY.stage)
        parameters["voice"] = True
    if Modality.FACE in modalities:
        upstream.append(FACE.stage)
        parameters |= {"face": True, "frames_per_second": frames_per_second}
    return Stage("observation", "4", parameters, tuple(upstream))


class Seen:
    """A recording's observation, with its sound for as long as it is open.

    Parameters
    ----------
    observation
        What was heard and seen.
    sha256
        Of the file; empty where it was refused unread.
    digest
        Where it had to be computed now.
    audio, channels
        The sound, and left and right where each holds one speaker, if the file was decoded just now and not found in
        the store.
    decode_again
        Decodes the file where its sound is needed and not there.
    """

    def __init__(
        self,
        observation: Observation,
        sha256: str = "",
        digest: Digest | None = None,
        audio: AudioSpool | None = None,
        channels: tuple[AudioSpool, ...] = (),
        decode_again: Callable[[], Decoded] | None = None,
    ) -> None:
        self.observation, self.sha256, self.digest = observation, sha256, digest
        self._audio, self._channels = audio, channels
        self._decode_again = decode_again

    def sound(self, channel: int | None = None) -> AudioSpool:
        """The recording's sound, or one channel of it; decoded again where only its observation was kept.

        Raises
        ------
        InputChanged
            If the file no longer gives the sound that it gave.
        """
        if self._audio is None and self._decode_again is not None:
            decoded = self._decode_again()
            self._audio, self._channels = decoded.audio, decoded.channels
        found = self._audio if channel is None else dict(enumerate(self._channels)).get(channel)
        if found is None:
            raise InputChanged("The recording changed while the run was going on. Run again when it is complete.")
        return found

    def close(self) -> None:
        """Let go of the sound."""
        for spool in (self._audio, *self._channels):
            if spool is not None:
                spool.close()


class Observer:
    """Listens to and looks at recordings; built once per worker, its models are loaded when first needed.

    Parameters
    ----------
    store
        Where observations are sealed and found again.
    frames_per_second
        At which frames are looked at.
    limits
        Caps on one file.
    """

    def __init__(self, store: Store, frames_per_second: float, limits: Limits) -> None:
        self.store = store
        self.frames_per_second = frames_per_second
        self.limits = limits

    @cached_property
    def _tracker(self) -> FaceTracker:
        return FaceTracker(self.frames_per_second)

    def observe(
        self,
        path: Path,
        person: str,
        known: str | None,
        modalities: frozenset[Modality],
        compared: frozenset[Modality] = frozenset(),
    ) -> Seen:
        """Observe a recording, or find its observation in the store; the caller closes what comes back.

        Parameters
        ----------
        path
            The file; one that cannot be read or is refused is a status, not an error.
        person
            Under whose key the observation is sealed.
        known
            The file's SHA-256 where it is remembered.
        modalities
            What profile and consent allow.
        compared
            Of these, what may be compared between the speakers, to tell who speaks: everybody has agreed.
        """
        refused = refusal(path, self.limits)
        if refused is not None:
            return Seen(Observation(refused.status, refused.detail, None, {}))
        digest = None
        if known is None:
            try:
                digest = digest_file(path)
            except InputChanged as error:
                return Seen(Observation(MediaStatus.INPUT_CHANGED, str(error), None, {}))
            except OSError as error:
                return Seen(Observation(MediaStatus.UNREADABLE, str(error), None, {}))
        sha256 = known or (digest.sha256 if digest else "")
        stage = observation_stage(modalities, self.frames_per_second, compared)
        found = self.store.get(person, sha256, stage)
        if found is not None:
            kept = Observation.from_artefact(found)
            again = kept.choice.sources or (Source(),)
            return Seen(kept, sha256, digest, decode_again=lambda: listen(again, partial(self._hear, path)))
        observation, audio, channels = self._decode(path, modalities, compared)
        if observation.status not in TRANSIENT:
            self.store.put(person, sha256, stage, observation.artefact)
        return Seen(observation, sha256, digest, audio, channels)

    def _hear(self, path: Path, source: Source) -> Decoded:
        return decode(path, limits=self.limits, frames_per_second=None, split_channels=True, source=source)

    def _decode(
        self, path: Path, modalities: frozenset[Modality], compared: frozenset[Modality]
    ) -> tuple[Observation, AudioSpool | None, tuple[AudioSpool, ...]]:
        looks = Modality.FACE in modalities
        if looks:
            self._tracker.reset()  # a recording that broke off before its end may have left frames behind
        decoded = decode(
            path,
            limits=self.limits,
            frames_per_second=self.frames_per_second if looks else None,
            on_frame=self._tracker.see if looks else None,
            split_channels=True,
        )
        face = self._tracker.finish() if looks else None
        choice = choose(decoded, partial(self._hear, path))
        if choice.sources:
            decoded = instead(decoded, listen(choice.sources, partial(self._hear, path)))
        audio = decoded.audio
        if audio is None:
            return Observation(decoded.status, decoded.detail or "The recording has no sound.", None, {}), None, ()
        tracks = {"speech": find_speech(audio)}
        if MediaStatus.PARTIAL_MEDIA in decoded.flags and decoded.lost:
            tracks["lost"] = Track(np.array(decoded.lost, float), np.ones((len(decoded.lost), 1)), ("lost",))
        if Modality.VOICE in modalities:
            tracks["voice"] = track_voice(audio, tracks["speech"])
        if face is not None:
            tracks["face"] = face
        channels = decoded.channels
        turns = find_channel_turns(channels)
        if turns is not None:
            tracks["channel_turns"] = turns
        else:
            for channel in channels:
                channel.close()
            channels = ()
            if Modality.VOICE in compared:
                turns = find_voice_turns(audio, tracks["speech"], tracks["voice"])
            if turns is not None:
                tracks["turns"] = turns
        status, detail = decoded.status, decoded.detail
        if status in {MediaStatus.OK, MediaStatus.NO_VIDEO}:
            status, detail = _heard_and_seen(tracks, status, detail)
        return Observation(status, detail, audio.duration, tracks, choice), audio, channels


def _heard_and_seen(tracks: Mapping[str, Track], status: MediaStatus, detail: str) -> tuple[MediaStatus, str]:
    """What listening and looking add to a file that decoded well."""
    if len(tracks["speech"]) == 0:
        return MediaStatus.NO_SPEECH, "Nobody speaks in this recording."
    if "face" in tracks and status is MediaStatus.OK:
        seen = face_status(tracks["face"])
        if seen is MediaStatus.NO_FACE:
            return seen, "No face is seen in this recording."
        if seen is MediaStatus.SEVERAL_FACES:
            return seen, "More than one face is seen in this recording."
    return status, detail
