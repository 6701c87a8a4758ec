"""What programs use to talk to the engine in a process of its own. The standard library only, and nothing of the rest.

    with Client(find_engine()) as client:
        number = client.upscale(Task((Texture("/textures/rock_n.png", {"kind": "normal"}),), {"scale": 2}))
        for message in client.answers(number):
            print(message)

Hosts carry a copy of this folder, so its files import each other by relative names.
"""

from .launch import Engine, NoEngine, find_engine
from .messages import (
    Abilities,
    Alive,
    Bye,
    Cancelled,
    Done,
    Failed,
    Hello,
    Looked,
    Message,
    Model,
    Planned,
    Previewed,
    Progress,
    Result,
    Task,
    Texture,
)
from .process import Client
from .session import Session

__all__ = [
    "Abilities",
    "Alive",
    "Bye",
    "Cancelled",
    "Client",
    "Done",
    "Engine",
    "Failed",
    "Hello",
    "Looked",
    "Message",
    "Model",
    "NoEngine",
    "Planned",
    "Previewed",
    "Progress",
    "Result",
    "Session",
    "Task",
    "Texture",
    "find_engine",
]
