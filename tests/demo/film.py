"""Pictures and sound into small files, as webcams, browsers and broken uploads leave them."""

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

from tests.demo.motion import FRAMES_PER_SECOND
from tests.demo.portrait import HEIGHT, WIDTH, Picture
from tests.demo.voice import RATE, Sound

CODECS: dict[str, tuple[str, dict[str, str], str, int, int]] = {
    "mp4": ("libx264", {"crf": "28", "preset": "slow", "tune": "stillimage"}, "aac", RATE, 28_000),
    "webm": ("libvpx-vp9", {"crf": "40", "b": "0", "cpu-used": "4", "row-mt": "0"}, "libopus", 24_000, 24_000),
}
"""Per container: video codec with its options, audio codec, samples and bits a second."""

EXACT = {"fflags": "+bitexact"}  # no dates and no random numbers in the container
FRAGMENTED = {"movflags": "+frag_keyframe+empty_moov+default_base_moof+global_sidx"}
KEPT = 0.72  # of a cut recording's bytes


def write_film(path: Path, pictures: Iterable[Picture], sound: Sound | None, *, fragmented: bool = False) -> None:
    """Encode one recording; ``sound`` None leaves it without an audio stream.

    Raises
    ------
    KeyError
        For a container other than ``.mp4`` and ``.webm``.
    """
    import av

    video_codec, options, audio_codec, rate, bits = CODECS[path.suffix.lstrip(".")]
    flags = EXACT | (FRAGMENTED if fragmented else {})
    with av.open(str(path), "w", options=flags) as film:
        video = film.add_stream(video_codec, rate=FRAMES_PER_SECOND, options=options)
        assert isinstance(video, av.VideoStream)
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        video.codec_context.gop_size = 5 * FRAMES_PER_SECOND
        video.codec_context.thread_count = 1  # the same bytes on every machine
        audio: Any = None
        if sound is not None:
            audio = film.add_stream(audio_codec, rate=rate, layout="mono")
            audio.bit_rate = bits
        for i, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture, "rgb24")
            frame.pts, frame.time_base = i, Fraction(1, FRAMES_PER_SECOND)
            film.mux(video.encode(frame))
            if sound is not None and i % FRAMES_PER_SECOND == 0:
                _mux_sound(film, audio, sound, i // FRAMES_PER_SECOND)
        film.mux(video.encode(None))
        if audio is not None:
            film.mux(audio.encode(None))


def _mux_sound(film: Any, audio: Any, sound: Sound, second: int) -> None:
    """Encode one second of sound beside the pictures of that second."""
    import av

    part = sound[second * RATE : (second + 1) * RATE]
    frame = av.AudioFrame.from_ndarray((part[None] * 32767).astype("int16"), format="s16", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = RATE, second * RATE, Fraction(1, RATE)
    film.mux(audio.encode(frame))


def cut(path: Path) -> None:
    """Keep the first part of a file only, as an upload that broke off."""
    whole = path.read_bytes()
    path.write_bytes(whole[: round(len(whole) * KEPT)])
