"""While a product runs, nobody executes our file on disk: what does cannot be written to."""

import fcntl
import os
import shutil
import subprocess
import time
from pathlib import Path

import builder
from assay import ROOT

_DEADLINE_S = 30


def _family(pid):
    """pid and what it has started, as far as it can be seen."""
    found = [pid]
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        found += _family(int(child))
    return found


def _ours(pids):
    """Those of our program: the product's have another file."""
    return {pid: link for pid in pids if "assay" in (link := os.readlink(f"/proc/{pid}/exe"))}


def _wait_for_product(pid):
    end = time.monotonic() + _DEADLINE_S
    while time.monotonic() < end:
        family = _family(pid)
        if len(_ours(family)) < len(family):
            return family
        time.sleep(0.05)
    return []


def _problems_of(pid, link):
    if not link.startswith("/memfd:"):
        return [f"process {pid} executes {link}"]
    with open(f"/proc/{pid}/exe", "rb") as program:
        seals = fcntl.fcntl(program, fcntl.F_GET_SEALS)
    return [] if seals & fcntl.F_SEAL_WRITE else [f"the copy has the seals {seals:#x}"]


def run(bench, build):
    program = bench.path("sealed", "assay")
    shutil.copy2(bench.program, program)
    image, _ = build(bench, builder.RECIPES / "run-server.recipe")
    running = subprocess.Popen(
        [program, "run", "--quiet", str(image)], env=bench.environment, cwd=ROOT,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    try:
        family = _wait_for_product(running.pid)
        if not family:
            return ["the product was never seen"]
        ours = _ours(family)
        problems = [p for pid, link in ours.items() for p in _problems_of(pid, link)]
        if len(ours) < 2:
            problems.append(f"only {ours} are ours, and the keeper should be")
        with open(program, "r+b"):  # "text file busy" when somebody executes it
            pass
        return problems
    finally:
        running.kill()
        running.wait()
