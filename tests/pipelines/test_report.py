"""The report in a real browser: quiet, self-contained, ordered, and deaf to what candidates write into it."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from tests.browser import Visit, visit
from tests.conftest import ROOT
from tests.pipelines.runs import DEMO, ROWS
from vivavoce.data.framework import load_frameworks
from vivavoce.data.manifest import read_manifest
from vivavoce.data.status import MediaStatus, Reason, RowStatus
from vivavoce.models.score import OVERALL, Evidence, Quote, Score
from vivavoce.pipelines.report.blocks import known
from vivavoce.pipelines.scoring.configuration import declared_features
from vivavoce.pipelines.scoring.outputs import AnswerResult, Result, Row, status_table
from vivavoce.pipelines.scoring.report import mended, write_report

HOSTILE = (
    "<script>document.title='owned';console.error('owned')</script><img src=http://evil.example/x onerror=alert(1)>"
)
RUN = {
    "configuration": {"profile": "all"}, "models": ["0" * 64], "standing": "experimental",
    "notes": [HOSTILE, {"en": HOSTILE, "zh": f"{HOSTILE}."}],
    "finished": "2026-11-22T10:00:00+00:00", "versions": {"vivavoce": "0", "python": "3"},
}  # fmt: skip


class Headings(HTMLParser):
    """Levels of the headings, and ids that links lead to."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.levels: list[int] = []
        self.ids: set[str] = set()
        self.links: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if re.fullmatch("h[1-6]", tag):
            self.levels.append(int(tag[1]))
        named = dict(attrs)
        if named.get("id"):
            self.ids.add(str(named["id"]))
        if tag == "a":
            self.links.add(str(named["href"]))


@pytest.fixture(scope="module")
def opened(demo: Path) -> Visit:
    return visit(demo / "report.html", height=3000)


@pytest.mark.xdist_group("demo")
class TestOfTheDemo:
    def test_nothing_is_complained_about_or_asked_for(self, opened: Visit) -> None:
        assert opened.console == ()
        assert opened.requests == ()

    def test_headings_are_in_order(self, opened: Visit) -> None:
        levels = Headings(opened.dom).levels
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(after <= before + 1 for before, after in pairwise(levels))

    def test_links_lead_somewhere(self, opened: Visit) -> None:
        page = Headings(opened.dom)
        assert {f"#{name}" for name in page.ids} >= page.links
        assert len(page.links) >= len(ROWS)

    def test_there_is_something_to_see(self, opened: Visit) -> None:
        assert opened.picture.shape[:2] == (3000, 1200)
        for third in (opened.picture[:1000], opened.picture[1000:2000], opened.picture[2000:]):
            assert third.std() > 5
            assert len(set(map(bytes, third.reshape(-1, 3)[::97]))) > 10

    def test_every_interview_is_listed_with_its_end(self, opened: Visit) -> None:
        for name in ROWS:
            assert f">{name}</a>" in opened.dom
        assert all(reason in opened.dom for reason in ("no_audio", "no_consent", "human_route", "partial_media"))


def hostile_row() -> Row:
    """An interview in which every text that comes from outside attacks the page."""
    interview = replace(
        read_manifest(DEMO / "manifest.jsonl").interviews[0],
        interview_id=HOSTILE, candidate_id=HOSTILE, site=HOSTILE,
    )  # fmt: skip
    answer = AnswerResult("q1", 0, 0.0, 9.0, "en", HOSTILE, HOSTILE, {"language.words_count": 3.0}, {})
    evidence = Evidence("q1", "language.structure_share", 0.5, 50.0, (Quote(HOSTILE, 0.0, 1.0),))
    scores = (
        Score("problem_solving", 50.0, 5.0, RowStatus.SCORED, None, (evidence,)),
        Score(OVERALL, None, None, RowStatus.PARTIAL, HOSTILE),
    )
    result = Result(
        HOSTILE, RowStatus.PARTIAL, HOSTILE, HOSTILE, MediaStatus.OK, (answer,), scores, "0" * 64, {}
    )  # fmt: skip
    return Row(interview, result, 1.0)


