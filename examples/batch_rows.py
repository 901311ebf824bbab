"""Every row of a file answered exactly once: a run that is stopped in the middle, and goes on where it was."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from maskwright.integrations.batch import (
    Asking,
    Constraint,
    Job,
    Kind,
    OnTransformers,
    Progress,
    Sampling,
    run,
    run_here,
)

N_ROWS = 12


def main() -> None:
    folder = Path(tempfile.mkdtemp())
    rows = [{"id": f"order {number}", "prompt": f"The code of order {number}:"} for number in range(N_ROWS)]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    asking = Asking(Constraint(Kind.REGEX, "[A-Z]{3}-[0-9]{2}"), seed=7)
    job = Job(folder / "rows.jsonl", folder / "codes.jsonl", asking, batch_size=4)
    model = OnTransformers(sampling=Sampling(max_tokens=12))

    def stop_early(progress: Progress) -> None:
        if progress.tally.n_rows >= N_ROWS // 2:
            raise KeyboardInterrupt

    try:
        run(job, model, run_here, stop_early)
    except KeyboardInterrupt:
        print(f"stopped with {len(job.output.read_text().splitlines())} of {N_ROWS} rows")
    done = run(job, model, run_here)
    print(f"went on behind row {done.n_before}; now there are {done.tally.n_rows}")
    for line in job.output.read_text().splitlines():
        answer = json.loads(line)
        print(f"  {answer['id']:10}{answer['text']}")


if __name__ == "__main__":
    main()
