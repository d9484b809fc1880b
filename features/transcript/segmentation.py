"""Chinese word segmentation with jieba: same text, same words, no cache file, no message."""

import logging
import re
from functools import cache
from typing import Any

HAN_RANGE = r"\u3400-\u4dbf\u4e00-\u9fff"  # CJK Unified Ideographs and Extension A: what interviews are written in
HAN = re.compile(f"[{HAN_RANGE}]")


def segment(text: str) -> tuple[str, ...]:
    """Words of a Chinese text; together they are the text again.

    Examples
    --------
    >>> segment("我们一起解决了这个问题")
    ('我们', '一起', '解决', '了', '这个', '问题')
    """
    return tuple(_tokenizer().cut(text))


@cache
def _tokenizer() -> Any:
    """A private tokenizer.

    jieba's shared one reads ``jieba.cache`` from the temporary folder, where anyone may have put one, and writes it
    there; this one builds its dictionary from the package alone, in about a second.
    """
    import jieba

    jieba.setLogLevel(logging.WARNING)
    tokenizer = jieba.Tokenizer()
    tokenizer.FREQ, tokenizer.total = tokenizer.gen_pfdict(tokenizer.get_dict_file())
    tokenizer.initialized = True
    return tokenizer
