"""``viva manifest``: the list of interviews, from a folder of recordings or an applicant system's table.

What is missing is asked for on a terminal, and named all at once elsewhere. A consent is written where a table or the
operator states one, and nowhere else.
"""

import csv
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from vivavoce.data.cells import FORMULA_STARTS
from vivavoce.data.column_maps import Maps, fold, offered
from vivavoce.data.errors import AlreadyThere, Exit
from vivavoce.data.framework import Framework, load_frameworks
from vivavoce.data.interview import MEASURED, spoken_language
from vivavoce.data.manifest import read_manifest
from vivavoce.data.manifest_row import COLUMNS
from vivavoce.data.manifest_table import CONSENT, IDS, parse_json
from vivavoce.data.pairing import PICTURED, SOUNDING, LeftOut, Pair, list_files, pair
from vivavoce.data.problem import Problem, shorten
from vivavoce.data.table import Column, InputRefused, Kind, Table, read_table
from vivavoce.features.transcript.formats.cue import TranscriptError
from vivavoce.features.transcript.label_forms import fold_name
from vivavoce.features.transcript.provided import read_transcript
from vivavoce.pipelines.door import Data, Map, Place, Shown, front_door, maps_of, scratch
from vivavoce.pipelines.scoring.batch import SHIPPED_FRAMEWORKS
from vivavoce.pipelines.scoring.outputs import write_whole
from vivavoce.pipelines.terminal import Asker, Listed

if TYPE_CHECKING:
    import pandas as pd

ROWS = 5  # shown
SHOWN = ("interview_id", "candidate_id", "job", "language", "media", "transcript", "consent_text", "consent_policy")
ACCEPTED = (*COLUMNS, *CONSENT)
NAMES = ("interview_id", "candidate_id", "candidate_name")  # by which files and speakers are known
FILES = ("media", "transcript")
STATED = ("consent_text", "consent_purpose", "consent_date", "consent_policy")
HOST = "by_host"  # of a row while it is made: its names may be those of whoever called the meeting
Row = dict[str, str]


@dataclass(frozen=True)
class ManifestRequest:
    """What ``viva manifest`` may be asked for."""

    source: Annotated[Data, "A folder of recordings and transcripts, or a table: .csv, .xlsx, .parquet."]
    _: KW_ONLY
    out: Annotated[Place, "The manifest to write, a .csv file.", Shown(metavar="FILE")]
    media_root: Annotated[Place | None, "Where a table's recordings lie. [default: beside the table, or below]"] = None
    job: Annotated[str | None, "The job of every row that names none: the stem of a framework file."] = None
    language: Annotated[
        Literal["en", "zh", "yue", "auto"] | None,
        "The language of every row that names none; auto: told when read.",
    ] = None
    framework: Annotated[
        Place | None, "A framework file or a folder of them: its only job is the rows'. [default: the shipped three]"
    ] = None
    consent_on_file: Annotated[
        str | None,
        "Policy under which everybody whose row says nothing agreed: for their words and scoring only.",
        Shown(metavar="POLICY"),
    ] = None
    consent_date: Annotated[str | None, "The day of that consent, 2026-11-22.", Shown(metavar="DAY")] = None
    without_consent: Annotated[bool, "Leave consent empty where nothing states it, to be filled in by hand."] = False
    map: Map = ()


@dataclass(frozen=True)
class Manifested:
    """A manifest that was written.

    Parameters
    ----------
    file
        Where it is.
    rows
        As written.
    left_out
        Files, rows and columns that are in no row, each with the reason.
    notes
        What somebody must know or fill in before it is used.
    command
        What reads it.
    """

    file: Path
    rows: Sequence[Row]
    left_out: Sequence[LeftOut]
    notes: Sequence[str]
    command: str

    @property
    def exit(self) -> Exit:
        """0, or 3 where something is in no row."""
        return Exit.SOME_ROWS if self.left_out else Exit.DONE

    @property
    def frame(self) -> "pd.DataFrame":
        """The rows as a table."""
        import pandas as pd

        return pd.DataFrame(self.rows, columns=list(ACCEPTED), dtype=object)

    def document(self) -> dict[str, Any]:
        """For a machine."""
        left = [{"path": one.path, "why": one.why} for one in self.left_out]
        return {"file": str(self.file), "rows": len(self.rows), "left_out": left, "notes": list(self.notes)}

    def show(self) -> None:
        """Print the first rows, what is in none, and what to do next."""
        more = f"… and {len(self.rows) - ROWS} more rows." if len(self.rows) > ROWS else ""
        Listed(self.rows[:ROWS], SHOWN, title=str(self.file), note=more).show()
        lines = [f"In no row: {one}" for one in self.left_out] + [f"Note: {one}" for one in self.notes]
        sys.stdout.writelines(f"{line}\n" for line in [*lines, f"Next: {self.command}"])


