"""Who said it: speakers' names at the heads of cues, decided for a whole file and not cue by cue.

A name is taken off the text where the file shows that it is one: a role, a name that the manifest has, what repeats or
stands where names stand. What may be a name and cannot be told is counted; whoever reads the file must then not say who
spoke. Headings within an answer (``Result:``, ``结果：``) stay words.
"""

import itertools
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from vivavoce.features.transcript.formats.cue import Cue, plain, share_out
from vivavoce.features.transcript.label_forms import LONGEST, Likeness, fold_name, is_note, likeness

_TIME = r"(?:[\[(（【]?\s{0,3}\d{1,2}[:：]\d\d(?:[:：]\d\d)?(?:[.,]\d+)?(?:\s{0,3}[\])）】])?)"
_CLOCK = re.compile(rf"(?:^|(?<=\s)|(?<=[:：])){_TIME}(?=\s|$|[:：\-–—])\s*[-–—]?\s*")
_LEAD = re.compile(r"^(?:>>+|&gt;&gt;|[-–—*#_~|•·►▶»=+\\/\"“”「『]+)\s*(?=\S)")
_COLON = re.compile(rf"^([^\n:：]{{1,{LONGEST}}}?)\s*+[*_~\"”」』|]*+\s*+[:：](?!//|\d\d\b)\s*+[*_~]*+\s*")
_BRACKET = re.compile(
    r"^[\[【(（<《「『{]([^\[\]【】()（）<>{}《》「」『』\n]{1,80}(?:[(（][^()（）]*[)）])?)[\]】)）>》」』}]\s*[:：\-–—|]?\s*"
)
_DASH = re.compile(rf"^([^\n:：]{{1,{LONGEST}}}?)(?:\s++[-–—~·•/=]++\s+|——|--)")
_BAR = re.compile(rf"^([^\n:：]{{1,{LONGEST}}}?)(?:\t|[^\S\t]*+(?:\||[=-]?>|\t|»|／))\s*")
_ENCLOSED = re.compile(r"^[\[【(（<《「『{]([^()（）\[\]]*(?:[(（][^()（）]*[)）])?)[\]】)）>》」』}]$")
_AT = re.compile(r"^[@＠](\S+(?:\s[A-Z][\w'’.-]*){0,2})[\s,，]*")
_INSIDE = re.compile(
    r"(?:(?<=[.!?…\"”])(?<!\bDr\.)(?<!\bM[rs]\.)(?<!\bMrs\.)(?<!\bProf\.)(?<!\b[A-Z]\.)\s+|(?<=[。！？]))(?=(?:>>\s*)?[@\[(【（]?[^\W_][^:：\n!?。！？]{0,59}[:：](?!//|\d\d))"
)
_ENDED = re.compile(r"[.!?。！？…\"”)\]）】]\s*$")
_TAIL = re.compile(
    r"(?:[\[(（【]([^\[\]()（）【】\n]{2,60})[\])）】]|\s[–—-]{1,2}\s*([^\W\d_][^\n.!?。！？]{1,40}))\s*$"
)
_SET_OFF = re.compile(
    r"^\W{0,3}(?P<name>[^\W\d_][\w'’.-]*(?: [^\W\d_][\w'’.-]*)??)"
    r"(?P<mark>\s*[:：=;；~>]|,?\s+(?:says?|said)\b|说[:：，])"  # no dots: who hesitates sets words off by them
)
SHORT = 25  # characters of a line that is no line of captions, which are broken at forty
ESTABLISHED = 0.5  # share of the spoken lines with a label from which a file is one that names its speakers


@dataclass(frozen=True)
class _Head:
    """What may be a label at the head of a line: where it ends, how it is set, how much it looks like a person."""

    name: str
    end: int
    style: str
    like: Likeness


@dataclass(frozen=True)
class _Line:
    """A line of a cue; ``first`` in its cue; ``continues`` a sentence that was not ended before it."""

    cue: int
    text: str
    first: bool
    alone: bool  # nothing else stands on it but what may be a name
    continues: bool
    more: bool  # others follow it in its cue
    turned: bool  # a mark says that somebody else begins
    head: _Head | None


@dataclass(frozen=True)
class Labelled:
    """Cues with their speakers, every label found, and how many places may be a name and cannot be told."""

    cues: tuple[Cue, ...]
    labels: tuple[str, ...]
    unclear: int


