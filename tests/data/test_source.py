"""The digest of code: it changes with what the code does, and with nothing else."""

from pathlib import Path

import pytest

from vivavoce.data.identity import source_digest

CODE = """
'''Rates.'''

PER = 100.0  # words


def rate(count: int, words: int) -> float:
    return PER * count / words
"""


def package(folder: Path, code: str = CODE, words: str = "fillers: [um]\n") -> Path:
    (folder / "lexicon").mkdir(parents=True)
    (folder / "rates.py").write_text(code, encoding="utf-8")
    (folder / "lexicon" / "en.yaml").write_text(words, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("  # words", "  # of an answer's words"),
        ("Rates.", "How often, per hundred words."),
        ("    return PER", "    'Per hundred.'\n\n    return PER"),
        ("PER * count / words", "(\n        PER * count / words\n    )"),
    ],
)
def test_words_about_the_code_change_nothing(tmp_path: Path, old: str, new: str) -> None:
    assert old in CODE
    assert source_digest(package(tmp_path / "a")) == source_digest(package(tmp_path / "b", CODE.replace(old, new)))


@pytest.mark.parametrize(
    ("old", "new"),
    [("100.0", "1000.0"), ("count / words", "count // words"), ("PER *", "PER /"), ("words: int", "words: float")],
)
def test_code_changes_it(tmp_path: Path, old: str, new: str) -> None:
    assert source_digest(package(tmp_path / "a")) != source_digest(package(tmp_path / "b", CODE.replace(old, new)))


def test_a_moved_and_renamed_module_changes_nothing(tmp_path: Path) -> None:
    using = "from vivavoce.features.rates import rate\nfrom vivavoce.data.words import cut\n\nPER = rate(1, 2)\n"
    moved = using.replace("features.rates", "features.language.speed")
    first, second = package(tmp_path / "a"), package(tmp_path / "b")
    (first / "use.py").write_text(using + 'CHILD = "vivavoce.data.media.child"\n', encoding="utf-8")
    (second / "deeper").mkdir()
    (second / "rates.py").rename(second / "deeper" / "speed.py")
    again = "\n".join(sorted(moved.split("\n")[:2])) + "\n\n" + moved.partition("\n\n")[2]  # as imports are sorted
    (second / "aaa.py").write_text(again + 'CHILD = "vivavoce.data.decoder"\n', encoding="utf-8")
    assert source_digest(first) == source_digest(second)
    (second / "aaa.py").write_text(again.replace("import rate", "import share as rate"), encoding="utf-8")
    assert source_digest(first) != source_digest(second), "another function under the same name is other code"


def test_a_word_list_and_a_new_file_change_it(tmp_path: Path) -> None:
    plain = source_digest(package(tmp_path / "a"))
    assert plain != source_digest(package(tmp_path / "b", words="fillers: [um, er]\n"))
    (tmp_path / "a" / "helper.py").write_text("", encoding="utf-8")
    assert plain != source_digest(tmp_path / "a")


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="gone.py"):
        source_digest(tmp_path / "gone.py")
