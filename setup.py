"""Brings the plugins into the package as it is built. In a working copy they lie beside it, by their hosts."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class WithPlugins(build_py):
    """Copies `plugins/` to ``cg_upscaler/plugins``; an editable installation finds it where it is."""

    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            target = Path(self.build_lib, "cg_upscaler", "plugins")
            shutil.copytree("plugins", target, ignore=shutil.ignore_patterns("__pycache__", ".*"), dirs_exist_ok=True)


setup(cmdclass={"build_py": WithPlugins})
