"""Chinese in either script is one language: the same measures, and quotes as they were written."""

import re

import opencc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import ROOT
from vivavoce.data.framework import load_frameworks
from vivavoce.data.script import is_traditional, pieces, simplified
from vivavoce.features.language import AnswerText, written_answer
from vivavoce.features.transcript.hygiene import mask, normalise
from vivavoce.features.transcript.words import Transcript, Word
from vivavoce.pipelines.written import PLAIN, Written, read_written, score_written

FRAMEWORKS = load_frameworks(ROOT / "data/frameworks")
INTERVIEWS = [
    one for one in read_written(ROOT / "tests/answers/zh.jsonl", FRAMEWORKS) if one.variant in (PLAIN, "terse")
]
TEXTS = [text for one in INTERVIEWS for text in one.answers.values()]
MIXED = "我們的網際網路軟體計程車資料庫裡,。 abc12着了進程著名于是"


@given(st.text(st.sampled_from(MIXED), max_size=60))
def test_pieces_are_the_text_and_its_simplification(text: str) -> None:
    found = list(pieces(text))
    assert "".join(written for written, _ in found) == text
    assert "".join(plain for _, plain in found) == simplified(text)
    assert all(written and plain for written, plain in found)


@pytest.mark.parametrize("text", TEXTS)
def test_simplified_text_stays_as_it_is(text: str) -> None:
    """Taiwan's phrase tables would turn 影像 and 进程 into other words."""
    assert not is_traditional(text)
    assert simplified(text) == text


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("發現頭髮", "发现头发"),
        ("皇后之後", "皇后之后"),
        ("衞生綫裏面", "卫生线里面"),
        ("軟體、程式碼與資料庫", "软件、代码与数据库"),
        ("客戶滿意度", "客户满意度"),
    ],
)
def test_one_to_many_and_regional_words(written: str, plain: str) -> None:
    assert simplified(written) == plain


@pytest.mark.parametrize("way", ["s2t", "s2tw", "s2hk", "s2twp", "s2hkp"])
@pytest.mark.parametrize("interview", INTERVIEWS, ids=lambda one: one.id)
def test_both_scripts_earn_the_same(way: str, interview: Written) -> None:
    """Half a point is the limit; what is seen is at most .1."""
    convert = opencc.OpenCC(way).convert
    other = interview.model_copy(update={"answers": {q: convert(text) for q, text in interview.answers.items()}})
    framework = FRAMEWORKS[interview.job]
    first, second = (score_written(one, framework, None).points for one in (interview, other))
    assert first is not None
    assert second is not None
    assert abs(first - second) <= 0.5


def test_quotes_are_as_written_and_measures_are_not() -> None:
    answer = written_answer("我們用網際網路改了軟體。", "zh")
    assert answer.quote((0, len(answer.words))) == "我們用網際網路改了軟體。"
    assert answer.passage((0, len(answer.words))) == "我们用互联网改了软件。"
    (span,) = [answer.surface.span(*found.span()) for found in re.finditer("互联网", answer.surface.text)]
    assert answer.quote(span) == "網際網路"


@pytest.mark.parametrize("name", ["劉曉東", "刘晓东"])
@pytest.mark.parametrize("text", ["我是劉曉東，曉東說軟體壞了。", "我是刘晓东，晓东说软件坏了。"])
def test_names_are_masked_in_either_script(name: str, text: str) -> None:
    said = mask(normalise(Transcript((Word(text, 0.0, 5.0),), "zh", "provided:vtt", False)), [name])
    answer = AnswerText(said.words, "zh")
    for shown in (answer.quote((0, len(said.words))), answer.passage((0, len(said.words)))):
        assert not set(shown) & set("劉曉東刘晓东"), shown
        assert shown.count("[name]") == 2


def test_a_second_pass_changes_nothing() -> None:
    once = normalise(Transcript((Word("我們用三十天改了網際網路軟體", 0.0, 5.0),), "zh", "provided:vtt", False))
    assert normalise(once) == once
