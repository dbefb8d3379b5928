# SPDX-FileCopyrightText: The Printbridge authors
# SPDX-License-Identifier: Apache-2.0
"""A TCP printer on loopback: keeps what it gets, and when; can be off, slow or stuck."""

import os
import re
import socket
import threading
import time

from .process import Failed, run, wait_for


class Received:
    """One connection's worth of data: a job, as the printer sees it."""

    def __init__(self, path):
        self.path, self.size = path, 0
        self.connected = time.monotonic()
        self.first = self.last = None
        self.is_complete = False

    def data(self):
        with open(self.path, "rb") as file:
            return file.read()

    def pages(self):
        return count_pages(self.data())


def count_pcl_pages(data):
    """Starts of raster graphics: one a page. A form feed is none: a duplex page's front and a job's last page have none."""
    pages, at = 0, 0
    command = re.compile(rb"\x1b[&*()][a-z]?(?:[-+]?\d*[a-z])*([-+]?\d*)([A-Z@])")
    while at >= 0:
        match = command.match(data, at)
        if match:
            pages += re.fullmatch(rb"\x1b\*r\d?A", match.group()) is not None
            at = match.end()
            is_data = match.group(2) == b"W" or (match.group(2) == b"V" and match.group().startswith(b"\x1b*b"))
            if is_data and match.group(1):
                at += int(match.group(1))  # binary payload
        else:
            at += 1
        at = data.find(b"\x1b", at)
    return pages


def count_pages(data):
    """Pages of a PostScript, PDF or PCL stream."""
    if b"%!PS" in data[:4096]:
        return len(re.findall(rb"^%%Page: ", data, re.M))
    return count_pcl_pages(data)


class Printer:
    """socket:// device. Speed limits and stops are for tests of slow and stuck printers."""

    def __init__(self, name, folder, port=0):
        self.name, self.folder = name, str(folder)
        os.makedirs(self.folder, exist_ok=True)
        self.jobs, self.lock = [], threading.Lock()
        self.flow = threading.Event()
        self.flow.set()
        self.bytes_per_second = None
        self.keep = True  # False: count only
        self.port, self.listener = port, None
        self.seen_port = None  # where cupsd finds it, when a wire stands in between
        self.turn_on()

    @property
    def uri(self):
        return f"socket://127.0.0.1:{self.seen_port or self.port}/?waiteof=false&snmp=false"

    def turn_on(self):
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", self.port))
        self.port = self.listener.getsockname()[1]
        self.listener.listen(16)
        threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()

    def turn_off(self):
        """Nobody listens any more: cupsd's socket backend retries."""
        listener, self.listener = self.listener, None
        if listener is not None:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()

    def stop_taking(self):
        self.flow.clear()

    def go_on(self):
        self.flow.set()

    def _accept(self, listener):
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            with self.lock:
                job = Received(os.path.join(self.folder, f"{len(self.jobs) + 1:05d}.prn"))
                self.jobs.append(job)
            threading.Thread(target=self._receive, args=(sock, job), daemon=True).start()

    def _receive(self, sock, job):
        with sock, open(job.path, "wb") as file:
            while True:
                self.flow.wait()
                try:
                    data = sock.recv(65536)
                except OSError:
                    data = b""
                now = time.monotonic()
                if not data:
                    break
                job.first = job.first or now
                job.last = now
                job.size += len(data)
                if self.keep:
                    file.write(data)
                if self.bytes_per_second:
                    time.sleep(len(data) / self.bytes_per_second)
        job.is_complete = True

    def complete(self):
        """Jobs that came with data and have ended; a connection without a byte is no paper."""
        return [job for job in list(self.jobs) if job.is_complete and job.size > 0]

    def wait_jobs(self, count, seconds=60.0):
        try:
            wait_for(lambda: len(self.complete()) >= count, f"{self.name}: {count} jobs", seconds)
        except Failed as failed:
            raise Failed(f"{failed}; {len(self.complete())} came") from None
        return self.complete()

    def wait_first_byte(self, index, seconds=60.0):
        """When the first byte of job number `index` (from 0) came."""
        return wait_for(lambda: len(self.jobs) > index and self.jobs[index].first,
                        f"{self.name}: first byte of job {index + 1}", seconds, interval=0.001)


def render(postscript, png, page=1, dpi=60):
    """Page `page` of what a PostScript printer got, as a PNG."""
    run(["gs", "-q", "-dSAFER", "-dBATCH", "-dNOPAUSE", "-sDEVICE=png16m", f"-r{dpi}",
         f"-dFirstPage={page}", f"-dLastPage={page}", f"-sOutputFile={png}", postscript])
    return png


def text_of(postscript):
    """The text of what a PostScript printer got, page by page."""
    _, text = run(["gs", "-q", "-dSAFER", "-dBATCH", "-dNOPAUSE", "-sDEVICE=txtwrite", "-sOutputFile=-", postscript])
    return text
