"""Make the demo interviews from their scripts: ``python -m tests.demo.make [FOLDER]``."""

import json
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from importlib.resources import files
from itertools import repeat
from pathlib import Path
from typing import Any

from tests.demo.film import cut, write_film
from tests.demo.motion import move
from tests.demo.portrait import Picture, Portrait, Pose
from tests.demo.scenery import draw_room
from tests.demo.script import Reply, Script, Voice, read_script
from tests.demo.transcript import SUFFIX, WRITERS
from tests.demo.voice import Take

SCRIPTS = Path(__file__).parent / "scripts"
DEMO = Path(str(files("vivavoce.data") / "demo"))  # where what is made here is kept
HEARD = ("c01", "c02", "c03", "c06", "c08", "c13")  # English, and recognised where there are weights
INTERVIEWER = Voice("en-gb", 172, 34)


def record(script: Script, answers: tuple[Reply, ...], stem: str, folder: Path) -> dict[str, Any]:
    """Make one media file and its transcript; returns ``media``, ``transcript`` and the answers' spans."""
    take = Take(script.seed)
    spans = []
    for reply in answers:
        if reply.asked is not None and script.interviewer is not None:
            take.say(reply.asked, INTERVIEWER, script.interviewer)
        start, end = take.say(reply.text, script.voice, script.name)
        spans.append({"id": reply.question, "start": round(start, 2), "end": round(end, 2)})
    sound = take.sound()
    media = folder / "media" / f"{stem}.{script.container}"
    own = [cue for cue in take.cues if cue.speaker == script.name]
    pictures = _film(script, Portrait(script.look, draw_room(script.look.room)), move(sound, own, script.seed))
    write_film(media, pictures, None if script.defect == "no_sound" else sound, fragmented=script.defect == "cut_off")
    if script.defect == "cut_off":
        cut(media)
    made: dict[str, Any] = {"media": media.relative_to(folder).as_posix(), "questions": spans, "transcript": None}
    if script.transcript is not None:
        transcript = folder / "transcripts" / f"{stem}{SUFFIX[script.transcript]}"
        heard = [] if script.defect == "no_sound" else take.cues
        transcript.write_text(WRITERS[script.transcript](heard), encoding="utf-8")
        made["transcript"] = transcript.relative_to(folder).as_posix()
    return made


def _film(script: Script, portrait: Portrait, poses: list[Pose]) -> Iterator[Picture]:
    if script.defect == "no_face":
        wall = (draw_room(script.look.room) * 255).astype("uint8")
        return (wall for _ in poses)
    return (portrait.frame(pose) for pose in poses)


def make(script: Script, folder: Path) -> dict[str, Any]:
    """Make one interview's files and return its manifest row."""
    row = dict(script.row)
    if script.one_file_per_question:
        parts = [
            record(script, (reply,), f"{script.interview_id}_{reply.question}", folder) for reply in script.answers
        ]
        names = [reply.question for reply in script.answers]
        row["media"] = dict(zip(names, (part["media"] for part in parts), strict=True))
        row["transcript"] = dict(zip(names, (part["transcript"] for part in parts), strict=True))
    else:
        row |= record(script, script.answers, script.interview_id, folder)
    row["candidate_speaker"] = script.name if script.transcript in ("zoom", "teams") else None
    return row


def main(folder: Path) -> None:
    """Make every interview of ``tests/demo/scripts/`` and the manifest that lists them."""
    for name in ("media", "transcripts"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    scripts = [read_script(path) for path in sorted(SCRIPTS.glob("*.yaml"))]
    with ProcessPoolExecutor() as pool:
        rows = list(pool.map(make, scripts, repeat(folder)))
    write_manifests(folder, rows)


def write_manifests(folder: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Everybody with a transcript, and the same with six to be recognised."""
    listened = [row | {"transcript": None} if row["interview_id"] in HEARD else row for row in rows]
    for name, listed in (("manifest", rows), ("heard", listened)):
        lines = [json.dumps(row, ensure_ascii=False) for row in listed]
        (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else DEMO)
