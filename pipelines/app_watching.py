"""The commands for what is in use: ``viva monitor``, ``shadow``, ``review``, ``erase``, ``stages``, ``questions``."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer()  # its commands stand beside those of ``pipelines/app.py``

Who = Annotated[str | None, typer.Option("--as", metavar="WHO", help="Who does it. [default: this account]")]


@app.command()
def monitor(
    folders: Annotated[list[Path], typer.Argument(metavar="FOLDER...", help="Output folders of viva score.")],
    reference: Annotated[Path, typer.Option(help="The folder that the training or the audit used.")],
    out: Annotated[Path, typer.Option(help="Folder for monitor.json and monitor.html.")],
    model: Annotated[
        str | None, typer.Option(help="Watch the features of this one: a folder, or models:/NAME@champion.")
    ] = None,
    job: Annotated[str | None, typer.Option(help="Whose interviews, where there are several jobs.")] = None,
    groups: Annotated[Path | None, typer.Option(help="Declared groups: impact ratios month by month.")] = None,
    select: Annotated[float | None, typer.Option(help="With --groups: the share of each month selected.")] = None,
    cut: Annotated[float | None, typer.Option(help="Or: selected is a score of at least this.")] = None,
    reviews: Annotated[Path | None, typer.Option(help="As viva review --export writes them.")] = None,
    audit: Annotated[Path | None, typer.Option(help="Folder of the audit in force.")] = None,
    who: Who = None,
) -> None:
    """Watch what is in use, month by month. Exit status: 0 quiet, 1 a new audit is called for, 2 bad input."""
    from vivavoce.pipelines.monitor import MonitorRequest, run_monitor
    from vivavoce.pipelines.records import Records

    request = MonitorRequest(tuple(folders), reference, out, model, job, groups, select, cut, reviews, audit)
    raise typer.Exit(run_monitor(request, Records.here(who)))


@app.command()
def shadow(
    features: Annotated[Path, typer.Argument(metavar="FEATURES", help="features.parquet of one batch.")],
    champion: Annotated[str, typer.Option(help="A folder, or models:/NAME@champion.")],
    challenger: Annotated[str, typer.Option(help="A folder, or models:/NAME@challenger.")],
    select: Annotated[float, typer.Option(help="Share of people selected, from the top.")],
    out: Annotated[Path, typer.Option(help="New JSON file.")],
    groups: Annotated[Path | None, typer.Option(help="Declared groups: counts by group.")] = None,
    listed: Annotated[bool, typer.Option("--list", help="Write the ids of those who would change sides too.")] = False,
) -> None:
    """Score a batch by two versions and compare. Exit status: 0 compared, 2 bad input."""
    from vivavoce.pipelines.shadow import ShadowRequest, run_shadow

    raise typer.Exit(run_shadow(ShadowRequest(features, champion, challenger, select, out, groups, listed)))


@app.command()
def review(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Output folder of viva score.")],
    candidate: Annotated[str | None, typer.Option(help="Whose score.")] = None,
    after: Annotated[float | None, typer.Option(min=0, max=100, help="What the reviewer says it should be.")] = None,
    reason: Annotated[str | None, typer.Option(help="Why; on one line.")] = None,
    reviewer: Annotated[str | None, typer.Option(help="Who looked again.")] = None,
    competency: Annotated[str, typer.Option(help="Which score.")] = "overall",
    interview: Annotated[str | None, typer.Option(help="Which interview, where the person has several.")] = None,
    export: Annotated[
        Path | None, typer.Option(help="Instead: write the reviews as viva audit --reviews reads them.")
    ] = None,
    who: Who = None,
) -> None:
    """Keep a person's second look at a score; the machine's score stays. Exit status: 0 kept, 2 bad input."""
    from vivavoce.pipelines.records import Records
    from vivavoce.pipelines.review import ReviewRequest, run_export, run_review

    if export is not None:
        if candidate is not None or after is not None:
            raise typer.BadParameter("viva review either keeps one review, or writes those kept with --export.")
        raise typer.Exit(run_export(out, export, Records.here(), competency))
    if candidate is None or after is None or reason is None or reviewer is None:
        raise typer.BadParameter("viva review needs --candidate, --after, --reason and --reviewer, or --export.")
    request = ReviewRequest(out, candidate, after, reason, reviewer, competency, interview)
    raise typer.Exit(run_review(request, Records.here(who)))


@app.command()
def erase(
    folders: Annotated[list[Path], typer.Argument(metavar="OUT...", help="Output folders of viva score or features.")],
    candidate: Annotated[str, typer.Option(help="Whose data.")],
    reason: Annotated[str, typer.Option(help="Why; on one line, without the person's id: it is kept.")],
    also: Annotated[
        list[Path] | None, typer.Option(help="A table or list elsewhere that holds the person; once for each.")
    ] = None,
    used_in: Annotated[
        list[Path] | None, typer.Option(help="A folder of models or audits: which were made from these tables?")
    ] = None,
    who: Who = None,
) -> None:
    """Erase a person and destroy their key. Exit status: 0 nothing left, 1 something still names them, 2 refused."""
    from vivavoce.pipelines.erase import EraseRequest, run_erase
    from vivavoce.pipelines.records import Records

    request = EraseRequest(tuple(folders), candidate, reason, tuple(also or ()), tuple(used_in or ()))
    raise typer.Exit(run_erase(request, Records.here(who)))


@app.command()
def stages(
    table: Annotated[
        Path,
        typer.Argument(
            metavar="TABLE", help="candidate_id, stage, passed (0/1) [, site, interviewer, human, machine]."
        ),
    ],
    out: Annotated[Path, typer.Option(help="New JSON file.")],
) -> None:
    """Compare sites and interviewers. Exit status: 0 no difference shown, 1 they differ, 2 bad input."""
    from vivavoce.pipelines.stages import run_stages

    raise typer.Exit(run_stages(table, out))


@app.command()
def questions(
    scores: Annotated[Path, typer.Argument(metavar="QUESTIONS", help="candidate_id, question_id, score [, job].")],
    out: Annotated[Path, typer.Option(help="New JSON file.")],
    groups: Annotated[Path | None, typer.Option(help="Declared groups: does a question work alike for them?")] = None,
    outcomes: Annotated[Path | None, typer.Option(help="Performance: candidate_id, criterion, value.")] = None,
    criterion: Annotated[str | None, typer.Option(help="Which of several outcomes.")] = None,
    framework: Annotated[Path | None, typer.Option(help="Says which competency each question shows.")] = None,
    scale: Annotated[tuple[float, float], typer.Option(help="Ends of the single scores' scale.")] = (0.0, 100.0),
    job: Annotated[str | None, typer.Option(help="Whose questions, where there are several jobs.")] = None,
) -> None:
    """Judge a question bank. Exit status: 0 keep all, 1 something to rephrase or drop, 2 bad input."""
    from vivavoce.pipelines.question_bank import QuestionsRequest, run_questions

    request = QuestionsRequest(scores, out, groups, outcomes, criterion, framework, scale, job)
    raise typer.Exit(run_questions(request))
