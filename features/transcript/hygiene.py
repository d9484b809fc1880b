"""One spelling for every engine, and nothing that names or numbers a person.

``normalise`` first, then ``mask``; everything downstream, embeddings included, reads what ``mask`` returns.

Numbers in figures, whichever way a recogniser writes them: *twenty-five percent* and 25 %, 百分之二十 and 20%.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from vivavoce.data.script import pieces, simplified
from vivavoce.features.transcript.identifiers import (
    CODE,
    EMAIL,
    HANDLE,
    LINK,
    NUMBERS,
    hide_codes,
    hide_email,
    hide_handle,
    hide_link,
    hide_numbers,
)
from vivavoce.features.transcript.personal import (
    Letter,
    Letters,
    hide_name,
    names_pattern,
    respelt,
    written_as,
)
from vivavoce.features.transcript.words import HAN_RANGE, Transcript, Word, segment

_SMALL_WORDS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS_WORDS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_SMALL = {word: value for value, word in enumerate(_SMALL_WORDS)}
_TENS = {word: 10 * value for value, word in enumerate(_TENS_WORDS, 2)}
_SCALES = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9}
_NUMBER = "|".join([*_TENS, *sorted(_SMALL, key=len, reverse=True), *_SCALES])
_PERCENT = r"(?:\s+per\s?cent\b)"
_AND = "(?:(?<=hundred)|(?<=thousand)|(?<=million))\\s+and\\s+"
_OH = rf"oh(?=[\s-]+(?:{'|'.join(_SMALL_WORDS[:10])})\b)"  # how a nought is read out
ENGLISH = re.compile(
    rf"(?<![\w'.-])(?:a\s+(?={'|'.join(_SCALES)}))?(?:{_NUMBER})(?:(?:{_AND}|[\s-]+)(?:{_NUMBER}|{_OH}))*(?![\w'-]){_PERCENT}?"
    rf"|(?<=\d){_PERCENT}",
    re.IGNORECASE,
)

_HAN_DIGITS = {**{digit: value for value, digit in enumerate("零一二三四五六七八九")}, "〇": 0, "两": 2, "幺": 1}
_HAN_UNITS = {"十": 10, "百": 100, "千": 1000, "万": 10**4, "亿": 10**8}
_D, _U = "[一二两三四五六七八九]", "[十百千万亿]"
_HAN_NUMBER = rf"(?:{_D}{_U}+|十{_D}{_U}*)(?:零?{_D}{_U}+)*(?:零?{_D})?"
CHINESE = re.compile(
    rf"百分之(?P<percent>(?:{_HAN_NUMBER}|[十百]|{_D})(?:点[零一二三四五六七八九]+)?)"
    r"|(?P<digits>[零〇一二三四五六七八九幺]{7,})"
    rf"|(?<!{_D})(?P<number>{_HAN_NUMBER})"
)


def english_figures(found: re.Match[str]) -> str:
    """The figures of a match of ``ENGLISH``; a lone *one* stays a word, for it mostly is none of counting.

    Examples
    --------
    >>> ENGLISH.sub(english_figures, "one of the two teams saved twenty-five percent, two thousand and five hours")
    'one of the 2 teams saved 25%, 2005 hours'
    >>> ENGLISH.sub(english_figures, "oh well, five oh one")
    'oh well, 5 0 1'
    >>> ENGLISH.sub(english_figures, "five five five, one two")
    '5 5 5, 1 2'
    """
    text = found.group().lower()
    percent = re.search(r"\s*per\s?cent$", text)
    counted = text[: percent.start()] if percent else text
    words = [word for word in re.split(r"[\s-]+", counted) if word not in ("", "a", "and")]
    if words == ["one"] and not percent:
        return found.group()
    return " ".join(map(str, _values(words))) + ("%" if percent else "")


def _values(words: list[str]) -> list[int]:
    """Numbers that a row of number words names; a new one begins where the words do not combine."""
    values: list[int] = []
    total, current, last = 0, 0, 0  # `last` is the size of the word before: only smaller or multiplying ones combine
    for word in words:
        size = _SCALES.get(word) or _TENS.get(word) or _SMALL.get(word, 0)
        if word in _SCALES:
            if word == "hundred":
                current = max(current, 1) * 100
            else:
                total, current = total + max(current, 1) * size, 0
        elif last and not (word in _SMALL and 0 < size < 10 and last in _TENS.values()) and last < 100:
            values.append(total + current)
            total, current = 0, size
        else:
            current += size
        last = size if size else 1
    return _years([*values, total + current])


def _years(values: list[int]) -> list[int]:
    """*nineteen eighty-four* is one number."""
    joined: list[int] = []
    for value in values:
        if joined and joined[-1] in (19, 20) and 10 <= value <= 99:
            value += joined.pop() * 100
        joined.append(value)
    return joined


def chinese_figures(found: re.Match[str]) -> str:
    """The figures of a match of ``CHINESE``; single numerals stay, for many are parts of other words.

    Examples
    --------
    >>> CHINESE.sub(chinese_figures, "一个团队用三十五天把成本降低了百分之二十，省了三千零五元")
    '一个团队用35天把成本降低了20%，省了3005元'
    """
    if found["digits"]:
        return "".join(str(_HAN_DIGITS[digit]) for digit in found["digits"])
    whole, _, fraction = (found["percent"] or found["number"]).partition("点")
    figures = str(_han_value(whole))
    figures += "." + "".join(str(_HAN_DIGITS[digit]) for digit in fraction) if fraction else ""
    return figures + ("%" if found["percent"] else "")


def _han_value(text: str) -> int:
    total, section, digit = 0, 0, 0
    for character in text:
        if character in _HAN_DIGITS:
            digit = _HAN_DIGITS[character]
        elif _HAN_UNITS[character] >= 10**4:
            total, section, digit = (total + section + digit) * _HAN_UNITS[character], 0, 0
        else:
            section, digit = section + max(digit, 1) * _HAN_UNITS[character], 0
    if digit and len(text) > 1 and _HAN_UNITS.get(text[-2], 0) >= 100:
        digit *= _HAN_UNITS[text[-2]] // 10  # 三千五 is 3500
    return total + section + digit


MASKS = ("[name]", "[phone]", "[email]", "[link]", "[id]", "[card]")
WRITTEN_AROUND = ("[at]", "(at)", "{at}", "[dot]", "(dot)")  # of an e-mail address: no note of a transcriber
PAUSE = 0.5  # seconds: across a longer one, Chinese characters do not make a word
INVISIBLE = re.compile(r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060\ufeff]")
SPELLING = str.maketrans(
    {
        **{chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)},  # full-width forms
        **dict.fromkeys("‘’ʼ′", "'"),
        **dict.fromkeys("“”„″", '"'),
        **dict.fromkeys("‐‑‒", "-"),
        **dict.fromkeys("–―", "—"),
        "…": "...",
        "\u3000": " ",
        "\u00a0": " ",
        "\u202f": " ",
        "。": ".",
        "、": ",",
    }
)
SPELT = re.compile(f"[{re.escape(''.join(map(chr, SPELLING)))}]")
WIDE = str.maketrans({",": "，", ".": "。", "?": "？", "!": "！", ":": "：", ";": "；"})
NOTE = (
    r"[^()\d\s]+"  # words of a note in round brackets: at most three, no figures (a telephone number has an area code)
)
ANNOTATION = re.compile(
    rf"(?!{'|'.join(map(re.escape, (*MASKS, *WRITTEN_AROUND)))})"
    rf"(?:\[[^\[\]]{{0,60}}\]|\({NOTE}(?: {NOTE}){{0,2}}\)|[♪♫*]+)"
)
GROUPED = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?![\d,])")
BEFORE_MARK = re.compile(r"(?<! ) ++(?=[,.?!:;])")
BETWEEN_HAN = re.compile(rf"(?<=[{HAN_RANGE}，。？！：；]) +(?=[{HAN_RANGE}0-9])|(?<=[0-9%,.?!:;]) +(?=[{HAN_RANGE}])")
AFTER_HAN = re.compile(
    rf"(?<=[{HAN_RANGE}%])[,.?!:;](?=[{HAN_RANGE}\d\s—]|$)|(?<=\d)[,.?!:;](?=[{HAN_RANGE}\s—]|$)"
    rf"|(?<=[A-Za-z])[,.?!:;](?=\s*(?:[{HAN_RANGE}—]|$))"
)


def normalise(transcript: Transcript) -> Transcript:
    """The same words spelt the same way, whichever engine or person wrote them down.

    Unicode NFC; half-width letters and figures; straight quotes; numbers in figures without grouping; notes of the
    transcriber (``[laughter]``) dropped; punctuation on the word before it; Chinese in Simplified script, with Chinese
    punctuation and segmented by jieba. Fillers stay: they are a measure. Times, confidence and speakers are kept,
    and a second pass changes nothing.

    Examples
    --------
    >>> said = Transcript((Word("我们用了三十天", 0.0, 1.4), Word("。", 1.4, 1.4)), "zh", "provided:srt", False)
    >>> [word.text for word in normalise(said).words]
    ['我们', '用', '了', '30', '天。']
    >>> said = Transcript((Word("我們用軟體", 0.0, 1.4),), "zh", "provided:srt", False)
    >>> [(word.text, word.quoted) for word in normalise(said).words]
    [('我们', '我們'), ('用', '用'), ('软件', '軟體')]
    """
    return _each_speaker(transcript, _normalise_english if transcript.language == "en" else _normalise_chinese)


def mask(transcript: Transcript, names: Iterable[str] = ()) -> Transcript:
    """Personal data replaced by ``[name]``, ``[phone]``, ``[email]`` … across words, times kept.

    ``MASKS`` names all of them.

    Parameters
    ----------
    transcript
        Normalised.
    names
        Full names as the manifest gives them: of the candidate, and of whoever else is known. Their parts are masked
        too, and given names, nicknames and titles of Chinese ones (王小明: 小明, 小王, 王先生).

    Returns
    -------
    Transcript
        Speakers' names are personal data as well: they become ``s1``, ``s2`` … in the order of ``transcript.speakers``,
        so pick the candidate's turns *before*, or by that order.
    """
    label = {speaker: f"s{i}" for i, speaker in enumerate(transcript.speakers, 1)}
    who = names_pattern(simplified(name) for name in names)

    def hide(letters: Letters) -> Letters:
        letters = letters.substitute(EMAIL, hide_email)
        letters = letters.substitute(LINK, hide_link).substitute(HANDLE, hide_handle)
        letters = letters.substitute(CODE, hide_codes).substitute(NUMBERS, hide_numbers)
        return letters.substitute(who, hide_name) if who else letters

    masked = _each_speaker(transcript, hide)
    return replace(
        masked,
        words=tuple(replace(word, speaker=label[word.speaker] if word.speaker else None) for word in masked.words),
    )


def _each_speaker(transcript: Transcript, change: Callable[[Letters], Letters]) -> Transcript:
    """Apply a change to each speaker's own words, so that cross-talk does not tear them, and put all in time order."""
    changed: list[Word] = []
    for speaker in dict.fromkeys(word.speaker for word in transcript.words):
        changed += change(Letters.of(word for word in transcript.words if word.speaker == speaker)).words()
    return replace(transcript, words=tuple(sorted(changed, key=lambda word: word.start)))


