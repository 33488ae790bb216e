"""The cases: recipes, the table of errors, and the real images of $ASSAY_CASES."""

import json
import os
import shlex
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path

import builder
import full
import judge
import killed
import memory
import model
import recipe as recipes
import registry
import repacked
import rules
import sealed
import stored
import terminal
import writers
from assay import ROOT

HERE = Path(__file__).resolve().parents[1]


# Two cases may ask for one fixture.
_building = threading.Lock()


def _build(bench, path):
    with _building:
        return builder.build(path, bench.path("fixtures"))


@dataclass
class Outcome:
    problems: list
    skip: str = ""
    said: str = ""  # for whoever has to find out why


@dataclass
class Case:
    name: str
    run: object  # Bench -> Outcome
    tags: set = field(default_factory=set)


def _tail(data, lines=40):
    return "\n".join(data.decode("utf-8", "replace").splitlines()[-lines:])


# ---- recipes ------------------------------------------------------------------------------------


def _arguments(bench, recipe, image, out):
    fixtures = str(bench.path("fixtures"))
    arguments = [recipe.expect.command]
    arguments += [word.replace("{fixtures}", fixtures) for word in recipe.expect.args]
    product = bench.path("fixtures", recipe.name + ".json")
    if product.exists():
        arguments += ["--product", str(product)]
    if recipe.expect.policy is not None:
        policy = out / "policy.json"
        policy.write_text(json.dumps(recipe.expect.policy))
        arguments += ["--policy", str(policy)]
    if recipe.expect.command == "check":
        arguments += ["--report", "text", "--report", f"json={out}/report.json"]
        arguments += ["--report", f"junit={out}/report.xml"]
    return [*arguments, recipe.reference.replace("{image}", str(image))]


def _reports(bench, expect, done, out):
    """Rules of every run, then what the recipe expects of this one."""
    if not (out / "report.json").exists():
        return ["there is no JSON report"]
    text = (out / "report.json").read_bytes()
    report, problems = rules.json_report(text, bench.schema, done.returncode)
    if problems:
        return problems
    problems += rules.junit((out / "report.xml").read_bytes(), report)
    problems += rules.text_report(done.stdout, report)
    sizes = {p.name: p.stat().st_size for p in out.glob("report.*")}
    for name, size in sizes.items():
        if expect.report_max and size > expect.report_max:
            problems.append(f"{name} has {size} bytes, more than {expect.report_max}")
    return problems + judge.report(expect, report)


def _again(bench, recipe, image, out):
    """A static report is the same bytes when it is made twice: in a home of its own, where nothing
    is known of the layers, then with what that run has left."""
    problems = []
    home = {"ASSAY_HOME": str(out / "home")}
    for when in ("nothing is known", "the layers are known"):
        again = out / when
        again.mkdir()
        arguments = _arguments(bench, recipe, image, again)
        _run(bench, recipe, arguments, image, home)
        for name in ("report.json", "report.xml"):
            if (out / name).read_bytes() != (again / name).read_bytes():
                problems.append(f"{name} differs when it is made again and {when}")
    return problems


def _run(bench, recipe, arguments, image, environment=None):
    expect = recipe.expect
    stdin = image if expect.stdin else None
    return bench.run(arguments, expect.timeout, {**expect.environment, **(environment or {})}, stdin)


def run_recipe(bench, path):
    image, recipe = _build(bench, path)
    expect = recipe.expect
    if "sandbox" in expect.needs and bench.sandbox:
        return Outcome([], skip=bench.sandbox)
    with tempfile.TemporaryDirectory(dir=bench.path("runs")) as out:
        out = Path(out)
        done = _run(bench, recipe, _arguments(bench, recipe, image, out), image)
        problems = judge.run(expect, done)
        if expect.command == "check" and expect.verdict:
            problems += _reports(bench, expect, done, out)
            if "static" in expect.args and not problems:
                problems += _again(bench, recipe, image, out)
    said = _tail(done.stdout) + "\n--- stderr\n" + _tail(done.stderr, 10)
    return Outcome(problems, said=said)


