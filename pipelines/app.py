"""The command line: ``viva``. Each command lives in its own file and is imported when it is called."""

from pathlib import Path
from typing import Annotated

import typer

from vivavoce import __version__
from vivavoce.data.interview import Profile, Purpose
from vivavoce.pipelines.app_publishing import app as publishing_app
from vivavoce.pipelines.app_watching import app as watching_app
from vivavoce.pipelines.terminal import Commands

app = typer.Typer(
    name="viva",
    cls=Commands,
    help="Recorded job interviews in, competency scores that can be defended out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
weights_app = typer.Typer(help="Recogniser weights: fetched once, by name, checked against a pinned SHA-256.")
app.add_typer(weights_app, name="weights", no_args_is_help=True)
app.add_typer(publishing_app)
app.add_typer(watching_app)

ManifestPath = Annotated[Path, typer.Argument(help="Interviews: .jsonl, .csv or .parquet, one row each.")]
FrameworkPath = Annotated[
    Path | None, typer.Option(help="A framework file or a folder of them. [default: the shipped three]")
]
OutPath = Annotated[Path, typer.Option(help="Output folder; an interrupted run there is continued.")]
Workers = Annotated[int, typer.Option(min=1, help="Processes; the numbers are the same for any.")]
Asr = Annotated[
    str,
    typer.Option(help="Words from: auto (transcript, else whisper), provided, whisper, faster-whisper, pocketsphinx."),
]
Weights = Annotated[
    str | None,
    typer.Option(
        help="Whisper size, checkpoint file or converted folder, @SHA-256. [default: VIVA_WHISPER, else base]"
    ),
]
ProfileOption = Annotated[Profile, typer.Option(help="What is measured, where consent allows it too.")]
Encoder = Annotated[str, typer.Option(help="Sentence encoder: auto (the installed one, else none), none, or a folder.")]
Fps = Annotated[float, typer.Option(min=1, max=30, help="Frames looked at per second.")]
ConsentOnFile = Annotated[
    str | None,
    typer.Option(metavar="POLICY", help="Policy that declares consent, for text only, for rows without any."),
]
InterviewerConsent = Annotated[
    str | None,
    typer.Option(
        metavar="POLICY", help="Policy by which interviewers agreed to their voice and face telling who speaks."
    ),
]
SkipBadRows = Annotated[bool, typer.Option("--skip-bad-rows", help="Record rows with errors as bad_row and go on.")]
NormsPath = Annotated[Path | None, typer.Option(help="Reference of viva norms: places each answer in the report.")]
Csv = Annotated[bool, typer.Option("--csv", help="Write the tables as CSV too, with formulas defused.")]


def main() -> None:
    """Run the command line."""
    app()


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"vivavoce {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version and leave.")
    ] = False,
) -> None:
    pass


@app.command()
def score(
    manifest: ManifestPath,
    out: OutPath,
    framework: FrameworkPath = None,
    workers: Workers = 1,
    asr: Asr = "auto",
    weights: Weights = None,
    profile: ProfileOption = Profile.LANGUAGE,
    encoder: Encoder = "auto",
    fps: Fps = 5.0,
    consent_on_file: ConsentOnFile = None,
    skip_bad_rows: SkipBadRows = False,
    csv: Csv = False,
    norms: NormsPath = None,
    interviewer_consent: InterviewerConsent = None,
    model: Annotated[
        list[str] | None,
        typer.Option(
            help="A trained model's folder, or models:/NAME@champion; one for each job. [default: the rubric]"
        ),
    ] = None,
    production: Annotated[
        bool, typer.Option("--production", help="Refuse every model that no gate admitted, and the plain rubric.")
    ] = False,
) -> None:
    """Score interviews. Exit status: 0 all scored, 3 some not (see status.parquet), 2 bad input, 130 interrupted."""
    from vivavoce.pipelines.score import run_score
    from vivavoce.pipelines.scoring.batch import Request

    request = Request(
        manifest, framework, out, workers, asr, weights, profile, encoder, fps, consent_on_file, skip_bad_rows, csv,
        norms=norms, interviewer_consent=interviewer_consent, models=tuple(model or ()),
        production=production,
    )  # fmt: skip
    raise typer.Exit(run_score(request))


