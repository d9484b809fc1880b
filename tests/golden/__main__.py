"""Keep a new truth: ``python -m tests.golden [demo train audit …]``, of every stage or of those named."""

import os
import sys
import tempfile
from pathlib import Path

for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(threads, "1")  # as `make test` does, before numpy is imported


def main(asked: list[str]) -> int:
    from tests.conftest import data_folder
    from tests.golden.run import STAGES, Run
    from tests.golden.truth import HERE, report, write_truth

    strange = sorted(set(asked) - set(STAGES))
    if strange:
        print(f"There is no stage {', '.join(strange)}. There are: {', '.join(STAGES)}.")
        return 2
    clips = data_folder() / "talking_face"
    with tempfile.TemporaryDirectory() as scratch:
        run = Run(Path(scratch), clips=clips if clips.is_dir() else None)
        for stage in asked or STAGES:
            if stage == "clips" and run.clips is None:
                print(f"clips: kept as it is, {clips} does not exist")
                continue
            found = run[stage]
            print(f"== {stage}", file=sys.stderr)
            told = report(stage, found) if (HERE / f"{stage}.json").exists() else ["it was not there"]
            print("\n".join(told or [f"{stage}: as it was"]), file=sys.stderr)
            write_truth(stage, found)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