def recipe_cases():
    return [
        Case(path.stem, lambda bench, path=path: run_recipe(bench, path))
        for path in builder.find([])
    ]


# ---- the gate tests itself ----------------------------------------------------------------------


def self_test(bench):
    """Each expectation of selftest.recipe is wrong on purpose: each has to be reported."""
    outcome = run_recipe(bench, HERE / "selftest.recipe")
    wrong = [
        "exit 0, expected 1",
        "stdout has nothing like 'no such text'",
        "the verdict is compliant, expected non-compliant",
        "env-names: expected fail, got pass (expected because it is wrong on purpose)",
        "no-such-check: expected pass, is not in the report",
        "failing are [], expected exactly ['env-names']",
        "env-names: no finding with 'no such finding' among 0",
        "/scope is 'static', expected 'dynamic'",
        "report.json has ",
    ]
    missed = [w for w in wrong if not any(p.startswith(w) for p in outcome.problems)]
    problems = [f"a wrong expectation was not reported: {w}" for w in missed]
    if len(outcome.problems) > len(wrong) + 1:  # report.xml is too large as well
        problems.append(f"more was reported than is wrong: {outcome.problems}")
    return Outcome(problems, said="\n".join(outcome.problems) + "\n" + outcome.said)


def contract(bench):
    """Every check has a recipe that it fails (or warns of) and one that it passes."""
    rules_said = bench.run(["rules", "--report", "json"])
    checks = {row["id"] for row in json.loads(rules_said.stdout)}
    bad, good = set(), set()
    for path in builder.find([]):
        expect = recipes.parse(path).expect
        bad |= expect.only_failing or set()
        for check, (verdict, _) in expect.checks.items():
            (good if verdict == "pass" else bad).add(check)
    return Outcome(
        [f"{check}: no recipe fails it" for check in sorted(checks - bad)]
        + [f"{check}: no recipe passes it" for check in sorted(checks - good)]
        + [f"{check}: expected by a recipe, not in `assay rules`" for check in sorted(bad - checks)]
    )


def killed_case(bench):
    if bench.sandbox:
        return Outcome([], skip=bench.sandbox)
    return Outcome(killed.run(bench, _build))


def store_case(bench):
    if bench.sandbox:
        return Outcome([], skip=bench.sandbox)
    return Outcome(stored.run(bench, _build))


def full_case(bench):
    return Outcome(full.run(bench, _build))


def attached_case(bench):
    if bench.sandbox:
        return Outcome([], skip=bench.sandbox)
    return Outcome(full.run_attached(bench, _build))


def writers_case(bench):
    return Outcome(writers.run(bench))


def repacked_case(bench):
    return Outcome(repacked.run(bench))


def sealed_case(bench):
    if bench.sandbox:
        return Outcome([], skip=bench.sandbox)
    return Outcome(sealed.run(bench, _build))


def memory_case(bench):
    if "ASAN_OPTIONS" in bench.environment:
        return Outcome([], skip="a sanitizer's memory is not the program's")
    return Outcome(memory.run(bench))


def registry_cases():
    def run(function, bench):
        why = registry.missing()
        return Outcome([], skip=why) if why else Outcome(function(bench, _build))

    rows = {
        "registry: open": registry.pulls,
        "registry: with a password": registry.logs_in,
        "registry: containers-storage": registry.from_storage,
        "registry: assay is killed while it fetches": registry.killed,
    }
    return [Case(name, lambda b, f=function: run(f, b)) for name, function in rows.items()]


def terminal_cases():
    def run(function, bench):
        if bench.sandbox:
            return Outcome([], skip=bench.sandbox)
        done = function(bench, _build)
        return Outcome([], skip=done) if isinstance(done, str) else Outcome(done)

    rows = terminal.tests(images_directory())
    return [Case(name, lambda b, f=function: run(f, b)) for name, function in rows.items()]


# ---- errors -------------------------------------------------------------------------------------


