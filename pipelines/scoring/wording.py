"""Why something was not scored, or only partly, in words for people who run interviews."""

from vivavoce.data.status import MediaStatus, Reason

REASONS = {
    MediaStatus.PARTIAL_MEDIA: "the recording is damaged or breaks off",
    MediaStatus.NO_AUDIO: "the recording has no sound",
    MediaStatus.NO_VIDEO: "the recording has no picture",
    MediaStatus.NO_SPEECH: "nobody speaks in the recording",
    MediaStatus.NO_FACE: "no face is to be seen",
    MediaStatus.SEVERAL_FACES: "several faces are to be seen",
    MediaStatus.SEVERAL_SPEAKERS: "several people speak, and nothing says who the candidate is",
    MediaStatus.WRONG_LANGUAGE: "another language than the manifest says",
    MediaStatus.UNREADABLE: "the file is no recording that can be read",
    MediaStatus.REFUSED_FORMAT: "a format that is not accepted",
    MediaStatus.TOO_LARGE: "the file is too large",
    MediaStatus.TOO_LONG: "the recording is too long",
    MediaStatus.TIMEOUT: "reading it took too long",
    MediaStatus.CRASHED: "it took the program down, or met a defect of it",
    MediaStatus.INPUT_CHANGED: "the file changed while it was read",
    Reason.NO_CONSENT: "no consent to this is on record",
    Reason.HUMAN_ROUTE: "goes to people: an accommodation, a refusal or a withdrawal",
    Reason.NO_TRANSCRIPT: "there are no words: no transcript, and nothing that recognises them",
    Reason.UNREADABLE_TRANSCRIPT: "the transcript cannot be read",
    Reason.NO_ANSWER: "no answer was heard",
    Reason.MISSING_ANSWER: "an answer is missing",
    Reason.TOO_SHORT: "the answer is too short to be measured",
    Reason.UNCLEAR_SPEECH: "the recogniser hardly believes its own words",
    Reason.MISSING_COMPETENCY: "without a score for",
    Reason.ERASED: "the person's data were erased",
    Reason.NO_QUESTION: "nothing says which question was answered",
    Reason.TOO_LITTLE_MEASURED: "too little was measured of what the model rests on",
    Reason.OTHER_RECOGNISER: "words from a recogniser that the model does not accept",
    Reason.OTHER_LANGUAGE: "a language in which the model did not learn",
    "bad_row": "the manifest's row has errors",
}
PHRASES = {str(reason): words for reason, words in REASONS.items()}
LISTS_REASON = Reason.TOO_LITTLE_MEASURED.value  # what follows its colon is a reason too


def reason_words(reason: str) -> str:
    """A reason as the tables hold it, in plain words; one that is not known stays as it is.

    Examples
    --------
    >>> reason_words("missing_competency: problem_solving, teamwork")
    'without a score for: problem solving, teamwork'
    >>> reason_words("too_little_measured: no_face")
    'too little was measured of what the model rests on: no face is to be seen'
    >>> reason_words("something else: entirely")
    'something else: entirely'
    """
    code, colon, rest = reason.partition(": ")
    words = PHRASES.get(code)
    if words is None:
        return reason
    if not colon:
        return words
    return f"{words}: {reason_words(rest) if code == LISTS_REASON else rest.replace('_', ' ')}"