@app.command()
def features(
    manifest: Annotated[Path | None, typer.Argument(help="As for score.")] = None,
    out: Annotated[Path | None, typer.Option(help="As for score.")] = None,
    framework: FrameworkPath = None,
    workers: Workers = 1,
    asr: Asr = "auto",
    weights: Weights = None,
    profile: ProfileOption = Profile.LANGUAGE,
    encoder: Encoder = "auto",
    fps: Fps = 5.0,
    consent_on_file: ConsentOnFile = None,
    skip_bad_rows: SkipBadRows = False,
    csv: Csv = False,
    interviewer_consent: InterviewerConsent = None,
    purpose: Annotated[Purpose, typer.Option(help="For which consent must be on record.")] = Purpose.TRAIN,
    describe: Annotated[bool, typer.Option("--describe", help="List every feature instead.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="With --describe: as the page in docs/.")] = False,
) -> None:
    """Measure interviews without scoring them, or describe the features."""
    if describe:
        from vivavoce.pipelines.features import describe_features

        raise typer.Exit(describe_features(markdown=markdown))
    if manifest is None or out is None:
        raise typer.BadParameter("viva features needs MANIFEST and --out, or --describe.")
    from vivavoce.pipelines.score import run_score
    from vivavoce.pipelines.scoring.batch import Request

    request = Request(
        manifest, framework, out, workers, asr, weights, profile, encoder, fps, consent_on_file, skip_bad_rows, csv,
        purpose, scoring=False, interviewer_consent=interviewer_consent,
    )  # fmt: skip
    raise typer.Exit(run_score(request))


@app.command()
def norms(
    features: Annotated[Path, typer.Argument(help="A features.parquet: the reference batch.")],
    out: Annotated[Path, typer.Option(help="The norms, as JSON.")] = Path("norms.json"),
) -> None:
    """Make norms: how each measure lies among people with the same job, language and question."""
    from vivavoce.pipelines.features import run_norms

    raise typer.Exit(run_norms(features, out))


@app.command()
def train(
    features: Annotated[str, typer.Argument(help="features.parquet, or any table declared by --schema.")],
    framework: Annotated[Path, typer.Option(help="The job's framework file.")],
    out: Annotated[Path, typer.Option(help="New folder for the model version.")],
    ratings: Annotated[
        str | None, typer.Option(help="Human ratings: interview_id, rater, competency or question_id, value.")
    ] = None,
    kind: Annotated[
        str, typer.Option(help="linear; fusion: reads answers in their order; rubric: nothing is learned.")
    ] = "linear",
    outcomes: Annotated[
        str | None, typer.Option(help="Later performance: candidate_id, criterion, value [, date, rater, job].")
    ] = None,
    criterion: Annotated[str | None, typer.Option(help="Learn weights from this one of several criteria.")] = None,
    schema: Annotated[Path | None, typer.Option(help="YAML that declares the columns of a foreign table.")] = None,
    selection: Annotated[Path | None, typer.Option(help="YAML: how people with performance were selected.")] = None,
    sample_weights: Annotated[str | None, typer.Option(help="candidate_id, weight, as viva reweigh writes.")] = None,
    champion: Annotated[Path | None, typer.Option(help="Model version in use: is the new one better?")] = None,
    tune: Annotated[int, typer.Option(min=0, help="Settings to try for each competency; validity stays nested.")] = 0,
    tracking_uri: Annotated[
        str | None, typer.Option(help="MLflow store, or none. [default: VIVA_TRACKING, else runs.sqlite beside --out]")
    ] = None,
    thorough: Annotated[bool, typer.Option("--thorough", help="Look at validity for minutes.")] = False,
    split: Annotated[
        str, typer.Option(help="Test whole ones of these: person, time, or a column such as site or employer.")
    ] = "person",
    today: Annotated[str | None, typer.Option(help="Features of today's applicants: does the model fit them?")] = None,
    beside: Annotated[
        list[Path] | None, typer.Option(help="Another job's version: its weights count as far as the jobs agree.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of every random split, draw and search.")] = 0,
) -> None:
    """Learn competency scores and weights; writes a model version of standing experimental.

    Tables are .csv or .parquet files, or URL#table (sqlite:///people.db#ratings,
    postgresql+psycopg://user@host/db#ratings).
    """
    from vivavoce.pipelines.train import TrainingRequest, run_train

    request = TrainingRequest(
        features, ratings, outcomes, framework, out, seed, schema, criterion, selection, sample_weights, champion,
        tune, tracking_uri, thorough, split, today, tuple(beside or ()),
        kind=kind,
    )  # fmt: skip
    raise typer.Exit(run_train(request))


@app.command()
def reweigh(
    table: Annotated[str, typer.Argument(help="Ratings or outcomes, as for train.")],
    groups: Annotated[Path, typer.Option(help="Declared attributes by candidate_id; missing is a group of its own.")],
    by: Annotated[list[str], typer.Option(help="Attribute to be made independent of the ratings; several: crossed.")],
    out: Annotated[Path, typer.Option(help="New file for candidate_id, weight.")],
    interviews: Annotated[
        str | None, typer.Option(help="Whose interviews ratings name: any table with both ids.")
    ] = None,
    criterion: Annotated[str | None, typer.Option(help="Which of several outcomes.")] = None,
    classes: Annotated[int, typer.Option(min=2, help="Classes into which continuous values are cut.")] = 5,
) -> None:
    """Weigh people so that group and rating are independent in training, which never sees the groups."""
    from vivavoce.pipelines.reweigh import ReweighRequest, run_reweigh

    raise typer.Exit(run_reweigh(ReweighRequest(table, groups, tuple(by), out, interviews, criterion, classes)))


@app.command()
def audit(
    out: Annotated[Path, typer.Option(help="Folder for audit.json, audit.html and audit.pdf.")],
    scores: Annotated[
        Path | None, typer.Argument(help="Scores or decisions: .csv or .parquet, with candidate_id.")
    ] = None,
    groups: Annotated[
        Path | None, typer.Option(help="Declared attributes by candidate_id; missing is unknown.")
    ] = None,
    counts: Annotated[Path | None, typer.Option(help="Instead: ready counts, table,group,n,selected.")] = None,
    cut: Annotated[float | None, typer.Option(help="Selected is a score of at least this.")] = None,
    select: Annotated[
        float | None, typer.Option(min=0, max=1, help="Or: selected is this share of every job, from the top.")
    ] = None,
    decision: Annotated[str | None, typer.Option(help="Or: selected is 1 in this column.")] = None,
    by: Annotated[list[str] | None, typer.Option(help="Attributes to judge. [default: all]")] = None,
    comparator: Annotated[
        list[str] | None, typer.Option(help="Compare with this group: attribute=group. [default: the highest rate]")
    ] = None,
    reviews: Annotated[
        Path | None, typer.Option(help="Human overrides: reviewer, date, before, after, reason.")
    ] = None,
    outcomes: Annotated[
        Path | None, typer.Option(help="What became of people: candidate_id, criterion, value [, job, date, rater].")
    ] = None,
    applicants: Annotated[
        Path | None, typer.Option(help="All who applied: candidate_id and what they were chosen on; with --outcomes.")
    ] = None,
    selected_on: Annotated[
        str | None, typer.Option(help="What people were chosen on: 'score', or a column of --applicants.")
    ] = None,
    questions: Annotated[
        Path | None, typer.Option(help="Single questions' scores: candidate_id, question_id, score [, job].")
    ] = None,
    features: Annotated[
        Path | None, typer.Option(help="A features.parquet: what do measures say of groups, and length of the score?")
    ] = None,
    recognition: Annotated[
        Path | None, typer.Option(help="Transcripts checked: candidate_id, reference, hypothesis (or words, errors).")
    ] = None,
    ratings: Annotated[
        Path | None, typer.Option(help="People's ratings: candidate_id, rater, value [, competency, job, date].")
    ] = None,
    rating_scale: Annotated[
        tuple[float, float] | None, typer.Option(help="The rating scale's ends, where it is not the score's: 1 5.")
    ] = None,
    model: Annotated[
        Path | None, typer.Option(help="Folder of the model version that made the scores: the audit is of it.")
    ] = None,
    reliability: Annotated[
        float | None, typer.Option(min=0, max=1, help="Of the score within groups; with --outcomes.")
    ] = None,
    rules: Annotated[
        list[str] | None, typer.Option(help="Rule packs: shipped names or files. [default: four-fifths]")
    ] = None,
    shared: Annotated[
        bool, typer.Option("--shared", help="Also write copies with counts below 10 suppressed.")
    ] = False,
) -> None:
    """Audit for adverse impact. Exit status: 0 every group ok, 1 a finding, 4 too few people to tell, 2 bad input."""
    from vivavoce.fairness.rules import DEFAULT
    from vivavoce.pipelines.audit import AuditRequest, CountsRequest, run_audit, run_counts_audit

    packs = tuple(rules) if rules else DEFAULT
    named = dict(one.partition("=")[::2] for one in comparator or ())
    if counts is not None:
        if scores is not None or groups is not None:
            raise typer.BadParameter("viva audit takes either --counts, or SCORES with --groups.")
        raise typer.Exit(run_counts_audit(CountsRequest(counts, out, packs, named, shared)))
    if scores is None or groups is None:
        raise typer.BadParameter("viva audit needs SCORES and --groups, or --counts.")
    request = AuditRequest(
        scores, groups, out, cut, select, decision, tuple(by or ()),
        reviews=reviews, outcomes=outcomes, applicants=applicants, selected_on=selected_on,
        questions=questions, features=features, recognition=recognition,
        ratings=ratings, rating_scale=rating_scale, model=model,
        reliability=reliability, rules=packs, comparators=named, shared=shared,
    )  # fmt: skip
    raise typer.Exit(run_audit(request))


@app.command()
def demo(
    out: OutPath = Path("demo-out"),
    workers: Workers = 2,
) -> None:
    """Score the bundled interviews, words, voice and face, and say where to look."""
    from vivavoce.pipelines.doctor import run_demo

    raise typer.Exit(run_demo(out, workers))


@app.command()
def doctor() -> None:
    """Say what is installed, what is missing with its remedy, and how fast this machine is."""
    from vivavoce.pipelines.doctor import run_doctor

    raise typer.Exit(run_doctor())


@weights_app.command("list")
def list_weights() -> None:
    """List the official sizes: digest, and whether the file is here."""
    from vivavoce.pipelines.features import run_list

    raise typer.Exit(run_list())


@weights_app.command("fetch")
def fetch_weights(size: Annotated[str, typer.Argument(help="tiny, base, small, medium, large-v3, turbo …")]) -> None:
    """Download one official size: the only connection that viva ever opens."""
    from vivavoce.pipelines.features import run_fetch

    raise typer.Exit(run_fetch(size))
