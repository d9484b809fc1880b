"""What identifies a person by itself: e-mail addresses, links, telephones, identity papers, accounts, bank cards.

Every pattern is linear in the text: what repeats is possessive and begins where the text before it cannot go on.
"""

import re
from collections.abc import Callable
from functools import cache
from typing import Protocol

ENDS = (
    "com|org|net|edu|gov|info|biz|io|ai|me|co|cn|hk|tw|uk|ie|de|fr|es|it|nl|be|ch|at|se|no|dk|fi|pl|pt|eu|in|jp|kr|sg|my"
    "|au|nz|ca|us|br|mx|za"
)
DOT = r"(?:\.|\s?(?:\[dot\]|\(dot\)|点)\s?|\sdot\s)"
AT = r"\s?(?:@|\[at\]|\(at\)|\{at\}|艾特|小老鼠)\s?"
EMAIL = re.compile(
    r"(?<![a-z0-9._%+-])[a-z0-9._%+-]++(?:\s(?:dot|underscore|dash)\s[a-z0-9]++|(?:\[dot\]|\(dot\))[a-z0-9]++){0,6}"
    rf"(?:{AT}[a-z0-9-]++(?:{DOT}[a-z0-9-]++)++|\sat\s[a-z0-9-]++(?:\sdot\s[a-z0-9-]++){{0,3}}\sdot\s(?:{ENDS})\b)",
    re.IGNORECASE,
)
LINK = re.compile(
    r"(?<![\w@.-])(?:https?://|www\.|(?:[a-z0-9-]++\.){1,3}(?:com|net|org|io|cn)/)[^\s，。；、]++", re.IGNORECASE
)
HANDLE = re.compile(
    r"(?<![\w@])@[A-Za-z]\w{2,30}+(?!\w*[.@])"
    r"|(?P<named>微\s?信\s?号?\s?(?:是|[:：])\s?)[A-Za-z][\w-]{4,19}+"
)
NUMBERS = re.compile(r"(?<![\w.])[+(]?\d+(?:(?:[\s().-]{1,3}|(?<=\b\d),\s?(?=\d\b))\+?\d+)*[Xx]?(?![A-Za-z\d])")
GROUP = re.compile(r"\+?\d+[Xx]?")
CODE = re.compile(r"(?<!\w)[A-Za-z]{1,5}\s?\d[A-Za-z\d]*+(?:[\s-][A-Za-z\d]{1,4}(?!\w)){0,8}+(?:\([\dA]\))?(?!\w)")
PIECE = re.compile(r"[A-Za-z\d]+")
PHONE = re.compile(
    r"(?:86)?1[3-9]\d{9}"  # China, mobile
    r"|(?:86)?0\d{9,11}"  # China, fixed line with area code
    r"|1?[2-9]\d{2}[2-9]\d{6}"  # North America (NANP): area code and exchange begin with 2–9
)
INTERNATIONAL = re.compile(r"\+[1-9]\d{6,14}")  # E.164: at most 15 digits
LOCAL = re.compile(r"\d{3}-\d{4}|\d(?:[\s-]\d){6,}")  # a local number, or seven and more digits read out one by one
NATIONAL = re.compile(r"0\d{8,11}|[6-9]\d{9}")  # with the trunk prefix of most countries, or a mobile of India
REGIONS = ("GB", "IN", "DE", "FR", "TW", "JP", "KR", "AU", "IT", "ES", "NL", "SE", "CH", "AT", "NZ", "ZA", "MY")
SSN = re.compile(r"\d{3}[ -]\d{2}[ -]\d{4}")  # has no check digit: only as it is written
NINO = re.compile(r"[A-CEGHJ-PR-TW-Z]{2}\d{6}[A-D]")  # the same
DIGITS = range(7, 20)  # of what is masked: a local telephone to the longest card
MOST = 20  # groups of figures that one number is read out in
CARD_LENGTHS = range(13, 20)  # ISO/IEC 7812; the first digit of payment cards is 2–6


def hide_email(_: re.Match[str]) -> str:
    """The mask of a match of ``EMAIL``, set off from what it was glued to."""
    return " [email] "


def hide_link(_: re.Match[str]) -> str:
    """The mask of a match of ``LINK``."""
    return " [link] "


def hide_handle(found: re.Match[str]) -> str:
    """The mask of a match of ``HANDLE``; what says that it is one stays."""
    return f"{found['named'] or ''} [link] "


