"""Transcripts as other tools export them: one door, whatever the format, to words with times and speakers.

What a file is, its content says and not its name's ending. Cue times are spread over the words of a cue in proportion
to their length, and the transcript says so (``word_times`` is False); only JSON with word times has measured ones.
``docs/transcripts.md`` lists what is read, tool by tool.
"""

import codecs
import re
from collections import Counter
from collections.abc import Collection
from itertools import accumulate, combinations
from pathlib import Path

from vivavoce.features.transcript.formats.captions import ARROW, PAIR, read_captions
from vivavoce.features.transcript.formats.cue import Cue, Mending, TranscriptError, count_words, spread
from vivavoce.features.transcript.formats.notes import document_text, has_turns, read_notes
from vivavoce.features.transcript.formats.recognised import NotJson, read_json
from vivavoce.features.transcript.formats.subtitles import NotXml, read_ass, read_tsv, read_ttml
from vivavoce.features.transcript.label_forms import forget_names
from vivavoce.features.transcript.labels import find_speakers
from vivavoce.features.transcript.words import HAN, Transcript

MAX_BYTES = 16 * 2**20  # 16 MiB; an hour of JSON with word times has about 2
HAN_SHARE = 0.2  # of the letters from which a transcript is Chinese: Chinese speakers of technical jobs mix in English
SAMPLE = 2**16  # bytes that tell an encoding
TIMED = frozenset({"vtt", "srt", "sbv", "ass", "ttml", "tsv"})  # with ends to cues, to a part of a second
FASTEST_EN, FASTEST_ZH = 6.5, 11.0  # words, characters a second: auctioneers
SENTENCE = 8  # words: nobody says as many twice in the same words
OUT_OF_ORDER_S = 10.0  # by which a cue may begin before one that stands above it: people talk at once
MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
READ = (
    "Read are WebVTT, SubRip, .sbv, .ass, .ttml, .tsv, JSON of whisper, whisperX, whisper.cpp, Deepgram, AssemblyAI, "
    "AWS Transcribe and Azure, and text or .docx with a line 'name time' over each turn "
    "(Otter, Teams, 飞书妙记, 腾讯会议, 通义听悟, 讯飞听见)."
)


def read_transcript(path: Path, *, language: str = "auto", known: Collection[str] = ()) -> Transcript:
    """Read one exported transcript.

    Parameters
    ----------
    path
        A file of at most 16 MiB in one of the formats of ``docs/transcripts.md``, in UTF-8, UTF-16, GB18030 or cp1252.
    language
        ``en``, ``zh``, or ``auto``: the file's own statement, else by its script.
    known
        Names that the manifest has: they are speakers wherever they stand as names.

    Returns
    -------
    Transcript
        Words in time order, times in seconds, engine ``provided:vtt``, ``provided:json`` …; as the file spells them:
        ``normalise`` and ``mask`` come next. Cues may overlap. Chinese is not yet segmented.

    Raises
    ------
    TranscriptError
        With file, line, value and remedy, for anything that is not such a file.
    OSError
        Where the file cannot be read.
    """
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise TranscriptError(path, "file", f"{size} bytes", f"A transcript has at most {MAX_BYTES} bytes.")
    content = path.read_bytes()[:MAX_BYTES]
    mending = Mending()
    try:
        kind, cues, stated = _read(path, content, mending)
    except NotJson as error:
        raise TranscriptError(path, "JSON", str(error), f"Write valid JSON of a known shape. {READ}") from error
    except NotXml as error:
        raise TranscriptError(path, "file", str(error), f"It cannot be read safely. {READ}") from error
    finally:
        forget_names()
    spoken_in = [cue for cue in cues if cue.text.strip()]
    cues = list({(cue.start, cue.end, cue.speaker, cue.text): cue for cue in spoken_in}.values())
    mending.note("cues that stood there twice", len(spoken_in) - len(cues))
    lines = Counter(line.strip() for cue in cues for line in cue.text.split("\n") if count_words(line) >= SENTENCE)
    mending.note("sentences that stand there twice", sum(count > 1 for count in lines.values()))
    latest = accumulate((cue.start for cue in cues), max, initial=0.0)
    mending.note(
        "cues out of order", sum(cue.start < before - OUT_OF_ORDER_S for cue, before in zip(cues, latest, strict=False))
    )
    labelled = find_speakers(sorted(cues, key=lambda cue: cue.start), known)
    forget_names()
    if any(cue.speaker for cue in labelled.cues):
        unnamed = sum(count_words(cue.text) for cue in labelled.cues if not cue.speaker and cue.words is None)
        mending.note("words of nobody who is named", unnamed)
        mending.note(
            "names that are nearly another's", _misspelt({cue.speaker for cue in labelled.cues if cue.speaker})
        )
    mending.note("cues with more words than can be said", sum(map(_rushed, labelled.cues)) if kind in TIMED else 0)
    words = [word for cue in labelled.cues for word in (spread(cue) if cue.words is None else cue.words)]
    spoken = sum(count_words(cue.text) for cue in labelled.cues)
    if language == "auto":
        language = stated or _language_of("".join(word.text for word in words))
    return Transcript(
        tuple(sorted(words, key=lambda word: word.start)),
        language,
        f"provided:{kind}",
        word_times=bool(cues) and all(cue.words is not None for cue in cues),
        labels=labelled.labels,
        unclear=labelled.unclear,
        account=mending.account(spoken),
    )


