"""Which kinds of model there are: a kind is a folder of the package, found by what it holds and loaded by name.

``models/NAME/NAME_stored.py`` writes and reads a version, ``training/NAME/NAME_trainer.py`` makes one. Nothing else
lists kinds, so that one more is one folder in each package.
"""

from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules
from types import ModuleType

from vivavoce.data.errors import VivaError

MODELS, STORED = "vivavoce.models", "stored"  # the package of kinds that can be stored, and the part that stores


class UnknownKind(VivaError):
    """A kind of model that no folder is for; the message lists those that there are."""


def known_kinds(package: str = MODELS, part: str = STORED) -> tuple[str, ...]:
    """Names of a package's folders that hold a part, in alphabetical order.

    Parameters
    ----------
    package
        Whose folders are looked at.
    part
        What a kind's folder holds: ``NAME_part.py``.

    Examples
    --------
    >>> known_kinds()
    ('fusion', 'linear', 'rubric')
    """
    folders = (one.name for one in iter_modules(import_module(package).__path__) if one.ispkg)
    return tuple(sorted(name for name in folders if find_spec(f"{package}.{name}.{name}_{part}")))


def part_of(kind: str, package: str = MODELS, part: str = STORED) -> ModuleType:
    """A kind's part, imported where it is met, for fusion needs torch.

    The name is compared with the folders before anything is imported: it may come from a file of somebody else.

    Raises
    ------
    UnknownKind
        For a name that is none, listing those that are.
    """
    known = known_kinds(package, part)
    if kind not in known:
        raise UnknownKind(f"{kind!r} is no kind of model here. Known are {', '.join(known)}: name one of them.")
    return import_module(f"{package}.{kind}.{kind}_{part}")