def test_what_candidates_write_is_inert(tmp_path: Path) -> None:
    """Ids, reasons, answers, quotes and notes are shown as text; the browser runs and fetches nothing."""
    page = tmp_path / "report.html"
    features = declared_features()
    row = hostile_row()
    measured = next(name for name, feature in features.items() if not feature.per_competency)
    answers = tuple(replace(answer, values={measured: 3.0}) for answer in row.result.answers)
    row = replace(row, result=replace(row.result, answers=answers))
    write_report(page, [row], load_frameworks(DEMO.parent / "frameworks"), features, RUN)
    text = page.read_text(encoding="utf-8")
    assert text.count("&lt;script&gt;") >= 8
    assert "<script" not in text
    assert "<img" not in text
    opened = visit(page)
    assert opened.console == ()
    assert opened.requests == ()
    assert "<title>owned" not in opened.dom


def test_a_run_that_measured_or_scored_nothing_claims_no_model(tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    nothing = {**RUN, "models": [], "notes": []}
    write_report(page, [], load_frameworks(DEMO.parent / "frameworks"), declared_features(), nothing)
    assert "配置</span> <b>all</b></p>" in page.read_text(encoding="utf-8")
    measuring = {**nothing, "configuration": {"profile": "all", "scoring": False, "models": {}}}
    write_report(page, [], load_frameworks(DEMO.parent / "frameworks"), declared_features(), measuring)
    assert '<h1><span class="in-en">Interview measures</span>' in page.read_text(encoding="utf-8")
    assert "Measured, not scored." in page.read_text(encoding="utf-8")


def test_every_reason_has_words() -> None:
    told = {name.removeprefix("reason_") for name in known("batch")}
    assert {str(one) for one in (*Reason, *MediaStatus)} - told == {"ok"}


def test_the_browser_would_have_noticed(tmp_path: Path) -> None:
    """The instrument is tested: a page that complains and fetches is seen to."""
    page = tmp_path / "planted.html"
    page.write_text('<img src="http://evil.example/x"><script>console.error("planted complaint")</script>')
    opened = visit(page, height=400)
    assert "planted complaint" in opened.console
    assert opened.requests == ("http://evil.example/x",)


def test_what_was_mended_in_transcripts_is_said_in_both_languages() -> None:
    """Every kind that a reader of transcripts counts has its words; what it counts stands once, in its own columns."""
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "features" / "transcript").rglob("*.py"))
    kinds = set(re.findall(r'\.note\("([^"]+)"', source))
    assert len(kinds) > 10
    moved = "transcript whose times were multiplied by 0.001 and shifted by +3.0 s"
    every = (*(("a.vtt", kind, 2) for kind in sorted(kinds)), ("b.vtt", moved, 1))
    result = Result("i1", RowStatus.SCORED, None, "", None, (), (), None, {}, every, 0.031)
    row = Row(None, result, 0.0)
    *told, clock, left = mended(row)
    assert all("2" in sentence.said("en") or "2" in sentence.said("zh") for sentence in told)
    assert all(re.search(r"[\u4e00-\u9fff]", sentence.said("zh")) for sentence in told)
    assert clock.said("en") == "b.vtt: the transcript was brought to the recording's clock: times × 0.001, +3.0 s."
    assert left.said("zh") == "文字稿中 3.1% 的词被略去，或其时间为推定。"
    (cells,) = status_table([row]).to_pylist()
    assert cells["words_left_out"] == 0.031
    assert cells["mended"].endswith(f"; b.vtt: 1 {moved}")
    assert not status_table([Row(None, replace(result, mended=(), words_left_out=None), 0.0)]).to_pylist()[0]["mended"]
