"""Whether a few words at the head of a line are somebody's name, a heading, or a piece of a sentence."""

import re
import unicodedata
from enum import IntEnum
from functools import cache, lru_cache
from importlib.resources import files

import yaml

from vivavoce.features.transcript.personal import is_role
from vivavoce.features.transcript.words import HAN

LONGEST = 80  # characters of a label
LONGEST_HAN = 30
MOST_WORDS = 8
REMEMBERED = 1024  # labels judged of one file; ``forget_names`` lets go of them
PARTICLES = frozenset({"de", "da", "di", "van", "von", "der", "den", "la", "le", "el", "al", "bin", "ter", "del", "y"})

_BRACKETS = str.maketrans({"（": "(", "）": ")", "【": "[", "】": "]", "［": "[", "］": "]", "＠": "@"})
_ASIDE = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_EMAIL = re.compile(r"(?<![^\s@])[^\s@]++@[^\s@.]++(?:\.[^\s@.]++)+")
_PHONE = re.compile(r"\+?[\d][\d\s().-]{5,}\d")
_SENTENCE_END = re.compile(r"[!?。！？;；，、]|,.*,|\.{2,}|…")
_STEP = re.compile(r"(?:第[一二三四五六七八九十\d]+(?:步|点|个?阶段|方面|部分|项)?|[一二三四五六七八九十]+|其[一二三])")
_SENTENCE_HAN = re.compile("[我你您他她它咱这那哪就是因所但而把被也都还在有没不很为如如果]|一个|大家|自己")
_TIME = re.compile(r"\d{1,2}:\d\d(?::\d\d)?(?:[.,]\d+)?")


class Likeness(IntEnum):
    """How much a label looks like a person, ascending."""

    SENTENCE = 0  # words of a sentence
    HEADING = 1  # Result, 结果
    LOWER = 2  # a few words in lower case
    SINGLE = 3  # one word with a capital letter
    FULL = 4  # several such words, or a Chinese name
    MARKED = 5  # a title, an address, a function, a role: no heading has one
    KNOWN = 6  # a name that the manifest has


@lru_cache(maxsize=REMEMBERED)
def fold_name(name: str) -> str:
    r"""A name as names are compared: without case, width, way of writing accents, kinds of space and apostrophe, notes.

    Examples
    --------
    >>> fold_name("O’Neil,\u00a0ANNA (Guest)"), fold_name("王芳（外部）")
    ("o'neil, anna", '王芳')
    """
    folded = unicodedata.normalize("NFKC", name).translate(_BRACKETS)
    folded = re.sub(r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060\ufeff]", "", folded)
    bare = _ASIDE.sub(" ", folded)
    folded = bare if re.search(r"\w", bare) else folded
    folded = re.sub(r"[‘’ʼ′`´＇]", "'", re.sub(r"[‐‑‒–—]", "-", folded))
    return " ".join(folded.casefold().split()).strip(' @<>*_"#:[](){}|-')


def name_parts(label: str) -> str:
    """A label without what is no name in it: notes in brackets, titles, functions, times; for masking.

    Examples
    --------
    >>> name_parts("Dr. Anna Lee (Guest)"), name_parts("王芳.人力")
    ('Anna Lee', '王芳')
    """
    shape = unicodedata.normalize("NFKC", label).translate(_BRACKETS)
    bare = _ASIDE.sub(" ", _TIME.sub(" ", shape))
    lists = name_lists()
    kept = []
    for part in re.findall(r"[^\W_]+(?:['’-][^\W\d_]+)*", bare if re.search(r"\w", bare) else shape):
        low = part.casefold()
        known = low in lists["functions"] or low in lists["titles"] or low in lists["headings"]
        if not known and not (
            HAN.search(part) and any(part.endswith(word) for word in lists["functions"] if len(word) > 1)
        ):
            kept.append(part)
    return " ".join(kept)


@lru_cache(maxsize=REMEMBERED)
def likeness(label: str, known: frozenset[str] = frozenset()) -> Likeness:
    """How much a label looks like a person.

    Parameters
    ----------
    label
        Without the delimiter after it.
    known
        Names that the manifest has, folded.

    Examples
    --------
    >>> [likeness(label).name for label in ("Result", "Dr. Anna Lee", "Anna", "结果", "王芳", "and so we", "anna lee")]
    ['HEADING', 'MARKED', 'SINGLE', 'HEADING', 'FULL', 'SENTENCE', 'LOWER']
    """
    shape = " ".join(_TIME.sub(" ", unicodedata.normalize("NFKC", label).translate(_BRACKETS)).split())
    folded = fold_name(label)
    if folded and folded in known:
        return Likeness.KNOWN
    if not folded or not re.search(r"\w", shape) or len(shape) > LONGEST:
        return Likeness.SENTENCE
    if _EMAIL.search(shape) or _PHONE.fullmatch(folded):
        return Likeness.MARKED
    if is_role(folded):
        return Likeness.MARKED if len(folded.split()) <= MOST_WORDS else Likeness.SENTENCE
    if HAN.search(shape):
        return _chinese(shape, folded)
    return _latin(shape)


