"""One real run of each command, as ``--help`` shows it."""

from __future__ import annotations

EXAMPLES = {"plan": "", "run": "", "status": "", "report": "", "list": "", "init": ""}
