"""One spelling for every engine, and nothing that names or numbers a person.

``normalise`` first, then ``mask``; everything downstream, embeddings included, reads what ``mask`` returns.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from vivavoce.features.transcript.letters import Letters
from vivavoce.features.transcript.numerals import CHINESE, ENGLISH, chinese_figures, english_figures
from vivavoce.features.transcript.personal import EMAIL, NUMBERS, hide_email, hide_name, hide_numbers, names_pattern
from vivavoce.features.transcript.segmentation import HAN_RANGE, segment
from vivavoce.features.transcript.words import Transcript, Word

MASKS = ("[name]", "[phone]", "[email]", "[id]", "[card]")
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
    rf"(?!{'|'.join(map(re.escape, MASKS))})(?:\[[^\[\]]{{0,60}}\]|\({NOTE}(?: {NOTE}){{0,2}}\)|[♪♫*]+)"
)
GROUPED = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?![\d,])")
BEFORE_MARK = re.compile(r" +(?=[,.?!:;])")
BETWEEN_HAN = re.compile(rf"(?<=[{HAN_RANGE}，。？！：；]) +(?=[{HAN_RANGE}0-9])|(?<=[0-9%,.?!:;]) +(?=[{HAN_RANGE}])")
AFTER_HAN = re.compile(
    rf"(?<=[{HAN_RANGE}%])[,.?!:;](?=[{HAN_RANGE}\d\s—]|$)|(?<=\d)[,.?!:;](?=[{HAN_RANGE}\s—]|$)"
    rf"|(?<=[A-Za-z])[,.?!:;](?=\s*(?:[{HAN_RANGE}—]|$))"
)


def normalise(transcript: Transcript) -> Transcript:
    """The same words spelt the same way, whichever engine or person wrote them down.

    Unicode NFC; half-width letters and figures; straight quotes; numbers in figures without grouping; notes of the
    transcriber (``[laughter]``) dropped; punctuation on the word before it; Chinese with Chinese punctuation and
    segmented by jieba. Fillers stay: they are a measure. Times, confidence and speakers are kept,
    and a second pass changes nothing.

    Examples
    --------
    >>> said = Transcript((Word("我们用了三十天", 0.0, 1.4), Word("。", 1.4, 1.4)), "zh", "provided:srt", False)
    >>> [word.text for word in normalise(said).words]
    ['我们', '用', '了', '30', '天。']
    """
    return _each_speaker(transcript, _normalise_english if transcript.language == "en" else _normalise_chinese)


def mask(transcript: Transcript, names: Iterable[str] = ()) -> Transcript:
    """Personal data replaced by ``[name]``, ``[phone]``, ``[email]``, ``[id]``, ``[card]``, across words, times kept.

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
    who = names_pattern(names)

    def hide(letters: Letters) -> Letters:
        letters = letters.substitute(EMAIL, hide_email)
        letters = letters.substitute(NUMBERS, hide_numbers)
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
    letters = _closed_up(_spell(letters).substitute(BEFORE_MARK, lambda _: ""))
    letters = letters.substitute(CHINESE, chinese_figures)
    letters = letters.substitute(AFTER_HAN, lambda found: found.group().translate(WIDE))
    return letters.cut(_segments(letters.text))


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
