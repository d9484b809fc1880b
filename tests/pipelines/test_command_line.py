"""What ``viva`` says and how it ends: every fault at once, in the user's words, before anything runs."""

import csv
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from tests.pipelines.runs import ROWS, batch, document, ends, rows, viva, write_manifest
from vivavoce.pipelines.app import app
from vivavoce.pipelines.scoring.configuration import declared_features

HEAVY = ("torch", "cv2", "mediapipe", "librosa", "transformers", "pandas", "scipy", "pyarrow", "av", "numpy", "whisper")
FORMULA = '=HYPERLINK("http://evil.example","c13")'


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "300")  # tables are not wrapped: what is looked for stands on one line


def ask(*arguments: object) -> Result:
    """Run the command line in this process: for what ends before workers start."""
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


class TestHelp:
    def test_comes_without_heavy_imports(self, record_property: Callable[[str, object], None]) -> None:
        program = (
            "import sys; from vivavoce.pipelines.app import app\n"
            "try: app(['--help'])\n"
            f"finally: print(sorted(set({HEAVY!r}) & set(sys.modules)), file=sys.stderr)"
        )
        begun = time.monotonic()
        said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        record_property("seconds of viva --help", round(time.monotonic() - begun, 2))
        assert said.stderr.splitlines()[-1] == "[]"
        assert all(command in said.stdout for command in ("score", "train", "demo", "doctor", "weights"))

    def test_version(self) -> None:
        from vivavoce import __version__

        assert ask("--version").output.strip() == f"vivavoce {__version__}"

    @pytest.mark.parametrize(
        "arguments",
        [
            ("score",),
            ("score", "m.jsonl"),
            ("measure", "m.jsonl"),
            ("score", "m.jsonl", "--out", "o", "--workers", "0"),
        ],
    )
    def test_bad_arguments_end_with_2(self, arguments: tuple[str, ...]) -> None:
        assert ask(*arguments).exit_code == 2


class TestManifestErrors:
    def bad_rows(self) -> list[dict[str, Any]]:
        good = ROWS["c13"]
        return [
            good,
            good | {"interview_id": "b1", "media": "https://example.com/a.mp4"},
            good | {"interview_id": "b2", "media": "../a.mp4"},
            good | {"interview_id": "b3", "job": "astronaut"},
            good | {"interview_id": "b4", "langauge": "en"},
            good | {"interview_id": "b5", "consent": {"text": "yes"}},
            good | {"interview_id": "b6", "media": "media/link.mp4"},
        ]

    def test_all_are_listed_at_once_and_nothing_runs(self, tmp_path: Path) -> None:
        manifest = batch(tmp_path, [ROWS["c13"]])
        (tmp_path / "media" / "link.mp4").symlink_to(tmp_path / "media" / "c13.mp4")
        listed = self.bad_rows()
        write_manifest(tmp_path, [*listed[:3], *listed[4:]])
        said = ask("score", manifest, "--out", tmp_path / "out")
        assert said.exit_code == 2
        for wanted in ("URL", "'../a.mp4'", "langauge", "consent", "link.mp4"):
            assert wanted in said.output, wanted
        for line in "23456":
            assert f"line {line}, " in said.output
        assert not (tmp_path / "out").exists()

    def test_a_job_without_framework_is_one(self, tmp_path: Path) -> None:
        manifest = batch(tmp_path, [ROWS["c13"], self.bad_rows()[3]])
        said = ask("score", manifest, "--out", tmp_path / "out")
        assert said.exit_code == 2
        assert "astronaut" in said.output
        assert "sales_manager, software_engineer, store_manager" in said.output

    @pytest.mark.parametrize(
        ("arguments", "wanted"),
        [
            (("--framework", "nowhere"), "no such file or folder"),
            (("--asr", "shazam"), "must be one of auto, provided, whisper, faster-whisper, pocketsphinx. Got 'shazam'"),
            (("--encoder", "/nowhere"), "FOLDER:LANGUAGES"),
        ],
    )
    def test_bad_configuration_names_what_to_change(
        self, tmp_path: Path, arguments: tuple[str, ...], wanted: str
    ) -> None:
        said = ask("score", batch(tmp_path, [ROWS["c13"]]), "--out", tmp_path / "out", *arguments)
        assert said.exit_code == 2
        assert wanted in said.output

    def test_a_missing_manifest(self, tmp_path: Path) -> None:
        said = ask("score", tmp_path / "none.jsonl", "--out", tmp_path / "out")
        assert said.exit_code == 2
        assert "Name a file that exists" in said.output