def _rushed(cue: Cue) -> bool:
    """Whether a cue's words cannot be said in its time: another cue's text, or another cue's times."""
    words, most = count_words(cue.text), FASTEST_ZH if HAN.search(cue.text) else FASTEST_EN
    return cue.words is None and words >= SENTENCE and words > most * (cue.end - cue.start + 0.2)


def _misspelt(names: Collection[str]) -> int:
    """How many pairs of names differ in one letter of six or more: one person, in a file that somebody typed.

    Examples
    --------
    >>> _misspelt({"Taylor Woods", "Taylor Woo7s", "Speaker 1", "Speaker 2"})
    1
    """
    return sum(
        sum(a != b for a, b in zip(one, other, strict=True)) == 1 and re.sub(r"\d", "", one) != re.sub(r"\d", "", other)
        for one, other in combinations(sorted(names)[:50], 2)
        if len(one) == len(other) >= 6
    )


def _read(path: Path, content: bytes, mending: Mending) -> tuple[str, list[Cue], str | None]:
    """What the content is, its cues, and the language that it states."""
    if content.startswith(b"PK\x03\x04"):
        return "docx", read_notes(document_text(content), mending), None
    text = _decoded(path, content, mending).replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    begin = text.lstrip("\ufeff \t\n")
    if begin[:1] in ("{", "[") and not re.match(r"\[[^\n\]]*\][^\n,]*\n|\{\\|\[Script Info", begin):
        cues, stated = read_json(begin, mending)
        return "json", cues, stated
    if re.match(r"<\?xml|<(?:\w+:)?tt[\s>]", begin):
        cues, stated = read_ttml(begin, mending)
        return "ttml", cues, stated
    if re.search(r"^\[Script Info\]|^Dialogue:", text, re.MULTILINE):
        return "ass", read_ass(text, mending), None
    if re.match(r"start\tend\t", begin):
        return "tsv", read_tsv(begin, mending), None
    if begin.startswith("WEBVTT") or any(ARROW.match(line) for line in text.split("\n") if "->" in line):
        cues, stated = read_captions(text.lstrip("\ufeff"), mending)
        return "vtt" if begin.startswith("WEBVTT") else "srt", cues, stated
    if any(map(PAIR.match, text.split("\n"))):
        return "sbv", read_captions(text, mending)[0], None
    if has_turns(text):
        return "text", read_notes(text, mending), None
    first = begin.split("\n", 1)[0]
    raise TranscriptError(path, "line 1", first, f"No transcript with times is known in this form. {READ}")


def _decoded(path: Path, content: bytes, mending: Mending) -> str:
    """The text, by its mark, as UTF-8, or in the encoding that its letters show; bytes that are none are counted."""
    named = next((name for mark, name in MARKS.items() if content.startswith(mark)), None)
    if named is None and content[:200].count(0) > len(content[:200]) // 4:
        named = "utf-16-be" if content[:1] == b"\0" else "utf-16-le"
    try:
        return content.decode(named or "utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        if named is not None:
            return _counted(content.decode(named, "replace"), mending)
        guessed = _guessed(content)
        if guessed is not None:
            foreign = sum(not letter.isascii() for letter in guessed) if _language_of(guessed) == "en" else 0
            mending.note("letters read in a guessed encoding", foreign)
            return _counted(guessed, mending)
        value = f"byte 0x{error.object[error.start]:02x}"
        raise TranscriptError(path, f"line {line}", value, "Save the transcript as UTF-8.") from error


def _counted(text: str, mending: Mending) -> str:
    """The text, its characters that could not be read in the account: each of them spoils a word."""
    lost = text.count("\ufffd")
    if lost:
        mending.note("characters that could not be read", lost, words=lost)
    return text


def _guessed(content: bytes) -> str | None:
    from charset_normalizer import from_bytes

    best = from_bytes(content[:SAMPLE], cp_isolation=["utf_16", "gb18030", "big5", "cp1252"]).best()
    if best is None:
        return None
    text = content.decode(best.encoding, "replace")
    return text if text.count("\ufffd") <= 0.01 * len(text) else None


def _language_of(text: str) -> str:
    letters = sum(character.isalpha() for character in text)
    return "zh" if letters and len(HAN.findall(text)) >= HAN_SHARE * letters else "en"
