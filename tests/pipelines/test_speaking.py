"""Two people in one recording, through the command line: the candidate's words and sounds alone are measured."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from tests.demo.transcript import clock
from tests.pipelines.runs import document, ends, rows, viva, write_manifest
from tests.small_whisper.synthesis import RATE
from tests.two_speakers import HIGH, LOW, Dialogue, dialogue
from vivavoce.data.framework import load_frameworks
from vivavoce.data.interview import Consent, Interview, Modality, Purpose, Recording
from vivavoce.data.media.memory import AudioSpool
from vivavoce.data.schema import Stage
from vivavoce.data.track import Track
from vivavoce.data.vault.keys import ProjectKey
from vivavoce.features.questions import FoundQuestion
from vivavoce.features.speakers.candidate import turn_track
from vivavoce.features.transcript.recognise import Passage
from vivavoce.features.transcript.words import Transcript, Word
from vivavoce.pipelines.scoring.answers import (
    UNMATCHED,
    WHOLE,
    AnswerSpan,
    SeveralSpeakers,
    Speaking,
    compared_modalities,
    cut_at_questions,
)
from vivavoce.pipelines.scoring.job import open_store
from vivavoce.pipelines.scoring.words import Heard, Listener, Unheard

pytestmark = pytest.mark.xdist_group("speaking")

QUESTIONS = load_frameworks(Path(__file__).parents[2] / "data" / "frameworks")["store_manager"].questions
ASKED = ("Good morning. Did you find the way?", *(question.text["en"] for question in QUESTIONS))
REPLIES = (
    "Yes thank you, the tram was quick and I walked the rest of the way.",
    "Our store lost sales for three months. I looked at the figures, found that deliveries came too late, agreed new "
    "times with the depot and the sales came back within a quarter.",
    "A customer was angry because a repair took five weeks. I listened, called the workshop myself, offered a loan "
    "device and told her every second day where it was. She stayed with us.",
    "Two people in my team had stopped speaking. I talked to each of them, asked both to write down what they needed, "
    "changed the rota and after a month they trained a new colleague together.",
)
CONSENT = {
    "text": True, "voice": True, "face": True, "purpose": ["score"], "date": "2026-10-01", "policy": "test-1",
    "withdrawn": None,
}  # fmt: skip
TEXT_ONLY = CONSENT | {"voice": False, "face": False}


def cues(planted: Dialogue, names: tuple[str, str] | None) -> str:
    """What a meeting tool exports: SubRip without names, or WebVTT with them."""
    texts = {1: list(ASKED), 0: list(REPLIES)}
    blocks = []
    for i, (who, start, end) in enumerate(planted.turns, 1):
        text = texts[who].pop(0)
        if names is None:
            blocks.append(f"{i}\n{clock(start, ',')} --> {clock(end, ',')}\n{text}\n")
        else:
            blocks.append(f"{clock(start)} --> {clock(end)}\n<v {names[who]}>{text}</v>\n")
    return "\n".join(blocks if names is None else ["WEBVTT\n", *blocks])


def unclear(planted: Dialogue) -> str:
    """A recogniser's JSON whose words it hardly believed itself."""
    (_, start, _), (_, _, end) = planted.turns[0], planted.turns[-1]
    words = " ".join(REPLIES).split()
    times = np.linspace(start, end, len(words) + 1)
    said = [
        {"word": f" {word}", "start": float(a), "end": float(b), "probability": 0.3}
        for word, a, b in zip(words, times[:-1], times[1:], strict=True)
    ]
    segment = {"start": start, "end": end, "text": " ".join(words), "words": said}
    return json.dumps({"language": "en", "segments": [segment]})


