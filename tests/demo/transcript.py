"""Transcripts as the tools export them: Zoom and Teams WebVTT, SubRip, and a recogniser's JSON with words."""

import json
from collections.abc import Callable, Iterable

from tests.demo.voice import Cue, spread

SUFFIX = {"zoom": ".vtt", "teams": ".vtt", "srt": ".srt", "whisper": ".json"}


def clock(seconds: float, mark: str = ".") -> str:
    """Write a time as WebVTT does, or with ``mark`` a comma as SubRip does.

    Examples
    --------
    >>> clock(61.0314), clock(3600, ",")
    ('00:01:01.031', '01:00:00,000')
    """
    milliseconds = round(seconds * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{rest // 1000:02}{mark}{rest % 1000:03}"


def zoom(cues: Iterable[Cue]) -> str:
    """Number the cues and put the speaker's name before each text."""
    blocks = [
        f"{i}\n{clock(cue.start)} --> {clock(cue.end)}\n{cue.speaker}: {cue.text}\n" for i, cue in enumerate(cues, 1)
    ]
    return "\n".join(["WEBVTT\n", *blocks])


def teams(cues: Iterable[Cue]) -> str:
    """Mark each text with a voice span."""
    blocks = [f"{clock(cue.start)} --> {clock(cue.end)}\n<v {cue.speaker}>{cue.text}</v>\n" for cue in cues]
    return "\n".join(["WEBVTT\n", *blocks])


def srt(cues: Iterable[Cue]) -> str:
    """Write SubRip: numbered, commas in the times, no speakers."""
    blocks = [f"{i}\n{clock(cue.start, ',')} --> {clock(cue.end, ',')}\n{cue.text}\n" for i, cue in enumerate(cues, 1)]
    return "\n".join(blocks)


def whisper(cues: Iterable[Cue]) -> str:
    """Write segments with words as openai-whisper's JSON does; English words carry their leading space."""
    segments = []
    for i, cue in enumerate(cues):
        words = [
            {"word": word if len(word.encode()) > len(word) else f" {word}", "start": start, "end": end}
            for clause in cue.clauses
            for word, start, end in spread(clause)
        ]
        segments.append(
            {"id": i, "start": round(cue.start, 3), "end": round(cue.end, 3), "text": cue.text, "words": words}
        )
    document = {
        "text": "".join(str(segment["text"]) for segment in segments),
        "segments": segments,
        "language": "zh" if any("\u4e00" <= mark <= "\u9fff" for mark in str(segments[0]["text"])) else "en",
    }
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


WRITERS: dict[str, Callable[[Iterable[Cue]], str]] = {"zoom": zoom, "teams": teams, "srt": srt, "whisper": whisper}
