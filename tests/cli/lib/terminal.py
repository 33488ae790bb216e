"""`assay run` at a terminal: a pseudoterminal of ours is its controlling one, as a user's would be."""

import fcntl
import hashlib
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from pathlib import Path

from assay import ROOT

_DEADLINE_S = 60
_RECIPE = Path(__file__).resolve().parents[1] / "terminal.recipe"
_ROWS, _COLUMNS = 33, 99


class _Late(Exception):
    pass


class _Seat:
    """assay, and the person before it: types, reads, resizes, walks away."""

    def __init__(self, bench, image, script, wrapper=(), **streams):
        self.master, self.slave = pty.openpty()
        self.resize(_ROWS, _COLUMNS)
        self.before = termios.tcgetattr(self.slave)
        self.seen = b""
        self.end = time.monotonic() + _DEADLINE_S
        given = {"stdin": self.slave, "stdout": self.slave, "stderr": self.slave, **streams}
        # setsid(1) takes stdin for the controlling terminal, so that one is always ours
        if given["stdin"] == self.slave:
            wrapper = ["setsid", "--ctty", *wrapper]
        command = [*wrapper, bench.program, "run", "--quiet", str(image), "--", *script]
        self.running = subprocess.Popen(command, env=bench.environment, cwd=ROOT, **given)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.running.poll() is None:
            self.running.kill()
            self.running.wait()
        for fd in (self.master, self.slave):
            if fd >= 0:
                os.close(fd)

    def resize(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def _turn(self, data=b""):
        """Read what is there, write what there is room for; what is left of data."""
        left = self.end - time.monotonic()
        writable = [self.master] if data else []
        ready = select.select([self.master], writable, [], max(0, min(left, 0.2)))
        if self.master in ready[0]:
            self.seen += os.read(self.master, 65536)
        if self.master in ready[1]:
            data = data[os.write(self.master, data[:512]) :]
        if left <= 0:
            raise _Late(f"not done in time; seen so far: {self.seen[-300:]!r}")
        return data

    def type(self, data):
        while data:
            data = self._turn(data)

    def wait(self, pattern):
        """Until the screen shows it; what stands before is forgotten."""
        while not (found := re.search(pattern, self.seen)):
            if self.running.poll() is not None and not select.select([self.master], [], [], 0)[0]:
                raise _Late(f"no {pattern!r}, it ended; seen: {self.seen[-300:]!r}")
            self._turn()
        self.seen = self.seen[found.end() :]
        return found

    def hears_cat(self):
        """It runs now, and not the shell that starts it, whose handlers are other ones."""
        self.wait(rb"ready\r\n")
        self.type(b"cat\r")
        self.wait(rb"cat\r\ncat\r\n")

    def status(self):
        while self.running.poll() is None:
            self._turn()
        while select.select([self.master], [], [], 0)[0]:
            self._turn()
        return self.running.returncode

    def ends(self, status):
        """Problems when it ends otherwise, or leaves the terminal in another state."""
        got = self.status()
        problems = []
        if got != status:
            problems.append(f"exit {got}, expected {status}; seen: {self.seen[-300:]!r}")
        if termios.tcgetattr(self.slave) != self.before:
            problems.append("the terminal is not what it was")
        return problems


def _shell(bench, image, script, **streams):
    return _Seat(bench, image, ["sh", "-c", script], **streams)


def _speaks(bench, image):
    """Size, name, input, both ways to open the terminal anew, the status."""
    script = (
        "test -t 0 && test -t 1 && test -t 2 && stty size; tty; echo ready; read x; echo got $x;"
        " echo by-console >/dev/console; echo by-tty >/dev/tty; exit 7"
    )
    with _shell(bench, image, script) as seat:
        seat.wait(rb"^33 99\r\n/dev/console\r\nready\r\n")
        mode = termios.tcgetattr(seat.slave)
        seat.type(b"a line\r")
        seat.wait(rb"^a line\r\ngot a line\r\nby-console\r\nby-tty\r\n")
        raw = not mode[3] & (termios.ECHO | termios.ICANON | termios.ISIG)
        return seat.ends(7) + ([] if raw else ["the terminal was not raw meanwhile"])


def _interrupts(bench, image):
    """Ctrl-C is the product's, whose shell goes on."""
    script = 'trap "echo caught" INT; echo ready; cat; echo went on; exit 5'
    with _shell(bench, image, script) as seat:
        seat.hears_cat()
        seat.type(b"\x03")
        seat.wait(rb"\^C(\r\n)?caught\r\nwent on\r\n")
        return seat.ends(5)


def _interrupts_alone(bench, image):
    """Ctrl-C ends a PID 1 that has no handler, though the kernel spares it."""
    with _shell(bench, image, "echo ready; exec cat") as seat:
        seat.hears_cat()
        seat.type(b"\x03")
        return seat.ends(130)


def _ignores(bench, image):
    """Who ignores Ctrl-C is left alone."""
    with _shell(bench, image, 'trap "" INT; echo ready; read x; echo got $x') as seat:
        seat.wait(rb"ready\r\n")
        seat.type(b"\x03ok\r")
        seat.wait(rb"got ok\r\n")
        return seat.ends(0)


def _resizes(bench, image):
    with _shell(bench, image, "echo ready; while read x; do stty size; done") as seat:
        seat.wait(rb"ready\r\n")
        seat.resize(44, 111)
        while True:  # the signal is on its way: _Late ends it
            seat.type(b"\r")
            if seat.wait(rb"(\d+ \d+)\r\n")[1] == b"44 111":
                break
        seat.type(b"\x04")
        return seat.ends(0)


def _told_of_size(bench, image):
    """The product gets SIGWINCH."""
    script = 'trap "stty size; exit 3" WINCH; echo ready; while :; do read x; done'
    with _shell(bench, image, script) as seat:
        seat.wait(rb"ready\r\n")
        seat.resize(20, 70)
        while not seat.running.poll() and b"20 70" not in seat.seen:
            seat.type(b"\r")  # a shell looks at its traps between commands
        return seat.ends(3)


def _loses_nothing(bench, image):
    lines = b"".join(b"%0500d\n" % i for i in range(400))
    script = f"stty -echo; echo ready; head -c {len(lines)} | md5sum; seq 1 50000; echo over"
    with _shell(bench, image, script) as seat:
        seat.wait(rb"ready\r\n")
        seat.type(lines)
        seat.wait(hashlib.md5(lines).hexdigest().encode() + rb"  -\r\n")
        shown = seat.wait(rb"(?s)^(.*)over\r\n")[1]
        wanted = b"".join(b"%d\r\n" % i for i in range(1, 50001))
        return seat.ends(0) + ([] if shown == wanted else ["output was lost or changed"])


def _passes_signal(bench, image):
    with _shell(bench, image, 'trap "exit 9" TERM; echo ready; while :; do read x; done') as seat:
        seat.wait(rb"ready\r\n")
        seat.running.send_signal(signal.SIGTERM)
        return seat.ends(9)


def _ends_by_signal(bench, image):
    with _shell(bench, image, "echo ready; exec cat") as seat:
        seat.hears_cat()
        seat.running.send_signal(signal.SIGTERM)
        return seat.ends(143)


def _continues(bench, image):
    """Stopped and continued, with the shell's settings in between, it is raw again."""
    with _shell(bench, image, "echo ready; read x; echo got $x") as seat:
        seat.wait(rb"ready\r\n")
        os.kill(seat.running.pid, signal.SIGSTOP)
        os.waitid(os.P_PID, seat.running.pid, os.WSTOPPED | os.WNOWAIT)
        termios.tcsetattr(seat.slave, termios.TCSANOW, seat.before)
        os.kill(seat.running.pid, signal.SIGCONT)
        while termios.tcgetattr(seat.slave)[3] & termios.ICANON:
            seat._turn()
        seat.type(b"x\r")
        seat.wait(rb"got x\r\n")
        return seat.ends(0)


def _not_found(bench, image):
    with _Seat(bench, image, ["/nothing"]) as seat:
        seat.wait(rb"/nothing.*\r\n")
        return seat.ends(127)


def _hangs_up(bench, image):
    with _shell(bench, image, "echo ready; exec cat") as seat:
        seat.hears_cat()
        os.close(seat.master)
        seat.master = -1
        got = seat.running.wait(_DEADLINE_S)
        return [] if got == 129 else [f"the terminal hung up: exit {got}, expected 129"]


def _in_background(bench, image):
    """timeout(1) makes a background process of it, which may not set the terminal."""
    wrapper = ["sh", "-c", f'timeout {_DEADLINE_S} "$@"; exit $?', "sh"]
    with _shell(bench, image, "echo said; exit 4", wrapper=wrapper) as seat:
        seat.wait(rb"said\r\n")
        return seat.ends(4)


def _pipes_output(bench, image):
    """An output that is no terminal has what was written, and nothing else."""
    script = "tty; test -t 1 || echo pipe; echo shown >&2"
    with _shell(bench, image, script, stdout=subprocess.PIPE) as seat:
        problems = seat.ends(0)
        said = seat.running.stdout.read()
        if said != b"/dev/console\npipe\n" or seat.seen != b"shown\r\n":
            problems.append(f"the pipe has {said!r}, the screen {seat.seen!r}")
        return problems


def _plain_input(bench, image):
    """Without a terminal at stdin there is none inside."""
    script = "tty; test -t 1 || echo pipe"
    with _shell(bench, image, script, stdin=subprocess.DEVNULL) as seat:
        problems = seat.ends(0)
        if seat.seen != b"not a tty\r\npipe\r\n":
            problems.append(f"the screen has {seat.seen!r}")
        return problems


_TESTS = {
    "a line, the size, the status": _speaks,
    "Ctrl-C": _interrupts,
    "Ctrl-C without a handler": _interrupts_alone,
    "Ctrl-C ignored": _ignores,
    "another size": _resizes,
    "SIGWINCH": _told_of_size,
    "nothing is lost": _loses_nothing,
    "SIGTERM is passed on": _passes_signal,
    "SIGTERM without a handler": _ends_by_signal,
    "stopped and continued": _continues,
    "a start that fails": _not_found,
    "hang-up": _hangs_up,
    "in the background": _in_background,
    "output into a pipe": _pipes_output,
    "input from elsewhere": _plain_input,
}


def tests(images):
    """name -> function(bench, build): problems, or a text why it is skipped."""

    def run(function, real, bench, build):
        if real:
            path = images / "alpine-310.docker.tar.gz"
            if not path.exists():
                return f"no {path.name} in $ASSAY_CASES"
            image = f"docker-archive:{path}"
        else:
            image = str(build(bench, _RECIPE)[0])
        try:
            return function(bench, image)
        except _Late as late:
            return [str(late)]

    made = {
        f"run at a terminal: {name}": lambda bench, build, f=function: run(f, False, bench, build)
        for name, function in _TESTS.items()
    }
    name = "a line, the size, the status"
    made[f"run at a terminal, alpine: {name}"] = lambda bench, build: run(
        _TESTS[name], True, bench, build
    )
    return made
