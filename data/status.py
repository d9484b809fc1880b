"""The named ends of a manifest row and of a media file. Every row ends in exactly one.

A row's ``status`` says whether it was scored; its ``reason`` says why not, or why only partly; its
``media`` says what decoding found.
"""

from enum import StrEnum


class RowStatus(StrEnum):
    """How one manifest row ended."""

    SCORED = "scored"
    MEASURED = "measured"  # of a run that measures without scoring
    PARTIAL = "partial"
    NOT_SCORED = "not_scored"
    BAD_ROW = "bad_row"


COMPLETE = frozenset({RowStatus.SCORED, RowStatus.MEASURED})
"""Statuses of a row from which nothing is missing: those without a reason."""


class MediaStatus(StrEnum):
    """What one media file turned out to be."""

    OK = "ok"
    PARTIAL_MEDIA = "partial_media"
    NO_AUDIO = "no_audio"
    NO_VIDEO = "no_video"
    NO_SPEECH = "no_speech"
    NO_FACE = "no_face"
    SEVERAL_FACES = "several_faces"
    SEVERAL_SPEAKERS = "several_speakers"
    WRONG_LANGUAGE = "wrong_language"
    UNREADABLE = "unreadable"
    REFUSED_FORMAT = "refused_format"
    TOO_LARGE = "too_large"
    TOO_LONG = "too_long"
    TIMEOUT = "timeout"
    CRASHED = "crashed"
    INPUT_CHANGED = "input_changed"


FLAGGED = frozenset(
    {
        MediaStatus.PARTIAL_MEDIA,
        MediaStatus.NO_VIDEO,
        MediaStatus.NO_FACE,
        MediaStatus.SEVERAL_FACES,
        MediaStatus.NO_AUDIO,
        MediaStatus.NO_SPEECH,
    }
)
"""Media that may still yield the features that can be trusted, with the flag beside them."""


class Reason(StrEnum):
    """Why a row, a competency or the overall score is not ``scored``. Media statuses are reasons too."""

    NO_CONSENT = "no_consent"
    HUMAN_ROUTE = "human_route"
    NO_TRANSCRIPT = "no_transcript"
    UNREADABLE_TRANSCRIPT = "unreadable_transcript"
    TRANSCRIPT_MISMATCH = "transcript_mismatch"  # of another time than the recording
    PARTIAL_TRANSCRIPT = "partial_transcript"  # too many of its words were left out, or stand at guessed times
    NO_ANSWER = "no_answer"
    MISSING_ANSWER = "missing_answer"
    TOO_SHORT = "too_short"
    UNCLEAR_SPEECH = "unclear_speech"
    REPETITIVE_TEXT = "repetitive_text"  # answers repeat themselves or one another: goes to people
    MISSING_COMPETENCY = "missing_competency"
    NO_QUESTION = "no_question"  # nothing says which of the framework's questions was answered
    TOO_LITTLE_MEASURED = "too_little_measured"  # of what a trained model rests on
    OTHER_RECOGNISER = "other_recogniser"  # than those whose words a trained model accepts
    UNMEASURED_LANGUAGE = "unmeasured_language"  # nobody knows how it is recognised and scored: goes to people
    OTHER_LANGUAGE = "other_language"  # than those in which a trained model learned
    NO_READER_CONSENT = "no_reader_consent"  # a reader outside needs a consent of its own
    READER_FAILED = "reader_failed"  # the machine's doing: the next run tries again
    INVENTED_QUOTE = "invented_quote"  # a rating that rests on words that nobody said counts for nothing
    ADDRESSES_READER = "addresses_reader"  # speaks to whoever rates it: goes to people
    TOO_LONG_TO_READ = "too_long_to_read"
    FRAMEWORK_LANGUAGE = "framework_language"  # the job's framework has no texts in it: nothing to hold an answer to
    ERASED = "erased"