def hide_numbers(found: re.Match[str]) -> str:
    """The digits of a match of ``NUMBERS`` with identity cards, bank cards and telephone numbers replaced.

    Examples
    --------
    >>> NUMBERS.sub(hide_numbers, "call 212-555-0142 or +86 138 0013 8000, we sold 4000 in 2019")
    'call [phone] or [phone], we sold 4000 in 2019'
    >>> NUMBERS.sub(hide_numbers, "mine is 07911 123456, my Aadhaar 2341 2341 2346")
    'mine is [phone], my Aadhaar [id]'
    """
    return _hidden(found.group(), GROUP, _number)


def hide_codes(found: re.Match[str]) -> str:
    """A match of ``CODE`` with account and identity numbers that have letters replaced.

    Examples
    --------
    >>> CODE.sub(hide_codes, "to GB82 WEST 1234 5698 7654 32 please, by B2B and Q3")
    'to [card] please, by B2B and Q3'
    """
    return _hidden(found.group(), PIECE, _code)


def _hidden(text: str, piece: re.Pattern[str], kind: Callable[[str], str | None]) -> str:
    """A text whose longest runs of pieces that are something are masked, from the left."""
    groups = [group.span() for group in piece.finditer(text)]
    written, at, first = "", 0, 0
    while first < len(groups):
        for last in range(min(first + MOST, len(groups)) - 1, first - 1, -1):
            start, end = groups[first][0], groups[last][1]
            mask = kind(text[start:end]) if end - start <= 3 * MOST else None
            if mask:
                written += text[at:start].removesuffix("(") + mask
                at, first = end, last
                break
        first += 1
    return written + text[at:]


def _number(text: str) -> str | None:
    """Which mask covers this number, if any."""
    plain = re.sub(r"[^\dXx+]", "", text).upper()
    digits = plain.removeprefix("+")
    if len(digits) not in DIGITS:
        return None
    if PHONE.fullmatch(digits) or INTERNATIONAL.fullmatch(plain) or LOCAL.fullmatch(text) or _is_telephone(digits):
        return "[phone]"
    if _is_identity(digits, text):
        return "[id]"
    if plain.isdigit() and len(plain) in CARD_LENGTHS and plain[0] in "23456" and _numbers("luhn").is_valid(plain):
        return "[card]"
    return None


def _code(text: str) -> str | None:
    """Which mask covers this number with letters, if any."""
    plain = re.sub(r"[^A-Z\d]", "", text.upper())
    if len(plain) not in range(8, 35) or plain.isdigit() or plain.isalpha():
        return None
    if _numbers("iban").is_valid(plain):
        return "[card]"
    known = ("in_.pan", "es.dni", "es.nie", "it.codicefiscale", "mx.curp", "fi.hetu")
    return "[id]" if NINO.fullmatch(plain) or any(_numbers(name).is_valid(plain) for name in known) else None


def _is_identity(digits: str, text: str) -> bool:
    """Whether the check digits of an identity number are right: China, India, Korea, South Africa, Europe, Brazil."""
    if SSN.fullmatch(text):
        return bool(_numbers("us.ssn").is_valid(text.replace(" ", "-")))
    by_length = {
        11: ("de.idnr", "pl.pesel", "tr.tckimlik", "no.fodselsnummer", "br.cpf"),
        12: ("in_.aadhaar",),
        13: ("kr.rrn", "za.idnr"),
        15: ("fr.nir",),
        18: ("cn.ric",),
    }
    names = by_length.get(len(digits), ())
    return any(_numbers(name).is_valid(digits) for name in names)


def _is_telephone(digits: str) -> bool:
    """Whether it is a number of one of ``REGIONS`` as people there dial it at home."""
    if not NATIONAL.fullmatch(digits):
        return False
    import phonenumbers

    return any(phonenumbers.is_valid_number(phonenumbers.parse(digits, region)) for region in REGIONS)


@cache
def _numbers(name: str) -> "_Standard":
    """One standard number's module of python-stdnum."""
    from importlib import import_module

    found: _Standard = import_module(f"stdnum.{name}")  # type: ignore[assignment]
    return found


class _Standard(Protocol):
    """What python-stdnum's modules offer."""

    @staticmethod
    def is_valid(number: str) -> bool:
        """Whether form and check digits are right."""
