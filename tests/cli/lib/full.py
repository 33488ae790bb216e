"""A disk that is full, and a reader that is gone: never an exit status as if all had been written."""

import os
import subprocess

import builder
from assay import ROOT

_DEADLINE_S = 30
_NO_ROOM = b"No space left on device"

_ON_STDOUT = (
    "--version", "--help", "help check", "help man", "help bash", "check --help", "rules",
    "rules --report json", "explain R13", "inspect {image}", "doctor", "store ls",
    "product init {image}", "check --stage static --report junit {image}",
)


def _run(bench, words, stdout=subprocess.DEVNULL, before=()):
    command = [*before, bench.program, *words]
    return subprocess.run(
        command, env=bench.environment, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=stdout,
        stderr=subprocess.PIPE, timeout=_DEADLINE_S, check=False,
    )


def _told(what, done, status, name, problems):
    """It failed with this status, and a line of stderr that names what could not be written."""
    lines = [line for line in done.stderr.splitlines() if name.encode() in line]
    if done.returncode != status or not lines:
        problems.append(f"{what}: exit {done.returncode}, stderr {done.stderr[-300:]!r}")
    elif not any(_NO_ROOM in line or b"could not be written" in line for line in lines):
        problems.append(f"{what}: why is not said: {lines}")


def _streams(bench, image, problems):
    with open("/dev/full", "wb") as full:
        for row in _ON_STDOUT:
            words = row.format(image=image).split()
            _told(row, _run(bench, words, full), 2, "standard output", problems)


def _files(bench, image, problems):
    """Each report, and none keeps another from being written."""
    for report in ("text", "json", "junit"):
        other = bench.path("full", f"beside-{report}")
        words = ["check", "--stage", "static", "--report", f"{report}=/dev/full"]
        done = _run(bench, [*words, "--report", f"json={other}", str(image)])
        _told(f"--report {report}", done, 2, "/dev/full", problems)
        if not other.exists() or not other.read_bytes().endswith(b"}\n"):
            problems.append(f"--report {report}: the other report was not written")


def _small_disk(bench, image, problems):
    """A disk with room for the first pages of a report: what was there stays, and nothing else does.
    No test where none can be mounted."""
    place = bench.path("full", "disk", "report.json").parent
    script = """mount -t tmpfs -o size=8k none "$0" && echo before >"$0/report.json" || exit
        "$@"; code=$?; ls -A "$0"; cat "$0/report.json"; exit $code"""
    before = ["unshare", "--map-root-user", "--mount", "sh", "-c", script, str(place)]
    if subprocess.run([*before, "true"], capture_output=True, check=False).returncode != 0:
        return
    words = ["check", "--stage", "static", str(image)]
    for name in ("report.json", "new.json"):
        words += ["--report", f"json={place / name}"]
    done = _run(bench, words, subprocess.PIPE, before)
    _told("a small disk", done, 2, str(place / "report.json"), problems)
    if done.stdout != b"report.json\nbefore\n":
        problems.append(f"a small disk: there is {done.stdout[-300:]!r}")


def _small_files(bench, image, problems):
    """A limit on the size of files is an error as a full disk is, and no end by a signal."""
    report = bench.path("full", "limited.json")
    before = ["sh", "-c", 'ulimit -f 1 && exec "$0" "$@"']
    words = ["check", "--stage", "static", "--report", f"json={report}", str(image)]
    done = _run(bench, words, before=before)
    if done.returncode != 2 or b"limited.json': write: File too large" not in done.stderr:
        problems.append(f"a limit: exit {done.returncode}, stderr {done.stderr[-300:]!r}")
    if list(report.parent.glob("*limited*")) + list(report.parent.glob(".assay-*")):
        problems.append("a limit: something stays behind")


def _attached(bench, image, problems):
    """More than a pipe holds: the product does not wait for who will never read it."""
    words = ["run", "--quiet", str(image), "--", "/bin/sh", "-c"]
    words += ["i=0; while [ $i -lt 20000 ] && echo 0123456789; do i=$((i + 1)); done; exit 7"]
    with open("/dev/full", "wb") as full:
        _told("run", _run(bench, words, full), 125, "standard output", problems)
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as gone:
        done = _run(bench, words, gone)
    if done.returncode != 7:
        problems.append(f"run without a reader: exit {done.returncode}, stderr {done.stderr!r}")


def run(bench, build):
    problems = []
    image, _ = build(bench, builder.RECIPES / "ok-oci-dir.recipe")
    _streams(bench, image, problems)
    _files(bench, image, problems)
    _small_disk(bench, image, problems)
    _small_files(bench, image, problems)
    return problems


def run_attached(bench, build):
    problems = []
    image, _ = build(bench, builder.RECIPES / "told-read-only.recipe")
    _attached(bench, image, problems)
    return problems