@front_door(ManifestRequest)
def manifest(request: ManifestRequest) -> Manifested:
    """Write a manifest that score reads as it is.

    Recordings find their transcripts by the names of files and folders; a table's columns are taken by name, or as
    ``--map`` says. What is missing is asked for on a terminal; elsewhere everything that is missing is named at once
    and nothing is written. No consent is written that neither a table nor the operator states.

    Raises
    ------
    VivaError
        For what is missing, for rows that no manifest may hold, and where the file exists already.
    """
    out = Path(request.out)
    if out.suffix.lower() != ".csv":
        raise InputRefused("--out", [Problem("file", shorten(out.suffix), "Name a .csv file.")])
    if out.exists():
        raise AlreadyThere(out, "it may have been filled in by hand. Name another, or remove it.")
    asker = Asker.here()
    rows, left, root = _gather(request, asker)
    foreign = _fill(rows, request, asker)
    asker.end(out)
    base = out.parent.resolve()
    below = root.resolve()
    inside = below == base or base in below.parents
    rows = [_placed(row, below.relative_to(base).as_posix() if inside else ".") for row in rows]
    notes = [*foreign, *_notes(rows, base if inside else below)]
    _write(rows, out, base if inside else below)
    elsewhere = "" if inside else f" --media-root {root}"
    framework = f" --framework {request.framework}" if request.framework else ""
    return Manifested(out, rows, left, notes, f"viva score {out}{elsewhere}{framework} --out results")


def _gather(request: ManifestRequest, asker: Asker) -> tuple[list[Row], list[LeftOut], Path]:
    """Rows from a folder or a table, what is in none, and the folder in which their files lie."""
    source = request.source
    if isinstance(source, str | Path) and (Path(source).is_dir() or not Path(source).suffix):
        if not Path(source).is_dir():
            raise InputRefused(source, [Problem("folder", "no folder", "Name one that exists, or a table.")])
        files, left = list_files(Path(source))
        found, more = pair(files, request.language)
        if not found:
            raise InputRefused(source, [Problem("folder", "no recording", "Name a folder that holds recordings.")])
        return [_row(one) for one in found], [*left, *more], Path(source)
    rows, left, table = _from_table(request, _maps(request, asker))
    beside = Path.cwd() if table.source.frame is not None else Path(table.source.place).parent
    root = Path(request.media_root) if request.media_root else beside
    over = [] if all(row.keys() >= {*FILES} for row in rows) else _find_media(rows, root, request.language)
    left += [one for one in over if request.media_root or Path(one.path).suffix.lower() in (*PICTURED, *SOUNDING)]
    for place, row in enumerate(rows):
        if not row.get("candidate_id") and any(one.get("candidate_id") for one in rows):
            asker.missing.append(Problem(f"{table.place(place)}, candidate_id", "nothing", "Every row needs an id."))
        if not row.get("media"):
            left.append(LeftOut(table.place(place), f"no recording of {row.get('candidate_id', '')!r} in {root}"))
    kept = rows if asker.missing else [row for row in rows if row.get("media")]
    of = [row.get("candidate_id", "") for row in kept]
    for place, row in enumerate(kept):  # of a person with several interviews the second is the second
        again = f" {of[:place].count(of[place]) + 1}" if of.count(of[place]) > 1 else ""
        row.setdefault("interview_id", of[place] + again)
    return kept, left, root


def _row(one: Pair) -> Row:
    said = {
        "interview_id": one.interview,
        "candidate_id": one.candidate,
        "media": _cell(one.media),
        "transcript": _cell(one.transcript),
        "language": one.language,
        "recorded_at": one.recorded_at.isoformat() if one.recorded_at else None,
        HOST: "yes" if one.by_host else None,
    }
    return {name: value for name, value in said.items() if value}


def _cell(files: Mapping[str | None, object]) -> str:
    """Paths by question as a manifest's cell holds them: of one file its path."""
    if set(files) <= {None}:
        return "".join(map(str, files.values()))
    return json.dumps({str(name): str(path) for name, path in files.items()}, ensure_ascii=False)


def _paths(cell: str) -> Mapping[str | None, str]:
    """The paths of such a cell; none of one that cannot be read, which the reader of manifests then refuses."""
    try:
        read = parse_json(cell) if cell.startswith("{") else {None: cell} if cell else {}
    except ValueError:
        return {}
    return read if all(isinstance(path, str) for path in read.values()) else {}


