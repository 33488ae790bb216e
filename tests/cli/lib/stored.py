"""assay store: what runs leave behind, listed and removed; what is in use stays."""

import json
import signal
import subprocess
import time

import builder
from assay import ROOT

_DEADLINE_S = 20


def _wait(holds):
    end = time.monotonic() + _DEADLINE_S
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


class _Store:
    def __init__(self, bench):
        self.bench = bench
        self.home = {"ASSAY_HOME": str(bench.path("store-home"))}

    def run(self, *words):
        return self.bench.run([str(word) for word in words], environment=self.home)

    def layers(self):
        return json.loads(self.run("store", "ls", "--report", "json").stdout)


def _diff_ids(bench, image):
    said = bench.run(["inspect", "--report", "json", str(image)]).stdout
    return [layer["diff_id"] for layer in json.loads(said)["layers"]]


def _in_use(store, image, problems):
    """A layer that a run holds is listed so, and not removed."""
    running = subprocess.Popen(
        [store.bench.program, "run", "--quiet", str(image)],
        env={**store.bench.environment, **store.home}, cwd=ROOT,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    if not _wait(lambda: any(layer["held"] for layer in store.layers())):
        problems.append("no layer is in use while an image runs")
    held = [layer["key"] for layer in store.layers() if layer["held"]]
    store.run("store", "prune", "--all")
    if [layer["key"] for layer in store.layers()] != held:
        problems.append(f"prune --all left {store.layers()}, not what is in use: {held}")
    running.send_signal(signal.SIGKILL)
    running.wait()


def run(bench, build):
    problems = []
    store = _Store(bench)
    image, recipe = build(bench, builder.RECIPES / "run-server.recipe")
    product = bench.path("fixtures", recipe.name + ".json")
    if store.layers():
        problems.append("a new store has layers")
    done = store.run("check", "--quick", "--product", product, image)
    if done.returncode != 0:
        problems.append(f"check ends with {done.returncode}: {done.stderr.decode()}")
    found = [layer["diff_id"] for layer in store.layers()]
    wanted = _diff_ids(bench, image)
    if sorted(found) != sorted(wanted):
        problems.append(f"the store has {found}, the image {wanted}")
    if not all(layer["bytes"] >= 4096 and not layer["held"] for layer in store.layers()):
        problems.append(f"sizes or holders are wrong: {store.layers()}")
    if not all(layer["durable"] for layer in store.layers()):
        problems.append(f"the run ended without writing them out: {store.layers()}")
    text = store.run("store", "ls").stdout.decode()
    if wanted[0] not in text or "MiB" not in text:
        problems.append(f"`store ls` says {text!r}")
    store.run("store", "prune", "--size", "100000")
    store.run("store", "prune")
    if len(store.layers()) != len(wanted):
        problems.append("prune removed what fits")
    _in_use(store, image, problems)
    if not _wait(lambda: not any(layer["held"] for layer in store.layers())):
        problems.append("layers stay in use without a run")
    last = store.run("store", "prune", "--all").stdout.decode()
    if store.layers() or not last.startswith(f"removed {len(wanted)} layers"):
        problems.append(f"prune --all left {store.layers()}, said {last!r}")
    return problems
