# SPDX-FileCopyrightText: The Printbridge authors
# SPDX-License-Identifier: Apache-2.0
"""50 MB from a client to the printer's socket through service, connector, filter and backend, beside a plain curl upload
and then download of the same bytes over TLS (a small Python server that does nothing but take and give them). Twice: to a
queue whose driver takes the bytes as they are, which shows what our way costs, and to one with the PostScript driver's
own filter (pstops), which lp straight to that queue pays, too."""

import http.server
import os
import socket
import ssl
import subprocess
import threading
import time

from bench.latency import one, padded
from bench.table import arguments, median, quiet_world, show
from harness.process import run


class Plain(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    path_of_file = None

    def do_PUT(self):
        left = int(self.headers["Content-Length"])
        with open(self.path_of_file, "wb") as file:
            while left > 0:
                data = self.rfile.read(min(left, 1 << 20))
                file.write(data)
                left -= len(data)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(os.path.getsize(self.path_of_file)))
        self.end_headers()
        with open(self.path_of_file, "rb") as file:
            while data := file.read(1 << 20):
                self.wfile.write(data)

    def log_message(self, *_):
        pass


def plain_server(world):
    data = world.service.settings["data-folder"]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(os.path.join(data, "server.pem"), os.path.join(data, "server-key.pem"))
    Plain.path_of_file = world.path("plain.bin")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Plain)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


def take_as_it_is(world):
    """Makes the driver of queue Straight one that wants PostScript as it comes, without pstops."""
    with open(f"{world.cups.folder}/etc/ppd/Straight.ppd", encoding="utf-8") as file:
        ppd = file.read()
    filters = "".join(f'*cupsFilter: "application/{kind} 0 -"\n' for kind in ("postscript", "vnd.cups-postscript"))
    with open(world.path("straight.ppd"), "w", encoding="utf-8") as file:
        file.write(ppd.replace("*PSVersion", filters + "*PSVersion", 1))
    run(["lpadmin", "-p", "Straight", "-P", world.path("straight.ppd")], world.cups.env)


def plain(world, path, url):
    begin = time.monotonic()
    for way in (["-T", path], ["-o", "/dev/null"]):
        subprocess.run(["curl", "-sS", "--cacert", world.service.ca_file, *way, url], check=True)
    return time.monotonic() - begin


def quiet(argv, env):
    return subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=env)


def main():
    args = arguments(__doc__)
    world = quiet_world(args.programs, ("Laser", "Straight"), take_as_it_is)
    try:
        for printer in world.printers.values():
            printer.keep = False  # counted, as curl's /dev/null
        path = padded(world, "50m", 50_000_000)
        size = os.path.getsize(path)
        url = f"https://localhost:{plain_server(world)}/x"
        test = world.path("bench.test")
        with open(test, "w", encoding="utf-8") as file:
            file.write('{ NAME "Print-Job" OPERATION Print-Job GROUP operation-attributes-tag ATTR charset attributes-charset '
                       'utf-8 ATTR naturalLanguage attributes-natural-language en ATTR uri printer-uri $uri ATTR '
                       f'mimeMediaType document-format application/postscript FILE "{path}" STATUS successful-ok }}')
        env = dict(os.environ, **world.cups.env, HOME=world.folder)
        ways = {"curl up + down": lambda: plain(world, path, url)}
        for queue, driver in (("Straight", "taken as it is"), ("Laser", "pstops")):
            ways[f"cloud, {driver}"] = lambda queue=queue: one(
                world, lambda: quiet(["ipptool", world.uri(queue), test], env), queue)[1]
            ways[f"lp, {driver}"] = lambda queue=queue: one(
                world, lambda: quiet(["lp", "-d", queue, path], env), queue)[1]
        times = {name: [] for name in ways}
        for _ in range(args.rounds):
            for name, way in ways.items():
                times[name].append(way())
        base = median(times["curl up + down"])
        show(f"{size / 1e6:.0f} MB, medians of {args.rounds}", ["way", "seconds", "MB/s", "of curl's"],
             [[name, f"{median(t):.3f}", f"{size / median(t) / 1e6:.0f}", f"{base / median(t):.2f}"]
              for name, t in times.items()])
    finally:
        world.stop()
        world.remove()


if __name__ == "__main__":
    main()