def break_off(path: Path, seconds: float) -> None:
    """Cut a WAV file without telling its header, as a full disk does."""
    header = path.stat().st_size - 2 * round(soundfile.info(path).duration * RATE)
    with path.open("r+b") as file:
        file.truncate(header + 2 * round(seconds * RATE))


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("speaking")
    planted, even = dialogue(5, overlap_s=0.3), dialogue(6, words=(9, 9))
    alone = dialogue(7, voices=(HIGH, HIGH))
    left, right = planted.channels
    sounds = {
        "stereo": (np.stack([0.5 * right, left], axis=1), cues(planted, None)),
        "mono": (planted.mono, cues(planted, None)),
        "named": (planted.mono, cues(planted, ("Robin", "Ann"))),
        "even": (np.stack(even.channels, axis=1), cues(even, None)),
        "alone": (alone.mono, cues(alone, None)),
        "unclear": (alone.mono, unclear(alone)),
        "broken": (planted.mono, cues(planted, ("Robin", "Ann"))),
    }
    for name, (sound, transcript) in sounds.items():
        soundfile.write(folder / f"{name}.wav", sound, RATE)
        if name == "broken":
            break_off(
                folder / f"{name}.wav", planted.turns[-1][1] + 0.6 * (planted.turns[-1][2] - planted.turns[-1][1])
            )
        suffix = {"{": ".json", "W": ".vtt"}.get(transcript[0], ".srt")
        (folder / f"{name}{suffix}").write_text(transcript, encoding="utf-8")
    row: dict[str, Any] = {"job": "store_manager", "language": "en", "consent": CONSENT, "interviewer_id": "n1"}
    listed = [
        row | {"interview_id": "stereo", "media": "stereo.wav", "transcript": "stereo.srt", "consent": TEXT_ONLY},
        row | {"interview_id": "voices", "media": "mono.wav", "transcript": "mono.srt"},
        row | {"interview_id": "text", "media": "mono.wav", "transcript": "mono.srt", "consent": TEXT_ONLY},
        row | {"interview_id": "nobody", "media": "mono.wav", "transcript": "mono.srt", "interviewer_id": None},
        row | {"interview_id": "named", "media": "named.wav", "transcript": "named.vtt", "candidate_speaker": "Robin"},
        row | {"interview_id": "even", "media": "even.wav", "transcript": "even.srt"},
        row | {"interview_id": "alone", "media": "alone.wav", "transcript": "alone.srt"},
        row
        | {"interview_id": "broken", "media": "broken.wav", "transcript": "broken.vtt", "candidate_speaker": "Robin"},
        row | {"interview_id": "unclear", "media": "alone.wav", "transcript": "unclear.json"},
    ]
    manifest = write_manifest(folder, [one | {"candidate_id": one["interview_id"]} for one in listed])
    viva(
        "score", manifest, "--out", folder / "out", "--profile", "voice", "--encoder", "none", "--interviewer-consent",
        "staff-2026", ends=3,
    )  # fmt: skip
    return folder / "out"


def lengths(out: Path, name: str) -> dict[str, float]:
    """Words of each answer, by question."""
    return {
        row["question_id"]: row["language.length_words"] for row in rows(out, "features") if row["interview_id"] == name
    }


@pytest.mark.parametrize("name", ["stereo", "voices", "named"])
def test_the_candidates_turns_alone_are_measured_and_the_questions_found(out: Path, name: str) -> None:
    status, reason, media = ends(out)[name]
    assert (status, reason, media) == ("scored", None, "ok")
    found = lengths(out, name)
    assert list(found) == ["unmatched", "q1", "q2", "q3"], "small talk is kept and labelled"
    for counted, reply in zip(found.values(), REPLIES, strict=True):
        assert counted == pytest.approx(len(reply.split()), abs=3), "three words lie in an overlap"


def test_nothing_is_scored_from_talk_that_answers_no_question(out: Path) -> None:
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "unmatched" in page
    shown = [row for row in rows(out, "scores") if row["interview_id"] == "stereo"]
    assert all(row["status"] == "scored" for row in shown)


@pytest.mark.parametrize("name", ["text", "nobody"])
def test_without_everybodys_consent_voices_are_not_compared(out: Path, name: str) -> None:
    """One channel, no names: the recording is taken for the candidate's alone; questions are heard in it as well."""
    assert ends(out)[name][0] == "scored"
    assert sum(lengths(out, name).values()) > sum(len(reply.split()) for reply in REPLIES[1:])


def test_an_undecided_candidate_is_not_scored(out: Path) -> None:
    assert ends(out)["even"][:2] == ("not_scored", "several_speakers")


def test_one_speaker_is_never_refused(out: Path) -> None:
    assert ends(out)["alone"][:2] == ("scored", None)


def test_the_last_answer_of_a_recording_that_breaks_off_is_missing_evidence(out: Path) -> None:
    """As where the manifest gives the questions' spans: half an answer is kept, and scores nothing."""
    assert ends(out)["broken"] == ("partial", "partial_media", "partial_media")
    assert list(lengths(out, "broken")) == ["unmatched", "q1", "q2", "q3"]
    shown = {row["competency"]: row for row in rows(out, "scores") if row["interview_id"] == "broken"}
    hit = {one for question in QUESTIONS if question.id == "q3" for one in question.shows}
    assert hit
    assert all(shown[one]["status"] != "scored" for one in hit), shown
    assert all(row["status"] == "scored" for one, row in shown.items() if one not in {*hit, "overall"})


def test_low_confidence_is_unclear_speech(out: Path) -> None:
    assert ends(out)["unclear"][:2] == ("not_scored", "unclear_speech")
    overall = [row for row in rows(out, "scores") if row["interview_id"] == "unclear"]
    assert all(row["score"] is None and row["reason"] == "unclear_speech" for row in overall)


