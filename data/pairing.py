"""Which recording belongs to which transcript, and whose both are: told by the names of files and folders alone.

One candidate has a folder, or files of one name. Nothing is opened, and what does not tell is listed with the reason.
"""

import os
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path, PurePosixPath

from vivavoce.data.interview import spoken_language
from vivavoce.data.manifest_row import TRANSCRIPTS

PICTURED = (".mp4", ".mov", ".mkv", ".webm", ".avi", ".m4v", ".mpg", ".mpeg", ".3gp", ".wmv", ".flv", ".ts")
SOUNDING = (".wav", ".mp3", ".m4a", ".flac", ".ogg", ".opus", ".aac", ".amr", ".aif", ".aiff", ".wma")
VIEWS = {"avo": 0, "gallery": 2, "gvo": 2, "as": 3}  # of a meeting: the speaker, anything else (1), all, the screen
STAMPS = (  # when, as tools write it into names; what begins with GMT or ends in UTC or Z says its zone
    re.compile(r"(?:gmt)?(?P<day>(?:19|20)\d{6})[-_T]?(?P<time>\d{6})(?:z|utc)?(?!\d)", re.IGNORECASE),
    re.compile(r"(?P<day>(?:19|20)\d\d-\d\d-\d\d)[ _T](?P<time>\d\d[.:-]\d\d[.:-]\d\d)(?!\d)"),
    re.compile(r"(?P<day>(?:19|20)\d\d-\d\d-\d\d)(?P<time>)(?!\d)"),
)
QUESTION = re.compile(
    r"(?<![^\W_])(?:q|question|answer)[\s_.-]?0*(\d{1,2})(?![^\W_])|(?:问题|第)0*(\d{1,2})(?:题|问|个问题)?",
    re.IGNORECASE,
)
TONGUE = re.compile(
    r"(?<=[\s_.(-])(en(?:[-_](?:us|gb|au|ca))?|eng|english|zh(?:[-_](?:cn|tw|hk|hans|hant))?|chs|yue|中文|英文|英语|粤语)"
    r"(?![^\W_])",
    re.IGNORECASE,
)
ABBREVIATED = {"eng": "en", "chs": "zh"}
KIND = re.compile(  # says what a file is, not whose
    r"(?<![^\W_])(?:(?:audio|video|zoom)_?\d+|part[\s_-]?\d+|recordings?|record|meetings?|transcri(?:pt|pts|ption)|captions?|subtitles?|cc|audio|video|media|only|"
    r"interviews?|with|avo|gvo|as|gallery|view|speaker|zoom|teams|webex|otter(?:[._ ]?ai)?|final|cloud|closed|"
    r"\d{3,4}p|\d{3,4}x\d{3,4}|mp4|m4a)(?![^\W_])|\(\d{1,2}\)"
    r"|视图录制|云录制|会议录制|录制文件|录制|录像|录音|文字转写|转写|智能优化版|逐字稿|文字稿|文字记录|字幕|原文|面试",
    re.IGNORECASE,
)
HOST = re.compile(
    r"zoom meeting|personal meeting|快速会议|个人会议|预定的会议", re.IGNORECASE
)  # named by who called it
NO_TRANSCRIPT = {
    "a chat, not what was said": re.compile(r"(?<![^\W_])chat(?![^\W_])|newchat|聊天", re.IGNORECASE),
    "a summary, not what was said": re.compile(r"(?<![^\W_])(?:summary|minutes)(?![^\W_])|纪要|总结", re.IGNORECASE),
}
CAPTIONS = re.compile(r"(?<![^\W_])(?:cc|closed[\s_]?captions?)(?![^\W_])", re.IGNORECASE)
LONGEST = 100  # letters of an id
SINGLE_TRACKS = re.compile(r"audio record", re.IGNORECASE)
WORD = re.compile(r"[^\W_]+")
GAPS = re.compile(r"[\s_.,()\[\]（）【】-]{2,}")