def _rows():
    """(line number, cells) of errors.table; '|' parts cells, a regular expression comes last."""
    for number, line in enumerate((HERE / "errors.table").read_text().splitlines(), 1):
        if line.strip() and not line.startswith("#"):
            yield number, [cell.strip() for cell in line.split(" | ", 4)]


def write_files(directory):
    """The files that errors.table names in its `file` rows."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "directory").mkdir(exist_ok=True)
    for _, cells in _rows():
        if cells[0] == "file":
            content = " | ".join(cells[2:])
            data = bytes.fromhex(content[4:]) if content.startswith("hex:") else content.encode()
            (directory / cells[1]).write_bytes(data)


def _run_error(bench, cells):
    name, status, arguments, out_pattern, pattern = cells
    image, recipe = _build(bench, builder.RECIPES / "ok-oci-dir.recipe")
    places = {
        "{ok}": str(image),
        "{product}": str(bench.path("fixtures", recipe.name + ".json")),
        "{files}": str(bench.path("files")),
    }
    words = shlex.split(arguments)
    for place, path in places.items():
        words = [word.replace(place, path) for word in words]
    expect = model.Expectation(exit=int(status))
    expect.stdout = [out_pattern] if out_pattern != "-" else []
    expect.stderr = [pattern] if pattern != "-" else []
    done = bench.run(words)
    problems = judge.run(expect, done)
    if status in ("2", "64") and done.stdout.strip() and not expect.stdout:
        problems.append("an error says nothing on stdout")
    return Outcome(problems, said=_tail(done.stdout) + "\n--- stderr\n" + _tail(done.stderr))


def error_cases():
    return [
        Case(f"error: {cells[0]}", lambda bench, cells=cells: _run_error(bench, cells))
        for _, cells in _rows()
        if cells[0] != "file"
    ]


# ---- real images --------------------------------------------------------------------------------


def images_directory():
    return Path(os.environ.get("ASSAY_CASES", ROOT.parent / "shared" / "cases" / "images"))


def _run_real(bench, cells):
    name, platform, status, fails, file, *arguments = cells
    path = images_directory() / file
    if not path.exists():
        return Outcome([], skip=f"no {file} in $ASSAY_CASES")
    with tempfile.TemporaryDirectory(dir=bench.path("runs")) as out:
        out = Path(out)
        words = ["check", "--stage", "static", "--report", "text"]
        words += ["--report", f"json={out}/report.json", "--report", f"junit={out}/report.xml"]
        words += [*arguments, str(path)]
        done = bench.run(words)
        expect = model.Expectation(exit=int(status))
        expect.checks = {check: ("fail", "") for check in fails.split(",") if check != "-"}
        if platform != "none":
            expect.pointers = [("/image/platform", platform)]
        problems = judge.run(expect, done) + _reports(bench, expect, done, out)
    return Outcome(problems, said=_tail(done.stdout) + "\n--- stderr\n" + _tail(done.stderr))


def _run_alpine(bench):
    path = images_directory() / "alpine-310.docker.tar.gz"
    if not path.exists():
        return Outcome([], skip="no alpine-310.docker.tar.gz in $ASSAY_CASES")
    if bench.sandbox:
        return Outcome([], skip=bench.sandbox)
    words = ["run", "--quiet", f"docker-archive:{path}", "--", "/bin/sh", "-c", "echo hi"]
    done = bench.run(words)
    problems = judge.run(model.Expectation(exit=0), done)
    if done.stdout != b"hi\n":
        problems.append(f"stdout is {done.stdout[:200]!r}, expected 'hi'")
    return Outcome(problems, said=_tail(done.stderr))


def real_cases():
    rows = [line.split() for line in (HERE / "real.table").read_text().splitlines()]
    cases = [
        Case(f"real: {row[0]}", lambda bench, row=row: _run_real(bench, row))
        for row in rows
        if row and not row[0].startswith("#")
    ]
    return [*cases, Case("real: assay run alpine", _run_alpine)]
