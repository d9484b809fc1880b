"""No text makes a pattern slow: searching four times as much takes about four times as long, never sixteen times."""

import importlib
import math
import pkgutil
import re
import time
from collections.abc import Callable, Iterator

import vivavoce
from vivavoce.features.language.lexicon import lexicon
from vivavoce.features.transcript.hygiene import mask, normalise
from vivavoce.features.transcript.personal import names_pattern
from vivavoce.features.transcript.words import Transcript, Word

FOLDERS = ("data", "features", "models", "evaluation", "fairness", "training", "pipelines")
ATOMS = (
    "100 ", "1 ", "1", "1.", "1:", "a", "a.", "a@", "a-", "a ", "(", "[", "<", "((a ", "一", "一百", "二十", "零",
    "twenty ", "twenty-", "one hundred and ", " ", "\n", "\t", ".", ",", "0,", "1,000,", "我", "我们", "说,", "跟他",
    "A", "Ab ", "Dr. ", '"', "'", "_", "//", "http://a", "a:", "00:00:", "{", "#", "a=", "é", "。", "，", "oh ", "+1 ",
    "(1", "a@b.", "@", "a.b.c@", "%", "~", "|", "*", "-", "a dot ", "a at ",
)  # fmt: skip
TAILS = ("", "\0!")  # what lets a match fail at its very end
SHORT, TIMES = 2_000, 4
SLOPE = 1.45  # of time on length, in logarithms: 1 is linear, 2 is quadratic
TRIES = 5  # a slow moment of the machine is no slope
NOISE_S = 0.004


def _patterns() -> Iterator[tuple[str, re.Pattern[str]]]:
    for folder in FOLDERS:
        package = importlib.import_module(f"{vivavoce.__name__}.{folder}")
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            module = importlib.import_module(found.name)
            yield from ((f"{found.name}.{name}", one) for name, one in vars(module).items() if _is_of_text(one))
    for language in ("en", "zh"):
        lists = lexicon(language)
        yield from ((f"{language} {name}", one) for name, one in vars(lists).items() if _is_of_text(one))
        yield from ((f"{language} {name}", one) for name, one in lists.structure.items())
        yield from ((f"{language} telling {name}", one) for name, one in lists.telling.patterns.items())
    names = names_pattern(["Anna Lee-Smith", "王小明", "欧阳娜"])
    assert names is not None
    yield "names", names


def _is_of_text(value: object) -> bool:
    return isinstance(value, re.Pattern) and isinstance(value.pattern, str)


def slope(search: Callable[[str], object], atom: str, tail: str = "") -> float:
    """How the time of a search grows with the text: the least of several looks; 0 where it is too short to tell."""
    texts = [(atom * (n // len(atom) + 1))[:n] + tail for n in (SHORT, SHORT * TIMES)]
    least = math.inf
    for _ in range(TRIES):
        short, long = (_seconds(search, text) for text in texts)
        if long < NOISE_S:
            return 0.0
        least = min(least, math.log(long / short, TIMES))
        if least < SLOPE:
            break
    return least


def _seconds(search: Callable[[str], object], text: str) -> float:
    start = time.process_time()
    search(text)
    return max(time.process_time() - start, 1e-6)


def test_patterns_are_linear() -> None:
    patterns = {(one.pattern, one.flags): name for name, one in _patterns()}
    assert len(patterns) > 100
    slow = []
    for (text, flags), name in patterns.items():
        pattern = re.compile(text, flags)
        for atom in ATOMS:
            for tail in TAILS:
                found = slope(lambda one, pattern=pattern: sum(1 for _ in pattern.finditer(one)), atom, tail)  # type: ignore[misc]
                if found >= SLOPE:
                    slow.append(f"{name} on {atom!r}: {found:.2f}")
    assert not slow, "\n".join(slow)


def test_a_quadratic_pattern_would_be_found() -> None:
    assert slow_of(r"\S+@\S+\.\w+") >= SLOPE


def slow_of(pattern: str) -> float:
    """The slope of one pattern on a run of letters."""
    return slope(lambda text: sum(1 for _ in re.finditer(pattern, text)), "a")


def test_masking_is_linear_in_figures_letters_and_signs() -> None:
    for atom in ("100 101 102 ", "1 2 ", "0791 ", "a@ ", "AB12 ", "twenty "):
        for language in ("en", "zh"):
            assert slope(lambda text, language=language: _masked(text, language), atom) < SLOPE, (atom, language)  # type: ignore[misc]


def _masked(text: str, language: str) -> Transcript:
    words = tuple(Word(one, i * 0.3, i * 0.3 + 0.2) for i, one in enumerate(text.split()))
    return mask(normalise(Transcript(words, language, "provided:vtt", False)), ["Anna Lee"])