def find_speakers(cues: Sequence[Cue], known: Collection[str] = ()) -> Labelled:
    """Take the speakers' labels off the text of a file's cues.

    Parameters
    ----------
    cues
        In the order of the file; those with a speaker keep it.
    known
        Names that the manifest has.

    Examples
    --------
    >>> found = find_speakers([Cue(0, 1, "Anna Lee: Why?"), Cue(1, 2, "Bo Li: I sell."), Cue(2, 3, "Result: it grew.")])
    >>> [(cue.speaker, cue.text) for cue in found.cues], found.unclear
    ([('Anna Lee', 'Why?'), ('Bo Li', 'I sell.'), ('Bo Li', 'Result: it grew.')], 0)
    """
    folded = frozenset(filter(None, map(fold_name, known)))
    stated = {fold_name(cue.speaker) for cue in cues if cue.speaker}
    named_by_format = len(stated) > 1 or bool(stated & folded) or any(cue.words and cue.speaker for cue in cues)
    lines = list(_lines(cues, folded | stated, skip_named=named_by_format))
    taken, unclear = _decide(lines, folded)
    repeats = _repeats(taken, lines)
    found: list[Cue] = []
    current: str | None = None
    by_cue: dict[int, list[_Line]] = {}
    for line in lines:
        by_cue.setdefault(line.cue, []).append(line)
    for number, cue in enumerate(cues):
        own = by_cue.get(number, [])
        if not own and cue.words is None and not (cue.speaker and named_by_format):
            continue  # a recorder's note
        if not own:
            current = cue.speaker or (None if stated else current)
            found.append(replace(cue, text=" ".join(plain(cue.text).split()), speaker=current))
            continue
        if not any(line in taken for line in own) and (cue.speaker or repeats or stated):
            current = cue.speaker
        parts: list[tuple[str | None, str]] = []
        for line in own:
            text = line.text
            if line in taken and line.head is not None:
                current, text = line.head.name, text[line.head.end :].strip()
            if text and re.search(r"\w", text):
                parts.append((current, text))
        said = _joined(parts)
        if len(said) == 1:  # its times stay as they are, to the last bit
            found.append(replace(cue, speaker=said[0][0], text=said[0][1]))
        else:
            found += share_out(cue.start, cue.end, said, certain=cue.certain)
    labels = dict.fromkeys(cue.speaker for cue in (*cues, *found) if cue.speaker)
    if len({fold_name(one) for one in labels}) == 1 and not stated:
        unclear += _only_named(next(iter(labels)), lines, taken, folded)
    maybe = dict.fromkeys(line.head.name for line in lines if line.head and line.head.like >= Likeness.MARKED)
    return Labelled(tuple(found), tuple({**labels, **maybe}), unclear)


def _only_named(label: str, lines: Sequence[_Line], taken: set[_Line], known: frozenset[str]) -> bool:
    """Whether the one speaker who is named may be another than the candidate: an interviewer, or one seldom named."""
    if fold_name(label) in known:
        return False
    everywhere = {line.cue for line in lines if line in taken} == {line.cue for line in lines}
    return (
        not everywhere
        or re.match(r"interviewer|host|recruiter|moderator|面试官|主持|招聘", fold_name(label)) is not None
    )


def _joined(parts: list[tuple[str | None, str]]) -> list[tuple[str | None, str]]:
    joined: list[tuple[str | None, str]] = []
    for speaker, text in parts:
        if joined and joined[-1][0] == speaker:
            joined[-1] = (speaker, f"{joined[-1][1]} {text}")
        else:
            joined.append((speaker, text))
    return joined


def _lines(cues: Sequence[Cue], known: frozenset[str], *, skip_named: bool) -> Iterator[_Line]:
    ended = True
    for number, cue in enumerate(cues):
        if cue.words is not None or (cue.speaker and skip_named):
            ended = True
            continue
        said = [text.strip() for raw in plain(cue.text).split("\n") for text in _INSIDE.split(raw)]
        said = [text for text in said if text and not is_note(text)]
        for place, text in enumerate(said):
            head, turned = _head(text, known)
            alone = head is not None and not re.search(r"\w", text[head.end :])
            yield _Line(number, text, place == 0, alone, not ended, place + 1 < len(said), turned, head)
            ended = bool(_ENDED.search(text)) or alone


