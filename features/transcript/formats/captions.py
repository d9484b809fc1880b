"""Captions with time lines: WebVTT (W3C), SubRip and SubViewer, as meeting tools and recognisers really write them.

A bad element costs itself: a time that cannot be read is guessed from its neighbours, a blank line inside a cue does
not end it, an index that no blank line sets off is no word, what rolling captions repeat is said once.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from vivavoce.features.transcript.formats.cue import MAX_SECONDS, Cue, Mending, count_words, plain, share_out
from vivavoce.features.transcript.label_forms import Likeness, likeness

_ONE = r"-?\d{1,3}(?:[:：]\d{1,3}){0,2}(?:[.,]\d*)?|-?\d+(?:[.,]\d+)?"
ARROW = re.compile(r"^((?:[^\s–—-]|\s++(?![-–—]++>)|[-–—]++(?!>))*+)\s*+[-–—]++>\s*+(\S*)(?:\s.*)?$")
PAIR = re.compile(r"^\s*(\d+:\d\d:\d\d\.\d{3}),(\d+:\d\d:\d\d\.\d{3})\s*$")
_VOICE = re.compile(r"<v(?:\.[^ >]*)?\s+([^>]*)>")
_DROPPED = re.compile(r"(?:NOTE|STYLE|REGION)(?:\s|$)")
_QUOTED = re.compile(r"^(?:\d+\s+)?\"(.+)\"\s*(?:\(\d+\))?$")
_PER_WORD = 0.35  # seconds: how long a guessed cue takes
ROLLING = 0.25  # share of the cues that repeat the last one's text, from which captions roll


def seconds(text: str) -> float | None:
    """Seconds of a time as captions write it, with or without hours and fraction; None where it is none.

    Examples
    --------
    >>> [seconds(text) for text in ("00:00:20", "1:02.5", "00:00:01,000000", "-0.02", "soon")]
    [20.0, 62.5, 1.0, 0.0, None]
    """
    text = text.strip().replace("：", ":")
    if not re.fullmatch(_ONE, text):
        return None
    *larger, last = text.lstrip("-").replace(",", ".").split(":")
    total = float(last)
    for place, part in enumerate(reversed(larger), 1):
        total += int(part) * 60.0**place
    return 0.0 if text.startswith("-") else (total if total <= MAX_SECONDS else None)


def read_captions(text: str, mending: Mending) -> tuple[list[Cue], str | None]:
    """Cues of a captions file, and the language that its header states."""
    stated = re.search(r"(?im)\A[^\n]*\n(?:[^\n]+\n)*?language:\s*(en|zh)\b", text)
    blocks = list(_blocks(text.split("\n"), mending, webvtt=text.lstrip().startswith("WEBVTT")))
    timed = _timed(blocks, mending)
    cues = [cue for start, end, lines, name, certain in timed for cue in _voices(start, end, lines, name, certain)]
    return unrolled(cues, mending), stated.group(1).lower() if stated else None


_Block = tuple[str, str, list[str], str | None]  # start and end as written, lines, a name in the identifier


def _blocks(lines: Sequence[str], mending: Mending, *, webvtt: bool) -> Iterator[_Block]:
    block: _Block | None = None
    held: list[str] = []  # lines since the last time line; "" where a blank one stands
    for line in lines:
        found = ARROW.match(line) if re.search(r"[-–—]>", line) else PAIR.match(line)
        if found and (seconds(found.group(1)) is not None or seconds(found.group(2)) is not None or "-->" in line):
            if "-->" in line and not re.search(r"\s-->\s", line):
                mending.note("time lines without blanks")
            identifier = _identifier(held, webvtt=webvtt)
            if block is None:
                _before(held, mending, webvtt=webvtt)
            else:
                yield _filled(block, held, mending)
            block, held = (found.group(1), found.group(2), [], identifier), []
        else:
            held.append(line.strip())
    if block is not None:
        yield _filled(block, held, mending)


def _before(held: Sequence[str], mending: Mending, *, webvtt: bool) -> None:
    """Count what stands before the first time line and is no header: a cue's text that was lost from it."""
    headed = held.index("") if webvtt and "" in held else 0
    lost = [line for line in _filled(("", "", [], None), held[headed:], Mending())[2] if count_words(line) > 1]
    mending.note("lines before the first time", len(lost), words=sum(map(count_words, lost)))


