# SPDX-FileCopyrightText: The Printbridge authors
# SPDX-License-Identifier: Apache-2.0
"""50 MB from a client to the printer's socket through service, connector, filter and backend, beside a plain curl upload
and then download of the same bytes over TLS (a small Python server that does nothing but take and give them)."""

import http.server
import os
import socket
import ssl
import subprocess
import threading
import time

from bench.latency import one, padded
from bench.table import arguments, median, quiet_world, show


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


def main():
    args = arguments(__doc__)
    world = quiet_world(args.programs)
    try:
        path = padded(world, "50m", 50_000_000)
        size = os.path.getsize(path)
        url = f"https://localhost:{plain_server(world)}/x"
        test = world.path("bench.test")
        with open(test, "w", encoding="utf-8") as file:
            file.write('{ NAME "Print-Job" OPERATION Print-Job GROUP operation-attributes-tag ATTR charset attributes-charset '
                       'utf-8 ATTR naturalLanguage attributes-natural-language en ATTR uri printer-uri $uri ATTR '
                       f'mimeMediaType document-format application/postscript FILE "{path}" STATUS successful-ok }}')
        plain, cloud = [], []
        for _ in range(args.rounds):
            begin = time.monotonic()
            subprocess.run(["curl", "-sS", "--cacert", world.service.ca_file, "-T", path, url], check=True)
            subprocess.run(["curl", "-sS", "--cacert", world.service.ca_file, "-o", "/dev/null", url], check=True)
            plain.append(time.monotonic() - begin)
            cloud.append(one(world, lambda: subprocess.Popen(["ipptool", world.uri("Laser"), test],
                                                             stdout=subprocess.DEVNULL,
                                                             env=dict(os.environ, HOME=world.folder)))[1])
        p, c = median(plain), median(cloud)
        show(f"{size / 1e6:.0f} MB, medians of {args.rounds}", ["way", "seconds", "MB/s", "of plain"],
             [["curl up + down", f"{p:.3f}", f"{size / p / 1e6:.0f}", "1.00"],
              ["client to printer", f"{c:.3f}", f"{size / c / 1e6:.0f}", f"{p / c:.2f}"]])
    finally:
        world.stop()
        world.remove()


if __name__ == "__main__":
    main()
