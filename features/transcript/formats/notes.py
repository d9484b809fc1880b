"""Texts with a line ``name time`` over each turn, and the Word documents of meeting tools, which hold the same."""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence

from vivavoce.features.transcript.formats.captions import seconds
from vivavoce.features.transcript.formats.cue import Cue, Mending, count_words
from vivavoce.features.transcript.formats.subtitles import NotXml, parse_xml
from vivavoce.features.transcript.label_forms import Likeness, likeness
from vivavoce.features.transcript.words import HAN

MAX_XML = 64 * 2**20  # bytes of a document's text unpacked: more is no interview
_AT = r"\d{1,3}[:：]\d\d(?:[:：]\d\d)?(?:[.,]\d{1,3})?"
_T = rf"[\[(（]?({_AT})[\])）]?(?:\s*(?:[-–—]+>?|~)\s*{_AT})?"
_AFTER = re.compile(rf"^(.{{0,80}}?)[\s|·•,，-]*+{_T}\s*+[:：]?\s*+$")
_BEFORE = re.compile(rf"^{_T}\s*[|·•-]?\s*(.{{0,80}}?)\s*$")
_INLINE = re.compile(
    rf"^{_T}\s*+[|·•-]?\s*+([^:：\s][^:：\n]{{0,79}}?)\s*+[:：]\s*+(\S.*)$"
    rf"|^([^:：\n]{{1,80}}?)\s*+{_T}(?:\s*+[:：])?\s++(\S.*)$"
)
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_PER_WORD, _PER_HAN = 0.4, 0.22  # seconds
HALF = 0.5  # seconds: whole ones are cut off, so that on average a turn begins half a second later
SLOW = 5.0  # times as long as its words take, from which a turn's words may stand anywhere in it


def has_turns(text: str) -> bool:
    """Whether at least two lines of a text set off turns by time."""
    found = 0
    for line in text.split("\n")[:4000]:
        found += _header(line.strip()) is not None
        if found > 1:
            return True
    return False


def read_notes(text: str, mending: Mending) -> list[Cue]:
    """Cues of such a text: a turn lasts until the next begins, or as long as its words take, if that is less."""
    turns: list[tuple[float, str | None, list[str]]] = []
    for line in map(str.strip, text.split("\n")):
        found = _header(line)
        if found is not None:
            start, name, said = found
            turns.append((start, name, [said] if said else []))
        elif line and turns:
            turns[-1][2].append(line)
    if all(start == int(start) for start, _, _ in turns):
        turns = [(start + HALF, name, lines) for start, name, lines in turns]
    nexts = next_beginnings([start for start, _, _ in turns])
    cues = []
    for i, (start, name, lines) in enumerate(turns):
        said = "\n".join(lines)
        if said:
            longest = start + _lasts(said)
            following = nexts[i]
            certain = following is None or following - start <= SLOW * (longest - start)
            if not certain:
                mending.note("turns with times that were guessed", words=count_words(said))
            cues.append(Cue(start, longest if following is None else following, said, name, certain=certain))
    if cues:
        mending.note("turns whose end is the next one's beginning", len(cues))
        mending.turns += [(cue.start, cue.end) for cue in cues]
    return cues


def _lasts(said: str) -> float:
    """Seconds that a text takes to say, without haste."""
    characters = len(HAN.findall(said))
    return 1.0 + _PER_HAN * characters + _PER_WORD * (count_words(said) - characters)


def next_beginnings(starts: Sequence[float | None]) -> list[float | None]:
    """For each beginning the next later one in its file; None where there is none.

    Examples
    --------
    >>> next_beginnings([1.0, 1.0, None, 2.0])
    [2.0, 2.0, 2.0, None]
    """
    found: list[float | None] = []
    later: list[float] = []  # ascending towards the front: what is not below one that comes sooner is never the next
    for start in reversed(starts):
        if start is None:
            found.append(later[-1] if later else None)
            continue
        while later and later[-1] <= start:
            later.pop()
        found.append(later[-1] if later else None)
        later.append(start)
    return found[::-1]


def _header(line: str) -> tuple[float, str | None, str] | None:
    """Time, name and what is said on the same line."""
    if not re.search(r"\d[:：]\d\d", line) or len(line) > 10_000:
        return None
    for pattern, at in ((_AFTER, (2, 1)), (_BEFORE, (1, 2))):
        found = pattern.match(line)
        if found:
            when, name = seconds(found.group(at[0])), found.group(at[1]).strip(" \t*_#|:：-–—")
            if when is not None and (not name or likeness(name) > Likeness.HEADING):
                return when, name or None, ""
    found = _INLINE.match(line)
    if found:
        time, name, said = found.group(1, 2, 3) if found.group(1) else (found.group(5), found.group(4), found.group(6))
        when = seconds(time)
        if when is not None and likeness(name) > Likeness.HEADING:
            return when, name.strip(" *_#"), said
    return None


def document_text(content: bytes) -> str:
    """The text of a Word document, a line for each paragraph, break and tab; macros, links and pictures are not opened.

    Raises
    ------
    NotXml
        Where it is no such document, or larger unpacked than 64 MiB.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            part = archive.getinfo("word/document.xml")
            if part.file_size > MAX_XML:
                raise NotXml(f"its text has {part.file_size} bytes")
            with archive.open(part) as stream:
                xml = stream.read(MAX_XML + 1)
    except (
        zipfile.BadZipFile,
        zlib.error,
        KeyError,
        ValueError,
        OSError,
        NotImplementedError,
        RuntimeError,
        EOFError,
    ) as error:
        raise NotXml(f"it is no Word document ({error})") from error
    if len(xml) > MAX_XML:
        raise NotXml("its text is larger than it says")
    return "\n".join(_paragraphs(xml))


def _paragraphs(xml: bytes) -> Iterator[str]:
    for paragraph in parse_xml(xml).iter(f"{_W}p"):
        said = []
        for one in paragraph.iter():
            if one.tag == f"{_W}t":
                said.append(one.text or "")
            elif one.tag in {f"{_W}br", f"{_W}cr"}:
                said.append("\n")
            elif one.tag == f"{_W}tab":
                said.append(" ")
        yield "".join(said)
