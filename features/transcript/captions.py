"""Captions with cues: WebVTT and SubRip, their voice tags and their ``Name:`` prefixes."""

import html
import re
from collections.abc import Iterator
from pathlib import Path

from vivavoce.features.transcript.cue import MAX_SECONDS, Cue, TranscriptError
from vivavoce.features.transcript.personal import is_role
from vivavoce.features.transcript.segmentation import HAN

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
