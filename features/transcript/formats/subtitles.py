"""Subtitles in other forms: Advanced SubStation, TTML (W3C), and the tab-separated times that Whisper writes."""

import re
from xml.etree import ElementTree

from vivavoce.data.errors import VivaError
from vivavoce.features.transcript.formats.captions import seconds, unrolled
from vivavoce.features.transcript.formats.cue import MAX_SECONDS, Cue, Mending, count_words

_TTM = "{http://www.w3.org/ns/ttml#metadata}"
_TTP = "{http://www.w3.org/ns/ttml#parameter}"
_XML_ID = "{http://www.w3.org/XML/1998/namespace}id"


class NotXml(VivaError):
    """A document that is not read: broken, or one that defines entities."""


def read_ass(text: str, mending: Mending) -> list[Cue]:
    """Cues of an ``.ass`` or ``.ssa`` file: its ``Dialogue`` lines under its own ``Format``."""
    names = ["layer", "start", "end", "style", "name", "marginl", "marginr", "marginv", "effect", "text"]
    cues: list[Cue] = []
    for line in text.split("\n"):
        kind, _, rest = line.strip().partition(":")
        if kind == "Format" and "Text" in rest:
            names = [one.strip().lower() for one in rest.split(",")]
        elif kind == "Dialogue":
            cell = dict(zip(names, rest.strip().split(",", len(names) - 1), strict=False))
            said = re.sub(r"\\[Nn]", "\n", cell.get("text", "")).replace("\\h", " ")
            name = cell.get("name", cell.get("actor", "")).strip() or None
            cues += _cue(seconds(cell.get("start", "")), seconds(cell.get("end", "")), said, name, mending)
    return unrolled(sorted(cues, key=lambda cue: cue.start), mending)


def read_tsv(text: str, mending: Mending) -> list[Cue]:
    """Cues of Whisper's ``.tsv``: start and end in milliseconds, text."""
    cues: list[Cue] = []
    for line in text.split("\n")[1:]:
        cells = line.split("\t")
        if len(cells) >= 3:
            start, end = (float(cell) / 1000 if re.fullmatch(r"\d+(?:\.\d+)?", cell) else None for cell in cells[:2])
            cues += _cue(start, end, " ".join(cells[2:]), None, mending)
        elif line.strip():
            mending.note("lines left out", words=count_words(line))
    return cues


def parse_xml(text: str | bytes) -> ElementTree.Element:
    """An XML document's root; one with a document type or entities is refused: they can grow without bound.

    Raises
    ------
    NotXml
        Where it is broken, or has them.
    """
    plain = text if isinstance(text, str) else text.decode("utf-8", "replace")
    if re.search(r"<!(?:DOCTYPE|ENTITY)", plain, re.IGNORECASE):
        raise NotXml("it defines a document type or entities")
    try:
        return ElementTree.fromstring(re.sub(r"^\s*<\?xml[^>]*\?>", "", plain))  # noqa: S314 - no entities, see above
    except (ElementTree.ParseError, ValueError) as error:
        raise NotXml(str(error)) from error


def read_ttml(text: str, mending: Mending) -> tuple[list[Cue], str | None]:
    """Cues of a ``.ttml`` or ``.dfxp`` document, with the names of its agents, and its language."""
    root = parse_xml(text)
    rates = {
        name: float(root.get(f"{_TTP}{name}", default)) for name, default in (("tickRate", "1"), ("frameRate", "30"))
    }
    agents = {one.get(_XML_ID, ""): " ".join("".join(one.itertext()).split()) for one in root.iter(f"{_TTM}agent")}
    cues: list[Cue] = []
    for one in root.iter():
        if one.tag.rpartition("}")[2] != "p":
            continue
        start, end = (_ttml_seconds(one.get(name, ""), rates) for name in ("begin", "end"))
        lasts = _ttml_seconds(one.get("dur", ""), rates)
        end = start + lasts if end is None and start is not None and lasts is not None else end
        agent = one.get(f"{_TTM}agent") or next(
            (each.get(f"{_TTM}agent") for each in one if each.get(f"{_TTM}agent")), None
        )
        for each in one.iter():
            if each.tag.rpartition("}")[2] == "br":
                each.text = "\n"
        said = "\n".join(" ".join(line.split()) for line in "".join(one.itertext()).split("\n"))
        cues += _cue(start, end, said.strip(), agents.get(agent, agent) if agent else None, mending)
    stated = root.get("{http://www.w3.org/XML/1998/namespace}lang", "")[:2].lower()
    return unrolled(cues, mending), stated if stated in ("en", "zh") else None


def _ttml_seconds(text: str, rates: dict[str, float]) -> float | None:
    counted = re.fullmatch(r"(\d+(?:\.\d+)?)(h|m|s|ms|f|t)", text)
    if counted:
        unit = {
            "h": 3600.0,
            "m": 60.0,
            "s": 1.0,
            "ms": 0.001,
            "f": 1 / (rates["frameRate"] or 30),
            "t": 1 / (rates["tickRate"] or 1),
        }
        return float(counted.group(1)) * unit[counted.group(2)]
    frames = re.fullmatch(r"(\d+:\d\d:\d\d):(\d+)", text)
    if frames:
        whole = seconds(frames.group(1))
        return None if whole is None else whole + int(frames.group(2)) / (rates["frameRate"] or 30)
    return seconds(text)


def _cue(start: float | None, end: float | None, text: str, name: str | None, mending: Mending) -> list[Cue]:
    if not text.strip():
        return []
    if start is None or start > MAX_SECONDS:
        mending.note("cues without a time, left out", words=count_words(text))
        return []
    if end is None or not start <= end <= MAX_SECONDS:
        mending.note("cues with times that were guessed", words=count_words(text))
        return [Cue(start, start + 0.35 * count_words(text), text, name, certain=False)]
    return [Cue(start, end, text, name)]