def _from_table(request: ManifestRequest, maps: Maps) -> tuple[list[Row], list[LeftOut], Table]:
    declared = [Column(name, Kind.ID if name in IDS else Kind.TEXT).optional for name in ACCEPTED]
    table = read_table(request.source, declared, maps=maps, called="the manifest")
    foreign = [str(name) for name in table.frame if name not in ACCEPTED]
    rows = [
        {str(name): cell for name, cell in row.items() if isinstance(cell, str) and cell}
        for row in table.frame.drop(columns=foreign).to_dict("records")
    ]
    there = set(map(str, table.frame))
    left = []
    for name in foreign:
        ours = next((one for one in ACCEPTED if one not in there and offered(one, [name])), None)
        why = "not a column of a manifest" + (f', unless it is {ours}: --map "{name}={ours}"' if ours else "")
        left.append(LeftOut(f"column {name}", why))
    return rows, left, table


def _maps(request: ManifestRequest, asker: Asker) -> Maps:
    """The user's map, with what they take of our offers on a terminal; elsewhere what is needed is named."""
    maps = maps_of(request.map)
    names = [str(name) for name in read_table(request.source, called="the manifest", empty=True).frame]
    mapped = dict(maps.columns)
    there = {fold(name) for name in [*names, *mapped.values()]}
    free = [name for name in names if name not in mapped and fold(name) not in {fold(ours) for ours in ACCEPTED}]
    for ours in [name for name in ACCEPTED if fold(name) not in there]:
        theirs = offered(ours, [name for name in free if name not in mapped])
        needed = ours == "candidate_id" or (ours == "job" and request.job is None and theirs is not None)
        if asker.live and theirs:
            if asker.ask(ours, f"Is {theirs!r} our {ours}? 是否为 {ours}？", "", ("y", "n")) == "y":
                mapped[theirs] = ours
        elif needed:
            which = theirs or (free[0] if free else "your name")
            remedy = f'Say which column it is: --map "{which}={ours}".'
            asker.missing.append(Problem(ours, ", ".join(free) or "no other column", remedy))
    return Maps(mapped, maps.encoding, maps.delimiter)


def _find_media(rows: list[Row], root: Path, language: str | None) -> list[LeftOut]:
    """Give rows the one pair of files that bears their id or name, or holds their recording; what is left over."""
    files, hidden = list_files(root)
    free, left = pair(files, language)
    own = [{str(Path(path)) for path in _paths(row.get("media", "")).values()} for row in rows]
    for row, media in zip(rows, own, strict=True):
        names = {fold(row[name]) for name in NAMES if row.get(name)}
        fits = [one for one in free if media == set(map(str, one.media.values()))]
        fits = fits if media else [one for one in free if names & {fold(one.candidate), fold(one.interview)}]
        if len(fits) == 1:
            free.remove(fits[0])
            row |= {name: value for name, value in _row(fits[0]).items() if name not in {*row, *IDS, HOST}}
    left += [LeftOut(str(path), "no row of this name, or several") for one in free for path in one.files]
    named = {str(Path(path)) for row in rows for name in FILES for path in _paths(row.get(name, "")).values()}
    return [one for one in [*hidden, *left] if one.path not in named]


def _fill(rows: list[Row], request: ManifestRequest, asker: Asker) -> list[str]:
    """What rows do not say: what the options say, else what is answered; rows whose language no framework has."""
    frameworks = load_frameworks(Path(request.framework or SHIPPED_FRAMEWORKS))
    jobs = sorted(frameworks)
    if any(not row.get("job") for row in rows):
        only = jobs[0] if request.framework and len(jobs) == 1 else None
        remedy = f"Give --job, one of {', '.join(jobs)}, or map the column that holds it."
        _set(rows, "job", request.job or only or asker.ask("job", "Job 岗位", remedy, jobs))
    if any(not row.get("language") for row in rows):
        remedy = "Give --language en, zh, yue or auto."
        languages = ("en", "zh", "yue", "auto")
        _set(rows, "language", request.language or asker.ask("language", "Language 语言", remedy, languages))
    for row in rows:
        row["language"] = str(spoken_language(row["language"]))
    asker.missing.extend(_strange(rows, frameworks))
    _consent([row for row in rows if not any(row.get(name) for name in ("consent", *CONSENT))], request, asker)
    return [
        f"{row['interview_id']} will not be scored: the framework of {row['job']} has no texts in {row['language']}."
        for row in rows
        if row["job"] in frameworks and row["language"] in {*MEASURED} - {*frameworks[row["job"]].languages}
    ]


def _set(rows: list[Row], name: str, value: str) -> None:
    for row in rows:
        row[name] = row.get(name) or value


