"""Batches and recordings that the pipeline's benchmark is run on, made from the bundled interviews."""

import json
import shutil
import wave
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import av
import numpy as np

from vivavoce.data.media.decode import decode

DEMO = Path(str(files("vivavoce.data") / "demo"))
RATE = 16_000  # Hz


def unpack(path: Path, sound: Path, most_s: float = 1e9) -> float:
    """Write a recording's sound, or its first seconds, as WAV; returns its seconds."""
    with decode(path, frames_per_second=None) as decoded:
        assert decoded.audio is not None
        samples = decoded.audio.read(0.0, min(most_s, decoded.audio.duration))
    with wave.open(str(sound), "wb") as file:
        file.setnchannels(1), file.setsampwidth(2), file.setframerate(RATE)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return len(samples) / RATE


def demo_rows() -> dict[str, dict[str, Any]]:
    """The demo's manifest by interview."""
    lines = (DEMO / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
    return {row["interview_id"]: row for row in map(json.loads, lines)}


def batch(folder: Path, names: Sequence[str]) -> Path:
    """A manifest of demo interviews under new ids, one of them always without consent, with their files beside it."""
    rows = {
        row["interview_id"]: row for row in map(json.loads, (DEMO / "manifest.jsonl").read_text("utf-8").splitlines())
    }
    shutil.copytree(DEMO / "media", folder / "media")
    shutil.copytree(DEMO / "transcripts", folder / "transcripts")
    listed = [rows[name] | {"interview_id": f"i{i}", "candidate_id": f"p{i}"} for i, name in enumerate(names)]
    return write(folder, [*listed, rows["c11"]])


def write(folder: Path, rows: Sequence[dict[str, Any]]) -> Path:
    path = folder / "manifest.jsonl"
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def repeat(source: Path, target: Path, seconds: float) -> None:
    """Write a recording's packets again and again, with times that go on."""
    with av.open(str(target), "w") as out:
        begun, streams = 0.0, {}
        while begun < seconds:
            with av.open(str(source)) as container:
                kinds = {stream.index: stream for stream in container.streams}
                streams = streams or {i: out.add_stream_from_template(stream) for i, stream in kinds.items()}
                ends = begun
                for packet in container.demux():
                    if packet.dts is None:
                        continue
                    shift = round(begun / packet.time_base)
                    packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
                    ends = max(ends, float((packet.pts + packet.duration) * packet.time_base))
                    packet.stream = streams[packet.stream.index]
                    out.mux(packet)
            begun = ends
