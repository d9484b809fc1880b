"""``viva manifest``: what folders and applicant systems hold becomes a manifest that is scored as it is."""

import shutil
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from tests.pipelines.runs import DEMO, ends
from tests.pipelines.test_one_language import rewrite
from vivavoce.data.errors import AlreadyThere, Exit, VivaError
from vivavoce.data.interview import Modality, Purpose
from vivavoce.data.manifest import Manifest, read_manifest
from vivavoce.pipelines.app import app
from vivavoce.pipelines.manifest import manifest
from vivavoce.pipelines.score import score
from vivavoce.pipelines.scoring.batch import SHIPPED_FRAMEWORKS

JOB = "software_engineer"
SYSTEM = pd.DataFrame(
    {
        "Applicant No.": ["007", "008", "009"], "Name": ["Robin Avery", "江南", "Nobody"], "Position": [JOB] * 3,
        "Language": ["English", "普通话", "en"], "Salary": [50_000, 1, 1], "Agreed": ["yes", "是", "no"],
        "Agreed on": ["2026/10/05", "2026-10-06", None], "Policy": ["demo-1", "demo-1", None],
    }
)  # fmt: skip
MAP = {
    "Applicant No.": "candidate_id", "Name": "candidate_name", "Position": "job", "Agreed": "consent_text",
    "Agreed on": "consent_date", "Policy": "consent_policy",
}  # fmt: skip


@pytest.fixture
def recordings(tmp_path) -> Path:
    """Two of the bundled interviews under people's own names, and what belongs to nobody."""
    folder = tmp_path / "recordings"
    (folder / "江南").mkdir(parents=True)
    for source, name in (
        ("media/c01.mp4", "Robin Avery.mp4"), ("transcripts/c01.vtt", "Robin Avery.en.vtt"),
        ("media/c05.mp4", "江南/录制.mp4"), ("transcripts/c05.vtt", "江南/字幕.vtt"),
    ):  # fmt: skip
        shutil.copyfile(DEMO / source, folder / name)
    for name in ("chat.txt", "ben.vtt", ".hidden"):
        (folder / name).touch()
    return folder


def read_back(out: Path, folder: Path | None = None) -> Manifest:
    return read_manifest(out, folder=folder)


def test_a_folder_is_scored_as_it_is(tmp_path, recordings, capsys) -> None:
    out = tmp_path / "interviews.csv"
    made = manifest(
        recordings, job=JOB, language="auto", consent_on_file="privacy-2026", consent_date="2026-10-01", out=out
    )
    assert made.exit is Exit.SOME_ROWS
    assert {one.path for one in made.left_out} == {"chat.txt", "ben.vtt", ".hidden"}
    first, second = read_back(out).interviews
    assert (first.candidate_id, first.language, first.candidate_speaker) == ("Robin Avery", "en", "Robin Avery")
    assert (second.candidate_id, second.language, second.candidate_speaker) == ("江南", "auto", "江南")
    for one in (first, second):
        assert one.consent is not None
        assert one.consent.modalities == {Modality.TEXT}, "nothing but what was declared"
        assert one.consent.purposes == {Purpose.SCORE}
    made.show()
    said = capsys.readouterr().out
    assert "In no row: ben.vtt: no recording of this name" in said
    assert said.endswith(f"Next: viva score {out} --out results\n")
    header, _, last = out.read_text(encoding="utf-8-sig").splitlines()
    out.write_text(f"{header}\n{last}\n", encoding="utf-8-sig")
    run = score(out, out=tmp_path / "results", asr="provided")
    assert ends(run.folder) == {"江南": ("scored", None, "ok")}


@pytest.mark.parametrize("kind", ["csv", "xlsx", "parquet", "frame"])
def test_an_applicant_systems_table(kind, tmp_path, recordings) -> None:
    table, out = tmp_path / f"people.{kind}", tmp_path / "elsewhere" / "interviews.csv"
    write = {"csv": SYSTEM.to_csv, "xlsx": SYSTEM.to_excel, "parquet": SYSTEM.to_parquet}
    if kind in write:
        write[kind](table)
    made = manifest(SYSTEM if kind == "frame" else table, media_root=recordings, map=MAP, out=out)
    assert made.command == f"viva score {out} --media-root {recordings} --out results"
    found = read_back(out, recordings).interviews
    assert [(one.candidate_id, one.candidate_name, one.language) for one in found] == [
        ("007", "Robin Avery", "en"), ("008", "江南", "zh"),
    ]  # fmt: skip
    assert all(one.consent is not None and one.consent.policy == "demo-1" for one in found)
    left = {one.path: one.why for one in made.left_out}
    assert set(left) >= {"column Salary", "chat.txt", "ben.vtt"}
    assert [why for path, why in left.items() if path.endswith((" 3", " 4"))] == [
        f"no recording of '009' in {recordings}"
    ]


def test_everything_that_is_missing_is_named_at_once(tmp_path, recordings) -> None:
    with pytest.raises(VivaError) as caught:
        manifest(recordings, out=tmp_path / "m.csv")
    for said in ("job: Give --job, one of", "language: Give --language", "--consent-on-file", "--without-consent"):
        assert said in str(caught.value)
    with pytest.raises(VivaError) as caught:
        manifest(SYSTEM, media_root=recordings, out=tmp_path / "m.csv", consent_on_file="p")
    for said in ('--map "Applicant No.=candidate_id"', '--map "Position=job"', "consent_date: Give --consent-date"):
        assert said in str(caught.value)
    assert not list(tmp_path.glob("*.csv"))


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"job": "astronaut"}, "job: Name one that has a framework"),
        ({"consent_on_file": "p", "consent_date": "yesterday"}, "line 2, consent_date: Write the day as 2026-11-22"),
        ({"consent_on_file": "p", "consent_date": "2999-01-01"}, "line 3, consent_date: This lies after today"),
        ({"consent_on_file": "=cmd()", "consent_date": "2026-10-01"}, "A spreadsheet would run this"),
        ({"out": "m.xlsx"}, "Name a .csv file"),
    ],
)
def test_what_no_manifest_may_hold_is_refused_and_nothing_written(asked, message, tmp_path, recordings) -> None:
    given = {"job": JOB, "language": "auto", "out": "m.csv", "without_consent": "consent_on_file" not in asked} | asked
    with pytest.raises(VivaError, match=message):
        manifest(recordings, **{**given, "out": tmp_path / given["out"]})
    assert not list(tmp_path.glob("m.*"))