def _head(text: str, known: frozenset[str]) -> tuple[_Head | None, bool]:
    """The most name-like reading of a line's head, and whether a mark before it says that the speaker changes."""
    lead = _LEAD.match(text)
    begin = lead.end() if lead else 0
    turned = bool(lead and re.match(r">>|[-–—]", text) and re.match(r"[^\W\d_a-z]|[\[(@]", text[begin:]))
    rest = text[begin:]
    clock = _CLOCK.match(rest)
    if clock:
        begin, rest = begin + clock.end(), rest[clock.end() :]
    readings = []
    for style, pattern in (("colon", _COLON), ("bracket", _BRACKET), ("at", _AT), ("bar", _BAR), ("dash", _DASH)):
        found = pattern.match(rest)
        if found:
            name = _CLOCK.sub(" ", found.group(1)).strip(' *_~"“”「」『』|-–—')
            name = _ENCLOSED.sub(r"\1", name)
            readings.append(_reading(name, begin + found.end(), style, known))
    own = _CLOCK.sub(" ", rest).strip(' *_~#:："')
    if own and len(own) <= LONGEST and (clock or not re.search(r"(?<!\b\w)[.!?。！？,，;；]\s*$", rest)):
        readings.append(_reading(own, len(text), "line", known))
    elif clock or re.search(_TIME, rest):
        timed = re.match(rf"^(.{{1,60}}?)\s*{_TIME}\s*[:：\-–—]?\s*", rest)
        if timed:
            readings.append(_reading(timed.group(1), begin + timed.end(), "time", known))
    least = Likeness.HEADING if text[0] in "@＠" else Likeness.SENTENCE
    readings = [one for one in readings if one.like > least]
    if not turned and not readings and re.match(r"[@＠#*_~|►▶»\\=]", text):
        readings.append(_Head("", begin, "sign", Likeness.LOWER))
    return max(readings, key=lambda one: one.like, default=None), turned


def _reading(name: str, end: int, style: str, known: frozenset[str]) -> _Head:
    like = likeness(name, known)
    if style == "bracket" and is_note(f"[{name}]"):
        like = Likeness.SENTENCE
    return _Head(name, end, style, like)


def _decide(lines: Sequence[_Line], known: frozenset[str]) -> tuple[set[_Line], int]:
    """Lines whose head is a speaker, and how many others may be."""
    heads = [line for line in lines if line.head is not None and line.head.like not in {Likeness.HEADING}]
    count = Counter(fold_name(line.head.name) for line in heads if line.head and line.first)
    spoken = len({line.cue for line in lines}) or 1

    def sure(line: _Line) -> bool:
        head = line.head
        if head is None or head.like <= Likeness.HEADING or head.style == "sign":
            return False
        if head.style == "line":
            return line.first and head.like >= Likeness.MARKED
        return head.like is Likeness.KNOWN or (head.like is Likeness.MARKED and head.style != "dash")

    def of_kind(line: _Line, least: Likeness, styles: Collection[str]) -> bool:
        return line.head is not None and line.head.like >= least and line.head.style in styles

    taken = {line for line in heads if sure(line)}
    shaped = {
        line.cue for line in heads if line.first and of_kind(line, Likeness.SINGLE, ("colon", "bracket", "at", "time"))
    }
    own = {line.cue for line in heads if line.first and of_kind(line, Likeness.SINGLE, ("line",))}
    styles = Counter(line.head.style for line in taken if line.head)
    established = len(shaped) >= ESTABLISHED * spoken or bool(styles)
    lines_of_names = len(own) >= ESTABLISHED * spoken and any(
        count[fold_name(one.head.name)] > 1 for one in heads if one.head
    )
    for line in heads:
        head = line.head
        assert head is not None
        again = count[fold_name(head.name)]
        if head.style in {"colon", "bracket", "time", "at"} and head.like >= Likeness.SINGLE:
            everywhere = len(shaped) >= 0.8 * spoken
            if line.continues and not everywhere:
                continue
            first = line is lines[0] and len(shaped) > 1
            full = head.like >= Likeness.FULL and (again > 1 or established)
            if everywhere or first or full:
                taken.add(line)
        if head.style == "line" and line.first and lines_of_names and head.like >= Likeness.SINGLE:
            taken.add(line)
    names = {fold_name(line.head.name) for line in taken if line.head}
    taken |= {
        one
        for one in heads
        if one.head and fold_name(one.head.name) in names and one.head.style not in {"line", "sign"}
    }
    unclear = sum(_may_be_name(line, taken, count) for line in lines)
    return taken, (
        unclear
        + _turns(lines, taken)
        + _unmarked(lines, taken, names | known)
        + _tails(lines, names | known)
        + _set_off_alike(lines, taken)
    )