@dataclass(frozen=True)
class Said:
    """What a name says: words that are somebody's (folded, and as written), when, which question, which language."""

    words: tuple[str, ...]
    shown: str
    stamp: str = ""  # digits
    recorded_at: datetime | None = None  # where the name says its zone
    question: str | None = None
    language: str | None = None
    view: int = 1  # of VIEWS


@dataclass(frozen=True)
class LeftOut:
    """A file that is in no row, and why."""

    path: str
    why: str

    def __str__(self) -> str:
        return f"{self.path}: {self.why}"


@dataclass(frozen=True)
class Pair:
    """One interview's files, each by its question (None: the only one), and what their names say.

    ``by_host`` is whether the name that stands for the candidate may be that of whoever called the meeting.
    """

    candidate: str
    interview: str
    media: Mapping[str | None, PurePosixPath]
    transcript: Mapping[str | None, PurePosixPath]
    language: str | None = None
    recorded_at: datetime | None = None
    by_host: bool = False

    @property
    def files(self) -> tuple[PurePosixPath, ...]:
        """All of them."""
        return (*self.media.values(), *self.transcript.values())


def read_name(name: str) -> Said:
    """Take a file's name apart, without its ending.

    Examples
    --------
    >>> read_name("Interview with Anna Lee-20250301_100000-Meeting Recording").shown
    'Anna Lee'
    >>> said = read_name("c-0412_q2.zh-CN.transcript")
    >>> said.shown, said.question, said.language
    ('c-0412', 'q2', 'zh')
    >>> read_name("GMT20250301-100000_Recording_avo_640x360").recorded_at.isoformat()
    '2025-03-01T10:00:00+00:00'
    """
    text = unicodedata.normalize("NFKC", name)
    stamp, moment = "", None
    for pattern in STAMPS:
        if found := pattern.search(text):
            stamp = re.sub(r"\D", "", found["day"] + found["time"])
            moment = _moment(stamp, found[0].casefold())
            text = pattern.sub(" ", text, count=1)
            break
    question = QUESTION.search(text)
    text = QUESTION.sub(" ", text, count=1)
    tongue = TONGUE.search(text)
    text = TONGUE.sub(" ", text, count=1)
    view = next((VIEWS[one] for one in WORD.findall(text.casefold()) if one in VIEWS), 1)
    left = GAPS.sub(" ", KIND.sub("  ", text)).strip(" _.,-()[]（）【】")
    language = None
    if tongue:
        language = str(spoken_language(ABBREVIATED.get(tongue[1].casefold(), tongue[1])))
    number = f"q{question[1] or question[2]}" if question else None
    return Said(tuple(WORD.findall(left.casefold())), left, stamp, moment, number, language, view)


def _moment(stamp: str, written: str) -> datetime | None:
    zoned = len(stamp) == 14 and (written.startswith("gmt") or written.endswith(("z", "utc")))
    try:
        return datetime.strptime(f"{stamp}+0000", "%Y%m%d%H%M%S%z") if zoned else None
    except ValueError:
        return None


def list_files(root: Path) -> tuple[list[PurePosixPath], list[LeftOut]]:
    """Every file below a folder, in order, by its path there; links and hidden files are listed and not followed."""
    found: list[PurePosixPath] = []
    left: list[LeftOut] = []
    for folder, folders, names in os.walk(root):
        here = PurePosixPath(Path(folder).relative_to(root).as_posix())
        for name in sorted(
            [*names, *(one for one in folders if one.startswith(".") or (Path(folder) / one).is_symlink())]
        ):
            path = here / name
            if (root / path).is_symlink():
                left.append(LeftOut(str(path), "a link: put the file itself there"))
            elif name.startswith((".", "~$")) or name in ("Thumbs.db", "desktop.ini"):
                left.append(LeftOut(str(path), "hidden"))
            else:
                found.append(path)
        folders[:] = sorted(one for one in folders if not one.startswith(".") and not (Path(folder) / one).is_symlink())
    return found, left


Key = tuple[str, tuple[str, ...], str]  # a meeting: its folder, the words of its name, when it was


