"""Transcripts as meeting tools export them: WebVTT, SubRip and JSON, with the speakers' names.

Cue times are spread over the words of a cue in proportion to their length, and the transcript says so
(``word_times`` is False). Only a JSON file with word times in every segment has measured ones.
"""

import json
import math
from pathlib import Path
from typing import Any, NoReturn, TypeGuard

from vivavoce.features.transcript.captions import read_srt, read_vtt
from vivavoce.features.transcript.cue import MAX_SECONDS, Cue, TranscriptError, spread
from vivavoce.features.transcript.segmentation import HAN
from vivavoce.features.transcript.words import Transcript, Word

MAX_BYTES = 16 * 2**20  # 16 MiB; an hour of JSON with word times has about 2
HAN_SHARE = 0.2  # of the letters from which a transcript is Chinese: Chinese speakers of technical jobs mix in English


def read_transcript(path: Path, *, language: str = "auto") -> Transcript:
    """Read one exported transcript.

    Parameters
    ----------
    path
        A ``.vtt``, ``.srt`` or ``.json`` file in UTF-8, at most 16 MiB. JSON in Whisper's own shape
        (``{"segments": [{"start", "end", "text", "speaker"?, "words"?}]}``) or as a list of
        ``{"start", "end", "speaker"?, "text"}``, times in seconds.
    language
        ``en``, ``zh``, or ``auto``: the file's own statement, else by its script.

    Returns
    -------
    Transcript
        Words in time order, times in seconds, engine ``provided:vtt``, ``provided:srt`` or ``provided:json``;
        as the file spells them: ``normalise`` and ``mask`` come next. Cues may overlap. Chinese is not yet segmented.

    Raises
    ------
    TranscriptError
        With file, line, value and remedy, for anything that is not such a file.
    OSError
        Where the file cannot be read.
    """
    readers = {".vtt": read_vtt, ".srt": read_srt, ".json": _read_json}
    kind = path.suffix.lower()
    if kind not in readers:
        raise TranscriptError(path, "name", kind, "A transcript is a .vtt, .srt or .json file.")
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise TranscriptError(path, "file", f"{size} bytes", f"A transcript has at most {MAX_BYTES} bytes.")
    try:
        text = path.read_bytes()[:MAX_BYTES].decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        value = f"byte 0x{error.object[error.start]:02x}"
        raise TranscriptError(path, f"line {line}", value, "Save the transcript as UTF-8.") from error
    cues, stated = readers[kind](path, text)
    cues = sorted(cues, key=lambda cue: cue.start)
    words = [word for cue in cues for word in (spread(cue) if cue.words is None else cue.words)]
    measured = bool(cues) and all(cue.words is not None for cue in cues)
    if language == "auto":
        language = stated or _language_of("".join(word.text for word in words))
    return Transcript(
        tuple(sorted(words, key=lambda word: word.start)), language, f"provided:{kind[1:]}", word_times=measured
    )


def _read_json(path: Path, text: str) -> tuple[list[Cue], str | None]:
    def refuse_constant(value: str) -> NoReturn:
        raise TranscriptError(path, "file", value, "A time is a finite number of seconds.")

    try:
        document = json.loads(text, parse_constant=refuse_constant)
    except json.JSONDecodeError as error:
        raise TranscriptError(path, f"line {error.lineno}", error.msg, "Write valid JSON.") from error
    except RecursionError as error:
        raise TranscriptError(path, "file", "nested too deeply", "Write valid JSON.") from error
    segments = document.get("segments") if isinstance(document, dict) else document
    if not isinstance(segments, list):
        raise TranscriptError(
            path,
            "file",
            type(segments).__name__,
            "JSON holds {'segments': [...]} or a list of {start, end, speaker, text}.",
        )
    stated = document.get("language") if isinstance(document, dict) else None
    cues = [_segment(path, f"segment {i}", segment) for i, segment in enumerate(segments, 1)]
    return [cue for cue in cues if cue.text.strip()], stated if stated in ("en", "zh") else None


def _segment(path: Path, where: str, segment: Any) -> Cue:
    start, end = _span(path, where, segment)
    text, speaker = segment.get("text"), segment.get("speaker")
    if not isinstance(text, str):
        raise TranscriptError(path, where, str(text), "A segment's 'text' is a string.")
    if not (speaker is None or isinstance(speaker, str)):
        raise TranscriptError(path, where, str(speaker), "A segment's 'speaker' is a name or null.")
    words = segment.get("words")
    if words is not None and not isinstance(words, list):
        raise TranscriptError(path, where, type(words).__name__, "A segment's 'words' is a list.")
    timed = [_word(path, f"{where}, word {i}", word, speaker) for i, word in enumerate(words or (), 1)]
    spoken = tuple(word for word in timed if word.text)
    return Cue(start, end, text, speaker or None, spoken or None)


def _word(path: Path, where: str, word: Any, speaker: str | None) -> Word:
    start, end = _span(path, where, word)
    text, confidence = word.get("word", word.get("text")), word.get("probability", word.get("confidence"))
    if not isinstance(text, str):
        raise TranscriptError(path, where, str(text), "A word's 'word' is a string.")
    if confidence is not None and not (_is_number(confidence) and 0 <= confidence <= 1):
        raise TranscriptError(path, where, str(confidence), "A word's 'probability' lies in 0–1.")
    return Word(text.strip(), start, end, None if confidence is None else float(confidence), speaker or None)


def _span(path: Path, where: str, entry: Any) -> tuple[float, float]:
    if not isinstance(entry, dict):
        raise TranscriptError(path, where, type(entry).__name__, "Write it as {start, end, text}.")
    for name in ("start", "end"):
        value = entry.get(name)
        if not (_is_number(value) and 0 <= value <= MAX_SECONDS):
            raise TranscriptError(
                path, where, str(value), f"'{name}' is a number of seconds from 0 to {MAX_SECONDS:.0f}."
            )
    if entry["end"] < entry["start"]:
        value = f"{entry['start']} to {entry['end']}"
        raise TranscriptError(path, where, value, "A segment or word ends no earlier than it starts.")
    return float(entry["start"]), float(entry["end"])


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _language_of(text: str) -> str:
    letters = sum(character.isalpha() for character in text)
    return "zh" if letters and len(HAN.findall(text)) >= HAN_SHARE * letters else "en"