def _set_off_alike(lines: Sequence[_Line], taken: set[_Line]) -> int:
    """Cues most of which open with a word or two and one and the same mark, whatever it is: names set in an odd way."""
    first = [line for line in lines if line.first and line not in taken]
    heads: dict[str, list[str]] = {}
    for line in first:
        found = _SET_OFF.match(line.text)
        if found and likeness(found["name"]) >= Likeness.LOWER:
            heads.setdefault(found["mark"].strip().casefold(), []).append(fold_name(found["name"]))
    alike = [names for names in heads.values() if len(set(names)) > 1 and len(names) > len(set(names))]
    return sum(len(names) for names in alike if len(names) >= ESTABLISHED * len(first))


def _may_be_name(line: _Line, taken: set[_Line], count: Counter[str]) -> bool:
    """Whether a line that was left as words may begin with a speaker's name."""
    head = line.head
    if head is None or line in taken or head.like <= Likeness.HEADING:
        return False
    again = count[fold_name(head.name)] > 1
    if head.style == "sign":
        return True
    if head.style in {"colon", "time"}:
        if head.like is Likeness.LOWER or line.continues:
            return (bool(taken) and not line.continues) or (again and head.like > Likeness.LOWER)
        return True
    if head.style == "line":
        if head.like is Likeness.LOWER:
            short = len(line.text) <= SHORT and not line.continues
            return bool(taken) and line.first and line.more and (short or re.search(_TIME, line.text) is not None)
        return line.first and line.alone and head.like >= (Likeness.SINGLE if again else Likeness.FULL)
    if head.style == "dash":
        lower = head.like is Likeness.LOWER and bool(taken) and line.first and not line.continues
        return lower or head.like >= Likeness.FULL or (again and head.like >= Likeness.SINGLE)
    return head.like > Likeness.LOWER or bool(taken)


def _turns(lines: Sequence[_Line], taken: set[_Line]) -> int:
    """Marks of another speaker without a name, after the first words."""
    return sum(line.turned and line not in taken for line in lines[1:])


def _unmarked(lines: Sequence[_Line], taken: set[_Line], names: Collection[str]) -> int:
    """Names that stand at the heads of several cues with nothing after them that sets them off."""
    if not names and len(lines) < 4:
        return 0
    rest = [line for line in lines if line.first and line not in taken]
    plainly = [fold_name(line.text) for line in rest]
    of_names = sum(any(name and text.startswith(f"{name} ") for name in names) for text in plainly)
    pairs: Counter[tuple[str, ...]] = Counter()
    for line in rest:
        tokens = line.text.split()
        if len(tokens) > 2 and not re.search(r"[:：]", tokens[0]) and likeness(" ".join(tokens[:2])) >= Likeness.FULL:
            pairs[tuple(tokens[:2])] += 1
    common = sum(count for count in pairs.values() if count > 1)
    return (of_names if of_names > 1 else 0) + (common if common >= 0.3 * len(rest) else 0)


def _tails(lines: Sequence[_Line], names: Collection[str]) -> int:
    """Names that stand at the ends of cues."""
    ends = [found for line in lines if (found := _TAIL.search(line.text))]
    tails = [(one.group(1) or one.group(2)).strip() for one in ends]
    count = Counter(fold_name(tail) for tail in tails)
    return sum(
        not is_note(f"[{tail}]")
        and (
            fold_name(tail) in names
            or likeness(tail) >= Likeness.MARKED
            or (count[fold_name(tail)] > 1 and likeness(tail) >= Likeness.SINGLE)
        )
        for tail in tails
    )


def _repeats(taken: set[_Line], lines: Sequence[_Line]) -> bool:
    """Whether the file names the speaker at every cue, so that a cue without a name continues nobody's turn."""
    named = [fold_name(line.head.name) for line in lines if line in taken and line.first and line.head]
    spoken = len({line.cue for line in lines})
    again = sum(one == other for one, other in itertools.pairwise(named))
    return again >= 2 and len(named) >= 0.8 * spoken
