# SPDX-FileCopyrightText: The Printbridge authors
# SPDX-License-Identifier: Apache-2.0
"""Sharing: codes that are wrong, expired, denied, used; queues that are struck; whom to trust."""

import os
import stat
import unittest

from harness.portal import Portal
from harness.process import Failed, run, wait_for
from harness.service import ADMIN
from tests.e2e.case import WorldCase


class Codes(WorldCase):
    world_options = {"queues": ("Laser", "Raster", "Third")}
    shares = False

    def share(self, *queues, extra=()):
        return self.world.connector.share(self.world.service, queues, extra)

    def test_wrong_code_is_refused(self):
        status, page = self.world.service.portal().show("BBBB-BBBB")
        self.assertNotIn('name="decision"', page)
        self.assertIn('name="user_code"', page)
        self.assertIn(status, (200, 400, 403, 404, 422))

    def test_denied_ends_the_share(self):
        share = self.share("Third")
        self.world.service.portal().decide(share.code(), "deny")
        status, text = share.finish()
        self.assertEqual(status, 1, text)
        self.assertRegex(text.lower(), "denied|refused|declined")

    def test_a_used_code_is_used_up(self):
        share = self.share("Third")
        code = share.code()
        self.world.service.portal().decide(code, "deny")
        share.finish()
        _, page = self.world.service.portal().show(code)
        self.assertNotIn('name="decision"', page)

    def test_a_struck_queue_is_not_shared_and_named(self):
        share = self.share("Laser", "Raster")
        status, page = self.world.service.portal().decide(share.code(), strike=["Raster"])
        self.assertEqual(status, 200, page)
        status, text = share.finish()
        self.assertIn("Raster", text)
        self.world.wait_ready(["Laser"])
        self.assertNotIn("Raster", self.world.uris)
        # Sharing again says so, and changes nothing.
        uri = self.world.uris["Laser"]
        again = self.share("Laser")
        self.assertIsNone(again.code(), again.text)
        status, text = again.finish()
        self.assertEqual(status, 0, text)
        self.world.wait_ready(["Laser"])
        self.assertEqual(self.world.uris["Laser"], uri)

    def test_queues_that_cannot_print_from_the_cloud_are_not_offered(self):
        cups = self.world.cups
        run(["lpadmin", "-p", "Raw", "-E", "-v", "socket://127.0.0.1:9/?snmp=false"], cups.env)
        try:
            share = self.share("Raw")
            self.assertIsNone(share.code(), share.text)
            status, text = share.finish()
            self.assertEqual(status, 1, text)
            self.assertIn("has no driver", text)
            share = self.share(extra=["--all"])
            self.world.service.portal().decide(share.code(), "deny")
            _, text = share.finish()
            self.assertIn("Raw is left out", text)
        finally:
            run(["lpadmin", "-x", "Raw"], cups.env)

    def test_the_confirm_page_says_who_asks(self):
        share = self.share("Third", extra=["--requester", "head@example.org"])
        _, page = self.world.service.portal().show(share.code())
        for words in ("Third", "Generic PostScript", "head@example.org", "127.0.0.1"):
            self.assertIn(words, page)
        share.popen.kill()
        share.finish()

    def test_a_queue_that_does_not_exist_is_named(self):
        share = self.share("Nowhere")
        self.assertIsNone(share.code())
        status, text = share.finish()
        self.assertNotEqual(status, 0)
        self.assertIn("Nowhere", text)

    def test_a_wrong_ca_is_refused(self):
        connector, service = self.world.connector, self.world.service
        options = ["--state", self.world.path("stranger"), "--runtime", connector.runtime]  # knows no service yet
        os.makedirs(self.world.path("stranger"), exist_ok=True)
        status, text = run([connector.command, "share", "Third", "--service", service.url, "--ca-fingerprint", "ab" * 32,
                            "--cups", connector.cups_server, *options], check=False)
        self.assertNotEqual(status, 0)
        self.assertIn("fingerprint", text.lower())
        status, text = run([connector.command, "share", "Third", "--service", service.url, "--cups", connector.cups_server,
                            *options], check=False)
        self.assertNotEqual(status, 0)
        self.assertIn("not trusted", text.lower())

    def test_keys_are_private(self):
        share = self.share("Third")
        self.world.service.portal().decide(share.code())
        status, text = share.finish()
        self.assertEqual(status, 0, text)
        keys = [os.path.join(folder, name) for folder, _, names in os.walk(self.world.connector.state) for name in names
                if name == "key.pem"]
        self.assertTrue(keys)
        for key in keys:
            self.assertEqual(stat.S_IMODE(os.stat(key).st_mode), 0o600)
        status, text = self.world.connector.unshare("Third")
        self.assertEqual(status, 0, text)
        wait_for(lambda: "Third" not in [q["queue"] for s in self.world.connector.status()["services"] for q in s["queues"]],
                 "the connector to let go of Third")

    def test_sign_in_is_locked_out_after_guesses(self):
        service = self.world.service
        service.add_user("guessed@example.org")
        for _ in range(12):
            portal = Portal(service.url, service.ca_file)
            try:
                portal.sign_in("guessed@example.org", "wrong")
                self.fail("signed in with a wrong password")
            except Failed as failed:
                last = str(failed)
        self.assertRegex(last.lower(), "wait|later|locked|many")


