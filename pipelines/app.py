"""The command line: ``viva``, in the order of its users. What a command may be asked for stands at its function."""

from typing import Annotated

import typer

from vivavoce import __version__
from vivavoce.data.errors import Exit
from vivavoce.pipelines.command import PLAIN, Command, Group, group_of
from vivavoce.pipelines.terminal import Commands

SOME = "some not, or only partly: see status.parquet"
NOT_LOGGED = {Exit.NOT_LOGGED: "done, but the event log refused to say so"}

TOP = {
    "manifest": Command(
        "manifest:manifest",
        "Write the list of interviews that score reads, from a folder of recordings or an applicant system's table.",
        (
            "viva manifest recordings --job store_manager --language en --without-consent --out interviews.csv",
            'viva manifest people.xlsx --media-root recordings --map "Applicant No=candidate_id" --job store_manager '
            "--language zh --out interviews.csv",
        ),
        {
            Exit.DONE: "written, with everything in it",
            Exit.SOME_ROWS: "written; some files are in no row: which is said",
        },
    ),
    "score": Command(
        "score:score",
        "Score interviews.",
        (
            "viva score interviews.jsonl --out results",
            "viva score interviews.jsonl --model models:/engineer@champion --production --out results",
        ),
        {Exit.DONE: "every row scored", Exit.SOME_ROWS: SOME, **NOT_LOGGED},
    ),
    "train": Command(
        "train:train",
        "Learn competency scores and weights; writes a model version of standing experimental.",
        (
            "viva train measured/features.parquet --ratings ratings.csv --framework f.yaml --out model",
            "viva train measured/features.parquet --ratings sqlite:///people.db#ratings --framework f.yaml --out model",
        ),
        {Exit.MACHINE: "trained, but the store of runs that was named refuses; or this machine does", **NOT_LOGGED},
    ),
    "audit": Command(
        "audit:audit",
        "Audit scores for adverse impact.",
        (
            "viva audit results/scores.parquet --groups declared.csv --select .25 --out audit",
            "viva audit --counts published_table.csv --out audit",
            "viva audit scores.csv --groups declared.csv --rules nyc-ll144 --attribute sex=gender "
            "--attribute race=ethnicity --facts facts.yaml --out audit",
        ),
        {
            Exit.DONE: "every group ok",
            Exit.FINDING: "a finding",
            Exit.CANNOT_TELL: "too few people to tell, or something to look at",
            **NOT_LOGGED,
        },
    ),
    "publish": Command(
        "publish:publish",
        "Ask the gate; sign and register as champion what it admits.",
        (
            "viva publish model --audit audit --name engineer --key ana --key ben --out bundle",
            "viva publish model --audit audit --name engineer --check-only --out bundle",
        ),
        {
            Exit.DONE: "published",
            Exit.FINDING: "refused: what would change that is said",
            Exit.CANNOT_TELL: "admitted provisionally",
        },
    ),
    "monitor": Command(
        "monitor:monitor",
        "Watch what is in use, month by month.",
        ("viva monitor results-may results-june --reference results-april --model model --out watch",),
        {
            Exit.DONE: "quiet",
            Exit.FINDING: "a new audit is called for",
            Exit.CANNOT_TELL: "no month holds people enough to tell",
        },
    ),
    "review": Command(
        "review:review",
        "Keep a person's second look at a score; the machine's score stays.",
        (
            'viva review results --candidate p17 --after 62 --reviewer ana --reason "q2 was cut off by the call."',
            "viva review results --export reviews",
        ),
    ),
    "erase": Command(
        "erase:erase",
        "Erase a person and destroy their key.",
        ('viva erase results results-may --candidate p17 --reason "Request of 2026-11-02"',),
        {Exit.DONE: "nothing left", Exit.FINDING: "something still names them: which files is said"},
    ),
    "demo": Command(
        "doctor:demo",
        "Score the bundled interviews, words, voice and face, and say where to look.",
        ("viva demo --out demo-out",),
        {Exit.DONE: "every one ended as planted", Exit.FINDING: "one did not: which is said"},
    ),
    "evaluate": Command(
        "evaluate:evaluate",
        "Try the rubric on written answers: what its scores follow, what words alone earn, who is routed.",
        ("viva evaluate answers.jsonl --framework frameworks --out evaluated",),
        {Exit.DONE: "words alone beat no honest middling answer", Exit.FINDING: "they do: which is said"},
    ),
    "doctor": Command(
        "doctor:doctor",
        "Say what is installed, what is missing with its remedy, and how fast this machine is.",
        ("viva doctor", "viva doctor --json"),
        {Exit.DONE: "nothing that is needed is missing", Exit.FINDING: "something is"},
    ),
}

