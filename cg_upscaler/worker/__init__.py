"""Floor 6: the engine as a child process of a host, which it serves until that has gone. `docs/worker.md`."""

from __future__ import annotations

import os

from cg_upscaler.client.messages import PROTOCOL, Bye, Hello
from cg_upscaler.worker.channel import Channel, standard


def serve(version: str, idle: float | None, channel: Channel | None = None) -> None:
    """Serve a host until it says to end, is gone, or has asked for nothing for `idle` seconds."""
    channel = channel or standard()
    channel.say(Hello(PROTOCOL, version, os.getpid()))
    channel.open()
    from cg_upscaler.worker.work import Work  # what loads pictures and settings: a second, after the greeting

    work = Work(channel)
    while (request := channel.next(idle)) is not None:
        work.do(request)
    channel.say(Bye(channel.why))
