"""The JSON of recognisers, each brought to segments of one shape: start and end in seconds, text, speaker, words.

Whisper, faster-whisper and whisperX write it themselves; whisper.cpp, Deepgram, AssemblyAI, AWS Transcribe and Azure
after their published schemas.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from vivavoce.data.errors import VivaError
from vivavoce.features.transcript.formats.cue import MAX_SECONDS, Cue, Mending, count_words
from vivavoce.features.transcript.formats.notes import next_beginnings
from vivavoce.features.transcript.words import Word

Segment = dict[str, Any]
TICKS = 1e7  # a second in Azure's unit of 100 ns


class NotJson(VivaError):
    """Text that is no JSON, or JSON of no known shape; the message says where."""


def read_json(text: str, mending: Mending) -> tuple[list[Cue], str | None]:
    """Cues of a recogniser's JSON, and the language that it states.

    Raises
    ------
    NotJson
        Where it is broken, or of another shape.
    """
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise NotJson(f"line {error.lineno}: {error.msg}") from error
    except (RecursionError, ValueError) as error:
        raise NotJson("nested too deeply, or a number too long") from error
    segments, language = _segments(document)
    cues: list[Cue] = []
    before = 0.0
    nexts = next_beginnings([_time(_object(one).get("start")) for one in segments])
    for i, segment in enumerate(segments):
        if not isinstance(segment, Mapping):
            mending.note("segments left out")
            continue
        following = nexts[i]
        for cue in _cues(segment, before, following, mending):
            before = max(before, cue.end)
            cues.append(cue)
    stated = str(language or "").lower().replace("chinese", "zh").replace("english", "en")[:2]
    return cues, stated if stated in ("en", "zh") else None


def _segments(document: Any) -> tuple[Sequence[Any], Any]:
    """Segments of one shape, by what the document holds."""
    if isinstance(document, list):
        return document, None
    if not isinstance(document, dict):
        raise NotJson("it is neither a list nor an object")
    language = document.get("language") or document.get("language_code")
    results = document.get("results")
    if isinstance(document.get("segments"), list):
        return document["segments"], language
    if isinstance(document.get("transcription"), list):
        found = document.get("result")
        return list(_whisper_cpp(document["transcription"])), found.get("language") if isinstance(found, dict) else None
    if isinstance(document.get("recognizedPhrases"), list):
        return list(_azure(document["recognizedPhrases"])), None
    if isinstance(document.get("utterances"), list) or (
        "audio_duration" in document and isinstance(document.get("words"), list)
    ):
        return list(_assembly(document.get("utterances") or [document])), language
    if isinstance(results, dict) and (
        isinstance(results.get("channels"), list) or isinstance(results.get("utterances"), list)
    ):
        return list(_deepgram(results)), None
    if isinstance(results, dict) and isinstance(results.get("items"), list):
        return list(_aws(results)), results.get("language_code")
    raise NotJson("it holds none of segments, transcription, utterances, results, recognizedPhrases")


def _whisper_cpp(parts: Sequence[Any]) -> Iterator[Segment]:
    for part in filter(_is_object, parts):
        offsets = _object(part.get("offsets"))
        yield {
            **part,
            "start": _scaled(offsets.get("from"), 1000),
            "end": _scaled(offsets.get("to"), 1000),
            "words": None,
        }


def _assembly(parts: Sequence[Any]) -> Iterator[Segment]:
    """Milliseconds."""
    for part in filter(_is_object, parts):
        words = [
            {**word, "start": _scaled(word.get("start"), 1000), "end": _scaled(word.get("end"), 1000)}
            for word in _list(part.get("words"))
            if isinstance(word, dict)
        ]
        ends = [word["end"] for word in words if _time(word["end"]) is not None]
        whole = {"start": words[0]["start"], "end": ends[-1]} if words and ends else {"start": None, "end": None}
        stated = {"start": _scaled(part.get("start"), 1000), "end": _scaled(part.get("end"), 1000)}
        yield {**part, **(whole if stated["start"] is None else stated), "words": words or None}


def _deepgram(results: Segment) -> Iterator[Segment]:
    if results.get("utterances"):
        for part in filter(_is_object, results["utterances"]):
            yield {**part, "text": part.get("transcript"), "words": _deepgram_words(part.get("words"))}
        return
    channels = _list(results.get("channels"))
    for number, channel in enumerate(channels):
        best = next(iter(_list(_object(channel).get("alternatives"))), None)
        words = _deepgram_words(_object(best).get("words"))
        if words:
            named = [{**word, "speaker": f"Speaker {number}"} if len(channels) > 1 else word for word in words]
            text = " ".join(str(word.get("word", "")) for word in words)
            yield {"start": words[0].get("start"), "end": words[-1].get("end"), "text": text, "words": named}


def _deepgram_words(words: Any) -> list[Segment]:
    return [
        {**word, "word": word.get("punctuated_word", word.get("word"))} for word in _list(words) if _is_object(word)
    ]


def _aws(results: Segment) -> Iterator[Segment]:
    speakers: dict[str, str] = {}
    for part in _list(_object(results.get("speaker_labels")).get("segments")):
        for item in _list(_object(part).get("items")):
            speakers[str(_object(item).get("start_time"))] = str(_object(item).get("speaker_label", ""))
    words: list[Segment] = []
    for item in filter(_is_object, results["items"]):
        best = _object(next(iter(_list(item.get("alternatives"))), None))
        content = str(best.get("content", ""))
        if item.get("type") == "punctuation":
            if words:
                words[-1]["word"] += content
            continue
        name = item.get("speaker_label") or speakers.get(str(item.get("start_time"))) or None
        words.append(
            {
                "word": content,
                "start": _number(item.get("start_time")),
                "end": _number(item.get("end_time")),
                "confidence": _number(best.get("confidence")),
                "speaker": name,
            }
        )
    if words:
        text = " ".join(word["word"] for word in words)
        yield {"start": words[0]["start"], "end": words[-1]["end"], "text": text, "words": words}


def _azure(phrases: Sequence[Any]) -> Iterator[Segment]:
    found = [phrase for phrase in phrases if _is_object(phrase)]
    channels = {phrase.get("channel") for phrase in found}
    for phrase in found:
        start, lasts = _scaled(phrase.get("offsetInTicks"), TICKS), _scaled(phrase.get("durationInTicks"), TICKS)
        best = _object(next(iter(_list(phrase.get("nBest"))), None))
        channel = phrase.get("channel") if len(channels) > 1 else None
        who = phrase.get("speaker", channel)
        end = None if start is None or lasts is None else start + lasts
        yield {"start": start, "end": end, "text": best.get("display"), "speaker": who}


def _cues(segment: Mapping[str, Any], before: float, following: float | None, mending: Mending) -> Iterator[Cue]:
    """A cue for each run of words of one speaker; one for the whole segment where its words have no speakers."""
    text = segment.get("text")
    given = [word for word in _list(segment.get("words")) if _is_object(word) and _text(word)]
    text = text if isinstance(text, str) else " ".join(_text(word) for word in given)
    if not text.strip():
        return
    start, end = _time(segment.get("start")), _time(segment.get("end"))
    certain = start is not None and end is not None and end >= start
    if not certain:
        words = count_words(text)
        inner = [time for word in given for name in ("start", "end") if (time := _time(word.get(name))) is not None]
        start = start if start is not None else (inner[0] if inner else before)
        end = end if end is not None and end >= start else (max(inner) if inner else start + 0.35 * words)
        if following is not None and following > start:
            end = min(end, following)
        mending.note("segments with times that were guessed", words=0 if inner else words)
    assert start is not None
    assert end is not None
    speaker = _speaker(segment.get("speaker"))
    spoken = _words(given, start, end, speaker, mending)
    if not spoken or (
        " ".join(text.split()) and 2 * sum(len(word.text) for word in spoken) < len("".join(text.split()))
    ):
        if spoken:
            mending.note("segments whose words were fewer than their text")
        yield Cue(start, end, text, speaker, certain=certain)
        return
    runs: list[list[Word]] = []
    for word in spoken:
        if runs and runs[-1][0].speaker == word.speaker:
            runs[-1].append(word)
        else:
            runs.append([word])
    for run in runs:
        said = " ".join(word.text for word in run)
        one = len(runs) == 1
        begin, until = (start, end) if one else (run[0].start, max(word.end for word in run))
        yield Cue(begin, until, text if one else said, run[0].speaker, tuple(run), certain)


def _words(given: Sequence[Segment], start: float, end: float, speaker: str | None, mending: Mending) -> list[Word]:
    """Words with times; those without take what lies between their neighbours, and have no confidence."""
    times = [(_time(word.get("start")), _time(word.get("end"))) for word in given]
    known = [begin is not None and until is not None and begin <= until for begin, until in times]
    if not any(known):
        return []
    words: list[Word] = []
    for i, word in enumerate(given):
        begin, until = times[i]
        confidence = _number(word.get("probability", word.get("confidence", word.get("score"))))
        if not known[i]:
            begin = words[-1].end if words else start
            until = next(
                (later for (later, _), yes in zip(times[i:], known[i:], strict=True) if yes and later is not None), end
            )
            until, confidence = max(begin, until), None
            mending.note("words without times")
        if confidence is not None and not 0 <= confidence <= 1:
            mending.note("confidences out of range")
            confidence = None
        assert begin is not None
        assert until is not None
        who = _speaker(word.get("speaker")) or speaker
        words.append(Word(_text(word), begin, until, confidence, who))
    return words


def _text(word: Mapping[str, Any]) -> str:
    text = word.get("word", word.get("text"))
    return " ".join(text.split()) if isinstance(text, str) else ""


def _speaker(value: Any) -> str | None:
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int):
        return f"Speaker {value}"
    if isinstance(value, dict):
        value = value.get("name")
    if not isinstance(value, str):
        return None
    name = " ".join(value.split())
    return (f"Speaker {name}" if len(name) == 1 and name.isalnum() else name) or None


def _time(value: Any) -> float | None:
    """Seconds; a little below nothing is nothing, and what is no time is None."""
    number = _number(value)
    if number is None or not -1 < number <= MAX_SECONDS:
        return None
    return max(0.0, number)


def _scaled(value: Any, by: float) -> float | None:
    number = _number(value)
    return None if number is None else number / by


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
