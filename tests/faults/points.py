# SPDX-FileCopyrightText: The Printbridge authors
# SPDX-License-Identifier: Apache-2.0
"""The table of fault points (lib/base/fault.h): docs/RELIABILITY.md shows it, test_points.py goes through it.

Each point is passed on a scenario's way (test_points.py); what must come of the job is the scenario's to say."""

from collections import namedtuple

Point = namedtuple("Point", "name process scenario what")


def _sides(name, process, scenario, before, after):
    return [Point(f"{name}.before", process, scenario, before), Point(f"{name}.after", process, scenario, after)]


# Moves of a job through the connector's journal (connector/job-state.c), and the scenario in which each is made.
MOVES = {"ticket-fits": "print", "accepted": "print", "local-made": "print", "local-sent": "print",
         "local-started": "print", "ended": "print", "reported": "print", "ticket-bad": "restored",
         "refused": "restored", "taken": "taken", "local-lost": "lost"}

# Requests of the connector to the service.
REQUESTS = {"Fetch-Job": "print", "Acknowledge-Job": "print", "Update-Job-Status": "print",
            "Update-Document-Status": "print", "Acknowledge-Document": "print", "Update-Active-Jobs": "print",
            "Get-Jobs": "print", "Get-Job-Attributes": "journal"}

# Requests that change what the service keeps; "chore" is its own housekeeping, cut-through among it.
COMMITS = {"Print-Job": "print", "Create-Job": "documents", "Send-Document": "documents", "Cancel-Job": "cancel",
           "Fetch-Job": "print", "Acknowledge-Job": "print", "Fetch-Document": "print", "Acknowledge-Document": "print",
           "Update-Job-Status": "print", "Update-Document-Status": "print", "Update-Active-Jobs": "print",
           "chore": "print"}

POINTS = []
for move, scenario in MOVES.items():
    POINTS += _sides(f"connector.move.{move}", "connector", scenario, f"the job's move {move} is decided",
                     f"the move {move} is in the journal")
for operation, scenario in REQUESTS.items():
    POINTS += _sides(f"connector.request.{operation}", "connector", scenario, f"{operation} goes out",
                     f"the answer to {operation} has come")
POINTS += _sides("connector.create-job", "connector", "print", "the local job is created", "CUPS has the local job")
POINTS += _sides("connector.send-ticket", "connector", "print", "a ticket goes to CUPS", "CUPS has the ticket")
POINTS += _sides("connector.cancel-job", "connector", "cancel", "the local job is canceled", "CUPS has canceled it")
POINTS += _sides("connector.hold-job", "connector", "held", "the local job is held", "CUPS holds it")
POINTS += _sides("connector.release-job", "connector", "held", "the local job is released", "CUPS has released it")
POINTS += _sides("connector.fetch-document", "connector", "print", "Fetch-Document goes out", "the document has come")
POINTS += _sides("connector.note-reader", "connector", "print", "a filter asks for the document", "the journal knows that")
POINTS += [Point("connector.first-chunk.after", "connector", "print", "the filter has the first bytes"),
           Point("connector.last-chunk.before", "connector", "print", "the last of the document goes to the filter, with its end")]
POINTS += _sides("connector.note-handed-over", "connector", "print", "the last of the document is to go to the filter",
                 "the journal knows that")
# tests/e2e/test_moving.py goes through these.
POINTS += _sides("connector.rekey.made", "connector", "renewal", "the next key is made", "the next key is on the disk")
POINTS.append(Point("connector.rekey.certified.after", "connector", "renewal", "the next key is registered for a queue"))
POINTS += _sides("connector.rekey.used", "connector", "renewal", "the next key is used for the first time",
                 "the former key is not good any more")
POINTS += _sides("connector.rekey.kept", "connector", "renewal", "the next key is to replace the key",
                 "the next key has replaced the key")
for operation, scenario in COMMITS.items():
    POINTS += _sides(f"service.commit.{operation}", "service", scenario, f"what {operation} changes is made",
                     f"what {operation} changes is in the database")
    POINTS.append(Point(f"service.answer.{operation}.before", "service", scenario,
                        f"{operation}: events are out, its files are removed; the answer is not"))
POINTS += [Point("service.spool-create.after", "service", "print", "the document has a file"),
           Point("service.spool-record.after", "service", "large", "a part of the document is in the file"),
           Point("service.spool-finish.before", "service", "print", "the document has come, its end is not in the file"),
           Point("service.spool-sync.before", "service", "print", "the document is written, not synced"),
           Point("service.spool-finish.after", "service", "print", "file and folder are synced"),
           Point("service.spool-remove.before", "service", "print", "the job has ended, its document is still there")]
POINTS += _sides("service.fetch-document", "service", "print", "the answer to Fetch-Document begins",
                 "its last byte is on its way")
POINTS += _sides("service.push", "service", "print", "an event goes into the tunnel", "the tunnel has it")
# Every durable write of either process, whatever it is for.
for process in ("connector", "service"):
    POINTS += [point._replace(process=process) for point in
               _sides("database.commit", process, "print", "a transaction is complete", "it is on the disk")]


def table():
    """For docs/RELIABILITY.md."""
    rows = ["| fault point | kills | when |", "|--|--|--|"]
    return "\n".join(rows + [f"| {point.name} | {point.process} | {point.what} |" for point in POINTS]) + "\n"


if __name__ == "__main__":
    print(table(), end="")
