"""``viva weights``: which official Whisper weights are here, and fetching one of them."""

from rich.console import Console
from rich.table import Table

from vivavoce.features.transcript.recognise import NoRecogniser
from vivavoce.features.transcript.weights import OFFICIAL, fetch, weights_folder

EXIT_FAILED = 2


def run_list() -> int:
    """Print the official sizes with their digests; returns the exit status."""
    console = Console()
    table = Table("size", "here", "SHA-256")
    for size, digest in OFFICIAL.items():
        table.add_row(size, "yes" if (weights_folder() / f"{size}.pt").is_file() else "no", digest)
    console.print(table)
    console.print(f"Folder: {weights_folder()}", markup=False, highlight=False, soft_wrap=True)
    return 0


def run_fetch(size: str) -> int:
    """Download one size; returns the exit status."""
    console = Console(stderr=True)
    try:
        path = fetch(size)
    except NoRecogniser as error:
        console.print(str(error), style="red", markup=False, highlight=False, soft_wrap=True)
        return EXIT_FAILED
    console.print(f"{path}: its SHA-256 is the published one.", markup=False, highlight=False, soft_wrap=True)
    return 0