def _chinese(shape: str, folded: str) -> Likeness:
    lists = name_lists()
    core = re.sub(r"\s+", "", folded)
    if core in lists["headings_zh"] or _STEP.fullmatch(core):
        return Likeness.HEADING
    if re.search(r"[。！？；，、,;!?]", shape) or len(core) > LONGEST_HAN:
        return Likeness.SENTENCE
    marked = [word for word in lists["functions"] if HAN.search(word) and word in shape]
    if marked or re.search(r"[@(\[·.\-_/|]", shape):
        return Likeness.MARKED
    if _SENTENCE_HAN.match(core):
        return Likeness.SENTENCE
    own = "".join(HAN.findall(core))
    if 2 <= len(own) <= 4 and own[0] in lists["surnames_zh"]:
        return Likeness.FULL
    if any(core.startswith(word) or core.endswith(word) for word in lists["headings_zh"]):
        return Likeness.HEADING
    return Likeness.SINGLE if len(own) <= 6 else Likeness.LOWER


def _latin(shape: str) -> Likeness:
    lists = name_lists()
    bare = re.sub(r"(?<=\w)\.(?=\s|$)", "", _ASIDE.sub(" ", shape))
    pause = re.search(r"(\w{3,})\.\s+\w", shape)
    if _SENTENCE_END.search(shape) or (pause and pause.group(1).casefold() not in lists["titles"]):
        return Likeness.SENTENCE
    tokens = re.findall(r"[^\W_][\w'’.-]*", bare) or re.findall(r"[^\W_][\w'’.-]*", shape)
    low = [token.casefold().strip(".'’") for token in tokens]
    if not tokens or len(tokens) > MOST_WORDS:
        return Likeness.SENTENCE
    if all(word in lists["headings"] or word in lists["small"] or word.isdigit() or _ending(word) for word in low):
        return Likeness.HEADING
    aside = re.findall(r"[\w-]+", " ".join(_ASIDE.findall(shape)).casefold())
    spelt = [token for token in tokens if token.casefold() not in PARTICLES]
    capital = all(token[0].isupper() or not token[0].isalpha() for token in spelt)
    if low[0] in lists["titles"] or low[-1] in lists["titles"] or shape.startswith("@"):
        return Likeness.MARKED
    if any(word in lists["functions"] for word in aside) or (aside and capital):
        return Likeness.MARKED
    if capital and re.search(r"\b[A-Z]\.(?:\s|$)", shape):
        return Likeness.MARKED
    lowered = [
        word
        for i, (word, token) in enumerate(zip(low, tokens, strict=True))
        if i == 0 or token[0].islower() or token[0:2] in ("I", "I'")
    ]
    if any(word in lists["sentence"] for word in lowered if word not in PARTICLES):
        return Likeness.SENTENCE
    if capital and len(low) > 1 and ("," in shape or re.search(r"\b[A-Z]\b", shape)):
        return Likeness.MARKED
    if len(low) > 1 and low[-1] in lists["functions"]:
        return Likeness.MARKED
    if any(word in lists["headings"] for word in low) and not (capital and len(low) > 1):
        return Likeness.HEADING
    if capital:
        return Likeness.FULL if len(spelt) > 1 or re.search(r"[_\d.]", tokens[0]) else Likeness.SINGLE
    if len(low) == 1 and re.search(r"\d|_", low[0]):
        return Likeness.SINGLE
    return Likeness.LOWER if len(low) <= 4 else Likeness.SENTENCE


def _ending(word: str) -> bool:
    """Whether an English word ends as names hardly ever do."""
    return re.search(r"(?:tion|ment|ness|ability|ship|ology|ysis)s?$", word) is not None and len(word) > 6


def forget_names() -> None:
    """Let go of the labels of the last file: nothing of a recording is kept in a worker."""
    fold_name.cache_clear()
    likeness.cache_clear()


def is_note(text: str) -> bool:
    """Whether a line is a recorder's note that nobody said.

    Examples
    --------
    >>> [is_note(text) for text in ("(recording started)", "[Laughter]", "（录音开始）", "[Anna Lee]", "♪♪")]
    [True, True, True, False, True]
    """
    text = text.strip()
    inner = re.fullmatch(r"[\[(（【<*♪].*[\])）】>*♪]", text)
    if not inner:
        return not re.search(r"\w", text)
    words = re.findall(r"[\w-]+", text.casefold())
    return all(word in name_lists()["notes"] for word in words[:1]) or any(
        word in name_lists()["notes"] for word in words
    )


@cache
def name_lists() -> dict[str, frozenset[str]]:
    """The lists by name; ``surnames_zh`` holds single characters."""
    text = files("vivavoce.features.transcript").joinpath("headings.yaml").read_text(encoding="utf-8")
    lists = yaml.safe_load(text)
    lists.pop("version")
    return {name: frozenset(map(str, one)) for name, one in lists.items()}
