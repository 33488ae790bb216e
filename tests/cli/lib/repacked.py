"""Archives that `tar -S` has packed again: members without their holes are what they were before."""

import gzip
import io
import json
import os
import re
import shutil
import subprocess
import tarfile

import writers
from assay import ROOT

_FORMS = {
    "gnu": ["-S", "--format=gnu"],
    "0.0": ["-S", "--format=posix", "--sparse-version=0.0"],
    "0.1": ["-S", "--format=posix", "--sparse-version=0.1"],
    "1.0": ["-S", "--format=posix", "--sparse-version=1.0"],
}
_V1 = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0"}
_V01 = {"GNU.sparse.numblocks": "2"}

# (what, the layer's records, its content, exit status, what is said)
_LIES = [
    ("out of order", {**_V01, "GNU.sparse.size": "8192", "GNU.sparse.map": "4096,512,0,512"},
     bytes(1024), 1, "layer.tar'.*before the end of the one before"),
    ("behind the end", {**_V1, "GNU.sparse.realsize": "8192"},
     b"2\n0\n512\n8000\n512\n".ljust(512, b"\0") + bytes(1024), 1, "layer.tar'.*behind the end of the file"),
    ("more than is stored", {**_V1, "GNU.sparse.realsize": "8192"},
     b"1\n0\n8192\n".ljust(512, b"\0") + bytes(512), 1, "layer.tar'.*less is stored"),
    ("of no known form", {**_V1, "GNU.sparse.major": "2"}, bytes(512), 2, "layer.tar'.*form is not known"),
    ("8 EiB", {**_V1, "GNU.sparse.realsize": str((1 << 63) - 1)},
     (b"1\n%d\n512\n" % ((1 << 63) - 513)).ljust(512, b"\0") + bytes(512), 2, "layer.tar'.*spool_mib"),
    ("a map of 6 MiB", {**_V1, "GNU.sparse.realsize": "8192"},
     b"1500000\n" + b"0\n0\n" * 1500000, 2, "larger than 4 MiB"),
]


def _hollow(directory):
    """Zeros of files become holes."""
    for path in [path for path in directory.rglob("*") if path.is_file()]:
        subprocess.run(["cp", "--sparse=always", path, directory / "copy"], check=True)
        (directory / "copy").rename(path)


def _make(top):
    """The same layer in a layout and as a docker-archive has it, as directories to pack. It is not
    compressed; a MiB of zeros lies in one of its files, and another has more holes than two further
    blocks of GNU's map hold; what is to be found comes behind them."""
    tree, oci, docker = top / "tree", top / "oci", top / "docker"
    for directory in (tree / "srv", docker):
        directory.mkdir(parents=True)
    (tree / "srv" / ".env").write_text("DB_PASSWORD=s3cr3t-Xy9zzQw81\n")
    (tree / "data").write_bytes(b"begin" + bytes(1 << 20) + b"end")
    (tree / "many").write_bytes(b"".join(b"%d" % i + bytes(20000) for i in range(60)))
    layer = docker / "layer.tar"
    subprocess.run(["tar", "--format=posix", "--sort=name", "-cf", layer, "."], cwd=tree, check=True)
    writers._layout(layer, oci)
    blobs = oci / "blobs" / "sha256"
    for path in blobs.iterdir():
        if path.stat().st_size < 4096 and b"rootfs" in path.read_bytes():
            shutil.copy(path, docker / "config.json")
    (docker / "manifest.json").write_text(json.dumps([{"Config": "config.json", "Layers": ["layer.tar"]}]))
    for directory in (oci, docker):
        _hollow(directory)
    return oci, docker


def _piped(bench, words, data, home=None):
    """The same as bench.run, with the archive as a stream."""
    env = {**bench.environment, **(home or {})}
    return subprocess.run(
        [bench.program, *words, "-"], input=data, env=env, cwd=ROOT, capture_output=True, timeout=60, check=False)


def _said(bench, file):
    """What is said of the archive as a file, as a stream, and compressed: always of the same name, and first
    where nothing is known of its layer."""
    name, said = bench.path("repacked", "a.tar"), {}
    home = {"ASSAY_HOME": str(bench.path("repacked", f"home-{file.stem}"))}
    plain = file.read_bytes()
    for how, data in (("", plain), (" gzip", gzip.compress(plain, mtime=0))):
        name.write_bytes(data)
        for words in (["check", "--stage", "static", "--report", "json"], ["inspect", "--report", "json"]):
            done = bench.run([*words, name], environment=home)
            piped = _piped(bench, words, data, home)
            said[f"{words[0]}, file{how}"] = (done.returncode, done.stdout, done.stderr)
            said[f"{words[0]}, stream{how}"] = (piped.returncode, piped.stdout, piped.stderr)
    return said


def _compare(bench, directory):
    def pack(form, options):
        file = directory.parent / f"{directory.name}-{form}.tar"
        subprocess.run(["tar", *options, "-cf", file, *sorted(os.listdir(directory))], cwd=directory, check=True)
        return file

    problems = []
    whole = pack("plain", [])
    plain = _said(bench, whole)
    report = json.loads(plain["check, file"][1])
    checks = {c["id"]: c["verdict"] for row in report["requirements"] for c in row["checks"]}
    if [checks[c] for c in ("oci-conformance", "layers-unpack", "baked-in-secrets")] != ["pass", "pass", "fail"]:
        problems.append(f"{directory.name}: the plain archive gets {checks}")
    for form, options in _FORMS.items():
        file = pack(form, options)
        if file.stat().st_size * 4 > whole.stat().st_size:
            problems.append(f"{directory.name}, {form}: tar has kept the holes")
        for how, got in _said(bench, file).items():
            if got != plain[how]:
                problems.append(f"{directory.name}, {form}, {how}: not as the plain archive: {got}")
    return problems


def _lying(docker, file, headers, content):
    """The docker-archive with this in the layer's place."""
    with tarfile.open(file, "w", format=tarfile.PAX_FORMAT) as archive:
        for name in ("manifest.json", "config.json"):
            archive.add(docker / name, name)
        layer = tarfile.TarInfo("layer.tar")
        layer.size, layer.pax_headers = len(content), {"GNU.sparse.name": "layer.tar", **headers}
        archive.addfile(layer, io.BytesIO(content))


def _hostile(bench, docker):
    problems = []
    name = bench.path("repacked", "lie.tar")
    for what, headers, content, status, pattern in _LIES:
        _lying(docker, name, headers, content)
        words = ["check", "--stage", "static", "--report", "json"]
        for done in (bench.run([*words, name]), _piped(bench, words, name.read_bytes())):
            text = done.stdout.decode() + done.stderr.decode()
            if done.returncode != status or not re.search(pattern, text):
                problems.append(f"{what}: exit {done.returncode}, expected {status}; {text[-300:]!r}")
    return problems


def _capped(bench, file):
    """An honest one, larger than the operator allows."""
    policy = bench.path("repacked", "policy.json")
    policy.write_text('{"limits": {"spool_mib": 1}}')
    done = bench.run(["check", "--stage", "static", "--policy", policy, file])
    if done.returncode != 2 or b"spool_mib" not in done.stdout + done.stderr:
        return [f"past spool_mib: exit {done.returncode}: {done.stderr.decode()}"]
    return []


def run(bench):
    oci, docker = _make(bench.path("repacked", "x").parent)
    problems = _compare(bench, oci) + _compare(bench, docker)
    problems += _hostile(bench, docker)
    return problems + _capped(bench, docker.parent / "docker-1.0.tar")