def test_the_voice_is_the_candidates(out: Path) -> None:
    """The candidate's pitch is 205 Hz, the interviewer's 112: mixed, the median would lie between or jump."""
    for row in rows(out, "features"):
        if row["interview_id"] in {"voices", "named"} and row["question_id"] != "unmatched":
            assert row["prosody.f0_median_hz"] == pytest.approx(HIGH.pitch, rel=0.1)
            assert row["prosody.f0_median_hz"] > 1.5 * LOW.pitch


def test_the_consent_is_on_record(out: Path) -> None:
    assert document(out)["configuration"]["interviewer_consent"] == "staff-2026"


def interview(interviewer: str | None) -> Interview:
    consent = Consent(frozenset(Modality), frozenset(Purpose), None, "p")
    return Interview("i", "c", "store_manager", (Recording(Path("a.wav")),), "en", consent, interviewer_id=interviewer)


@pytest.mark.parametrize(
    ("interviewer", "policy", "expected"),
    [("n1", "p", {Modality.VOICE}), ("n1", None, set()), (None, "p", set())],
)
def test_both_must_have_agreed(interviewer: str | None, policy: str | None, expected: set[Modality]) -> None:
    allowed = frozenset({Modality.TEXT, Modality.VOICE})
    assert compared_modalities(interview(interviewer), allowed, policy) == expected


def said(*words: tuple[float, str | None]) -> Transcript:
    return Transcript(tuple(Word("so", at, at + 0.3, None, who) for at, who in words), "en", "provided:vtt", True)


class TestSpeaking:
    speech = Track(np.array([[0.0, 4.0], [5.0, 9.0], [9.5, 12.0]]), np.ones((3, 1)), ("speech_probability",))
    turns = turn_track([np.array([[0.0, 4.0]]), np.array([[5.0, 9.0], [9.5, 12.0]])])

    def test_a_word_in_a_pause_is_the_nearest_speakers(self) -> None:
        speaking = Speaking(self.speech, self.turns, 1)
        parts = speaking.part(said((1.0, None), (4.0, None), (4.8, None), (9.1, None)), None)
        assert [word.start for word in parts.candidate.words] == [4.8, 9.1]
        assert parts.theirs.tolist() == [[0, 4]]
        assert parts.speech.spans.tolist() == [[5, 9], [9.5, 12]]

    def test_names_come_first_and_channels_give_the_times(self) -> None:
        speaking = Speaking(self.speech, self.turns, 1)
        parts = speaking.part(said((1.0, "Ann"), (2.0, "Ann"), (6.0, "Bo"), (9.1, "Bo")), "Ann")
        assert [word.start for word in parts.candidate.words] == [1, 2]
        assert parts.speech.spans.tolist() == [[0, 4]]

    def test_an_undecided_candidate_is_refused_and_a_named_one_is_not(self) -> None:
        speaking = Speaking(self.speech, self.turns, None)
        with pytest.raises(SeveralSpeakers, match="candidate_speaker"):
            speaking.part(said((1.0, None)), None)
        with pytest.raises(SeveralSpeakers, match="candidate_speaker"):
            speaking.heard_for(everybody=True)
        assert len(speaking.part(said((1.0, "Ann"), (6.0, "Bo")), "Ann").candidate.words) == 1

    @pytest.mark.parametrize(("compared", "expected"), [(frozenset(Modality), 0), (frozenset({Modality.VOICE}), 1)])
    def test_lips_count_where_faces_may_be_compared(self, compared: frozenset[Modality], expected: int) -> None:
        starts = np.arange(0, 80, 20.0)
        turns = turn_track([np.stack([starts, starts + 6], axis=1), np.stack([starts + 6.5, starts + 20], axis=1)])
        times = np.arange(0, 80, 0.2)
        opening = np.where(times % 20 < 6, np.random.default_rng(0).uniform(0, 0.3, len(times)), 0.02)
        face = Track(np.stack([times, times + 0.2], axis=1), opening[:, None], ("mouth_opening_ratio",))
        tracks = {"speech": self.speech, "turns": turns, "face": face}
        assert Speaking.of(tracks, compared).candidate == expected, "else who speaks at least twice as long"
        assert Speaking.of({"speech": self.speech, "face": face}, compared).turns is None

    def test_a_recogniser_hears_the_candidate_only_unless_questions_are_sought(self) -> None:
        speaking = Speaking(self.speech, self.turns, 0)
        (alone,), (everybody,) = speaking.heard_for(everybody=False), speaking.heard_for(everybody=True)
        assert (alone.speech.spans.tolist(), alone.channel) == ([[0, 4]], None)
        assert (everybody.speech, everybody.channel) == (self.speech, None)

    def test_a_recogniser_hears_everybody_on_their_own_channel(self) -> None:
        talk = turn_track([np.array([[0.0, 4.0]]), np.array([[3.0, 9.0], [9.5, 12.0]])])
        speaking = Speaking.of({"speech": self.speech, "channel_turns": talk}, frozenset())
        assert (speaking.candidate, speaking.by_channel) == (1, True)
        assert [(one.channel, one.speech.spans.tolist()) for one in speaking.heard_for(everybody=True)] == [
            (0, [[0, 4]]), (1, [[3, 4], [5, 9], [9.5, 12]])
        ]  # fmt: skip
        assert [one.channel for one in speaking.heard_for(everybody=False)] == [1]
        parts = speaking.part_channels({0: said((1.0, None), (3.1, None)), 1: said((3.2, None), (6.0, None))})
        assert [word.start for word in parts.candidate.words] == [3.2, 6.0], "who spoke at once is told by the channel"
        assert [word.start for word in parts.others.words] == [1.0, 3.1]


