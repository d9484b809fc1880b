"""Names that no feature, score or competency may carry, with the clause that refuses each."""

import re
from functools import cache
from importlib.resources import files

import yaml

WORD_WITHIN = re.compile(r"(?<=[a-z])(?=[A-Z])")  # NotStressed is two words


class RefusedName(ValueError):
    """A name claims what must not be inferred from a person's face, voice or words."""


@cache
def _refused() -> tuple[tuple[re.Pattern[str], str, str], ...]:
    document = yaml.safe_load(files("vivavoce.data").joinpath("refused.yaml").read_text(encoding="utf-8"))
    return tuple(
        (re.compile(rf"(?<![a-z])(?:{'|'.join(group['words'])})", re.IGNORECASE), group["claim"], group["clause"])
        for group in document["refused"]
    )


def refuse_name(text: str) -> None:
    """Raise ``RefusedName`` where a name or meaning claims emotion, honesty, personality or a protected attribute.

    Examples
    --------
    >>> refuse_name("face.mouth_opening_ratio")
    >>> refuse_name("face.stress_score")
    Traceback (most recent call last):
    ...
    vivavoce.data.refused.RefusedName: 'face.stress_score' claims stress (matched 'stress'): refused under ...
    """
    words = WORD_WITHIN.sub(" ", text)
    for pattern, claim, clause in _refused():
        found = pattern.search(words)
        if found:
            raise RefusedName(
                f"{text!r} claims {claim} (matched {found.group()!r}): refused under {clause}. "
                "Name the physical measure instead (an angle, a rate, Hz, dB)."
            )
