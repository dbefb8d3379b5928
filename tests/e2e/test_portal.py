# SPDX-FileCopyrightText: The Printbridge authors
# SPDX-License-Identifier: Apache-2.0
"""The portal in a real browser: from the link of the QR code to the approval, then every page."""

import unittest

from harness.browser import Browser
from harness.service import ADMIN
from tests.e2e.case import WorldCase


@unittest.skipUnless(Browser.is_there(), "chromium and chromium-driver are not installed")
class InABrowser(WorldCase):
    shares = False

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.browser = Browser(cls.world.path("browser"))
        cls.addClassCleanup(cls.browser.stop)

    def test_from_the_link_to_the_printers(self):
        browser, world = self.browser, self.world
        share = world.connector.share(world.service, list(world.printers), ["--requester", "ann@example.org"])
        code = share.code()
        browser.go(f"{world.service.url}/device?user_code={code}")
        browser.type("input[name=email]", ADMIN)
        browser.type("input[name=password]", world.service.password)
        browser.click("form.card button")
        browser.find("input[name=user_code]")
        self.assertEqual(browser.run("return document.querySelector('input[name=user_code]').value"), code)
        browser.click('form[action="/device"] button')
        browser.wait_text("Connect this print server?")
        asked = browser.text()
        for text in (code, "ann@example.org", "Laser", "Generic PostScript Printer", "Raster"):
            self.assertIn(text, asked)
        browser.click("button[value=approve]")
        browser.wait_text("Approved")
        status, text = share.finish()
        self.assertEqual(status, 0, text)
        world.wait_ready()
        job = world.print_job("Laser", world.document("page.pdf", pages=2), title="Seen in the portal")
        world.wait_job("Laser", job)
        for page, wanted in (("printers", "Connected"), ("jobs", "Seen in the portal"), ("account", "App passwords"),
                             ("users", "user@example.org")):
            with self.subTest(page=page):
                browser.go(f"{world.service.url}/{page}")
                self.assertIn(wanted, browser.text())
                width = browser.run("return document.documentElement.scrollWidth - window.innerWidth")
                self.assertLessEqual(width, 0, "nothing sticks out on the side")
        refused = [line for line in browser.complaints() if "Content Security" in line or "Failed to load" in line]
        self.assertEqual(refused, [])


if __name__ == "__main__":
    unittest.main()
