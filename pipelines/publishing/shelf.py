"""Folders by digest: what was put there once is found again, and nothing there is ever changed."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vivavoce.data.signing.tree import copy_plain
from vivavoce.data.vault.durable import make_folder, sync_folder


class Shelf:
    """A folder of folders, each under the digest of what it holds. Whoever takes one down must verify it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def place(self, digest: str) -> Path:
        """Return where the folder of this digest is, or would be."""
        return self.folder / digest

    def put(self, source: Path, digest: str) -> Path:
        """Copy a folder to its place; one that is there already stays. Readers see it whole or not at all.

        Raises
        ------
        vivavoce.data.signing.tree.TreeRefused
            For links, pipes, odd names, or too much.
        """
        place = self.place(digest)
        if not place.exists():
            with self.scratch() as scratch:
                copy_plain(source, scratch / digest)
                try:
                    (scratch / digest).rename(place)
                except FileExistsError:  # another process was first, with the same content
                    return place
            sync_folder(self.folder)
        return place

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """Lend a folder on the same file system, for what is still being copied."""
        make_folder(self.folder)
        with tempfile.TemporaryDirectory(dir=self.folder, prefix=".") as scratch:
            yield Path(scratch)
