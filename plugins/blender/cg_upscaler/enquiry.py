# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks the engine what it is and where it runs."""

from __future__ import annotations

from .client import Abilities, Client, Message
from .work import Work


class Enquiry(Work):
    """Ends with what was `found`, in words; empty where there was a problem."""

    def __init__(self) -> None:
        """Raises `NoEngine`."""
        super().__init__()
        self.found = ""
        self._asked = False

    def ask(self, client: Client) -> int | None:
        if self._asked:
            return None
        self._asked = True
        self.text = "Starting the engine …"
        return client.about()

    def take(self, answer: Message) -> None:
        assert isinstance(answer, Abilities)
        where = answer.label if answer.label == answer.device else f"{answer.label} ({answer.device})"
        self.found = f"Found: upscales on {where}, with {len(answer.models)} models"
        self.end()