class ExpiredCodes(WorldCase):
    """Codes that live for seconds: the share asks for a new one by itself, and gives up after --tries."""

    world_options = {"queues": ("Laser",), "service_settings": {"code-life": "2s"}}
    shares = False

    def test_an_expired_code_is_renewed_and_works(self):
        share = self.world.connector.share(self.world.service, ["Laser"])
        first, second = share.code(), share.code()
        self.assertNotEqual(first, second)
        self.world.service.portal().decide(second)
        status, text = share.finish()
        self.assertEqual(status, 0, text)
        self.world.wait_ready()

    def test_it_gives_up_after_its_tries(self):
        self.world.cups.add("Other", self.world.printers["Laser"].uri, "drv:///sample.drv/generic.ppd")
        share = self.world.connector.share(self.world.service, ["Other"], ["--tries", "2"])
        status, text = share.finish(60)
        self.assertNotEqual(status, 0)
        self.assertRegex(text.lower(), "expired")


class Administrators(WorldCase):
    """Only administrators approve printers; the address of a guesser is slowed down."""

    world_options = {"queues": ("Laser",)}
    shares = False

    def test_a_user_may_not_approve_a_printer(self):
        service = self.world.service
        _, password = run([service.program, "user", "add", "plain@example.org", "--config", service.config])
        portal = Portal(service.url, service.ca_file)
        portal.sign_in("plain@example.org", password.strip().splitlines()[-1])
        share = self.world.connector.share(service, ["Laser"])
        code = share.code()
        try:
            status, page = portal.decide(code)
            self.assertNotEqual(status, 200)
        except Failed:
            pass  # no form is shown: as good
        self.assertIsNone(share.popen.poll(), "the share still waits")
        share.popen.kill()
        share.finish()
        self.assertTrue(ADMIN)

    def test_a_get_changes_nothing(self):
        portal = self.world.service.portal()
        share = self.world.connector.share(self.world.service, ["Laser"])
        code = share.code()
        for path in (f"/device?user_code={code}", f"/device/decide?user_code={code}&decision=approve"):
            portal.open(path)
        self.assertIsNone(share.popen.poll(), "the share still waits")
        status, _ = portal.open("/device/decide", [("user_code", code), ("decision", "approve"), ("csrf", "forged")])
        self.assertIn(status, (400, 403))
        self.assertIsNone(share.popen.poll(), "the share still waits")
        share.popen.kill()
        share.finish()


class TakenBack(WorldCase):
    """Queues that are no longer shared: by the print server's administrator, by the service's."""

    world_options = {"queues": ("Laser", "Raster")}

    def services(self):
        return self.world.connector.status()["services"]

    def test_the_tunnel_stays_while_a_queue_is_left(self):
        connector = self.world.connector
        since = self.services()[0]["since"]
        status, text = connector.unshare("Raster")
        self.assertEqual(status, 0, text)
        wait_for(lambda: [q["queue"] for q in self.services()[0]["queues"]] == ["Laser"], "the connector to let go of Raster")
        self.assertEqual(self.services()[0]["tunnel"], "up")
        self.assertEqual(self.services()[0]["since"], since)

        status, text = connector.unshare("Laser")
        self.assertEqual(status, 0, text)
        wait_for(lambda: not self.services(), "the connector to let go of the service")
        self.assertIn("revoked", self.world.tail(200))

        # The approval was good for once; the same machine may ask again.
        self.world.share(["Laser"])
        portal, number = self.world.service.portal(), self.world.uris["Laser"].rsplit("/", 1)[1]
        _, page = portal.open("/printers")
        status, _ = portal.open("/printers/remove", [("printer", number), ("csrf", portal.csrf(page))])
        self.assertIn(status, (200, 303))
        wait_for(lambda: self.services()[0]["tunnel"] != "up", "the tunnel to be cut")
        # That it is gone there is as good as taken back.
        status, text = connector.unshare("Laser")
        self.assertEqual(status, 0, text)
        self.assertIn("an administrator has removed", text)
        wait_for(lambda: not self.services(), "the connector to let go of the service")


if __name__ == "__main__":
    unittest.main()
