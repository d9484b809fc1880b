"""One transcript as every tool exports it: what the readers' tests read back, and the demo is scored from."""

import io
import json
import zipfile
from collections.abc import Callable, Sequence
from xml.sax.saxutils import escape, quoteattr

from tests.demo.transcript import clock

Turn = tuple[float, float, str, str]  # start and end in seconds, speaker, text
Writer = Callable[[Sequence[Turn]], str | bytes]


def short(seconds: float) -> str:
    """``0:07`` or ``1:02:03``."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}" if minutes >= 60 else f"{minutes}:{rest:02}"


def captions(head: str, cue: str, mark: str = ".", joint: str = "\n") -> Writer:
    """Blocks of one template, with ``{i}``, ``{a}``, ``{b}``, ``{name}``, ``{text}``."""

    def write(turns: Sequence[Turn]) -> str:
        filled = [
            cue.format(i=i, a=clock(a, mark), b=clock(b, mark), name=name, text=text, html=escape(text))
            for i, (a, b, name, text) in enumerate(turns, 1)
        ]
        return head + joint.join(filled)

    return write


def timed(turn: Turn, by: float = 1.0) -> list[dict[str, object]]:
    """Words with times, shared out by length as a reader does."""
    a, b, name, text = turn
    tokens, done, words = text.split(), 0, []
    total = sum(map(len, tokens))
    for token in tokens:
        start = a + (b - a) * done / total
        done += len(token)
        end = a + (b - a) * done / total
        words.append(
            {"word": token, "text": token, "start": start * by, "end": end * by, "confidence": 0.9, "speaker": name}
        )
    return words


def whisperx(turns: Sequence[Turn]) -> str:
    segments = [
        {"start": a, "end": b, "text": f" {text}", "speaker": name, "words": timed((a, b, name, text))}
        for a, b, name, text in turns
    ]
    return json.dumps({"segments": segments, "word_segments": []}, ensure_ascii=False)


def whisper_cpp(turns: Sequence[Turn]) -> str:
    parts = [
        {"offsets": {"from": round(a * 1000), "to": round(b * 1000)}, "text": f" {n}: {t}"} for a, b, n, t in turns
    ]
    return json.dumps({"result": {"language": None}, "transcription": parts}, ensure_ascii=False)


def deepgram(turns: Sequence[Turn]) -> str:
    words = [{**word, "punctuated_word": word["word"]} for turn in turns for word in timed(turn)]
    return json.dumps({"results": {"channels": [{"alternatives": [{"words": words}]}]}}, ensure_ascii=False)


def assembly(turns: Sequence[Turn]) -> str:
    parts = [
        {"start": a * 1000, "end": b * 1000, "text": text, "speaker": name, "words": timed((a, b, name, text), 1000)}
        for a, b, name, text in turns
    ]
    return json.dumps({"utterances": parts}, ensure_ascii=False)


def aws(turns: Sequence[Turn]) -> str:
    items = [
        {
            "type": "pronunciation", "start_time": f"{word['start']:.3f}", "end_time": f"{word['end']:.3f}",
            "speaker_label": word["speaker"], "alternatives": [{"content": word["word"], "confidence": "0.9"}],
        }
        for turn in turns
        for word in timed(turn)
    ]  # fmt: skip
    return json.dumps({"results": {"items": items}}, ensure_ascii=False)


def azure(turns: Sequence[Turn]) -> str:
    phrases = [
        {
            "channel": 0,
            "speaker": name,
            "offsetInTicks": a * 1e7,
            "durationInTicks": (b - a) * 1e7,
            "nBest": [{"display": text}],
        }
        for a, b, name, text in turns
    ]
    return json.dumps({"recognizedPhrases": phrases}, ensure_ascii=False)


def ass(turns: Sequence[Turn]) -> str:
    columns = "Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text"
    head = f"[Script Info]\nScriptType: v4.00+\n\n[Events]\nFormat: {columns}\n"
    lines = [f"Dialogue: 0,{clock(a)[1:-1]},{clock(b)[1:-1]},Default,{n},0,0,0,,{{\\an8}}{t}" for a, b, n, t in turns]
    return head + "\n".join(lines)


def ttml(turns: Sequence[Turn]) -> str:
    said = "".join(
        f'<p begin="{clock(a)}" end="{clock(b)}" ttm:agent={quoteattr(n)}>{escape(t)}</p>' for a, b, n, t in turns
    )
    spaces = 'xmlns="http://www.w3.org/ns/ttml" xmlns:ttm="http://www.w3.org/ns/ttml#metadata"'
    return f'<?xml version="1.0" encoding="utf-8"?><tt {spaces}><body><div>{said}</div></body></tt>'


def tsv(turns: Sequence[Turn]) -> str:
    return "start\tend\ttext\n" + "".join(f"{round(a * 1000)}\t{round(b * 1000)}\t{n}: {t}\n" for a, b, n, t in turns)


def sbv(turns: Sequence[Turn]) -> str:
    return "\n".join(f"{clock(a)[1:]},{clock(b)[1:]}\n{n}: {t}\n" for a, b, n, t in turns)


def notes(header: str) -> Writer:
    """A line over each turn, with ``{name}``, ``{time}``, ``{long}``."""

    def write(turns: Sequence[Turn]) -> str:
        return "\n".join(f"{header.format(name=n, time=short(a), long=clock(a)[:8])}\n{t}\n" for a, _, n, t in turns)

    return write


def teams_docx(turns: Sequence[Turn]) -> bytes:
    said = "".join(
        f"<w:p><w:r><w:t>{escape(n)}</w:t></w:r><w:r><w:t>   {short(a)}</w:t><w:br/><w:t>{escape(t)}</w:t></w:r></w:p>"
        for a, _, n, t in turns
    )
    space = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "word/document.xml", f'<?xml version="1.0"?><w:document {space}><w:body>{said}</w:body></w:document>'
        )
    return packed.getvalue()


def rolled(turns: Sequence[Turn]) -> str:
    """Each line a second time over the next one, as captions roll over the screen."""
    blocks, before = [], ""
    for a, b, name, text in turns:
        line = f"{name}: {text}"
        blocks.append(f"{clock(a)} --> {clock(b)}\n{before + chr(10) if before else ''}{line}\n")
        blocks.append(f"{clock(b)} --> {clock(b + 0.01)}\n{line}\n")
        before = line
    return "WEBVTT\n\n" + "\n".join(blocks)


def coded(write: Writer, encoding: str) -> Writer:
    """The same in another encoding."""

    def encoded(turns: Sequence[Turn]) -> bytes:
        text = write(turns)
        assert isinstance(text, str)
        return text.encode(encoding)

    return encoded


SRT = "{i}\n{a} --> {b}\n{name}: {text}\n"
srt = captions("", SRT, ",")
FORMATS: dict[str, tuple[str, Writer]] = {
    "Zoom .vtt": (".vtt", captions("WEBVTT\n\n", "{i}\n{a} --> {b}\n{name}: {text}\n")),
    "Webex .vtt, names in identifiers": (".vtt", captions("WEBVTT\n\n", '{i} "{name}" (1234)\n{a} --> {b}\n{text}\n')),
    "Teams .vtt": (".vtt", captions("WEBVTT\n\n", "3a-0/{i}-0\n{a} --> {b}\n<v {name}>{html}</v>\n")),
    "Jitsi .vtt": (".vtt", captions("WEBVTT\n\n", "{a} --> {b}\n[{name}] {text}\n")),
    "YouTube .vtt, rolling": (".vtt", rolled),
    ".srt": (".srt", srt),
    ".srt, no blank lines": (".srt", captions("", SRT, ",", "")),
    ".srt, blank line after names": (".srt", captions("", "{i}\n{a} --> {b}\n{name}:\n\n{text}\n", ",")),
    ".srt, arrow without blanks": (".srt", captions("", "{i}\n{a}-->{b}\n{name}: {text}\n", ",")),
    ".srt, whisperX labels": (".srt", captions("", "{i}\n{a} --> {b}\n[{name}]: {text}\n", ",")),
    ".srt in UTF-16": (".srt", coded(srt, "utf-16")),
    ".srt in GB18030": (".srt", coded(srt, "gb18030")),
    ".sbv": (".sbv", sbv),
    ".ass": (".ass", ass),
    ".ttml": (".ttml", ttml),
    "whisper .tsv": (".tsv", tsv),
    "whisperX .json": (".json", whisperx),
    "whisper.cpp .json": (".json", whisper_cpp),
    "Deepgram .json": (".json", deepgram),
    "AssemblyAI .json": (".json", assembly),
    "AWS Transcribe .json": (".json", aws),
    "Azure .json": (".json", azure),
    "Otter .txt": (".txt", notes("{name}  {time}")),
    "飞书妙记 .txt": (".txt", notes("{name} {long}")),
    "腾讯会议 .txt": (".txt", notes("{name}({long}):")),
    "通义听悟 .txt": (".txt", notes("{name} {time}")),
    "讯飞听见 .txt": (".txt", notes("{long} {name}")),
    "Teams .docx": (".docx", teams_docx),
}
