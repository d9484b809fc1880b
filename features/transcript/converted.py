"""Whisper's weights in CTranslate2's form: a folder, known by the SHA-256 of what lies in it.

Nobody publishes digests of converted weights, so none are pinned here: what a converted folder holds is known by its
digest, which the engine's name carries, and ``PATH@DIGEST`` pins it.
"""

import hashlib
import os
import weakref
from collections.abc import Iterable, Mapping
from importlib.util import find_spec
from io import BufferedReader
from pathlib import Path

from vivavoce.features.transcript.recognise import NoRecogniser
from vivavoce.features.transcript.weights import Checkpoint, check_digest, digest_of_file, split_pin

ENVIRONMENT = "VIVA_FASTER_WHISPER"  # names a folder
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
    name = asked or os.environ.get(ENVIRONMENT)
    ways = (
        "Two ways out: convert official weights once, 'ct2-transformers-converter --model openai/whisper-base "
        "--quantization int8 --copy_files tokenizer.json preprocessor_config.json --output_dir base-int8', and name "
        f"the folder with --weights or in {ENVIRONMENT}; or take --asr whisper."
    )
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
