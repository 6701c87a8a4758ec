import dataclasses
from .export import ExportStatus
class Event: ...
@dataclasses.dataclass(frozen=True)
class ExportTexturesEnded(Event):
    status: ExportStatus
    message: str
    textures: dict
class Dispatcher:
    def __init__(self): self.to=[]
    def connect_strong(self, event_cls, callback): self.to.append((event_cls,callback))
    def disconnect(self, event_cls, callback): self.to.remove((event_cls,callback))
DISPATCHER=Dispatcher()