def _strange(rows: list[Row], frameworks: Mapping[str, Framework]) -> Iterator[Problem]:
    """Jobs without a framework, and questions that the job's framework does not ask."""
    known = ", ".join(frameworks)
    for job in sorted({row["job"] for row in rows if row["job"]} - set(frameworks)):
        yield Problem("job", shorten(job), f"Name one that has a framework ({known}), or give --framework.")
    for row in [row for row in rows if row["job"] in frameworks]:
        asks = [question.id for question in frameworks[row["job"]].questions]
        strange = [name for name in _paths(row.get("media", "")) if name not in (None, *asks)]
        if strange:
            remedy = f"{row['job']} asks {', '.join(asks)}: name the files so."
            yield Problem(f"{row['interview_id']}, media", ", ".join(map(str, strange)), remedy)


def _consent(rows: list[Row], request: ManifestRequest, asker: Asker) -> None:
    """Write what the operator declares for rows that say nothing; nothing otherwise."""
    if not rows or request.without_consent:
        return
    remedy = "Give --consent-on-file POLICY if all of them agreed, or --without-consent to fill it in by hand."
    policy, day = request.consent_on_file or "", request.consent_date or ""
    if not policy:
        policy = asker.ask("consent", "Policy under which all agreed (empty: fill in by hand) 同意书", remedy)
    if policy and not day:
        day = asker.ask("consent_date", "Day of that consent 同意日期 (2026-11-22)", "Give --consent-date DAY.")
    if policy and day:
        stated = ("yes", "score", day, policy.strip())
        for row in rows:
            row |= dict(zip(STATED, stated, strict=True))


def _placed(row: Row, prefix: str) -> Row:
    """A row whose paths are named from the manifest's folder; none that a sheet would run as a formula."""

    def under(path: str) -> str:
        placed = path if prefix == "." else f"{prefix}/{path}"
        return f"./{placed}" if placed.startswith(FORMULA_STARTS) else placed

    moved = {name: {at: under(path) for at, path in _paths(row.get(name, "")).items()} for name in FILES}
    return row | {name: _cell(paths) for name, paths in moved.items() if paths}


def _notes(rows: list[Row], root: Path) -> list[str]:
    """What somebody must know or fill in; in transcripts with several speakers the candidate is filled in if named."""
    hosts = [row["interview_id"] for row in rows if HOST in row]
    empty = sum(not (row.get("consent_text") or row.get("consent")) for row in rows)
    notes = [f"The name says who called the meeting, not who was asked: correct candidate_id of {', '.join(hosts)}."]
    notes = notes if hosts else []
    if empty:
        remedy = "until consent_text, consent_date and consent_policy are filled in, they end as no_consent"
        notes.append(f"{empty} rows hold no consent: {remedy}.")
    paths = [path for row in rows for name in FILES for path in _paths(row.get(name, "")).values()]
    notes += [f"{path} is not there." for path in paths if not (root / path).is_file()]
    for row in [row for row in rows if row.get("transcript") and not row.get("candidate_speaker")]:
        known = [fold_name(row[name]) for name in NAMES if row.get(name)]
        try:
            said = [read_transcript(root / path) for path in _paths(row["transcript"]).values()]
        except TranscriptError as error:
            notes.append(f"{row['interview_id']}: {error}")
            continue
        except OSError:  # said above
            continue
        speakers = sorted({name for one in said for name in one.speakers})
        own = [name for name in speakers if fold_name(name) in known]
        if own:
            row["candidate_speaker"] = own[0]
        elif len(speakers) > 1:
            remedy = "write the candidate's name into candidate_speaker, or it ends as several_speakers"
            notes.append(f"{row['interview_id']}: several people speak ({', '.join(speakers)}): {remedy}.")
    return notes


def _write(rows: list[Row], out: Path, folder: Path) -> None:
    """Write what the reader of manifests accepts, whole; refuse the rest with every fault."""
    run = [
        Problem(
            f"{row['interview_id']}, {name}", shorten(cell), "A spreadsheet would run this: let a letter come first."
        )
        for row in rows
        for name, cell in row.items()
        if cell.startswith(FORMULA_STARTS)
    ]
    if run:
        raise InputRefused(out, run)
    plain = CONSENT if not any(row.get("consent") for row in rows) else ()
    there = [name for name in ACCEPTED if name in plain or any(row.get(name) for row in rows)]

    def put(place: str) -> None:
        with Path(place).open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.DictWriter(file, there, extrasaction="ignore")
            writer.writeheader()
            writer.writerows(rows)

    trial = scratch(out.name)
    put(str(trial))
    read_manifest(trial, folder=folder)
    out.parent.mkdir(parents=True, exist_ok=True)
    write_whole(out, put)
