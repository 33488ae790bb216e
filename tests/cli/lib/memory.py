"""What one more entry of an image costs in memory, by the peaks of two images of small files."""

import hashlib
import json
import subprocess
import sys
import zlib

from assay import ROOT

BOUND = 128
_SMALL, _LARGE = 100_000, 500_000


def _header(name):
    head = bytearray(512)
    head[0 : len(name)] = name
    head[100:108], head[108:116], head[116:124] = b"0000644\0", b"0000000\0", b"0000000\0"
    head[124:136], head[136:148], head[148:156] = b"00000000000\0", b"14000000000\0", b" " * 8
    head[156:157], head[257:265] = b"0", b"ustar\0" + b"00"
    head[148:156] = b"%06o\0 " % sum(head)
    return bytes(head)


def _blob(blobs, data):
    digest = hashlib.sha256(data).hexdigest()
    (blobs / digest).write_bytes(data)
    return {"digest": f"sha256:{digest}", "size": len(data)}


def _layout(path, n):
    """One gzip layer of n empty files, a thousand to a directory."""
    blobs = path / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    tar, packer, packed = hashlib.sha256(), zlib.compressobj(1, wbits=31), []
    for first in range(0, n, 1000):
        piece = b"".join(_header(b"dir%05d/file-%07d" % (first // 1000, i)) for i in range(first, first + 1000))
        tar.update(piece)
        packed.append(packer.compress(piece))
    tar.update(bytes(1024))
    packed += [packer.compress(bytes(1024)), packer.flush()]
    kind = "application/vnd.oci.image."
    layer = {"mediaType": kind + "layer.v1.tar+gzip", **_blob(blobs, b"".join(packed))}
    config = {"architecture": "amd64", "os": "linux",
              "rootfs": {"type": "layers", "diff_ids": [f"sha256:{tar.hexdigest()}"]}}
    config = {"mediaType": kind + "config.v1+json", **_blob(blobs, json.dumps(config).encode())}
    manifest = {"schemaVersion": 2, "mediaType": kind + "manifest.v1+json", "config": config, "layers": [layer]}
    manifest = {"mediaType": manifest["mediaType"], **_blob(blobs, json.dumps(manifest).encode())}
    (path / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    (path / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [manifest]}))


# A process starts with the peak of whoever forked it, so that has to be a small one.
_SPAWN = """
import os, sys
pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
print(os.wait4(pid, 0)[2].ru_maxrss, file=sys.stderr)
"""


def _peak(bench, path):
    """Bytes of resident memory, and what inspect says of the entries."""
    done = subprocess.run(
        [sys.executable, "-c", _SPAWN, bench.program, "inspect", "--report", "json", str(path)],
        env=bench.environment, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, check=True,
    )
    entries = json.loads(done.stdout)["layers"][0]["entries"]
    return int(done.stderr.split()[-1]) * 1024, entries


def run(bench):
    peaks = []
    for n in (_SMALL, _LARGE):
        path = bench.path("memory", str(n))
        _layout(path, n)
        peak, entries = _peak(bench, path)
        if entries != n:
            return [f"inspect counts {entries} entries of {n}"]
        peaks.append(peak)
    cost = (peaks[1] - peaks[0]) / (_LARGE - _SMALL)
    if not 0 < cost <= BOUND:
        return [f"an entry costs {cost:.0f} bytes, wanted are at most {BOUND}; peaks {peaks}"]
    return []