@dataclass(frozen=True)
class _File:
    path: PurePosixPath
    folder: str  # without those that only say what lies in them
    said: Said

    @property
    def key(self) -> Key:
        return self.folder, self.said.words, self.said.stamp

    @property
    def rank(self) -> int:
        """Among recordings of one meeting, least first: pictures before sound, the speaker before all others."""
        return self.said.view + 10 * (self.path.suffix.lower() in SOUNDING)


@dataclass
class _Sorted:
    """Recordings and transcripts of meetings, each by its question, and what is in none."""

    meetings: dict[Key, dict[str | None, _File]]
    words: dict[Key, dict[str | None, _File]]
    left: list[LeftOut]
    language: str | None
    torn: set[tuple[Key, str | None]] = field(default_factory=set)  # with transcripts in two languages

    def leave(self, one: _File, why: str) -> None:
        self.left.append(LeftOut(str(one.path), why))

    def choose(self, key: Key, several: Sequence[_File]) -> None:
        """Take one recording of a question: of several views of one meeting the best, and none where nothing tells."""
        first, *others = sorted(several, key=lambda one: (one.rank, str(one.path)))
        if any(one.rank == first.rank for one in others):
            names = ", ".join(one.path.name for one in several)
            for one in several:
                self.leave(one, f"{names} are alike in name: keep one, join them, or name them by question (q1, q2)")
            return
        self.meetings.setdefault(key, {})[first.said.question] = first
        for one in others:
            self.leave(one, f"the same meeting: {first.path.name} is taken")

    def match(self, one: _File) -> bool:
        """Give a transcript to the one meeting of its name; whether there is any."""
        *named, stamp = one.key
        fits = [key for key in self.meetings if [*key[:2]] == named and (key[2] == stamp or not stamp or not key[2])]
        fits = [key for key in fits if key[2] == stamp] or fits
        if len(fits) > 1:
            self.leave(one, "several recordings have its name: write the time into its own, too")
        elif fits:
            self.give(one, fits[0])
        return bool(fits)

    def give(self, one: _File, key: Key) -> None:
        """Give a transcript to a meeting, or say why it is not taken."""
        recordings, words, question = self.meetings[key], self.words.setdefault(key, {}), one.said.question
        if question is None and len(recordings) == 1:
            question = next(iter(recordings))
        if question not in recordings:
            self.leave(one, f"no recording of {question}" if question else "it does not say of which question it is")
        elif (key, question) in self.torn or (question in words and self.differ(words[question], one)):
            why = "transcripts in several languages: keep the one that was spoken, or give --language"
            for each in [one, *([words.pop(question)] if question in words else [])]:
                self.leave(each, why)
            self.torn.add((key, question))
        elif question in words:
            self.leave(one, f"another transcript: {words[question].path.name} is taken")
        else:
            words[question] = one

    def differ(self, one: _File, other: _File) -> bool:
        """Whether one of two transcripts is a translation, and nothing says which."""
        spoken = {one.said.language, other.said.language}
        return None not in spoken and len(spoken) > 1 and self.language not in spoken

    def match_rest(self, lonely: Sequence[_File]) -> None:
        """In a folder with one recording and one transcript left they belong together, unless both name somebody."""
        for one in lonely:
            beside = [key for key in self.meetings if key[0] == one.folder and key not in self.words]
            alone = sum(other.folder == one.folder for other in lonely) == 1
            if len(beside) == 1 and alone and not (one.said.words and beside[0][1]):
                self.give(one, beside[0])
            else:
                self.leave(one, "no recording of this name")


