"""Who speaks in a recording, and which of its words and sounds are the candidate's.

In this order: the transcript's names, the channels, the voices with the lips. Where more than one person is found and
nothing says who is the candidate, nothing is scored. Where nobody is found but one, the recording is the candidate's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from vivavoce.data.interview import Interview, Modality
from vivavoce.data.track import Array, Track
from vivavoce.features.speakers.candidate import choose_candidate, match_candidate
from vivavoce.features.speakers.stretches import apart
from vivavoce.features.speakers.turns import cut, of_others, of_speaker, stretches
from vivavoce.features.speech import PAUSE_S
from vivavoce.features.transcript.words import Transcript
from vivavoce.pipelines.scoring.answers import SeveralSpeakers, candidates_speech, candidates_words

CHANNELS = (0, 1)
SILENCE = Track(np.empty((0, 2)), np.empty((0, 0)), ())


def compared_modalities(
    interview: Interview, modalities: frozenset[Modality], interviewer_consent: str | None
) -> frozenset[Modality]:
    """What may be compared between the speakers of an interview: voices, and lips with speech.

    Both are data of everybody who speaks. The candidate's consent is on the row (and in ``modalities``); the
    interviewer's is declared for the batch, and holds for the interviewer whom the row names.
    """
    agreed = interviewer_consent is not None and interview.interviewer_id is not None
    return modalities - {Modality.TEXT} if agreed else frozenset()


@dataclass(frozen=True, eq=False)
class Speaking:
    """What is known of a recording's speakers before a word is read.

    ``turns`` is None where one person, or nobody, was found to speak; ``candidate`` is that speaker's number, or None
    where nothing says who it is; ``by_channel`` is whether each speaker has the channel of that number.
    """

    speech: Track
    turns: Track | None
    candidate: int | None
    by_channel: bool = False

    @staticmethod
    def of(tracks: Mapping[str, Track], compared: frozenset[Modality]) -> "Speaking":
        """From a recording's tracks; lips are looked at only where they may be compared."""
        by_channel = "channel_turns" in tracks
        turns = tracks["channel_turns"] if by_channel else tracks.get("turns")
        face = tracks.get("face") if Modality.FACE in compared else None
        candidate = None if turns is None else choose_candidate(turns, face)
        return Speaking(tracks.get("speech", SILENCE), turns, candidate, by_channel)

    def heard_for(self, *, everybody: bool) -> tuple["Listened", ...]:
        """What a recogniser listens to: the candidate, and everybody else where questions are sought in their words.

        Where each has a channel, nobody is listened to through the other's: what one says while the other speaks is
        lost in their mix.

        Raises
        ------
        SeveralSpeakers
            Where nothing says who is the candidate.
        """
        if self.turns is None:
            return (Listened(self.speech),)
        number = self._told()
        if not self.by_channel:
            return (Listened(self.speech if everybody else cut(self.speech, of_speaker(self.turns, number))),)
        heard = CHANNELS if everybody else (number,)
        return tuple(Listened(cut(self.speech, of_speaker(self.turns, one)), one) for one in heard)

    def part_channels(self, by_channel: Mapping[int, Transcript]) -> "Parts":
        """Words that were recognised on each speaker's own channel: whose they are is known."""
        assert self.turns is not None
        number = self._told()
        candidate = by_channel[number]
        others = tuple(word for one, said in sorted(by_channel.items()) if one != number for word in said.words)
        speech = cut(self.speech, of_speaker(self.turns, number))
        return Parts(candidate, replace(candidate, words=others), speech, of_others(self.turns, number))

    def part(self, whole: Transcript, named: str | None) -> "Parts":
        """Which words and segments are the candidate's, by the names where there are names.

        Parameters
        ----------
        whole
            Everybody's words.
        named
            The candidate as the manifest names the speaker.

        Raises
        ------
        SeveralSpeakers
            Where nothing says who is the candidate.
        """
        by_name = bool(whole.speakers) and (named is not None or len(whole.speakers) == 1)
        if by_name or self.turns is None:
            candidate = candidates_words(whole, named)
            others = _rest(whole, candidate)
            number = None if self.turns is None else match_candidate(self.turns, stretches(candidate))
            if self.turns is None or number is None:
                theirs = stretches(others, PAUSE_S)
                return Parts(candidate, others, candidates_speech(self.speech, whole, candidate), theirs)
        else:
            number = self._told()
            middles = np.array([(word.start + word.end) / 2 for word in whole.words])
            kept = apart(middles, of_speaker(self.turns, number)) <= apart(middles, of_others(self.turns, number))
            candidate = replace(whole, words=tuple(w for w, yes in zip(whole.words, kept, strict=True) if yes))
            others = _rest(whole, candidate)
        speech = cut(self.speech, of_speaker(self.turns, number))
        return Parts(candidate, others, speech, of_others(self.turns, number))

    def _told(self) -> int:
        if self.candidate is None:
            raise SeveralSpeakers(
                "More than one person speaks in the recording, and nothing says which is the candidate: give a "
                "transcript with the speakers' names and say in candidate_speaker which one is the candidate."
            )
        return self.candidate


@dataclass(frozen=True, eq=False)
class Listened:
    """Segments that a recogniser listens to, on one channel or, where that is None, in the mix."""

    speech: Track
    channel: int | None = None


@dataclass(frozen=True, eq=False)
class Parts:
    """A recording's words and sounds, parted: ``theirs`` is where somebody else speaks, shape (n, 2), seconds."""

    candidate: Transcript
    others: Transcript
    speech: Track
    theirs: Array


def _rest(whole: Transcript, candidate: Transcript) -> Transcript:
    own = set(candidate.words)
    return replace(whole, words=tuple(word for word in whole.words if word not in own))
