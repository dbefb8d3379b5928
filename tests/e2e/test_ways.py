# SPDX-FileCopyrightText: The Printbridge authors
# SPDX-License-Identifier: Apache-2.0
"""Other ways to the service: an HTTP proxy with a password, no tunnel, no notifier, a clock that is off; large documents."""

import os
import unittest

from harness.process import Process, free_port, is_listening, wait_for
from harness.wire import StrippingProxy
from tests.e2e.case import WorldCase


class OneJob(WorldCase):
    def one_job(self, queue="Laser", pages=2, **more):
        printer = self.world.printers[queue]
        before = len(printer.complete())
        job = self.world.print_job(queue, self.world.document("way.pdf", pages=pages), **more)
        self.world.wait_job(queue, job)
        self.assertEqual(printer.wait_jobs(before + 1)[before].pages(), pages)


class ThroughAProxy(OneJob):
    world_options = {"queues": ("Laser",)}

    @classmethod
    def prepare(cls):
        port = free_port()
        config = cls.world.path("tinyproxy.conf")
        with open(config, "w", encoding="utf-8") as file:
            file.write(f"Port {port}\nListen 127.0.0.1\nTimeout 600\nMaxClients 50\nBasicAuth ann s3cret\n"
                       f"ConnectPort {cls.world.service.port}\nLogLevel Connect\nLogFile \"{cls.world.path('proxy.log')}\"\n")
        cls.proxy = Process("tinyproxy", ["tinyproxy", "-d", "-c", config], cls.world.path("tinyproxy.out")).start()
        wait_for(lambda: is_listening(port), "tinyproxy")
        cls.world.connector.env["https_proxy"] = f"http://ann:s3cret@127.0.0.1:{port}"
        cls.world.connector.env["no_proxy"] = ""
        cls.world.connector.process.env.update(cls.world.connector.env)

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.proxy.stop()

    def test_share_tunnel_and_print(self):
        self.one_job()
        with open(self.world.path("proxy.log"), encoding="utf-8") as file:
            self.assertIn("CONNECT", file.read())


class WithoutTunnel(OneJob):
    """A middlebox strips the upgrade: long polls do it, and one line says so."""

    world_options = {"queues": ("Laser",)}

    @classmethod
    def prepare(cls):
        service = cls.world.service
        data = service.settings["data-folder"]
        cls.box = StrippingProxy(service.port, os.path.join(data, "server.pem"), os.path.join(data, "server-key.pem"))
        service.settings["public-port"] = cls.box.port
        service.write_config()
        service.url = f"https://localhost:{cls.box.port}"
        cls.box.start()
        cls.world.wait_ready = lambda queues=None: cls.wait_polling()

    @classmethod
    def wait_polling(cls):
        cls.world.connector.wait_tunnel("polling")
        def found():
            cls.world.uris = {q["queue"]: q["printer_uri"] for s in cls.world.connector.status()["services"]
                              for q in s["queues"]}
            return cls.world.is_synced("Laser")
        wait_for(found, "the queue's report")

    def test_print_by_long_poll(self):
        self.one_job()
        self.one_job()
        self.assertGreater(self.box.stripped, 0)
        said = [line for line in self.world.connector.process.output().splitlines()
                if "poll" in line.lower() and (" warn " in line or " info " in line)]
        self.assertEqual(len(said), 1, said)


class WithoutNotifier(OneJob):
    world_options = {"queues": ("Laser",), "has_notifier": False}

    def test_polling_finds_the_end(self):
        self.one_job()


def faketime_library():
    for folder in ("/usr/lib/x86_64-linux-gnu/faketime", "/usr/lib/aarch64-linux-gnu/faketime"):
        if os.path.exists(os.path.join(folder, "libfaketimeMT.so.1")):
            return os.path.join(folder, "libfaketimeMT.so.1")
    return None


class ClockADayOff(OneJob):
    """The connector's clock is a day behind the service's."""

    world_options = {"queues": ("Laser",)}

    @classmethod
    def prepare(cls):
        library = faketime_library()
        if library is None:
            raise unittest.SkipTest("libfaketime is not installed")
        env = {"LD_PRELOAD": library, "FAKETIME": "-1d", "DONT_FAKE_MONOTONIC": "1", "FAKETIME_DONT_RESET": "1",
               "ASAN_OPTIONS": "verify_asan_link_order=0:" + os.environ.get("ASAN_OPTIONS", "")}
        cls.world.connector.env.update(env)
        cls.world.connector.process.env.update(env)

    def test_share_and_print(self):
        self.one_job()


class Large(OneJob):
    """1 GB: the memory of service and connector stays small."""

    world_options = {"queues": ("Laser",)}

    def test_a_gigabyte_takes_little_memory(self):
        if any(name in os.environ.get("PB_PROGRAMS", "") for name in ("asan", "tsan")):
            self.skipTest("the sanitizer's own memory would be measured")
        world = self.world
        path = world.path("large.txt")
        # PostScript with a comment of 1 GB: the driver chain passes it on without taking it apart.
        with open(path[:-4] + ".ps", "wb") as file:
            file.write(b"%!PS-Adobe-3.0\n%%Pages: 1\n%%EndComments\n%%Page: 1 1\n")
            line = b"%" + os.urandom(48).hex().encode() + b"\n"
            for _ in range(1_000_000_000 // (len(line) * 10_000)):
                file.write(line * 10_000)
            file.write(b"/Helvetica findfont 28 scalefont setfont 60 760 moveto (Large) show showpage\n%%EOF\n")
        world.printers["Laser"].keep = False
        job = world.print_job("Laser", path[:-4] + ".ps")
        world.wait_job("Laser", job, seconds=300)
        for process in (world.service.process, world.connector.process):
            peak = process.memory_bytes("VmHWM")
            self.assertLess(peak, 64 << 20, f"{process.name}: {peak >> 20} MiB")
        os.unlink(path[:-4] + ".ps")


del OneJob  # its subclasses are the tests

if __name__ == "__main__":
    unittest.main()
