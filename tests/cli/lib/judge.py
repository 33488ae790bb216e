"""A run against what its recipe expects: a list of what does not agree, empty when all does."""

import json
import re

from rules import checks_of


def _verdicts(report):
    """check -> its verdicts, one for each task"""
    found = {}
    for check in checks_of(report):
        found.setdefault(check["id"], []).append(check["verdict"])
    return found


def _pointer(document, pointer):
    for part in pointer.split("/")[1:]:
        document = document[int(part)] if isinstance(document, list) else document[part]
    return document


def _checks(expect, report):
    seen = _verdicts(report)
    for check, (verdict, why) in expect.checks.items():
        if check not in seen:
            yield f"{check}: expected {verdict}, is not in the report"
        elif set(seen[check]) != {verdict}:
            got = ", ".join(sorted(set(seen[check])))
            reason = f" (expected because {why})" if why else ""
            yield f"{check}: expected {verdict}, got {got}{reason}"
    failing = {check for check, verdicts in seen.items() if "fail" in verdicts}
    if expect.only_failing is not None and failing != expect.only_failing:
        yield f"failing are {sorted(failing)}, expected exactly {sorted(expect.only_failing)}"
    for check, verdicts in seen.items():
        if "error" in verdicts and expect.checks.get(check, ("",))[0] != "error":
            yield f"{check}: error, the tool could not tell"


def _findings(expect, report):
    for wanted, text in expect.findings:
        said = [
            f"{f['message']} {f['subject']} {json.dumps(f['evidence'], ensure_ascii=False)}"
            for check in checks_of(report)
            if check["id"] == wanted
            for f in check["findings"]
        ]
        if not any(text in line for line in said):
            yield f"{wanted}: no finding with '{text}' among {len(said)}"


def _values(expect, report):
    for pointer, value in expect.pointers:
        try:
            got = _pointer(report, pointer)
        except (KeyError, IndexError, ValueError):
            yield f"the report has no {pointer}"
            continue
        if got != value:
            yield f"{pointer} is {got!r}, expected {value!r}"


def report(expect, report):
    found = []
    if expect.verdict and report["verdict"] != expect.verdict:
        found.append(f"the verdict is {report['verdict']}, expected {expect.verdict}")
    return found + [*_checks(expect, report), *_findings(expect, report), *_values(expect, report)]


def run(expect, done):
    """What is expected of any command: exit status and what it printed."""
    found = []
    if done.returncode < 0:
        found.append(f"ended by signal {-done.returncode}")
    elif expect.exit is not None and done.returncode != expect.exit:
        found.append(f"exit {done.returncode}, expected {expect.exit}")
    for name, patterns in (("stdout", expect.stdout), ("stderr", expect.stderr)):
        text = getattr(done, name).decode("utf-8", "replace")
        for pattern in patterns:
            if not re.search(pattern, text, re.MULTILINE):
                found.append(f"{name} has nothing like '{pattern}'")
    if b"Sanitizer" in done.stderr or b"runtime error:" in done.stderr:
        found.append("a sanitizer complained")
    return found