def _identifier(held: list[str], *, webvtt: bool) -> str | None:
    """Take a cue's identifier off the lines before its times; the name that it holds, if any."""
    if not held or not held[-1]:
        return None
    last, apart = held[-1], len(held) < 2 or not held[-2]
    quoted = _QUOTED.match(last)
    if last.isdigit() or (apart and webvtt) or (apart and quoted):
        held.pop()
        if quoted:
            return quoted.group(1)
        named = likeness(re.sub(r"^\d+\s+|\s*\(\d+\)$", "", last)) >= Likeness.FULL and not re.search(
            r"\d[a-f-]|/", last
        )
        return re.sub(r"^\d+\s+|\s*\(\d+\)$", "", last) if named and re.search(r"[^\W\d_]{2}", last) else None
    return None


def _filled(block: _Block, held: Sequence[str], mending: Mending) -> _Block:
    start, end, lines, name = block
    dropping, blank = False, False
    for line in held:
        if not line:
            dropping, blank = False, True
            continue
        if blank and _DROPPED.match(line):
            dropping = True
        if not dropping:
            if blank and lines:
                mending.note("blank lines within cues")
            lines.append(line)
        blank = False
    return start, end, lines, name


def _timed(blocks: Sequence[_Block], mending: Mending) -> Iterator[tuple[float, float, list[str], str | None, bool]]:
    before = 0.0
    for i, (written_start, written_end, lines, name) in enumerate(blocks):
        start, end = seconds(written_start), seconds(written_end)
        words = count_words(plain(" ".join(lines)))
        mending.note("cues without words", int(not words))
        certain = start is not None and end is not None and end >= start
        if not certain:
            mending.note("cues with times that were guessed", words=words)
            following = seconds(blocks[i + 1][0]) if i + 1 < len(blocks) else None
            start = start if start is not None else before
            if end is None or end < start:
                end = start + _PER_WORD * max(words, 1)
                end = min(end, following) if following is not None and following > start else end
        elif "-" in (written_start.strip()[:1], written_end.strip()[:1]):
            mending.note("times before the beginning")
        assert start is not None
        assert end is not None
        before = max(before, end)
        yield start, end, lines, name, certain


def _voices(start: float, end: float, lines: Sequence[str], name: str | None, certain: bool) -> list[Cue]:
    """The parts of one cue: each voice tag within it shares the cue's time by its length."""
    parts: list[tuple[str | None, str]] = []
    speaker = name
    pieces = _VOICE.split("\n".join(lines))  # text, name, text, name, text …
    for voice, piece in zip([None, *pieces[1::2]], pieces[0::2], strict=True):
        speaker = speaker if voice is None else " ".join(plain(voice).split()) or None
        if re.search(r"\S", plain(piece)):
            parts.append((speaker, piece.strip()))
    return share_out(start, end, parts, certain=certain)


def unrolled(cues: Sequence[Cue], mending: Mending) -> list[Cue]:
    """The cues of captions that roll over the screen, each line once, where a file's captions do."""
    shown = [tuple(filter(None, (line.strip() for line in plain(cue.text).split("\n")))) for cue in cues]
    kept: list[Cue] = []
    rolled = 0
    for i, cue in enumerate(cues):
        before = shown[i - 1] if i else ()
        own = shown[i]
        same = next((k for k in range(min(len(own), len(before)), 0, -1) if own[:k] == before[-k:]), 0)
        joined, last = " ".join(own), " ".join(before)
        if (kept and joined == last and cue.start <= cues[i - 1].end and cue.start < cues[i - 1].end + 0.5) or (
            same and same == len(own)
        ):
            rolled += 1
        elif same:
            rolled += 1
            kept.append(replace(cue, text="\n".join(own[same:])))
        elif kept and last and joined.startswith(f"{last} ") and cue.start <= cues[i - 1].end:
            rolled += 1
            kept.append(replace(cue, text=joined[len(last) :].strip()))
        else:
            kept.append(cue)
    if rolled >= max(2, ROLLING * len(cues)):
        mending.note("captions that rolled", rolled)
        return kept
    return list(cues)
