"""The kit of all reports: names of every script on the page and in its PDF, both languages, and nothing undefined."""

import re
import shutil
import subprocess
from importlib.resources import files
from pathlib import Path
from string import Formatter

import jinja2
import pytest
import yaml

from vivavoce.fairness.gate.decision import read_gate
from vivavoce.pipelines.doctor import all_checks
from vivavoce.pipelines.report import page as pages
from vivavoce.pipelines.report.blocks import (
    Bullets,
    Drawing,
    Fold,
    Grid,
    Heading,
    Paragraph,
    Picture,
    Pictures,
    Screen,
    Story,
)
from vivavoce.pipelines.report.figures import PALETTE, Words, standalone, to_svg

NAMES = {
    "Cyrillic": "Владимир Щукин",
    "Arabic": "محمد العربي",
    "Vietnamese": "Nguyễn Thị Hạnh",
    "Korean": "김민수 한국어",
    "Chinese": "欧阳娜娜",
}
MADE = "2026-11-24T12:00:00+00:00"
GATE = files("vivavoce.fairness") / "gate" / "wording.yaml"
TEXTS = [*sorted((files(pages.__package__) / "texts").iterdir(), key=str), GATE]
MARKS = re.compile("[\u2066-\u2069\u200e\u200f\u202a-\u202e]")  # of direction, which extraction adds


