"""How much memory one recording takes: ``python -m tests.pipelines.memory MINUTES`` prints MiB, resident at most."""

import resource
import sys
import tempfile
from pathlib import Path

import numpy as np
import soundfile
import torch

from tests.small_whisper import CHECKPOINT
from tests.small_whisper.recordings import converse
from tests.small_whisper.synthesis import RATE
from vivavoce.data.interview import Consent, Interview, Modality, Purpose, Recording
from vivavoce.data.media.account import Limits
from vivavoce.data.vault.keys import ProjectKey
from vivavoce.pipelines.scoring.answers import WHOLE, AnswerSpan, Speaking
from vivavoce.pipelines.scoring.job import open_store
from vivavoce.pipelines.scoring.recording import Observer
from vivavoce.pipelines.scoring.words import Listener

TEXT = frozenset({Modality.TEXT})


def listen(minutes: int) -> int:
    """Decode, detect and recognise a recording of so many minutes; returns the number of words heard."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        minute = converse(60.0, "en", np.random.default_rng(1)).sound
        with soundfile.SoundFile(folder / "long.wav", "w", RATE, 1) as file:
            for _ in range(minutes):
                file.write(minute)
        del minute
        store = open_store(folder / "store", ProjectKey.read_or_create(folder / "key"))
        consent = Consent(TEXT, frozenset(Purpose), None, "p")
        interview = Interview("i", "c", "store_manager", (Recording(folder / "long.wav"),), "en", consent)
        seen = Observer(store, 5.0, Limits()).observe(folder / "long.wav", "c", None, TEXT)
        speaking = Speaking.of(seen.observation.tracks, frozenset())
        spans = [AnswerSpan(WHOLE, 0, 0.0, 60.0 * minutes)]
        listener = Listener(store, "whisper", str(CHECKPOINT))
        heard = listener.hear(interview, spans, [speaking], [seen.sha256], [seen.sound])
        seen.close()
        return len(heard[0].words.words)


if __name__ == "__main__":
    torch.set_num_threads(1)
    words = listen(int(sys.argv[1]))
    print(words, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
