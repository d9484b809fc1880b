"""What a file is, judged by its bytes and never by its name, and whether all of it is there.

Formats are accepted by a list: a demuxer that is not on it is never asked. Playlists and descriptions (HLS, DASH,
SDP, ffconcat) make libavformat open *other* files and addresses, and a name ending in .mp4 does not stop it.

When the head of an MP4 says that each of its tracks ends: by the movie's clock, not by the track's own.
"""

import codecs
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

MOST_CHILDREN = 1000  # boxes in one box; recorders write a dozen
UNKNOWN = (0, 2**32 - 1, 2**64 - 1)  # how ISO/IEC 14496-12 and recorders write a duration that nobody knew


def track_ends(descriptor: int, start: int, end: int) -> dict[int, float]:
    """Read a movie box (ISO/IEC 14496-12, 8.2).

    Parameters
    ----------
    descriptor
        An open file.
    start, end
        The bytes of the box's contents.

    Returns
    -------
    dict
        Track's number → seconds from the recording's beginning to the track's end, edits applied. A track of which
        nothing is said is not in it. A track's own clock, by which its frames are timed, has no part in this: a clock
        that was changed or damaged shows.
    """
    boxes = list(_boxes_within(descriptor, start, end))
    scales = [_fields(descriptor, at, after=0) for kind, at, _ in boxes if kind == b"mvhd"]
    scale = scales[0][0] if scales else 0
    if not scale:
        return {}
    heads = [
        _fields(descriptor, at, after=4)
        for kind, inner, outer in boxes
        if kind == b"trak"
        for kind_within, at, _ in _boxes_within(descriptor, inner, outer)
        if kind_within == b"tkhd"
    ]
    return {number: duration / scale for number, duration in heads if duration not in UNKNOWN}


