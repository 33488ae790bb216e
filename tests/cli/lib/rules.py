"""What holds for every report of every run, whatever the image."""

import json
import re
import xml.etree.ElementTree as ElementTree

import schema

EXIT_OF = {"compliant": 0, "non-compliant": 1, "undecided": 2}
_RANK = ["not-applicable", "pass", "waived", "warn", "not-tested", "error", "fail"]


def checks_of(report):
    return [check for part in report["requirements"] for check in part["checks"]]


def _requirement(part):
    worst = max((c["verdict"] for c in part["checks"]), key=_RANK.index)
    if part["verdict"] != worst:
        yield f"{part['id']} is {part['verdict']}, the worst of its checks is {worst}"


def _verdict(report):
    musts = [p for p in report["requirements"] if p["level"] == "MUST"]
    verdicts = {c["verdict"] for p in musts for c in p["checks"]}
    wanted = "compliant"
    if verdicts & {"not-tested", "error"}:
        wanted = "undecided"
    if "fail" in verdicts:
        wanted = "non-compliant"
    if report["verdict"] != wanted:
        yield f"the verdict is {report['verdict']}, its checks make it {wanted}"


def json_report(text, report_schema, exit_code):
    """(report or None, problems)"""
    try:
        report = json.loads(text)
    except ValueError as error:
        return None, [f"the JSON report is no JSON: {error}"]
    found = [f"JSON report: {p}" for p in schema.problems(report_schema, report)]
    if found:
        return report, found
    if EXIT_OF[report["verdict"]] != exit_code:
        found.append(f"exit {exit_code}, but the report says {report['verdict']}")
    for part in report["requirements"]:
        found += _requirement(part)
    found += _verdict(report)
    tasks = [task["id"] for task in (report["product"] or {"tasks": []})["tasks"]]
    keys = [(c["id"], c["task"]) for c in checks_of(report)]
    if len(set(tasks)) == len(tasks):  # two tasks with one id are a finding of product-file
        found += [f"{key} is there twice" for key in set(keys) if keys.count(key) > 1]
    return report, found


def _counts(element):
    """What a suite claims, and what its cases are."""
    names = ("tests", "failures", "errors", "skipped")
    claimed = tuple(int(element.get(name, "-1")) for name in names)
    cases = list(element.iter("testcase"))
    tags = ("failure", "error", "skipped")
    real = [sum(c.find(tag) is not None for c in cases) for tag in tags]
    return claimed, (len(cases), *real)


def junit(data, report):
    """The JUnit file: well-formed, counts that add up, unique cases, the report's failures."""
    try:
        root = ElementTree.fromstring(data)
    except ElementTree.ParseError as error:
        return [f"JUnit: {error}"]
    found = []
    for suite in [root, *root.iter("testsuite")]:
        claimed, real = _counts(suite)
        if claimed != real:
            found.append(f"JUnit: {suite.get('name')} claims {claimed}, has {real}")
    cases = list(root.iter("testcase"))
    keys = [(c.get("classname"), c.get("name")) for c in cases]
    found += [f"JUnit: {key} is there twice" for key in set(keys) if keys.count(key) > 1]
    times = [e.get("time", "") for e in root.iter() if "time" in e.attrib]
    found += [f"JUnit: time '{t}'" for t in times if not re.fullmatch(r"[0-9]+(\.[0-9]+)?", t)]
    for tag, verdict in (("failure", "fail"), ("error", "error")):
        claimed = sum(c.find(tag) is not None for c in cases)
        real = sum(c["verdict"] == verdict for c in checks_of(report))
        if claimed != real:
            found.append(f"JUnit has {claimed} of <{tag}>, the JSON report {real}")
    if len(data) > 30_000_000:
        found.append(f"JUnit: {len(data)} bytes are more than servers take")
    return found


def text_report(data, report):
    """The text report: says the verdict, is UTF-8, holds nothing that moves a terminal's cursor."""
    found = []
    text = data.decode("utf-8", "replace")
    if "\ufffd" in text and "\ufffd".encode() not in data:
        found.append("the text report is no UTF-8")
    moving = {c for c in text if (ord(c) < 32 and c not in "\n\t") or 0x7F <= ord(c) < 0xA0}
    if moving:
        found.append(f"the text report holds control characters: {sorted(moving)!r}")
    if report["verdict"].upper() not in text.upper():
        found.append(f"the text report does not say '{report['verdict']}'")
    return found
