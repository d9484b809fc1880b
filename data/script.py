"""Chinese in either script: Simplified wherever words are compared, with the way back to what was written.

Recognisers and people write the same speech in Traditional or Simplified characters, and Taiwan has words of its own
(軟體, 資訊, 專案). OpenCC (Apache-2.0) converts by phrases first, then by characters. A text without a Traditional
character is left as it is: the phrase tables know Taiwan's words, and would turn a Mainland *进程* into another word.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

CLAUSE = re.compile(r"[^\s,.?!:;，。？！：；、]+|[\s,.?!:;，。？！：；、]+")  # no phrase reaches beyond it
LONGEST = 8  # characters of a phrase that the tables know, and a word more


def is_traditional(text: str) -> bool:
    """Whether a text holds a character that Simplified script writes otherwise.

    Examples
    --------
    >>> is_traditional("我們解決了問題"), is_traditional("我们解决了问题"), is_traditional("we did")
    (True, False, False)
    """
    return not text.isascii() and bool(_converter("hk2s").convert(text) != text)


def simplified(text: str) -> str:
    """The text in Simplified characters and Mainland words; one without a Traditional character as it is.

    Examples
    --------
    >>> simplified("我們用軟體解決了網際網路的問題"), simplified("进程")
    ('我们用软件解决了互联网的问题', '进程')
    """
    return "".join(plain for _, plain in pieces(text))


def pieces(text: str) -> Iterator[tuple[str, str]]:
    """Each piece as written and in Simplified script; together they are the text, and its simplification.

    A piece is one character on both sides, or a word that has another length in the other script.

    Examples
    --------
    >>> list(pieces("用網際網路"))
    [('用', '用'), ('網際網路', '互联网')]
    """
    if not is_traditional(text):
        yield from ((character, character) for character in text)
        return
    for clause in CLAUSE.findall(text):
        yield from _aligned(clause, _convert(clause))


def _aligned(written: str, plain: str) -> Iterator[tuple[str, str]]:
    """Characters that became characters one by one, and words of another length as a whole."""
    if len(written) == len(plain):
        yield from zip(written, plain, strict=True)
        return
    start = 0
    for end in range(1, len(written) + 1):
        after = written[end : end + LONGEST]
        if _convert(written[start:end]) + _convert(after) == _convert(written[start:end] + after):
            yield written[start:end], _convert(written[start:end])
            start = end


def _convert(text: str) -> str:
    """Taiwan's words and characters first, then what only Hong Kong writes."""
    return str(_converter("hk2s").convert(_converter("tw2sp").convert(text)))


@cache
def _converter(name: str) -> Any:
    import opencc

    return opencc.OpenCC(name)
