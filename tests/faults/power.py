# SPDX-FileCopyrightText: The Printbridge authors
# SPDX-License-Identifier: Apache-2.0
"""Power cuts: a program runs under strace, and what a folder of its would hold after a cut at any moment is made from that.

Strict, as POSIX allows a disk to be: what no fsync has reached is gone, a file's name too while its folder was not synced.
Or, by a seed, some of it is there: any of the writes, some of them torn, any of the names. The one order kept is
fsync's own. What was done is known by the ends of the calls, what a sync covers by its begin.
"""

import glob
import os
import re
import shutil

from harness.process import Failed, wait_for

CALLS = ("openat,creat,write,pwrite64,writev,pwritev,pwritev2,ftruncate,fallocate,fsync,fdatasync,sync_file_range,msync,"
         "rename,renameat,renameat2,unlink,unlinkat,rmdir,link,linkat,symlink,mkdir,mkdirat,sendfile,copy_file_range,splice")
LINE = re.compile(r"([0-9.]+) ([a-z0-9_]+)\((.*)\)\s+= (-?[0-9]+)(?:<([^>]*)>)?.* <([0-9.]+)>$")
WORD = re.compile(r"\s*(?:\"((?:\\x[0-9a-f]{2})*)\"|([A-Z0-9_a-z|-]+)(?:<([^>]*)>)?)(\(deleted\))?\s*(?:,|$)")
# Writes that do not go through the page cache's own calls, or in a way that is not looked at here: the model would be wrong.
UNKNOWN = ("writev", "pwritev", "pwritev2", "fallocate", "msync", "rename", "link", "linkat", "symlink", "copy_file_range")


def under_strace(argv, prefix):
    """The command's arguments; strace is its grandchild, so that signals and the exit status are the program's own."""
    return ["strace", "-D", "-ff", "--absolute-timestamps=unix,ns", "--syscall-times=ns", "-y", "-xx", "-s", str(1 << 24),
            "-e", f"trace={CALLS}", "-e", "signal=none", "-o", prefix, *argv]