MEASURE = Group(
    "Measure interviews without scoring them; the measures described; their norms.",
    {
        "describe": Command(
            "features:describe",
            "List every measure with unit, plausible range, meaning and source.",
            ("viva measure describe", "viva measure describe --markdown > features.md"),
        ),
        "norms": Command(
            "features:norms",
            "Make norms: how each measure lies among people with the same job, language and question.",
            ("viva measure norms measured/features.parquet --out norms",),
        ),
    },
    own=Command(
        "score:measure",
        "Measure interviews without scoring them.",
        ("viva measure interviews.jsonl --out measured",),
        {Exit.DONE: "every row measured", Exit.SOME_ROWS: SOME},
    ),
)

MODEL = Group(
    "Model versions: registered, listed, compared, waived, tried in the shadow, verified.",
    {
        "register": Command(
            "registry:register",
            "Enter a model version, or a signed bundle, into the registry.",
            ("viva model register model --name engineer",),
        ),
        "list": Command("registry:names", "List the registered names.", ("viva model list --json",)),
        "show": Command(
            "registry:show",
            "Print the versions of a name with their digests and aliases.",
            ("viva model show engineer",),
        ),
        "compare": Command(
            "registry:compare", "Print in what two versions differ.", ("viva model compare engineer 1 2",)
        ),
        "promote": Command(
            "registry:challenge",
            "Make a version the challenger; champions come through viva publish only.",
            ("viva model promote engineer 2 --key ana",),
        ),
        "rollback": Command(
            "registry:take_back",
            "Give an alias back to the version that had it before.",
            ("viva model rollback engineer --alias champion --key ana",),
        ),
        "verify": Command(
            "publish:verify",
            "Check a signed bundle.",
            ("viva model verify bundle",),
            {Exit.DONE: "it may be used", Exit.FINDING: "it may not: which file and why is said"},
        ),
        "waive": Command(
            "publish:waive",
            "Sign a waiver of one check of the gate for one version; it counts once two keys have signed it.",
            ('viva model waive audit_age model --reason "Why, in a sentence." --key ana --out waivers',),
        ),
        "shadow": Command(
            "shadow:shadow",
            "Score a batch by two versions and compare.",
            (
                "viva model shadow results/features.parquet --champion models:/engineer@champion --challenger model-2 "
                "--select .25 --out shadow",
            ),
        ),
    },
)

FAIR = Group(
    "Further looks at fairness: signatures, rule packs, weights, alternatives, single questions, stages.",
    {
        "sign": Command(
            "auditing.sign_off:sign",
            "Sign an audit and its papers; the signature lies beside them.",
            ("viva fair sign audit --key ana",),
            {Exit.DONE: "signed", **NOT_LOGGED},
        ),
        "verify": Command(
            "auditing.sign_off:verify",
            "Say who signed an audit, and whether it has changed since.",
            ("viva fair verify audit", "viva fair verify bundle/audit --json"),
            {Exit.DONE: "every signature counts", Exit.FINDING: "nobody signed, or one does not count: why is said"},
        ),
        "rules": Command(
            "packs:rules",
            "List the rule packs, or every clause of some, and write a blank for the facts that they ask for.",
            ("viva fair rules", "viva fair rules nyc-ll144 us-ca-crd --facts facts.yaml"),
        ),
        "reweigh": Command(
            "reweigh:reweigh",
            "Weigh people so that group and rating are independent in training, which never sees the groups.",
            ("viva fair reweigh outcomes.csv --groups declared.csv --by sex --out weights",),
        ),
        "alternatives": Command(
            "alternatives:alternatives",
            "Search for a way that is as valid and hurts a group less.",
            (
                "viva fair alternatives model --features measured/features.parquet --ratings ratings.csv "
                "--outcomes outcomes.csv --groups declared.csv --candidates ways.yaml --select .25 --out search",
            ),
            {
                Exit.DONE: "none is better",
                Exit.FINDING: "one is confirmed",
                Exit.CANNOT_TELL: "these numbers cannot tell",
            },
        ),
        "questions": Command(
            "question_bank:questions",
            "Judge a question bank: what each question measures, and which to keep, rephrase or drop.",
            ("viva fair questions results/questions.parquet --groups declared.csv --out bank",),
            {Exit.DONE: "keep all", Exit.FINDING: "something to rephrase or drop"},
        ),
        "stages": Command(
            "stages:stages",
            "Compare who passes each stage, at which site and with which interviewer.",
            ("viva fair stages stages.csv --out stages",),
            {Exit.DONE: "no difference shown", Exit.FINDING: "sites or interviewers differ"},
        ),
    },
)

