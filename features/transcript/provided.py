"""Transcripts as meeting tools export them: WebVTT, SubRip and JSON, with the speakers' names.

Cue times are spread over the words of a cue in proportion to their length, and the transcript says so
(``word_times`` is False). Only a JSON file with word times in every segment has measured ones.

Captions with cues: WebVTT and SubRip, their voice tags and their ``Name:`` prefixes.

What every kind of transcript file comes down to: cues, and the error that names what is wrong with one.
"""

import html
import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, TypeGuard

from vivavoce.data.errors import VivaError
from vivavoce.features.transcript.personal import is_role
from vivavoce.features.transcript.words import HAN, Transcript, Word

MAX_SECONDS = 24 * 3600.0  # a recording is an interview, not an archive
SHOWN = 40  # characters of a bad value that an error repeats


class TranscriptError(VivaError):
    """A transcript file that cannot be used: names the file, the line (or JSON place), the value and the remedy.

    ``fault`` leaves the value out, which may be somebody's words: for tables that others read.
    """

    def __init__(self, file: Path, where: str, value: str, remedy: str) -> None:
        shown = value if len(value) <= SHOWN else f"{value[:SHOWN]}…"
        self.fault = f"{file.name}, {where}: {remedy}"
        super().__init__(f"{self.fault} Got {shown!r} instead.")
        self.file = file


@dataclass(frozen=True)
class Cue:
    """One stretch of text with its time: words of one speaker, or with word times where ``words`` is set."""

    start: float  # seconds
    end: float
    text: str
    speaker: str | None
    words: tuple[Word, ...] | None = None


def spread(cue: Cue) -> Iterator[Word]:
    """Words of a cue, its time shared out in proportion to their letters.

    Examples
    --------
    >>> [(word.text, word.start, word.end) for word in spread(Cue(0.0, 1.0, "so then", None))]
    [('so', 0.0, 0.333...), ('then', 0.333..., 1.0)]
    """
    tokens = cue.text.split()
    length, done = sum(map(len, tokens)), 0
    for token in tokens:
        start = cue.start + (cue.end - cue.start) * done / length
        done += len(token)
        yield Word(token, start, cue.start + (cue.end - cue.start) * done / length, None, cue.speaker)


LABEL_LENGTH = 60  # characters of a speaker's name
LABEL_LENGTH_HAN = 12

TIME = re.compile(r"(?:(\d{1,3}):)?([0-5]?\d):([0-5]?\d)[.,](\d{1,3})")
ARROW = re.compile(r"^\s*(\S+)\s+-->\s+(\S+)(?:\s.*)?$")
VOICE = re.compile(r"<v(?:\.[^ >]*)?\s+([^>]*)>")
TAG = re.compile(r"<[^>\n]*>")
LABEL = re.compile(rf"^\s*(?:-\s*)?([^\W\d_][^:：.!?。！？,，;；]{{0,{LABEL_LENGTH}}})[:：](?!//)\s*")
PARTICLES = frozenset(
    {"de", "da", "di", "van", "von", "der", "den", "la", "le", "el", "al", "bin", "ter", "del", "and"}
)


def read_vtt(path: Path, text: str) -> tuple[list[Cue], str | None]:
    """Cues of a WebVTT file (W3C WebVTT: The Web Video Text Tracks Format) and the language that its header states."""
    first, *_ = text.split("\n", 1)
    if not re.match(r"WEBVTT(?:[ \t].*)?\r?$", first):
        raise TranscriptError(path, "line 1", first.strip(), "A WebVTT file begins with the line 'WEBVTT'.")
    stated = re.search(r"(?im)^language:\s*(en|zh)\b", text)
    return _read_cues(path, text), stated.group(1).lower() if stated else None


def read_srt(path: Path, text: str) -> tuple[list[Cue], str | None]:
    """Cues of a SubRip file; it states no language."""
    cues = _read_cues(path, text)
    if not cues:
        first, *_ = text.strip().split("\n", 1)
        raise TranscriptError(
            path, "line 1", first, "A SubRip file holds cues with a line '00:00:01,000 --> 00:00:02,000'."
        )
    return cues, None


