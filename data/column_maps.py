"""What a user calls a column that we call otherwise: maps from their names to ours, given once and kept in records."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

from vivavoce.data.problem import Problem, nearest, shorten
from vivavoce.data.table_source import InputRefused
from vivavoce.data.yaml_file import read_yaml

KNOWN = ("columns", "encoding", "delimiter")
DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", ",": ",", ";": ";", "\t": "\t"}


def fold(name: str) -> str:
    """A column's name without what people write differently: case, spaces, underscores, hyphens, full width.

    Examples
    --------
    >>> fold("Candidate ID") == fold("candidate_id") == fold("CandidateId")
    True
    """
    text = unicodedata.normalize("NFKC", name).casefold()
    return "".join(one for one in text if not one.isspace() and one not in "_-‐‑–")


CLOSE = 0.6  # likeness from which a name is offered, as difflib has it
CALLED = {  # what applicant systems call some of our columns, folded; it is offered, never taken unasked
    "candidate_id": (
        "applicantno",
        "applicantid",
        "applicantnumber",
        "personid",
        "profileid",
        "应聘者编号",
        "候选人编号",
    ),
    "candidate_name": ("name", "fullname", "applicant", "applicantname", "candidate", "姓名", "候选人", "应聘者"),
    "interview_id": ("interviewno", "meetingid", "sessionid", "面试编号", "会议号"),
    "job": ("position", "role", "vacancy", "jobtitle", "requisition", "岗位", "职位"),
    "media": ("recording", "video", "file", "recordingfile", "videofile", "录制", "录像", "视频", "文件"),
    "transcript": ("captions", "transcriptfile", "文字稿", "字幕"),
    "language": ("spokenlanguage", "locale", "语言"),
    "recorded_at": ("date", "interviewdate", "time", "面试时间", "面试日期"),
    "consent_text": ("consent", "consentgiven", "agreed", "gdprconsent", "同意"),
    "consent_date": ("consentgivenon", "agreedon", "同意日期"),
    "consent_policy": ("policy", "privacynotice", "同意书", "隐私政策"),
}


def likeness(one: str, other: str) -> float:
    """How alike two names of columns are, 0–1."""
    return SequenceMatcher(None, fold(one), fold(other)).ratio()


def offered(ours: str, theirs: Sequence[str]) -> str | None:
    """Which of a table's columns may be one of ours: by what such columns are often called, else by closeness.

    Examples
    --------
    >>> offered("candidate_id", ["Applicant No.", "Salary"]), offered("job", ["Salary"])
    ('Applicant No.', None)
    """
    usual = [name for name in theirs if re.sub(r"\W", "", fold(name)) in CALLED.get(ours, ())]
    close = sorted(theirs, key=lambda name: -likeness(ours, name))[:1]
    return next(iter([*usual, *(name for name in close if likeness(ours, name) >= CLOSE)]), None)


@dataclass(frozen=True)
class Maps:
    """A user's names for our columns.

    Parameters
    ----------
    columns
        Ours by theirs, ``{"Applicant No": "candidate_id"}``; a name that a table has not changes nothing there.
    encoding, delimiter
        Of CSV files where they cannot be told from the content; None: they are found.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    encoding: str | None = None
    delimiter: str | None = None

    def __bool__(self) -> bool:
        return bool(self.columns) or self.encoding is not None or self.delimiter is not None

    def told(self) -> dict[str, dict[str, str]]:
        """What a record says of them, under ``map``; nothing where nothing was mapped."""
        return {"map": dict(self.columns)} if self.columns else {}


def read_maps(values: Sequence[str]) -> Maps:
    """Read what ``--map`` was given, as often as it was.

    Parameters
    ----------
    values
        Each ``theirs=ours`` (split at the last ``=``), or a YAML file: a mapping of their names to ours, or one of
        ``columns``, ``encoding`` and ``delimiter`` (``comma``, ``semicolon`` or ``tab``).

    Raises
    ------
    InputRefused
        For what is neither, and a file that cannot be read.

    Examples
    --------
    >>> read_maps(["Applicant No=candidate_id"]).columns
    {'Applicant No': 'candidate_id'}
    """
    columns: dict[str, str] = {}
    encoding = delimiter = None
    problems: list[Problem] = []
    for value in values:
        if Path(value).suffix.lower() in (".yaml", ".yml") and "=" not in value:
            one = _from_file(Path(value))
        else:
            theirs, sign, ours = value.rpartition("=")
            if not sign or not theirs.strip() or not ours.strip():
                remedy = 'Write "their name=our_name", or name a YAML file.'
                problems.append(Problem("--map", shorten(value), remedy))
                continue
            one = Maps({theirs.strip(): ours.strip()})
        columns |= one.columns
        encoding, delimiter = one.encoding or encoding, one.delimiter or delimiter
    if problems:
        raise InputRefused("maps", problems)
    return Maps(columns, encoding, delimiter)


def _from_file(path: Path) -> Maps:
    document = read_yaml(path)
    if not isinstance(document, dict):
        raise InputRefused(path, [Problem("file", shorten(document), "Write a mapping of your names to ours.")])
    nested = isinstance(document.get("columns"), dict)
    body: dict[str, Any] = document if nested else {"columns": document}
    problems = [Problem(str(name), "an unknown name", nearest(str(name), KNOWN)) for name in body if name not in KNOWN]
    columns, delimiter = body["columns"], body.get("delimiter")
    problems += [
        Problem(f"columns.{name}", shorten(ours), "Write one of our columns.")
        for name, ours in columns.items()
        if not isinstance(ours, str) or not ours.strip()
    ]
    if delimiter is not None and delimiter not in DELIMITERS:
        problems.append(Problem("delimiter", shorten(delimiter), "Write comma, semicolon or tab."))
    if problems:
        raise InputRefused(path, problems)
    return Maps(
        {str(name): str(ours).strip() for name, ours in columns.items()},
        body.get("encoding"),
        DELIMITERS[delimiter] if delimiter is not None else None,
    )
