"""assay killed by SIGKILL in the middle of a run: nothing of the product goes on living, and the
next run clears what lay about."""

import os
import signal
import subprocess
import time
from pathlib import Path

import builder
from assay import ROOT

_DEADLINE_S = 20
# Unlike any other run's: processes are found by it.
_MARK = "assay-cli-killed"


def _marked():
    """Processes with the mark in their environment, assay itself left out."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if f"MARK={_MARK}".encode() in (entry / "environ").read_bytes():
                found.append((entry.name, (entry / "comm").read_text().strip()))
        except OSError:
            pass  # gone, or not ours
    return found


def _wait(holds):
    """Whether it comes to hold before the deadline."""
    end = time.monotonic() + _DEADLINE_S
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def _left(home):
    """Directories of runs, and control groups named after them."""
    runs = [run.name for run in (home / "runs").glob("*") if run.is_dir()]
    groups = Path("/sys/fs/cgroup")
    return runs + [str(d) for run in runs for d in groups.glob(f"**/assay-{run}*")]


def run(bench, build):
    """Problems, empty when all is well. The product ignores every signal."""
    image, recipe = build(bench, builder.RECIPES / "run-ignores-signals.recipe")
    product = str(bench.path("fixtures", recipe.name + ".json"))
    home = bench.path("killed-home")
    env = {**bench.environment, "ASSAY_HOME": str(home)}
    command = [bench.program, "check", "--product", product, "--env", f"MARK={_MARK}", str(image)]
    running = subprocess.Popen(
        command, env=env, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    problems = []
    if not _wait(_marked):
        problems.append("the product was not started")
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    if not _wait(lambda: not _marked()):
        problems.append(f"processes live on: {_marked()}")
    left = _left(home)
    if not left:
        problems.append("nothing lay about, so that nothing could be cleared")
    again = bench.run(
        ["check", "--product", product, "--quiet", "--only", "R01,bootstraps", str(image)],
        environment={"ASSAY_HOME": str(home)},
    )
    if again.returncode != 0:
        problems.append(f"the next run ends with {again.returncode}: {again.stderr.decode()}")
    still = [path for path in left if (home / "runs" / path).exists() or Path(path).is_dir()]
    if still or _left(home):
        problems.append(f"the next run left {still or _left(home)}")
    return problems
