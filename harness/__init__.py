# SPDX-FileCopyrightText: The Printbridge authors
# SPDX-License-Identifier: Apache-2.0
"""A private world for Printbridge: cupsd, printers, service and connector in one folder, on free ports.

Used by ./quickstart, tests/e2e and bench. Nothing of the machine's own CUPS is touched. Standard library only.
"""