def story(names: tuple[str, ...] = tuple(NAMES.values())) -> Story:
    """Every kind of block, with the names in all places where text stands."""
    drawing = Drawing(720, 40.0 * len(names), "Picture of names", tuple(
        Words(700, 20 + 40.0 * i, f"{name} {name}", "end") for i, name in enumerate(names)
    ))  # fmt: skip
    grid = Grid("Caption of the table", ("Name", "n"), (False, True), tuple((name, "7") for name in names))
    return Story("Names", "Made today", (
        Heading(2, "Chapter one", "one"), Paragraph("A finding", "finding"), Bullets(names), drawing, grid,
        Heading(2, "Chapter two", "two"), Fold("More", (Paragraph("Folded away"),)),
        Pictures((Picture("Small", drawing, "finding"), Picture("None", "Too few people."))),
    ))  # fmt: skip


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The PDF of a page in two languages; skipped where this machine cannot print one or read it."""
    path = tmp_path_factory.mktemp("pdf") / "names.pdf"
    try:
        pages.write_pdf(path, pages.page({"en": story(), "zh": story()}, MADE))
    except pages.CannotPrint as error:
        pytest.skip(str(error))
    return path


def poppler(command: str, *given: Path | str) -> str:
    if shutil.which(command) is None:
        pytest.skip(f"no {command} (apt-get install poppler-utils)")
    return subprocess.run([command, *map(str, given)], capture_output=True, check=True, encoding="utf-8").stdout


@pytest.mark.parametrize("script", NAMES)
def test_names_of_every_script_come_back_from_the_pdf(printed: Path, script: str) -> None:
    """In the list, in the picture (twice in a row) and in the table, in both languages."""
    text, name = MARKS.sub("", poppler("pdftotext", "-layout", printed, "-")), NAMES[script]
    assert text.count(name) == 2 * (1 + 2 + 1 + 2)
    assert text.count(f"{name} {name}") == 2 * 2


def test_every_font_is_embedded_and_readable(printed: Path) -> None:
    rows = poppler("pdffonts", printed).splitlines()[2:]
    assert len(rows) >= 3  # Latin, Arabic, Chinese
    for row in rows:
        embedded, _, text = row.split()[-5:-2]
        assert (embedded, text) == ("yes", "yes"), row


def test_the_pdf_is_tagged_titled_and_dated(printed: Path) -> None:
    said = poppler("pdfinfo", "-isodates", printed)
    told = dict(re.split(r":\s+", line, maxsplit=1) for line in said.splitlines() if re.search(r":\s+\S", line))
    assert (told["Title"], told["Tagged"]) == ("Names", "yes")
    assert told["CreationDate"].startswith("2026-11-24T12:00:00")
    tags = [line.strip() for line in poppler("pdfinfo", "-struct-text", printed).splitlines()]
    for tag, count in {"H1 (block)": 1, "H2 (block)": 4, "Table (block)": 2, "Figure:": 4}.items():
        assert tags.count(tag) == count, tag
    assert tags.count('"Caption of the table"') == 2


def test_every_heading_is_a_bookmark_and_every_picture_has_its_words(printed: Path) -> None:
    assert printed.read_bytes().startswith(b"%PDF-1.7")
    document = pages._weasyprint().HTML(string=pages.page({"en": story()}, MADE)).render()
    assert document.write_pdf(pdf_variant="pdf/ua-1", uncompressed_pdf=True).count(b"/Alt (Picture of names)") == 2
    (title,) = document.make_bookmark_tree()
    assert title[0] == "Names"
    assert [child[0] for child in title[2]] == ["Chapter one", "Chapter two"]


def test_a_page_that_asks_for_something_gets_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    asking = '<html lang="en"><title>t</title><img alt="x" src="http://127.0.0.1:9/x.png"><p>text'
    try:
        pages.write_pdf(tmp_path / "x.pdf", asking)
    except pages.CannotPrint as error:
        pytest.skip(str(error))
    assert "URI uses disallowed protocol: http://127.0.0.1:9/x.png" in caplog.text


def test_without_fonts_the_packages_are_named_and_no_old_pdf_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from rich.console import Console

    page, old = tmp_path / "audit.html", tmp_path / "audit.pdf"
    page.write_text(pages.page({"en": story()}, MADE), encoding="utf-8")
    old.write_bytes(b"older")
    monkeypatch.setattr(pages, "_weasyprint", lambda: None)
    monkeypatch.setattr(pages, "_languages_with_fonts", lambda: frozenset({"en", "ru", "vi"}))
    pages.print_beside(page, Console(stderr=True))
    said = capsys.readouterr().err
    assert "no font for ar, zh-cn, ko" in said
    assert "sudo apt-get install -y fonts-noto-core fonts-noto-cjk" in said
    assert page.is_file()
    assert not old.exists()


def test_the_doctor_says_what_a_pdf_lacks_and_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_pango() -> None:
        raise pages.CannotPrint("no libpango.", remedy="Run: sudo apt-get install -y libpango-1.0-0")

    monkeypatch.setattr(pages, "_weasyprint", no_pango)
    monkeypatch.setattr(pages, "_languages_with_fonts", lambda: frozenset({"en", "ru", "vi", "ar"}))
    found = {one.what: one for one in all_checks()}
    lacking = found["pango (PDF)"], found["fonts-noto-cjk (PDF)"]
    assert not any(one.well or one.needed for one in lacking), "pages are written all the same"
    assert "libpango-1.0-0" in lacking[0].found
    assert "sudo apt-get install -y fonts-noto-cjk" in lacking[1].found
    assert found["fonts-noto-core (PDF)"].well


def test_every_check_of_the_gate_is_asked_in_both_languages() -> None:
    for check in read_gate().checks:
        assert re.search("[一-鿿]", check.asks.zh), check.id
        assert check.reason.zh.endswith("。"), check.id


def test_an_undefined_name_is_an_error() -> None:
    with pytest.raises(jinja2.UndefinedError, match="'made' is undefined"):
        pages.render("base.html.j2", title="t")


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_every_sentence_stands_in_both_languages_with_the_same_values(path: Path) -> None:
    texts = yaml.safe_load(path.read_text(encoding="utf-8"))
    for key, entry in texts.items():
        assert set(entry) == {"en", "zh"}, key
        values = [{field for _, field, _, _ in Formatter().parse(text) if field} for text in entry.values()]
        assert values[0] == values[1], key
        words = re.sub(r"\{\w+\}", "", entry["en"]).split()
        assert entry["zh"] != entry["en"] or len(words) < 2, key  # one word may be a symbol's name


def test_wide_tables_are_cut_and_keep_their_first_column() -> None:
    grid = Grid("c", tuple(map(str, range(30))), (False, *(True,) * 29), (tuple(f"r{i}" for i in range(30)),))
    parts = grid.parts
    assert [part.titles[0] for part in parts] == ["0", "0", "0"]
    assert [title for part in parts for title in part.titles[1:]] == list(grid.titles[1:])
    assert all(sum(part.widths) == pytest.approx(100) for part in parts)


def test_a_picture_is_a_file_of_its_own_too() -> None:
    drawing = Drawing(100, 50, "a < b", (Words(1, 2.25, "<script>", "middle", fill="finding"),))
    inline, alone = str(to_svg(drawing)), standalone(drawing)
    assert "<title>a &lt; b</title>" in inline
    assert "xmlns" not in inline
    assert f'fill="{PALETTE["finding"][0]}" class="fill-finding">&lt;script&gt;</text>' in inline
    assert alone.startswith('<svg xmlns="http://www.w3.org/2000/svg" width="100" height="50"')
    assert alone.count("<rect") == 1


def test_paper_holds_the_findings_of_what_was_looked_through_and_the_page_all(tmp_path: Path) -> None:
    rows = tuple((f"group{i}", "1") for i in range(3))
    searched = Grid("Searched", ("name", "n"), (False, True), rows, ("ok", "finding", "insufficient"), searched=True)
    quiet = Grid("Quiet", ("name", "n"), (False, True), (("nobody", "2"),), ("ok",), searched=True)
    told = Story("T", "n", (searched, quiet, Screen((Paragraph("On the screen."),)), Paragraph("On paper.", "paper")))
    page = pages.page({"en": told}, MADE)
    assert all(word in page for word in ("group0", "group1", "group2", "nobody", "On the screen."))
    try:
        pages.write_pdf(tmp_path / "x.pdf", page)
    except pages.CannotPrint as error:
        pytest.skip(str(error))
    printed = poppler("pdftotext", tmp_path / "x.pdf", "-")
    assert "group1" in printed
    assert "On paper." in printed
    assert not [word for word in ("group0", "group2", "Quiet", "nobody", "On the screen.") if word in printed]
