# SPDX-FileCopyrightText: The Printbridge authors
# SPDX-License-Identifier: Apache-2.0
"""The network between connector and service, as a TCP relay that can be cut, half closed, silenced, delayed, slowed down."""

import select
import selectors
import socket
import ssl
import threading
import time


class Wire:
    """Relays 127.0.0.1:port to the target port. All methods act on what is connected now and on what comes."""

    def __init__(self, target_port, port=0):
        self.target_port = target_port
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", port))
        self.listener.listen(128)
        self.port = self.listener.getsockname()[1]
        self.pairs, self.lock = set(), threading.Lock()
        self.is_closed = False
        self.refuses = False        # new connections are cut at once
        self.is_silent = False      # nothing is relayed, nothing is closed: a black hole
        self.forgotten = set()      # connections that stay in it
        self.bytes_per_second = None  # each direction of each connection
        self.delay_seconds = 0      # before each piece, in each direction
        self.down_bytes = 0         # relayed from the target, all together
        self.up_bytes = 0           # to it
        self.connections = 0
        self.busy = 0               # connections that are up, or held back
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                if self.is_closed:
                    return
                continue  # who called has gone already
            if self.refuses:
                near.close()
                continue
            self.connections += 1
            with self.lock:
                self.busy += 1
            threading.Thread(target=self._relay, args=(near,), daemon=True).start()

    def _relay(self, near):
        try:
            self._join(near)
        finally:
            with self.lock:
                self.busy -= 1

    def _join(self, near):
        while self.is_silent:
            time.sleep(0.02)
        try:
            far = socket.create_connection(("127.0.0.1", self.target_port))
        except OSError:
            near.close()
            return
        for sock in (near, far):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        pair = (near, far)
        with self.lock:
            self.pairs.add(pair)
        selector = selectors.DefaultSelector()
        selector.register(near, selectors.EVENT_READ, far)
        selector.register(far, selectors.EVENT_READ, near)
        try:
            self._pump(selector, far, pair)
        except OSError:
            pass
        finally:
            with self.lock:
                self.pairs.discard(pair)
            near.close()
            far.close()

    def _pump(self, selector, far, pair):
        while selector.get_map():
            for key, _ in selector.select(0.1):
                while (self.is_silent or pair in self.forgotten) and pair in self.pairs:
                    time.sleep(0.02)
                size = 65536 if not self.bytes_per_second else max(1, min(65536, self.bytes_per_second // 20))
                data = key.fileobj.recv(size)
                if not data:
                    selector.unregister(key.fileobj)
                    key.data.shutdown(socket.SHUT_WR)
                    continue
                if self.delay_seconds:
                    time.sleep(self.delay_seconds)
                key.data.sendall(data)
                if key.fileobj is far:
                    self.down_bytes += len(data)
                else:
                    self.up_bytes += len(data)
                if self.bytes_per_second:
                    time.sleep(len(data) / self.bytes_per_second)

    def forget(self):
        """What is connected now is never heard of again, as behind a NAT that has lost its table; new connections work."""
        with self.lock:
            self.forgotten |= self.pairs

    def cut(self):
        """Reset every connection that is up."""
        with self.lock:
            pairs, self.pairs, self.forgotten = list(self.pairs), set(), set()
        self._reset(pairs)

    @staticmethod
    def _reset(pairs):
        for pair in pairs:
            for sock in pair:
                try:
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
                    sock.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def half_close(self, towards_target=True):
        """Every connection that is up ends in one direction; the other goes on."""
        with self.lock:
            pairs = list(self.pairs)
        for near, far in pairs:
            try:
                (far if towards_target else near).shutdown(socket.SHUT_WR)
            except OSError:
                pass

    def heal(self):
        """What comes from now on is relayed at once; connections that were forgotten are reset."""
        self.refuses, self.is_silent, self.bytes_per_second, self.delay_seconds = False, False, None, 0
        with self.lock:
            lost = list(self.forgotten)
            self.forgotten = set()
            self.pairs -= set(lost)
        self._reset(lost)

    def close(self):
        self.is_closed = self.refuses = True
        self.listener.close()
        self.cut()


class StrippingProxy:
    """A middlebox that ends TLS and takes Upgrade headers away, with the service's own certificate."""

    def __init__(self, target_port, chain_file, key_file):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(chain_file, key_file)
        self.context.num_tickets = 0  # libcups of Debian 12 reconnects for ever on TLS 1.3 tickets
        self.outward = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.outward.check_hostname = False
        self.outward.verify_mode = ssl.CERT_NONE
        self.target_port, self.stripped = target_port, 0
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(128)
        self.port = self.listener.getsockname()[1]

    def start(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def _accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(near,), daemon=True).start()

    def _serve(self, raw):
        try:
            near = self.context.wrap_socket(raw, server_side=True)
            far = self.outward.wrap_socket(socket.create_connection(("127.0.0.1", self.target_port)))
        except OSError:
            raw.close()
            return
        # One thread for both directions: an SSL object is not to be read and written by two at a time.
        try:
            self._relay(near, far)
        except OSError:
            pass
        near.close()
        far.close()

    def _relay(self, near, far):
        while True:
            waiting = [sock for sock in (near, far) if sock.pending()]
            for source in waiting or select.select([near, far], [], [])[0]:
                data = source.recv(65536)
                if not data:
                    return
                if source is near and b"\r\nUpgrade: ptth" in data:
                    data = data.replace(b"\r\nUpgrade: ptth", b"").replace(b"\r\nConnection: Upgrade", b"")
                    self.stripped += 1
                (far if source is near else near).sendall(data)

    def close(self):
        self.listener.close()
