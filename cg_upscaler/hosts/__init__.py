"""Floor 6: brings the plugins to the programs that they are for, each with what it needs to find the engine."""

from cg_upscaler.hosts.packing import Plugin, plugin, plugins, write_folder, write_zip
from cg_upscaler.hosts.places import Place, places

__all__ = ["Place", "Plugin", "places", "plugin", "plugins", "write_folder", "write_zip"]