def tracer(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return int(re.search(r"^TracerPid:\s+(\d+)", file.read(), re.M).group(1))


def wait_tracer(pid):
    """The trace is whole when its writer is gone."""
    wait_for(lambda: not os.path.exists(f"/proc/{pid}"), "strace's end", 60)


def _bytes(text):
    return bytes.fromhex((text or "").replace("\\x", ""))


class File:
    def __init__(self, data=b""):
        self.durable, self.pending = bytearray(data), []

    def sync(self, count):
        for change in self.pending[:count]:
            _apply(self.durable, change)
        del self.pending[:count]

    def after(self, random):
        """Its bytes after the cut. Without luck nothing that was not synced is there."""
        data = bytearray(self.durable)
        for kind, at, what in self.pending if random else ():
            if random.random() < 0.5:
                if kind == "write" and random.random() < 0.3:
                    what = what[:random.randrange(len(what) + 1)]
                _apply(data, (kind, at, what))
        return data


def _apply(data, change):
    kind, at, what = change
    if kind == "truncate":
        del data[at:]
        data.extend(bytes(at - len(data)))
    else:
        data.extend(bytes(max(0, at - len(data))))
        data[at:at + len(what)] = what


class Disk:
    """One folder without folders in it that are made later; `root` is what it held, all of it durable, at the begin."""

    def __init__(self, root):
        self.root = os.path.realpath(root)
        self.names, self.durable_names, self.pending_names = {}, {}, {}
        self.positions, self.events, self.at = {}, [], 0
        for folder, _, files in os.walk(self.root):
            self.pending_names[folder] = []
            for name in files:
                path = os.path.join(folder, name)
                with open(path, "rb") as file:
                    self.names[path] = self.durable_names[path] = File(file.read())

    def load(self, prefix):
        """All threads' calls, in order."""
        for path in glob.glob(glob.escape(prefix) + ".*"):
            with open(path, encoding="ascii", errors="replace") as file:
                for line in file:
                    match = LINE.match(line.rstrip("\n"))
                    if match and int(match.group(4)) >= 0:
                        self._add(match)
        self.events.sort(key=lambda event: event[:2])

    def _add(self, match):
        begin, call, result, result_path = float(match.group(1)), match.group(2), int(match.group(4)), match.group(5)
        words = [(_bytes(text) if text is not None else None, plain, _bytes(path).decode("utf-8", "replace"), bool(gone))
                 for text, plain, path, gone in WORD.findall(match.group(3))]
        if call in ("rename", "unlink", "rmdir") and not words[0][0].startswith(b"/"):
            raise Failed(f"{call} of {words[0][0]}: tests/faults/power.py does not follow the current folder")
        if not any(self.root in word[2] or self.root.encode() in (word[0] or b"")[:4096] for word in words) and not (
                result_path and self.root in _bytes(result_path).decode("utf-8", "replace")):
            return
        end, order = begin + float(match.group(6)), len(self.events)
        if call in ("fsync", "fdatasync"):
            mark = []
            self.events.append((begin, order, self._sync_begins, (words[0][2], mark)))
            self.events.append((end, order, self._sync_ends, (words[0][2], mark)))
        elif call == "openat":
            path = os.path.join(words[0][2], words[1][0].decode())
            self.events.append((end, order, self._opened, (path, words[2][1], result)))
        elif call in ("write", "pwrite64") and not words[0][3]:
            at = int(words[3][1]) if call == "pwrite64" else None
            self.events.append((end, order, self._written, (words[0][2], int(words[0][1]), at, words[1][0][:result])))
        elif call == "ftruncate":
            self.events.append((end, order, self._truncated, (words[0][2], int(words[1][1]))))
        elif call in ("unlink", "unlinkat", "rename"):
            self._add_names(call, words, (end, order))
        elif call in UNKNOWN or call.startswith(("mkdir", "renameat")):
            raise Failed(f"{call} in {self.root}: tests/faults/power.py does not know what that does to a disk")

    def _add_names(self, call, words, when):
        if call == "unlinkat":
            self.events.append((*when, self._unlinked, (os.path.join(words[0][2], words[1][0].decode()),)))
        elif call == "unlink":
            self.events.append((*when, self._unlinked, (words[0][0].decode(),)))
        else:
            self.events.append((*when, self._renamed, (words[0][0].decode(), words[1][0].decode())))

    # --- what calls do; a path outside of the root is nobody's

    def _note_name(self, path, file):
        if os.path.dirname(path) in self.pending_names:
            self.pending_names[os.path.dirname(path)].append((path, file))

    def _opened(self, path, flags, fd):
        if not path.startswith(self.root + "/") or "O_DIRECTORY" in flags or path in self.pending_names:
            return
        self.positions[(path, fd)] = 0
        if path not in self.names and "O_CREAT" in flags:
            self.names[path] = File()
            self._note_name(path, self.names[path])
        if path in self.names and "O_TRUNC" in flags:
            self.names[path].pending.append(("truncate", 0, b""))

    def _written(self, path, fd, at, data):
        if path not in self.names:
            return
        if at is None:
            at = self.positions.get((path, fd), 0)
            self.positions[(path, fd)] = at + len(data)
        self.names[path].pending.append(("write", at, data))

    def _truncated(self, path, size):
        if path in self.names:
            self.names[path].pending.append(("truncate", size, b""))

    def _unlinked(self, path):
        if self.names.pop(path, None) is not None:
            self._note_name(path, None)

    def _renamed(self, old, new):
        if old in self.names:
            self.names[new] = self.names.pop(old)
            self._note_name(new, self.names[new])
            self._note_name(old, None)

    def _sync_begins(self, path, mark):
        if path in self.names:
            mark.append((self.names[path], len(self.names[path].pending)))
        elif path in self.pending_names:
            mark.append((None, len(self.pending_names[path])))

    def _sync_ends(self, path, mark):
        for file, count in mark:
            if file is not None:
                file.sync(count)
            else:
                for name, value in self.pending_names[path][:count]:
                    self._settle(self.durable_names, name, value)
                del self.pending_names[path][:count]

    @staticmethod
    def _settle(names, name, value):
        if value is None:
            names.pop(name, None)
        else:
            names[name] = value

    # --- the cut

    def run_until(self, when):
        """What had happened by then (seconds since 1970). Only forward."""
        while self.at < len(self.events) and self.events[self.at][0] <= when:
            _, _, step, arguments = self.events[self.at]
            step(*arguments)
            self.at += 1

    def cut(self, into, random=None):
        """What the folder holds after a cut now, written to another folder; with a random.Random some of what was not synced."""
        names = dict(self.durable_names)
        for folder in self.pending_names:
            os.makedirs(os.path.join(into, os.path.relpath(folder, self.root)), mode=0o700, exist_ok=True)
            for name, value in self.pending_names[folder] if random else ():
                if random.random() < 0.5:
                    self._settle(names, name, value)
        for path, file in names.items():
            target = os.path.join(into, os.path.relpath(path, self.root))
            with open(target, "wb") as out:
                out.write(file.after(random))
            if os.path.exists(path):
                shutil.copystat(path, target)
            else:
                os.chmod(target, 0o600)
        return into
