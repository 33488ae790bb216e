"""Running the program under test: one scratch directory, one home, no inherited settings."""

import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
EPOCH = "1700000000"


@dataclass
class Bench:
    """What all cases share."""

    scratch: Path
    program: Path
    schema: dict
    sandbox: str = ""  # why there is none; "" when there is
    environment: dict = field(default_factory=dict)

    def path(self, *parts):
        made = self.scratch.joinpath(*parts)
        made.parent.mkdir(parents=True, exist_ok=True)
        return made

    def run(self, arguments, timeout=60, environment=None, stdin=None):
        """Run assay; a run that does not end in time comes back as killed."""
        env = {**self.environment, **(environment or {})}
        with open(stdin or os.devnull, "rb") as source:
            command = [self.program, *arguments]
            try:
                return subprocess.run(
                    command, env=env, stdin=source, capture_output=True, timeout=timeout, cwd=ROOT
                )
            except subprocess.TimeoutExpired as late:
                note = f"\n(killed: not done after {timeout} s)".encode()
                return subprocess.CompletedProcess(
                    command, -9, late.stdout or b"", (late.stderr or b"") + note
                )


def bench(scratch, program, schema):
    keep = ("PATH", "HOME", "LANG", "ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS")
    environment = {name: os.environ[name] for name in keep if name in os.environ}
    environment.update(ASSAY_HOME=str(scratch / "home"), SOURCE_DATE_EPOCH=EPOCH)
    made = Bench(scratch, program, schema, environment=environment)
    doctor = made.run(["doctor"])
    if doctor.returncode != 0:
        missing = [line for line in doctor.stdout.decode().splitlines() if "MISSING" in line]
        made.sandbox = "no sandbox here: " + "; ".join(missing or ["assay doctor failed"])
    return made
