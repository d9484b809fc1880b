"""Numbers in figures, whichever way a recogniser writes them: *twenty-five percent* and 25 %, 百分之二十 and 20%."""

import re

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