def _read_cues(path: Path, text: str) -> list[Cue]:
    """Blocks with a time line; blocks without one (NOTE, STYLE, REGION, header) hold no speech."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    blocks: list[tuple[float, float, list[str]]] = []
    inside = False
    for number, line in enumerate(lines, 1):
        if "-->" in line:
            found = ARROW.match(line)
            if not found:
                raise TranscriptError(path, f"line {number}", line.strip(), "A cue's times read 'start --> end'.")
            start, end = (_seconds(path, number, value) for value in found.groups())
            if end < start:
                raise TranscriptError(path, f"line {number}", line.strip(), "A cue ends no earlier than it starts.")
            blocks.append((start, end, []))
            inside = True
        elif not line.strip():
            inside = False
        elif inside:
            blocks[-1][2].append(line)
    return _with_labels([cue for block in blocks for cue in _voices(*block)])


def _seconds(path: Path, line: int, value: str) -> float:
    found = TIME.fullmatch(value)
    if not found:
        raise TranscriptError(path, f"line {line}", value, "A time reads hh:mm:ss.mmm.")
    hours, minutes, seconds, fraction = found.groups()
    total = int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds) + float(f"0.{fraction}")
    if total > MAX_SECONDS:
        raise TranscriptError(path, f"line {line}", value, f"A time lies within {MAX_SECONDS / 3600:.0f} hours.")
    return total


def _voices(start: float, end: float, lines: list[str]) -> Iterator[Cue]:
    """The parts of one cue: each line, and each voice tag within it, shares the cue's time by its length."""
    parts: list[tuple[str | None, str]] = []
    speaker: str | None = None  # a voice goes on over the lines of its cue
    for line in lines:
        pieces = VOICE.split(line)  # text, name, text, name, text …
        for name, piece in zip([None, *pieces[1::2]], pieces[0::2], strict=True):
            speaker = speaker if name is None else " ".join(html.unescape(name).split()) or None
            plain = html.unescape(TAG.sub("", piece)).strip()
            if plain:
                parts.append((speaker, plain))
    total, done = sum(len(text) for _, text in parts), 0
    for speaker, plain in parts:
        begin = start + (end - start) * done / total
        done += len(plain)
        yield Cue(begin, start + (end - start) * done / total, plain, speaker)


def _with_labels(cues: list[Cue]) -> list[Cue]:
    """Take ``Name:`` prefixes off the text.

    A file that names its speakers names the first one; in such a file, a cue without a name continues the turn.
    Where not every cue has a prefix, one that stands once and is neither the first nor a role (``Result: we grew``)
    is no name.
    """
    found = [None if cue.speaker else _label(cue.text) for cue in cues]
    if not found or found[0] is None:
        return cues
    names = [match.group(1).strip() if match else None for match in found]
    everywhere = all(name or cue.speaker for name, cue in zip(names, cues, strict=True))
    speakers = {
        name for name in names if name and (everywhere or name == names[0] or names.count(name) > 1 or is_role(name))
    }
    current: str | None = None
    labelled: list[Cue] = []
    for cue, match, name in zip(cues, found, names, strict=True):
        text = cue.text
        if match and name in speakers:
            current, text = name, text[match.end() :]
        elif cue.speaker:
            current = cue.speaker
        if text:
            labelled.append(Cue(cue.start, cue.end, text, current))
    return labelled


def _label(text: str) -> re.Match[str] | None:
    """The prefix that could be a name: capitalised words or a few Chinese characters before a colon."""
    found = LABEL.match(text)
    if not found:
        return None
    name = found.group(1).strip()
    if HAN.search(name):
        return found if len(name) <= LABEL_LENGTH_HAN or is_role(name) else None
    tokens = re.findall(r"[^\W_][^\s]*", name)
    capital = all(token[0].isupper() or token[0].isdigit() or token in PARTICLES for token in tokens)
    return found if tokens and len(tokens) <= 6 and (capital or is_role(name)) else None


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
