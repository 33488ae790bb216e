"""Images that come through skopeo: from two real registries on loopback, one of them with basic
authentication, and from a program in skopeo's stead that is killed in the middle."""

import base64
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import builder
import judge
import model
from assay import ROOT

_DEADLINE_S = 20
_USER, _PASSWORD = "gate", "open sesame"

_CONFIG = """\
version: 0.1
log: {{level: error}}
storage: {{filesystem: {{rootdirectory: {root}}}}}
http: {{addr: "127.0.0.1:{port}", secret: none}}
"""
_AUTH = "auth: {{htpasswd: {{realm: assay, path: {file}}}}}\n"


def missing():
    """Why there can be no registry here, or ""."""
    for name in ("docker-registry", "htpasswd", "skopeo"):
        if not shutil.which(name):
            return f"{name} is not installed"
    return ""


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _answers(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def _wait(holds):
    end = time.monotonic() + _DEADLINE_S
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


class Registry:
    """A registry for the length of a `with`; .host is its name in references."""

    def __init__(self, directory, password=None):
        self.directory = Path(directory)
        self.password = password

    def __enter__(self):
        self.directory.mkdir(parents=True)
        config = self.directory / "config.yml"
        for _ in range(3):  # the port may be taken between the look and the use
            port = _free_port()
            text = _CONFIG.format(root=self.directory / "data", port=port)
            if self.password:
                text += _AUTH.format(file=self._passwords())
            config.write_text(text)
            with open(self.directory / "log", "wb") as log:
                self.process = subprocess.Popen(
                    ["docker-registry", "serve", config], stdout=log, stderr=log
                )
            _wait(lambda: _answers(port) or self.process.poll() is not None)
            if self.process.poll() is None:
                self.host = f"127.0.0.1:{port}"
                return self
        raise RuntimeError((self.directory / "log").read_text())

    def _passwords(self):
        made = subprocess.run(
            ["htpasswd", "-Bbn", _USER, self.password], capture_output=True, check=True
        )
        path = self.directory / "htpasswd"
        path.write_bytes(made.stdout)
        return path

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def push(self, source, name, *options):
        command = ["skopeo", "copy", "--quiet", "--dest-tls-verify=false", *options]
        if self.password:
            command.append(f"--dest-creds={_USER}:{self.password}")
        command += [str(source), self.reference(name)]
        subprocess.run(command, check=True, capture_output=True)

    def reference(self, name):
        return f"docker://{self.host}/{name}"

    def authfile(self, name, password):
        path = self.directory / name
        auth = base64.b64encode(f"{_USER}:{password}".encode()).decode()
        path.write_text(json.dumps({"auths": {self.host: {"auth": auth}}}))
        return path


class _Steps:
    """Runs of assay, each with what is expected of it."""

    def __init__(self, bench):
        self.bench = bench
        self.problems = []

    def run(self, what, status, arguments, out=(), err=(), environment=None):
        done = self.bench.run([str(a) for a in arguments], environment=environment)
        expect = model.Expectation(exit=status)
        expect.stdout, expect.stderr = list(out), list(err)
        found = judge.run(expect, done)
        said = done.stderr.decode("utf-8", "replace").strip()
        self.problems += [f"{what}: {problem}: {said}" for problem in found]


def _image(bench, build, name):
    image, recipe = build(bench, builder.RECIPES / f"{name}.recipe")
    return image, bench.path("fixtures", recipe.name + ".json")


def pulls(bench, build):
    """An open registry."""
    steps = _Steps(bench)
    image, product = _image(bench, build, "ok-oci-dir")
    several, _ = _image(bench, build, "ok-multi-platform-nested")
    plain = ["--tls-verify", "false"]
    static = ["check", "--stage", "static", "--product", product, "--report", "text", *plain]
    with tempfile.TemporaryDirectory(dir=bench.path("runs")) as made:
        made = Path(made)
        (made / "tmp").mkdir()
        tmp = {"TMPDIR": str(made / "tmp")}
        with Registry(made / "registry") as registry:
            registry.push(f"oci:{image}", "team/one:1")
            registry.push(f"oci:{several}", "several:1", "--all")
            one = registry.reference("team/one:1")
            many = registry.reference("several:1")
            steps.run("pull", 0, [*static, one], environment=tmp)
            steps.run("inspect", 0, ["inspect", *plain, one], out=["linux/amd64"], environment=tmp)
            steps.run("init", 0, ["product", "init", *plain, one], out=["memory_maximum"])
            steps.run("TLS is asked for", 2, ["inspect", one], err=["HTTPS|https|TLS"])
            steps.run("no such tag", 2, [*static, registry.reference("team/one:2")],
                err=["manifest unknown|not found"], environment=tmp)
            steps.run("no such name", 2, [*static, registry.reference("other:1")],
                err=["skopeo: .*other"], environment=tmp)
            steps.run("of several platforms", 0, ["inspect", *plain, many], out=["linux/amd64"])
            steps.run("a platform asked for", 0,
                ["inspect", *plain, "--platform", "linux/arm64", many], out=["linux/arm64"])
            steps.run("a platform that is not there", 1,
                [*static, "--platform", "linux/s390x", many], out=["linux/s390x"],
                environment=tmp)
            if not bench.sandbox:
                served, its = _image(bench, build, "run-server")
                registry.push(f"oci:{served}", "served:1")
                steps.run("from end to end", 0, ["check", "--quick", *plain, "--product", its,
                    registry.reference("served:1")], environment=tmp)
        steps.run("nobody there", 2, [*static, one], err=["refused"], environment=tmp)
        left = os.listdir(made / "tmp")
    if left:
        steps.problems.append(f"left in $TMPDIR: {left}")
    return steps.problems


def logs_in(bench, build):
    """A registry with basic authentication."""
    steps = _Steps(bench)
    image, _ = _image(bench, build, "ok-oci-dir")
    inspect = ["inspect", "--tls-verify", "false"]
    with tempfile.TemporaryDirectory(dir=bench.path("runs")) as made:
        with Registry(Path(made) / "registry", _PASSWORD) as registry:
            registry.push(f"oci:{image}", "one:1")
            one = registry.reference("one:1")
            good = registry.authfile("good.json", _PASSWORD)
            bad = registry.authfile("bad.json", "wrong")
            none = {"HOME": made, "XDG_RUNTIME_DIR": made}
            steps.run("nobody", 2, [*inspect, one], err=["authentication required"],
                environment=none)
            steps.run("the wrong password", 2, [*inspect, "--authfile", bad, one],
                err=["authentication required|unauthorized"])
            steps.run("no such file", 2, [*inspect, "--authfile", f"{made}/none.json", one],
                err=["none.json.*No such file"])
            steps.run("the password", 0, [*inspect, f"--authfile={good}", one],
                out=["linux/amd64"])
            steps.run("skopeo's own place", 0, [*inspect, one], out=["linux/amd64"],
                environment={**none, "REGISTRY_AUTH_FILE": str(good)})
    return steps.problems


def from_storage(bench, build):
    """The store of podman and buildah, which has no compressed layers."""
    steps = _Steps(bench)
    image, product = _image(bench, build, "ok-oci-dir")
    with tempfile.TemporaryDirectory(dir=bench.path("runs")) as made:
        conf = Path(made) / "storage.conf"
        conf.write_text(
            f'[storage]\ndriver = "vfs"\nrunroot = "{made}/run"\ngraphroot = "{made}/root"\n'
        )
        storage = {"CONTAINERS_STORAGE_CONF": str(conf)}
        name = "containers-storage:localhost/clinic:1"
        put = subprocess.run(
            ["skopeo", "copy", "--quiet", f"oci:{image}", name],
            env={**os.environ, **storage}, capture_output=True,
        )
        if put.returncode != 0:
            return [f"skopeo cannot fill its store: {put.stderr.decode()}"]
        steps.run("from the store", 0, ["check", "--stage", "static", "--product", product, name],
            environment=storage)
        steps.run("not in the store", 2, ["inspect", "containers-storage:localhost/other:1"],
            err=["skopeo: .*other"], environment=storage)
    return steps.problems


# Writes what it would fetch, says so by a file, and never ends; or fails at once.
_SLOW = """\
#!/bin/sh
for last; do :; done
echo half >"${last#dir:}/half"
exec sleep 600
"""
_FAILING = """\
#!/bin/sh
echo 'time="2026-01-01T00:00:00Z" level=debug msg="one"' >&2
printf 'time="x" level=fatal msg="cannot \\033[31m \\\\"here\\\\""\\n' >&2
exit 1
"""


def _program(path, text):
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def _alive(needle):
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if needle in (entry / "environ").read_bytes():
                return True
    return False


def killed(bench, _build):
    """assay is killed while skopeo copies: skopeo ends, too, and the next run clears up."""
    steps = _Steps(bench)
    with tempfile.TemporaryDirectory(dir=bench.path("runs")) as made:
        tmp = Path(made) / "tmp"
        tmp.mkdir()
        (tmp / "assay-image-of-another.txt").write_text("not a directory")
        _program(Path(made) / "bin" / "skopeo", _SLOW)
        changes = {"TMPDIR": str(tmp), "PATH": f"{made}/bin:{os.environ['PATH']}"}
        running = subprocess.Popen(
            [bench.program, "inspect", "docker://r.example/x"],
            env={**bench.environment, **changes}, cwd=ROOT, stderr=subprocess.DEVNULL,
        )
        if not _wait(lambda: list(tmp.glob("*/half"))):
            steps.problems.append("the program in skopeo's stead was not started")
        # a second run leaves alone what the first one uses
        _program(Path(made) / "bin" / "skopeo", _FAILING)
        steps.run("beside it", 2, ["inspect", "docker://r.example/x"],
            err=[r'skopeo: cannot \\x1b\[31m "here"$'], environment=changes)
        if not list(tmp.glob("*/half")):
            steps.problems.append("a run that lives was cleared")
        os.kill(running.pid, signal.SIGKILL)
        running.wait()
        if not _wait(lambda: not _alive(f"TMPDIR={tmp}".encode())):
            steps.problems.append("skopeo goes on without assay")
        steps.run("after it", 2, ["inspect", "docker://r.example/x"], environment=changes)
        left = [path.name for path in tmp.iterdir() if path.is_dir()]
        if left:
            steps.problems.append(f"the next run left {left}")
    return steps.problems