def _boxes_within(descriptor: int, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Kind, and the bytes of the contents, of every box between two places."""
    for _ in range(MOST_CHILDREN):
        head = os.pread(descriptor, 8, start)
        length = int.from_bytes(head[:4], "big")
        if len(head) < 8 or length < 8 or start + length > end:
            return
        yield head[4:], start + 8, start + length
        start += length


def _fields(descriptor: int, at: int, after: int) -> tuple[int, int]:
    """A head's first number and its duration, ``after`` bytes behind; both heads begin with two times."""
    content = os.pread(descriptor, 40, at)
    wide = 8 if content[:1] == b"\1" else 4  # version 1: times and durations of 64 bit
    first = 4 + 2 * wide
    duration = first + 4 + after
    return (
        int.from_bytes(content[first : first + 4], "big"),
        int.from_bytes(content[duration : duration + wide], "big"),
    )


HEAD_BYTES = 4096  # enough for three MPEG transport packets and for any playlist's first line
LEAST_BYTES = 12  # the shortest head that any rule below can judge: RIFF, size, WAVE
MOST_BOXES = 200_000  # three hours in fragments of a tenth of a second

ACCEPTED: tuple[tuple[bytes, str], ...] = (
    (rb".{4}(?:ftyp|moov|mdat|free|skip|wide|pnot|styp|moof|sidx|uuid)", "mov"),  # ISO/IEC 14496-12, QuickTime
    (rb"\x1aE\xdf\xa3", "matroska"),  # RFC 8794: EBML; also WebM
    (rb"(?:RIFF|RF64).{4}WAVE", "wav"),
    (rb"RIFF.{4}AVI ", "avi"),
    (rb"OggS", "ogg"),  # RFC 3533
    (rb"fLaC", "flac"),  # RFC 9639
    (rb"ID3|\xff[\xe2\xe3\xf2-\xf5\xfa-\xfd]", "mp3"),  # a tag, or the sync of MPEG audio layer II or III
    (rb"\x00\x00\x01\xba", "mpeg"),  # ISO/IEC 13818-1 programme stream
    (rb"G.{187}G.{187}G|.{4}G.{191}G.{191}G", "mpegts"),  # ISO/IEC 13818-1 transport stream, and with time codes
    (rb"#!AMR(?:-WB)?\n", "amr"),  # RFC 4867: telephones' voice recorders
    (rb"\xff[\xf0\xf1\xf8\xf9][\x00-\x33\x40-\x73\x80-\xb3]", "aac"),  # ISO/IEC 14496-3: ADTS
    (rb"FORM.{4}AIF[FC]", "aiff"),
    (rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "asf"),  # Windows Media: WMA, WMV
    (rb"caff\x00\x01", "caf"),  # Apple: Voice Memos, iMessage
    (rb"\x0b\x77.{3}[\x00-\x57]", "ac3"),  # ETSI TS 102 366
    (rb"\x0b\x77.{3}[\x58-\x87]", "eac3"),
)
GUESSED = frozenset({"amr", "aac", "ac3", "eac3"})  # frames and nothing else: libavformat guesses how long they last

REFUSED: tuple[tuple[bytes, str], ...] = (
    (
        rb"RIFF.{4}WEBP|.{4}ftyp(?:heic|heix|hevc|mif1|msf1|avif|avis)|\x89PNG|GIF8|\xff\xd8\xff|BM.{4}\0{4}",
        "a still picture",
    ),
    (rb"\s*ffconcat", "a list of other files (ffconcat)"),
    (rb"\s*#EXTM3U", "a playlist (HLS)"),
    (rb"\s*v=0\s", "a session description (SDP)"),
    (rb"(?s:.{0,1000})<MPD", "a playlist (DASH)"),
    (rb"(?i:(?s:.{0,1000})<(?:!doctype html|html|head|body))", "a web page (a login page saved as media?)"),
    (rb"PK(?:\x03\x04|\x05\x06)|Rar!|7z\xbc\xaf|\x1f\x8b", "an archive"),
    (rb"%PDF", "a PDF document"),
    (rb"\xd0\xcf\x11\xe0", "an Office document"),
    (rb"WEBVTT", "a transcript (WebVTT), which belongs into the row's transcript"),
    (rb"\x02?#!SILK_V3", "a voice message of WeChat or QQ (SILK)"),
    (rb"#!AMR(?!(?:-WB)?\n)", "AMR speech of several channels"),
    (rb"\x02dss|\x03ds2", "a dictation machine's recording (DSS)"),
    (rb"\.RMF|\.ra\xfd", "RealMedia"),
    (rb"MThd|RIFF.{4}RMID", "MIDI, notes without sound"),
    (rb"FLV\x01|[FCZ]WS[\x01-\x30]", "Flash"),
    (rb"RIFF.{4}QLCM", "QCELP speech"),
    (rb"\.snd", "a Sun sound file (AU)"),
    (rb"riff\x2e\x91\xcf\x11", "a Sony sound file (Wave64)"),
    (rb"wvpk", "WavPack"),
    (rb"MAC |TTA[12]|MPCK|MP\+", "a lossless or rare music format (Monkey's Audio, True Audio, Musepack)"),
    (rb"Creative Voice File", "a Creative voice file (VOC)"),
    (rb"\x7f\xfe\x80\x01|\xfe\x7f\x01\x80", "DTS sound"),
    (rb"\x06\x0e\x2b\x34", "a broadcaster's file (MXF)"),
    (rb"FORM(?!.{4}AIF[FC])", "an IFF file that is no AIFF"),
    (rb"MZ|\x7fELF|#! ?/", "a program"),
)
_TEXT = re.compile(rb"[\t\n\r\x20-\x7e\x80-\xff]+\Z")


@dataclass(frozen=True)
class Content:
    """What a file's first bytes show: libavformat's demuxer, or None and what it is instead."""

    demuxer: str | None
    name: str


def sniff(head: bytes) -> Content:
    r"""Name what the first ``HEAD_BYTES`` of a file show.

    Examples
    --------
    >>> sniff(b"RIFF\x24\x08\x00\x00WAVEfmt ").demuxer
    'wav'
    >>> sniff(b"ffconcat version 1.0")
    Content(demuxer=None, name='a list of other files (ffconcat)')
    """
    text = head.removeprefix(codecs.BOM_UTF8)
    for pattern, name in REFUSED:
        if re.match(pattern, text, re.DOTALL):
            return Content(None, name)
    for pattern, demuxer in ACCEPTED:
        if re.match(pattern, head, re.DOTALL):
            return Content(demuxer, demuxer)
    return Content(None, "plain text" if _TEXT.match(head) else "nothing that is known")


def head_of(descriptor: int) -> bytes:
    """A file's first bytes; those behind a tag for music that another format than MP3 was given."""
    head = os.pread(descriptor, HEAD_BYTES, 0)
    behind = (
        os.pread(descriptor, HEAD_BYTES, 10 + _sevens(head[6:10])) if head[:3] == b"ID3" and len(head) > 10 else b""
    )
    return behind if re.match(rb"fLaC|\xff[\xf0\xf1\xf8\xf9]", behind) else head


@dataclass(frozen=True)
class Layout:
    """How a container is built, read from its headers alone.

    Parameters
    ----------
    fragmented
        MP4 in fragments, whose head does not say how long the whole is.
    declares
        Whether a duration that libavformat reports was declared; else it was guessed from the bit rate.
    missing
        Bytes that the headers promise beyond the end of the file.
    ends
        When each track ends, in seconds, as an MP4's head says apart from the track's own clock; empty elsewhere.
    media_end
        Byte at which the last sound or picture ends, where that is known without the streams' own tables; else 0.
    sound_bytes
        How many bytes of sound an MP3 or a WAV holds, which hold nothing else of that size; elsewhere 0.
    headless
        Whether an MP3's tag is not followed by a frame: what came first is gone, and nothing says how much.
    readable
        Byte at which the file should be taken to end; None for all of it. libavformat gives up a whole MP4 in fragments
        for the half head of its last one, as a recorder leaves it that was stopped while it wrote.
    """

    fragmented: bool = False
    declares: bool = True
    missing: int = 0
    ends: Mapping[int, float] = field(default_factory=dict)
    media_end: int = 0
    sound_bytes: int = 0
    headless: bool = False
    readable: int | None = None


def layout(descriptor: int, demuxer: str) -> Layout:
    """Read how a container is built from an open file, without decoding anything."""
    size = os.fstat(descriptor).st_size
    if demuxer == "mov":
        return _boxes(descriptor, size)
    if demuxer == "matroska":
        return _elements(descriptor, size)
    if demuxer in ("wav", "avi"):
        samples = size - _chunks(descriptor, size) if demuxer == "wav" else 0
        promised = int.from_bytes(os.pread(descriptor, 4, 4), "little") + 8
        streamed = promised in (8, 2**32 + 7)  # a recorder that could not seek back leaves 0 or 2³² − 1
        missing = 0 if streamed else max(0, promised - 1 - size)  # 1: padding
        return Layout(declares=not streamed, missing=missing, sound_bytes=samples)
    if demuxer in ("aiff", "asf", "caf"):
        return Layout(missing=max(0, _promised(descriptor, demuxer) - 1 - size))  # 1: padding
    if demuxer in GUESSED:
        return Layout(declares=False)
    if demuxer == "mp3":
        tagged = _tag_bytes(descriptor)
        return Layout(
            declares=_counted(descriptor, tagged),
            sound_bytes=size - tagged - _tail_bytes(descriptor, size),
            headless=tagged > 0 and _first_frame(descriptor, tagged) is None,
        )
    return Layout()


def _boxes(descriptor: int, size: int) -> Layout:
    """Walk the boxes of ISO/IEC 14496-12: 32-bit size (0: to the end, 1: 64 bit follow), four letters."""
    at, fragmented, media_end, readable = 0, False, 0, None
    ends: dict[int, float] = {}
    for _ in range(MOST_BOXES):
        head = os.pread(descriptor, 16, at)
        length, kind = int.from_bytes(head[:4], "big"), head[4:8]
        fragmented = fragmented or kind == b"moof"
        if length == 1:
            length = int.from_bytes(head[8:16], "big")
        if fragmented and 0 < len(head) < 8:  # a recorder was stopped while it wrote a box's head
            at += 8
        if len(head) < 8 or length < 8 or not kind.isalnum():
            break
        if kind == b"moof" and at + length > size:
            readable = at
        if kind == b"moov":
            ends = track_ends(descriptor, at + 8, at + length)
        at += length
        if kind == b"mdat":
            media_end = min(at, size)
    missing = max(0, at - size)
    if fragmented:
        return Layout(True, missing=missing, media_end=media_end, readable=readable)
    return Layout(missing=missing, ends=ends)


def _number(head: bytes, at: int, marked: bool) -> tuple[int, int]:
    """A variable-length number of RFC 8794 and where it ends; −1 for *unknown* and for none."""
    first = head[at] if at < len(head) else 0
    width = 9 - first.bit_length() if first else 9
    raw = int.from_bytes(head[at : at + width], "big")
    if width > 8 or at + width > len(head):
        return -1, len(head)
    value = raw if marked else raw - (1 << 7 * width)
    return (-1 if not marked and value == (1 << 7 * width) - 1 else value), at + width


def _elements(descriptor: int, size: int) -> Layout:
    """Walk Matroska's top elements (RFC 9559): is the segment whole, and does its Info hold a Duration?"""
    segment, info, cluster, duration = 0x18538067, 0x1549A966, 0x1F43B675, b"\x44\x89"
    at, declares, missing, media_end = 0, False, 0, 0
    for _ in range(MOST_BOXES):
        head = os.pread(descriptor, HEAD_BYTES, at)
        identity, after = _number(head, 0, marked=True)
        length, body = _number(head, after, marked=False)
        if identity == cluster:
            media_end = size if length < 0 else min(at + body + length, size)
        if identity < 0 or (length < 0 and identity != segment):
            break
        if length >= 0:
            missing = max(missing, at + body + length - size)
        if identity == info:
            declares = duration in head[body : body + length]
        at += body if identity == segment else body + length
    return Layout(declares=declares, missing=missing, media_end=media_end)


ASF_FILE = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")  # Advanced Systems Format, 3.2: file properties


def _promised(descriptor: int, demuxer: str) -> int:
    """Bytes that a file should have by its own head; 0 where it does not say."""
    head = os.pread(descriptor, 16 * HEAD_BYTES, 0)
    if demuxer == "aiff":
        return int.from_bytes(head[4:8], "big") + 8
    if demuxer == "asf":
        at = head.find(ASF_FILE)
        live = at < 0 or head[at + 88 : at + 92][:1] in (b"", b"\1", b"\3")  # broadcast: lengths are not valid
        return 0 if live else int.from_bytes(head[at + 40 : at + 48], "little")
    end = 8
    for _ in range(MOST_CHILDREN):
        chunk = os.pread(descriptor, 12, end)
        length = int.from_bytes(chunk[4:], "big", signed=True)
        if len(chunk) < 12 or length < 0:  # −1: up to the end, as a recorder leaves it
            return 0
        end += 12 + length
        if chunk[:4] == b"data":
            return end
    return 0


def _chunks(descriptor: int, size: int) -> int:
    """Bytes of a WAV that are no samples: heads and every chunk beside ``data``, as far as there are chunks."""
    at, other = 12, 12
    for _ in range(MOST_BOXES):
        head = os.pread(descriptor, 8, at)
        length = int.from_bytes(head[4:], "little")
        if len(head) < 8 or not re.fullmatch(rb"[ -~]{4}", head[:4]):
            break
        other += 8 if head[:4] == b"data" else min(8 + length, size - at)
        at += 8 + length + length % 2
    return other


def _tag_bytes(descriptor: int) -> int:
    """Bytes of the ID3v2 tag at the head of an MP3; up to where sound begins if its length is damaged and says more."""
    head = os.pread(descriptor, 10, 0)
    if head[:3] != b"ID3":
        return 0
    tag, at = 10 + _sevens(head[6:10]), 10
    for _ in range(MOST_BOXES):
        frame = os.pread(descriptor, 10, at)
        if not re.match(rb"[A-Z][A-Z0-9]{3}", frame):
            break
        at += 10 + (_sevens(frame[4:8]) if head[3] == 4 else int.from_bytes(frame[4:8], "big"))
    sound = _first_frame(descriptor, at)
    return tag if sound is None else min(sound, tag)


def _first_frame(descriptor: int, at: int) -> int | None:
    """Where MPEG audio begins, at this byte or after zeros that fill it up; None where something else comes."""
    found = re.match(rb"\0*(?=\xff[\xe2-\xff])", os.pread(descriptor, HEAD_BYTES, at))
    return at + found.end() if found else None


def _sevens(four: bytes) -> int:
    """A number written with seven bits a byte, as ID3v2 does."""
    return sum(byte << shift for byte, shift in zip(four, (21, 14, 7, 0), strict=True))


def _tail_bytes(descriptor: int, size: int) -> int:
    """Bytes of the tags at the end of an MP3: ID3v1 of 128, and before it APEv2, whose length is in its footer."""
    last = 128 if os.pread(descriptor, 3, max(0, size - 128)) == b"TAG" else 0
    footer = os.pread(descriptor, 32, max(0, size - last - 32))
    return last + (32 + int.from_bytes(footer[12:16], "little") if footer[:8] == b"APETAGEX" else 0)


def _counted(descriptor: int, tag: int) -> bool:
    """Whether an MP3 holds a Xing or Info frame after its tag, which counts its frames."""
    frame = os.pread(descriptor, 256, tag)
    return b"Xing" in frame or b"Info" in frame