class Echo:
    """A recogniser that writes one word per segment that it is given."""

    engine = "echo:1"
    stage = Stage("transcript", "1", {"engine": engine})

    def __init__(self) -> None:
        self.heard: list[list[list[float]]] = []

    def recognise(self, passages: Sequence[Passage]) -> list[Transcript]:
        self.heard += [passage.speech.spans.tolist() for passage in passages]
        return [
            Transcript(tuple(Word("so", a, b, 0.9) for a, b in passage.speech.spans), "en", self.engine, True)
            for passage in passages
        ]


class TestListener:
    speaking = Speaking(TestSpeaking.speech, TestSpeaking.turns, 1)

    def heard(self, folder: Path, question: str, speaking: Speaking, echo: Echo) -> Heard:
        listener = Listener(
            open_store(folder / "store", ProjectKey.read_or_create(folder / "key")), "pocketsphinx", None
        )
        listener.__dict__["_recogniser"] = echo
        spans, audio = [AnswerSpan(question, 0, 0.0, 12.0)], AudioSpool.from_array(np.zeros(16_000))
        return listener.hear(interview(None), spans, [speaking], ["0" * 64], [lambda _channel: audio])[0]

    def test_the_interviewer_is_not_recognised_where_the_question_is_known(self, tmp_path: Path) -> None:
        echo = Echo()
        heard = self.heard(tmp_path, "q1", self.speaking, echo)
        assert echo.heard == [[[5, 9], [9.5, 12]]]
        assert [word.start for word in heard.words.words] == [5, 9.5]

    def test_everybody_is_recognised_where_questions_are_sought_and_parted_after(self, tmp_path: Path) -> None:
        echo = Echo()
        for _ in range(2):  # the second time from the store
            heard = self.heard(tmp_path, WHOLE, self.speaking, echo)
            assert [word.start for word in heard.words.words] == [5, 9.5]
            assert [word.start for word in heard.asking.words] == [0]
            assert heard.by_others
        assert len(echo.heard) == 1

    def test_an_undecided_candidate_ends_the_row_before_anything_is_recognised(self, tmp_path: Path) -> None:
        echo, undecided = Echo(), Speaking(TestSpeaking.speech, TestSpeaking.turns, None)
        with pytest.raises(Unheard, match="nothing says") as refused:
            self.heard(tmp_path, "q1", undecided, echo)
        assert refused.value.reason == "several_speakers"
        assert echo.heard == []


def test_a_recording_is_cut_at_its_questions() -> None:
    whole, asked = AnswerSpan(WHOLE, 0, 0.0, 60.0), (FoundQuestion("q2", 10, 14, 0.8), FoundQuestion("q1", 30, 33, 0.7))
    talk = said((5.0, None), (16.0, None), (40.0, None))
    cut = cut_at_questions(whole, asked, talk)
    assert [(one.question_id, one.start, one.end) for one in cut] == [
        (UNMATCHED, 0, 10), ("q2", 14, 30), ("q1", 33, 60)
    ]  # fmt: skip
    assert [one.confidence for one in cut] == [None, 0.8, 0.7]
    assert [one.question_id for one in cut_at_questions(whole, asked, said((16.0, None)))] == ["q2", "q1"]
    assert cut_at_questions(whole, (), talk) == (whole,)


def test_answers_to_other_questions_are_kept_and_labelled() -> None:
    whole, other = AnswerSpan(WHOLE, 0, 0.0, 60.0), FoundQuestion(None, 30, 33, 0.0)
    talk = said((5.0, None), (16.0, None), (40.0, None))
    cut = cut_at_questions(whole, (FoundQuestion("q2", 10, 14, 0.8), other), talk)
    assert [(one.question_id, one.start) for one in cut] == [(UNMATCHED, 0), ("q2", 14), (f"{UNMATCHED}-2", 33)]
    assert cut_at_questions(whole, (other,), talk) == (whole,), "nothing is known of any question"