class TestWeights:
    @pytest.fixture(autouse=True)
    def _none_here(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        monkeypatch.delenv("VIVA_WHISPER", raising=False)

    @pytest.mark.parametrize("asr", ["auto", "whisper"])
    def test_missing_ones_name_two_ways_out(self, tmp_path: Path, asr: str) -> None:
        row = ROWS["c13"] | {"transcript": None}
        said = ask("score", batch(tmp_path, [row]), "--out", tmp_path / "out", "--asr", asr)
        assert said.exit_code == 2
        assert "viva weights fetch base" in said.output
        assert "transcript file (.vtt, .srt or .json)" in said.output
        assert "Interviews without a transcript: c13" in said.output
        assert not (tmp_path / "out" / "ledger.sqlite").exists()

    def test_list(self) -> None:
        said = ask("weights", "list")
        assert said.exit_code == 0
        assert "ed3a0b6b1c0edf879ad9b11b1af5a0e6ab5db9205f891f668f8b0e6c6326e34e" in said.output

    def test_an_unknown_size_is_refused_before_any_connection(self) -> None:
        said = ask("weights", "fetch", "enormous")
        assert said.exit_code == 2
        assert "Got 'enormous' instead" in said.output


class TestFeatures:
    def test_describe_names_every_feature(self) -> None:
        said = ask("measure", "describe")
        assert said.exit_code == 0
        assert all(name in said.output for name in declared_features())

    def test_markdown_is_the_page_in_docs(self) -> None:
        said = ask("measure", "describe", "--markdown")
        assert said.output.startswith("# Features")
        for name, feature in declared_features().items():
            assert f"| `{name}` | {feature.unit} |" in said.output


def test_doctor_finds_everything_here() -> None:
    said = viva("doctor")
    assert "MISSING" not in said
    for wanted in ("mediapipe", "libgl1", "speech detection", "prosody", "face search"):
        assert wanted in said


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A good row, one without consent of its own, formulas for ids, a refusal, and two rows that are bad."""
    folder = tmp_path_factory.mktemp("mixed")
    good = ROWS["c13"]
    (folder / "transcripts").mkdir()
    (folder / "transcripts" / "garbled.vtt").write_text("Taylor Woods: I told them\n", encoding="utf-8")
    manifest = batch(
        folder,
        [
            good | {"interview_id": FORMULA, "candidate_id": "@p13"},
            good | {"interview_id": "own", "consent": None},
            good | {"interview_id": "refused", "consent": {"text": False}},
            good | {"interview_id": "garbled", "transcript": "transcripts/garbled.vtt"},
            good | {"interview_id": "unnamed", "candidate_speaker": "Somebody Else"},
            good | {"interview_id": "bad", "media": "../a.mp4"},
            good | {"interview_id": "foreign", "job": "astronaut"},
        ],
    )
    out = folder / "out"
    said = viva(
        "score", manifest, "--out", out, "--profile", "all", "--encoder", "none", "--asr", "provided", "--csv",
        "--skip-bad-rows", "--consent-on-file", "policy-7", ends=3,
    )  # fmt: skip
    (folder / "said.txt").write_text(said, encoding="utf-8")
    return out


@pytest.mark.xdist_group("command_line")
class TestScore:
    def test_bad_rows_are_recorded_and_the_others_go_on(self, mixed: Path) -> None:
        found = {name: end[:2] for name, end in ends(mixed).items()}
        assert found == {
            FORMULA: ("scored", None),
            "own": ("scored", None),
            "refused": ("not_scored", "human_route"),
            "garbled": ("not_scored", "unreadable_transcript"),
            "unnamed": ("not_scored", "several_speakers"),
            "line 6 (bad)": ("bad_row", "bad_row"),
            "line 7 (foreign)": ("bad_row", "bad_row"),
        }
        detail = {row["interview_id"]: row["detail"] for row in rows(mixed, "status")}
        assert "media" in detail["line 6 (bad)"]
        assert "astronaut" in detail["line 7 (foreign)"]
        assert document(mixed)["counts"] == {"scored": 2, "not_scored": 3, "bad_row": 2}

    def test_reasons_quote_nobody(self, mixed: Path) -> None:
        """What is wrong with a transcript is said without its words, and its speakers are counted.

        They are named to whoever runs it, on the terminal; a name that the manifest has wrong is said nowhere.
        """
        detail = {row["interview_id"]: row["detail"] for row in rows(mixed, "status")}
        assert detail["garbled"].startswith("garbled.vtt, line 1: No transcript with times is known in this form.")
        assert "candidate_speaker" in detail["unnamed"]
        assert "which names 1 speaker(s):" in detail["unnamed"]
        said = (mixed.parent / "said.txt").read_text(encoding="utf-8")
        assert "unnamed: the transcript names Taylor Woods.\n" in said
        for path in mixed.glob("*.*"):
            content = path.read_bytes() if path.suffix != ".parquet" else str(rows(mixed, path.stem)).encode()
            assert not any(name in content for name in (b"Taylor", b"Woods", b"Somebody Else")), path

    def test_consent_on_file_covers_text_and_is_recorded(self, mixed: Path) -> None:
        assert document(mixed)["configuration"]["consent_on_file"] == "policy-7"
        assert any("policy-7" in note["en"] and "policy-7" in note["zh"] for note in document(mixed)["notes"])
        (first, *_) = [row for row in rows(mixed, "features") if row["interview_id"] == "own"]
        assert first["purposes"] == "score"
        spoken = [value for name, value in first.items() if name.startswith(("prosody.", "face."))]
        assert all(value != value for value in spoken)

    def test_formulas_are_defused(self, mixed: Path) -> None:
        cells = [
            cell
            for name in ("scores", "status", "features", "absent")
            for line in csv.reader((mixed / f"{name}.csv").read_text(encoding="utf-8").splitlines())
            for cell in line
        ]
        assert f"'{FORMULA}" in cells
        assert "'@p13" in cells
        assert not [cell for cell in cells if cell.startswith(("=", "+", "@", "\t", "\r"))]
        assert not [cell for cell in cells if cell.startswith("-") and not is_number(cell)]

    def test_a_run_says_how_far_it_is_in_plain_lines(self, mixed: Path, tmp_path: Path) -> None:
        folder = mixed.parent
        only = write_manifest(folder, [ROWS["c13"]])
        said = viva("score", only, "--out", tmp_path / "out", "--encoder", "none", "--asr", "provided", ends=0)
        assert "[1/1] c13: scored, " in said
        assert "1 rows: 1 scored. Report: " in said
        assert "\x1b" not in said

    def test_measuring_without_scoring(self, mixed: Path, tmp_path: Path) -> None:
        only = write_manifest(mixed.parent, [ROWS["c13"]])
        viva("measure", only, "--out", tmp_path / "out", "--encoder", "none", "--asr", "provided", ends=0)
        assert ends(tmp_path / "out") == {"c13": ("measured", None, "ok")}
        assert len(rows(tmp_path / "out", "features")) == 2
        assert rows(tmp_path / "out", "scores") == []
        assert json.loads((tmp_path / "out" / "run.json").read_text())["configuration"]["purpose"] == "train"
        assert (tmp_path / "out" / "report.html").is_file()


def is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize(("asr", "kept"), [("faster-whisper", "0"), ("whisper", None)])
def test_workers_of_the_fast_engine_keep_their_memory(
    asr: str, kept: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What CTranslate2 gives back and fetches again costs it a third of its time; it is read when a worker starts."""
    monkeypatch.setattr(os, "environ", os.environ.copy())
    ask("score", tmp_path / "none.jsonl", "--out", tmp_path / "out", "--asr", asr)
    assert os.environ.get("MALLOC_MMAP_MAX_") == kept