def _spell(letters: Letters) -> Letters:
    if not unicodedata.is_normalized("NFC", letters.text):
        letters = letters.substitute(re.compile(r"\S+"), lambda found: unicodedata.normalize("NFC", found.group()))
    letters = letters.substitute(INVISIBLE, lambda _: "")
    letters = letters.substitute(SPELT, lambda found: found.group().translate(SPELLING))
    letters = letters.substitute(ANNOTATION, lambda _: " ")
    return letters.substitute(GROUPED, lambda found: found.group().replace(",", ""))


def _normalise_english(letters: Letters) -> Letters:
    return _spell(letters).substitute(ENGLISH, english_figures)


def _normalise_chinese(letters: Letters) -> Letters:
    letters = _simplified(_closed_up(_spell(letters).substitute(BEFORE_MARK, lambda _: "")))
    letters = letters.substitute(CHINESE, chinese_figures)
    letters = letters.substitute(AFTER_HAN, lambda found: found.group().translate(WIDE))
    return letters.cut(_segments(letters.text))


def _simplified(letters: Letters) -> Letters:
    """Chinese in Simplified script, each letter with how it was written; a second pass changes nothing."""
    kept: list[Letter] = []
    at = 0
    for written, plain in pieces(letters.text):
        old = letters.letters[at : at + len(written)]
        at += len(written)
        kept += old if written == plain else written_as(respelt(plain, old), written)
    return Letters(tuple(kept))


def _closed_up(letters: Letters) -> Letters:
    """Chinese without the blanks between characters, except where the speaker paused."""
    dropped: set[int] = set()
    for found in BETWEEN_HAN.finditer(letters.text):
        before, after = letters.letters[found.start() - 1], letters.letters[found.end()]
        if after.start - before.end <= PAUSE:
            dropped.update(range(*found.span()))
    return Letters(tuple(letter for i, letter in enumerate(letters.letters) if i not in dropped))


def _segments(text: str) -> Iterator[str]:
    """Pieces that together are the text: what is written in Latin script stays whole, the rest is segmented."""
    for piece in re.findall(r"[!-~]+|\s+|[^!-~\s]+", text):
        if piece[0].isascii():
            yield piece
        else:
            yield from segment(piece)