def pair(paths: Iterable[PurePosixPath], language: str | None = None) -> tuple[list[Pair], list[LeftOut]]:
    """Recordings with their transcripts, an interview each, and every file that is in none.

    Parameters
    ----------
    paths
        Files below one folder.
    language
        That was spoken where a name does not say it: of transcripts in several languages it is taken.

    Examples
    --------
    >>> found, left = pair(map(PurePosixPath, ["anna.mp4", "anna.en.vtt", "ben/q1.webm", "ben/q2.webm", "chat.txt"]))
    >>> [(one.candidate, sorted(map(str, one.files))) for one in found]
    [('anna', ['anna.en.vtt', 'anna.mp4']), ('ben', ['ben/q1.webm', 'ben/q2.webm'])]
    >>> print(*left)
    chat.txt: a chat, not what was said
    """
    sort = _Sorted({}, {}, [], language)
    recordings: dict[tuple[Key, str | None], list[_File]] = {}
    transcripts: list[_File] = []
    for one in map(_placed, paths):
        suffix, parts = one.path.suffix.lower(), one.path.parts[:-1]
        why = next((why for why, pattern in NO_TRANSCRIPT.items() if pattern.search(one.path.stem)), None)
        if suffix in (*PICTURED, *SOUNDING) and not any(map(SINGLE_TRACKS.fullmatch, parts)):
            recordings.setdefault((one.key, one.said.question), []).append(one)
        elif suffix in TRANSCRIPTS and why is None:
            transcripts.append(one)
        elif suffix in SOUNDING:
            sort.leave(one, "one participant's own track: the meeting's recording is taken")
        else:
            sort.leave(one, why or "neither a recording nor a transcript by its ending")
    for (key, _), several in recordings.items():
        sort.choose(key, several)
    for found in sort.meetings.values():
        if None in found and len(found) > 1:
            sort.leave(found.pop(None), "others of its name say their question: name it by its own, too (q1, q2)")
    transcripts.sort(key=lambda one: (TRANSCRIPTS.index(one.path.suffix.lower()), str(one.path)))
    transcripts.sort(key=lambda one: bool(CAPTIONS.search(one.path.stem)))  # captions were made on the way
    transcripts.sort(key=lambda one: one.said.language != language)
    sort.match_rest([one for one in transcripts if not sort.match(one)])
    return _named(sort), sorted(sort.left, key=lambda one: one.path)


def _placed(path: PurePosixPath) -> _File:
    """A file with its folder, without those that only say what lies in them; a folder may say which question it is."""
    said, parts = read_name(path.stem), list(path.parts[:-1])
    while parts:
        above = read_name(parts[-1])
        if above.words or above.stamp or (above.question and said.question):
            break
        said = replace(said, question=said.question or above.question, language=said.language or above.language)
        parts.pop()
    if parts and set(said.words) <= set(read_name(parts[-1]).words):
        said = replace(said, words=())  # the folder has said it
    nothing = not (parts or said.words or said.stamp or said.question)
    if nothing and path.suffix.lower() not in TRANSCRIPTS:
        said = replace(said, words=tuple(WORD.findall(path.stem.casefold())), shown=path.stem)
    return _File(path, "/".join(parts), said)


def _named(sort: _Sorted) -> list[Pair]:
    """Pairs with ids: the name, or the folder's; what has the same name elsewhere is told apart by its path."""
    shown = {key: _shown(key, next(iter(files.values()))) for key, files in sort.meetings.items()}
    found = []
    for key, files in sort.meetings.items():
        name, by_host = shown[key]
        if any(other[:2] != key[:2] and same.casefold() == name.casefold() for other, (same, _) in shown.items()):
            name = next(iter(files.values())).path.with_suffix("").as_posix()
        again = sum(other[:2] == key[:2] for other in sort.meetings) > 1 and key[2] not in name
        given = sort.words.get(key, {})
        told = [one.said for one in (*files.values(), *given.values())]
        media, transcript = (
            {at: one.path for at, one in sorted(some.items(), key=lambda item: item[0] or "")}
            for some in (files, given)
        )
        language = next((one.language for one in told if one.language), None)
        moment = next((one.recorded_at for one in told if one.recorded_at), None)
        name = name[:LONGEST]
        found.append(Pair(name, f"{name} {key[2]}" if again else name, media, transcript, language, moment, by_host))
    return found


def _shown(key: Key, one: _File) -> tuple[str, bool]:
    """What stands for the candidate, and whether it may be whoever called the meeting."""
    folder, words, stamp = key
    if words:
        by_host = bool(HOST.search(one.path.stem))
        return f"{one.said.shown} {stamp}".strip() if by_host else one.said.shown, by_host
    if folder:
        name = PurePosixPath(folder).name
        return name, bool(HOST.search(name)) or not read_name(name).words
    return stamp or one.path.stem, True
