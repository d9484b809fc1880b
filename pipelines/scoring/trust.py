"""How far a recogniser's words are trusted: an employer's own measurement by recogniser and language, in one file."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from vivavoce.data.errors import VivaError
from vivavoce.data.problem import shorten
from vivavoce.data.schema import digest_of
from vivavoce.features.transcript.words import UNCLEAR_BELOW

FORMAT = "vivavoce recognition 1"
LEAST_SPEAKERS = 20  # whose errors are known, before a recogniser is trusted in a language
MOST_ERROR = 0.15  # words (Chinese: characters) wrong at most, by the upper 95 % limit over speakers


class NotTrusted(VivaError):
    """A file that says nothing of a recogniser, or a recogniser of which it says too little; with the way out."""


@dataclass(frozen=True)
class Pair:
    """What was measured of one recogniser in one language.

    Parameters
    ----------
    engine, language
        As ``features.parquet`` names them: ``whisper:5f3b1c2a9d01``, ``en`` or ``zh``.
    speakers, answers
        How many were checked.
    error, high
        Words wrong per word said, 0 or more, and its upper 95 % limit over speakers; None for fewer than two speakers.
    line
        Confidence below which an answer is ``unclear_speech``, 0–1.
    established
        Whether these answers showed that line; where they did not, it is the shipped one.
    """

    engine: str
    language: str
    speakers: int
    answers: int
    error: float
    high: float | None
    line: float
    established: bool

    @property
    def trusted(self) -> bool:
        """Whether enough speakers show that few words are wrong."""
        return self.speakers >= LEAST_SPEAKERS and self.high is not None and self.high <= MOST_ERROR


@dataclass(frozen=True)
class Trust:
    """Every pair that was measured; without any, the shipped line holds and nothing is trusted in production."""

    pairs: tuple[Pair, ...] = ()

    @property
    def digest(self) -> str | None:
        """SHA-256 (hex) of the content, None where nothing was measured."""
        return digest_of(self._document()) if self.pairs else None

    def _document(self) -> dict[str, Any]:
        return {"format": FORMAT, "pairs": [asdict(pair) for pair in self.pairs]}

    def text(self) -> str:
        """The file."""
        return json.dumps({**self._document(), "digest": self.digest}, indent=1, ensure_ascii=False) + "\n"

    def line(self, engine: str, language: str) -> float:
        """Confidence below which an answer by this recogniser in this language is unclear, 0–1.

        Examples
        --------
        >>> Trust().line("whisper:5f3b1c2a9d01", "en")
        0.7
        """
        pair = self._known().get((engine, language))
        return UNCLEAR_BELOW if pair is None else pair.line

    def check(self, engine: str, languages: Iterable[str]) -> None:
        """Refuse a recogniser in production where it is not shown to be wrong seldom enough.

        Raises
        ------
        NotTrusted
            With every language that lacks evidence, what is known of it, and the ways out.
        """
        wanting = [f"{one} ({self._said(engine, one)})" for one in languages if not self._trusts(engine, one)]
        if wanting:
            raise NotTrusted(
                f"--production: words by {engine} are not trusted for scores in {', '.join(wanting)}. An upper 95 % "
                f"limit of error of at most {MOST_ERROR:g} over at least {LEAST_SPEAKERS} speakers must be shown: "
                "check transcripts of your own interviews, run viva weights calibrate CHECKED.csv --out FOLDER, name "
                "its file with --recognition; or give each recording a transcript."
            )

    def _known(self) -> Mapping[tuple[str, str], Pair]:
        return {(pair.engine, pair.language): pair for pair in self.pairs}

    def _trusts(self, engine: str, language: str) -> bool:
        pair = self._known().get((engine, language))
        return pair is not None and pair.trusted

    def _said(self, engine: str, language: str) -> str:
        pair = self._known().get((engine, language))
        if pair is None:
            return "never measured"
        limit = "no limit" if pair.high is None else f"at most {pair.high:.2f}"
        return f"{pair.error:.2f}, {limit}, {pair.speakers} speakers"


def read_trust(path: Path) -> Trust:
    """Read what ``viva weights calibrate`` wrote.

    Raises
    ------
    NotTrusted
        If the file cannot be read, is another, or was changed after it was made.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["format"] != FORMAT:
            raise NotTrusted(f"{path} must be of format {FORMAT!r}. Got {document['format']!r} instead: make it anew.")
        trust = Trust(tuple(Pair(**pair) for pair in document["pairs"]))
        if trust.digest != document["digest"]:
            raise NotTrusted(f"{path} was changed after it was made: its content does not match its digest.")
    except (OSError, UnicodeDecodeError) as error:
        raise NotTrusted(f"{path} cannot be read: {error}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise NotTrusted(f"{path} is no file of viva weights calibrate: {shorten(error)}") from error
    return trust