def test_questions_and_languages_must_be_the_frameworks(tmp_path, recordings) -> None:
    shutil.move(recordings / "Robin Avery.mp4", recordings / "Robin Avery_q9.mp4")
    with pytest.raises(VivaError, match=r"Robin Avery, media: software_engineer asks q1, q2, q3: .* Got q9"):
        manifest(recordings, job=JOB, language="auto", without_consent=True, out=tmp_path / "m.csv")


def test_a_consent_is_never_made_up_and_a_file_never_written_over(tmp_path, recordings) -> None:
    out = tmp_path / "m.csv"
    made = manifest(recordings, job=JOB, language="auto", without_consent=True, out=out)
    assert [one.consent for one in read_back(out).interviews] == [None, None]
    assert "2 rows hold no consent" in made.notes[0]
    with pytest.raises(AlreadyThere):
        manifest(recordings, job=JOB, language="auto", without_consent=True, out=out)
    some = SYSTEM.assign(Agreed=[None, "no", None], Policy=None).drop(columns="Agreed on")
    made = manifest(
        some, media_root=recordings, map=MAP, consent_on_file="p", consent_date="2026-10-01", out=tmp_path / "n.csv"
    )
    silent, refused = (one.consent for one in read_back(tmp_path / "n.csv", recordings).interviews)
    assert silent is not None
    assert silent.policy == "p"
    assert refused is not None
    assert refused.refused, "a declared policy replaces nothing that a row says"
    partly = SYSTEM.assign(Agreed=None)
    with pytest.raises(VivaError, match="line 2, consent_text: This is required"):
        manifest(partly, media_root=recordings, map=MAP, consent_on_file="p", out=tmp_path / "o.csv")


def test_who_called_a_meeting_is_not_who_was_asked(tmp_path, recordings) -> None:
    shutil.move(recordings / "Robin Avery.mp4", recordings / "GMT20250301-100000_Recording.mp4")
    made = manifest(recordings, job=JOB, language="auto", without_consent=True, out=tmp_path / "m.csv")
    assert (
        "The name says who called the meeting, not who was asked: correct candidate_id of 20250301100000." in made.notes
    )


def test_on_a_terminal_it_asks(tmp_path, recordings, monkeypatch) -> None:
    answers = [JOB, "auto", "privacy-2026", "2026-10-01"]
    asked = []

    def answer(question: str, **_: object) -> str:
        asked.append(question)
        return answers[len(asked) - 1]

    monkeypatch.setattr("rich.prompt.Prompt.ask", answer)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    manifest(recordings, out=tmp_path / "m.csv")
    assert len(asked) == 4
    assert all(one.consent is not None for one in read_back(tmp_path / "m.csv").interviews)


def test_a_command_without_a_terminal_ends_with_2(tmp_path, recordings) -> None:
    found = CliRunner().invoke(app, ["manifest", str(recordings), "--out", str(tmp_path / "m.csv")])
    assert found.exit_code == 2
    assert found.stderr.count("Got nothing instead") == 3


def test_a_table_that_names_recordings_gets_their_transcripts(tmp_path, recordings) -> None:
    listed = pd.DataFrame(
        {
            "candidate_id": ["p1", "p2", "p2", "p3"], "job": JOB, "language": "auto",
            "media": ["Robin Avery.mp4", "江南/录制.mp4", "gone.mp4", '{"q1": "gone.mp4"}'],
        }
    )  # fmt: skip
    made = manifest(listed, media_root=recordings, without_consent=True, out=tmp_path / "m.csv")
    found = read_back(tmp_path / "m.csv", recordings.parent).interviews
    assert [one.interview_id for one in found] == ["p1", "p2 1", "p2 2", "p3"]
    assert [one.recordings[0].transcript and one.recordings[0].transcript.name for one in found] == [
        "Robin Avery.en.vtt", "字幕.vtt", None, None
    ]  # fmt: skip
    assert any(note == "recordings/gone.mp4 is not there." for note in made.notes)
    broken = listed.assign(media='{"q1": ')
    with pytest.raises(VivaError, match="line 2, media: Write JSON in this cell"):
        manifest(broken, media_root=recordings, without_consent=True, out=tmp_path / "n.csv")
    with pytest.raises(VivaError, match="Name one that exists, or a table"):
        manifest(tmp_path / "nowhere", out=tmp_path / "n.csv")


def test_a_language_that_the_framework_lacks_is_said_and_the_others_go_on(tmp_path, recordings) -> None:
    only = tmp_path / f"{JOB}.yaml"
    only.write_text((SHIPPED_FRAMEWORKS / only.name).read_text(encoding="utf-8"), encoding="utf-8")
    rewrite(only, "zh")
    made = manifest(recordings, framework=only, language="zh", without_consent=True, out=tmp_path / "m.csv")
    assert [row["job"] for row in made.rows] == [JOB, JOB], "its only job is the rows'"
    assert f"Robin Avery will not be scored: the framework of {JOB} has no texts in en." in made.notes
    assert made.command.endswith(f"--framework {only} --out results")