KEYS = Group(
    "Signing keys: made, listed, trusted, revoked.",
    {
        "create": Command(
            "keys:create",
            "Make a signing key, and enter its public half into the trust file.",
            ("viva keys create ana --role audit", "viva keys create log --role log"),
        ),
        "trust": Command(
            "keys:trust",
            "Enter somebody else's public key into the trust file.",
            ("viva keys trust ben 3d40…9a --role publish",),
        ),
        "list": Command("keys:trusted", "List the trusted keys with roles and revocations.", ("viva keys list",)),
        "public": Command("keys:public", "Print a public key.", ("viva keys public ana",)),
        "revoke": Command(
            "keys:revoke",
            "Revoke a key: nothing that it signed counts from now on.",
            ('viva keys revoke ana --reason "Laptop lost on 2026-11-02"',),
        ),
    },
)

LOG = Group(
    "The event log: who did what, provably unchanged.",
    {
        "create": Command(
            "log:create",
            "Begin the event log; needs a key with the role log.",
            ("viva keys create log --role log && viva log create",),
        ),
        "list": Command("log:events", "Print the last events.", ("viva log list --last 5 --json",)),
        "verify": Command(
            "log:verify",
            "Verify all of the log.",
            ("viva log verify", "viva log verify --head elsewhere/heads.jsonl"),
            {Exit.DONE: "as signed", Exit.FINDING: "altered: what and where is said"},
        ),
        "head": Command(
            "log:head",
            "Print the log's signed head, or add it to those kept elsewhere.",
            ("viva log head --out /mnt/elsewhere",),
        ),
        "recover": Command(
            "log:recover", "Cut off what a killed writer left unsigned; the log says so.", ("viva log recover",)
        ),
        "prove": Command("log:prove", "Print one event with the proof that it is in the log.", ("viva log prove 12",)),
    },
)

FRAMEWORK = Group(
    "Frameworks: what a job asks for.",
    {
        "describe": Command(
            "frameworks:describe",
            "Print what a framework asks for: competencies, weights, questions.",
            ("viva framework describe", "viva framework describe f.yaml --json"),
        ),
        "new": Command(
            "frameworks:new",
            "Write a template of a framework, with comments, and the schema that editors check it by.",
            ("viva framework new store_manager --competency planning --competency safety --out frameworks",),
        ),
        "check": Command(
            "frameworks:check", "Check framework files; every fault is named at once.", ("viva framework check f.yaml",)
        ),
        "schema": Command(
            "frameworks:schema",
            "Print the JSON Schema of frameworks, for editors.",
            ("viva framework schema > f.json",),
        ),
    },
)

WEIGHTS = Group(
    "Recogniser weights: fetched once, by name, checked against a pinned SHA-256; measured on your own speech.",
    {
        "list": Command(
            "features:weights", "List the official sizes: digest, and whether the file is here.", ("viva weights list",)
        ),
        "fetch": Command(
            "features:fetch_weights",
            "Download one official size: the only connection that viva ever opens.",
            ("viva weights fetch base",),
        ),
        "calibrate": Command(
            "recognition:calibrate",
            "Measure a recogniser on your own checked transcripts: how far its words are trusted.",
            ("viva weights calibrate checked.csv --out recognition",),
            {Exit.CANNOT_TELL: "done; of some recogniser too little is shown to trust it, or to set its line"},
        ),
    },
)

TREE: dict[str, Command | Group] = {
    **TOP,
    "measure": MEASURE,
    "model": MODEL,
    "fair": FAIR,
    "keys": KEYS,
    "log": LOG,
    "framework": FRAMEWORK,
    "weights": WEIGHTS,
}


class Viva(Commands, group_of(TREE)):  # type: ignore[misc]
    """All commands, under the one handler of errors."""


app = typer.Typer(
    name="viva",
    cls=Viva,
    help="Recorded job interviews in, competency scores that can be defended out.",
    epilog="\b\n$ viva demo --out demo-out\n$ viva score interviews.jsonl --out results\n$ viva score --help",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings=PLAIN,
)


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
