"""One kind of further evidence beside scores and groups: what it asks for, finds and says, and what may be passed on.

A kind is one file that reads a table (or whatever it is), describes it as a part of ``audit.json``, judges that part
and tells it as a chapter. What it is called, its options, its sentences in English and Chinese and the shape of its
part are a :class:`Declaration`: written in the file itself, or in the ``.yaml`` beside it. The command line reads only
these, so nothing here loads what measures. ``auditing/kinds.py`` lists the kinds.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from vivavoce.data.yaml_file import shipped_yaml
from vivavoce.pipelines.report.blocks import Block, Language, Say, fill, speaker

if TYPE_CHECKING:
    from vivavoce.pipelines.auditing.scores import People

Json = dict[str, Any]
Told = Mapping[str, Any]
Table = TypeVar("Table")
Value = Literal["file", "folder", "number", "text", "ends"]

SHIPPED = ("outcomes", "questions", "made_of", "recognised", "ratings", "reviews", "model")  # in the report's order
EXPLORATORY = "exploratory"  # what further evidence finds never decides the verdict


@dataclass(frozen=True)
class Option:
    """One value that a request, a notebook or a command line may give.

    Parameters
    ----------
    name
        As a request names it, ``rating_scale``; the command line writes ``--rating-scale``.
    help
        One line: what to give.
    value
        ``file``, ``folder``, ``number``, ``text``, or ``ends`` (two numbers).
    least, most
        Limits of a number, both allowed; None: none.
    kind
        Name of the kind that asks for it.
    """

    name: str
    help: str
    value: Value = "file"
    least: float | None = None
    most: float | None = None
    kind: str = ""


@dataclass(frozen=True)
class Finding:
    """What a kind's findings have in common.

    Parameters
    ----------
    what
        In plain words: ``differential prediction``.
    measure
        Which comparison it is, in one word.
    clause
        Of the guidelines that it rests on.
    settles, settled_by
        What would settle it: a word, and a sentence.
    names
        Further names of a finding's place beside attribute and group: ``criterion``, ``question``.
    """

    what: str
    measure: str
    clause: str
    settles: str
    settled_by: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Declaration:
    """What a kind of evidence is called and says, without loading what works with it.

    Parameters
    ----------
    option
        Its table, file or folder; its name is the kind's.
    part
        Its key in ``audit.json``.
    texts
        Sentences by name, each by language (``en``, ``zh``); ``looked`` counts findings ({n}). Names that are missing
        are the report's common ones.
    shape
        JSON Schema of the part; its ``$defs`` join the document's.
    options
        What it needs to know beside its table.
    finding
        None: it never finds anything.
    place
        ``chapter``: of its own; ``declared``: a paragraph among what was declared.
    """

    option: Option
    part: str
    texts: Mapping[str, Mapping[str, str]]
    shape: Json
    options: tuple[Option, ...] = ()
    finding: Finding | None = None
    place: Literal["chapter", "declared"] = "chapter"

    @property
    def name(self) -> str:
        """As a request names it."""
        return self.option.name

    def speaker(self, language: Language) -> Say:
        """The report's sentences with this kind's own before them."""
        common = speaker(language)

        def say(sentence: str, /, **values: Any) -> str:
            own = self.texts.get(sentence)
            return common(sentence, **values) if own is None else fill(own[language], values)

        return say


@dataclass(frozen=True)
class Found:
    """One group that stands out.

    Parameters
    ----------
    attribute, group, comparator
        Who, beside whom (None: everybody else).
    size, interval
        In the kind's unit, with its limits; None where there is none.
    evidence
        The numbers that it rests on.
    stratum
        Part of the people that it was seen in, or None.
    names
        As the kind's :class:`Finding` declares them.
    """

    attribute: str
    group: str
    comparator: str | None
    size: float | None
    interval: tuple[float | None, float | None]
    evidence: Json
    stratum: str | None = None
    names: Mapping[str, str] = field(default_factory=dict)


def _nothing(_: Json) -> Sequence[Found]:
    return ()


def _no_digest(_: Told) -> Mapping[str, str]:
    return {}


@dataclass(frozen=True)
class Evidence(Generic[Table]):
    """A kind of evidence at work.

    Parameters
    ----------
    declared
        Its names, options, sentences and shape.
    read
        From what was given, and the options by name (None where not given): the table, or :class:`InputRefused`. Beside
        the options stand ``maps``, what the user calls columns, and ``whose``, pairs of interview and candidate.
    describe
        From the table, the people under audit and the options: its part of ``audit.json``.
    tell
        From that part: its blocks in one language.
    judge
        From that part: what stands out. It is exploratory, whatever it is.
    share
        From that part: what may be passed on to people who may not see small counts. None: nothing of it.
    digests
        From that part: what the event log names beside the audit.
    """

    declared: Declaration
    read: Callable[[Any, Mapping[str, Any]], Table]
    describe: Callable[[Table, "People", Mapping[str, Any]], Json]
    tell: Callable[[Told, Say], Iterator[Block]]
    judge: Callable[[Json], Sequence[Found]] = _nothing
    share: Callable[[Told], Json] | None = None
    digests: Callable[[Told], Mapping[str, str]] = _no_digest

    def findings(self, part: Json) -> list[Json]:
        """What stands out, as ``audit.json`` lists findings."""
        about = self.declared.finding
        found = self.judge(part)
        if about is None:
            return []
        return [
            {
                "what": about.what,
                "where": {
                    "attribute": one.attribute, "group": one.group, "comparator": one.comparator,
                    "stratum": one.stratum, "measure": about.measure, "cut": None, **one.names,
                },
                "family": EXPLORATORY,
                "size": one.size,
                "interval": [*one.interval],
                "difference": None,
                "evidence": one.evidence,
                "clause": about.clause,
                "settles": about.settles,
                "what_would_settle": about.settled_by,
            }
            for one in found
        ]  # fmt: skip


@cache
def declared(name: str) -> Declaration:
    """The declaration in ``auditing/NAME.yaml``."""
    found: Json = shipped_yaml("vivavoce.pipelines", f"auditing/{name}.yaml")
    kind = found["option"]["name"]
    about = found.get("finding")
    return Declaration(
        Option(**found["option"], kind=kind),
        found["part"],
        found["texts"],
        found["shape"],
        tuple(Option(**one, kind=kind) for one in found.get("options", ())),
        Finding(**{**about, "names": tuple(about.get("names", ()))}) if about else None,
        found.get("place", "chapter"),
    )


def options_of(declarations: Sequence[Declaration]) -> tuple[Option, ...]:
    """Every kind's own option and those it needs, in the report's order."""
    return tuple(option for one in declarations for option in (one.option, *one.options))


def shipped_options() -> tuple[Option, ...]:
    """What the command line offers: the shipped kinds' options, read without loading what works with them."""
    return options_of([declared(name) for name in SHIPPED])


def whole_schema(declarations: Sequence[Declaration]) -> Json:
    """The JSON Schema of ``audit.json``: what every audit has, and each kind's part."""
    text = (files("vivavoce.fairness") / "audit.schema.json").read_text(encoding="utf-8")
    schema: Json = json.loads(text)
    for one in declarations:
        schema["$defs"] |= one.shape.get("$defs", {})
        schema["properties"][one.part] = {name: value for name, value in one.shape.items() if name != "$defs"}
    where = schema["$defs"]["where"]["properties"]
    settles = schema["$defs"]["finding"]["properties"]["settles"]["enum"]
    for about in (one.finding for one in declarations if one.finding):
        where["measure"]["enum"].append(about.measure)
        where.update({name: {"type": "string"} for name in about.names})
        settles.append(about.settles)
    for values in (where["measure"], schema["$defs"]["finding"]["properties"]["settles"]):
        values["enum"] = list(dict.fromkeys(values["enum"]))
    return schema
