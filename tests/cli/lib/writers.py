"""Layers that everyday programs write of one tree: none of them has anything wrong."""

import hashlib
import json
import os
import shutil
import subprocess
import tarfile

_GNU = ("gnu", "oldgnu", "pax", "ustar", "v7")
_BSD = ("pax", "paxr", "ustar", "gnutar", "v7")
_PYTHON = {"pax": tarfile.PAX_FORMAT, "gnu": tarfile.GNU_FORMAT, "ustar": tarfile.USTAR_FORMAT}


def _tree(top):
    """What tars have trouble with: each format leaves out what it has no place for."""
    deep = top / ("d" * 120) / ("e" * 120)
    deep.mkdir(parents=True)
    (deep / ("f" * 90)).write_text("deep")
    (top / "ünï çödé").write_text("utf-8")
    with open(os.fsencode(top) + b"/not utf-8 \xff", "w", encoding="ascii") as file:
        file.write("bytes")
    (top / "a\nb").write_text("newline")
    (top / "all non-ascii").symlink_to("日本語")
    (top / "absolute").symlink_to("/etc/passwd")
    os.link(top / "ünï çödé", top / "hard")
    os.mkfifo(top / "fifo")
    with (top / "sparse").open("wb") as file:
        file.truncate(4 << 20)
        file.seek(0, os.SEEK_END)
        file.write(b"end")
    (top / "set-uid").write_text("x")
    (top / "set-uid").chmod(0o4755)
    for name, when in (("old", -315619199.5), ("late", 7258118400)):
        (top / name).write_text(name)
        os.utime(top / name, (when, when))
    if os.geteuid() == 0:
        os.chown(top / "old", 3000000, 3000000)
    (top / "attribute").write_text("x")
    try:
        os.setxattr(top / "attribute", "user.note", b"\1\0\xff=\n")
    except OSError:
        pass  # a file system without them


def _python(tree, tar, kind):
    with tarfile.open(tar, "w", format=kind) as archive:
        for path in sorted(tree.rglob("*")):
            try:
                archive.add(path, str(path.relative_to(tree)), recursive=False)
            except (ValueError, UnicodeError):
                pass  # ustar has no place for it


def _tars(tree, out):
    """(name, file) of each; a writer that cannot store some file says so and stores the others."""

    def run(name, *command):
        file = out / f"{name}.tar"
        subprocess.run([*command, "-cf", file, "."], cwd=tree, capture_output=True, check=False)
        return name, file

    for kind in _GNU:
        yield run(f"tar {kind}", "tar", f"--format={kind}")
    yield run("tar pax sparse", "tar", "--format=pax", "-S")
    yield run("tar xattrs", "tar", "--format=pax", "--xattrs", "--xattrs-include=*")
    if shutil.which("bsdtar"):
        for kind in _BSD:
            yield run(f"bsdtar {kind}", "bsdtar", "--format", kind)
    for name, kind in _PYTHON.items():
        _python(tree, out / f"python-{name}.tar", kind)
        yield f"python {name}", out / f"python-{name}.tar"


def _layout(tar, out):
    """A layout of one image of one layer."""
    blobs = out / "blobs" / "sha256"
    blobs.mkdir(parents=True)

    def put(data, media):
        hexa = hashlib.sha256(data).hexdigest()
        (blobs / hexa).write_bytes(data)
        return {"mediaType": f"application/vnd.oci.image.{media}", "digest": f"sha256:{hexa}", "size": len(data)}

    layer = put(tar.read_bytes(), "layer.v1.tar")
    rootfs = {"type": "layers", "diff_ids": [layer["digest"]]}
    config = {"architecture": "amd64", "os": "linux", "config": {}, "rootfs": rootfs}
    config = put(json.dumps(config).encode(), "config.v1+json")
    manifest = {"schemaVersion": 2, "config": config, "layers": [layer]}
    manifest = put(json.dumps(manifest).encode(), "manifest.v1+json")
    (out / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [manifest]}))
    (out / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')


def run(bench):
    problems, seen = [], 0
    top = bench.path("writers", "tree").parent
    (top / "tree").mkdir()
    _tree(top / "tree")
    for number, (name, tar) in enumerate(_tars(top / "tree", top)):
        layout = top / str(number)
        _layout(tar, layout)
        words = ["check", "--stage", "static", "--only", "layers-unpack", "--report", "json", str(layout)]
        done = bench.run(words)
        check = json.loads(done.stdout)["requirements"][0]["checks"][0]
        seen += 1
        if check["verdict"] != "pass":
            problems.append(f"{name}: {check['verdict']}: {[f['message'] for f in check['findings']][:3]}")
        if tar.stat().st_size < 4096:
            problems.append(f"{name}: wrote nothing")
        shutil.rmtree(layout)
    if seen < 10:
        problems.append(f"only {seen} writers were tried")
    return problems
