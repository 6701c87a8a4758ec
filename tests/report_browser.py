"""Drives a headless Chromium over a report, as a person would: by keys, by pointer, and by looking at pixels."""

from __future__ import annotations

import base64
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
DRIVER = shutil.which("chromedriver") or shutil.which("chromium.chromedriver")

_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
)
PATIENCE = 20.0
"""Seconds after which what was waited for will not come."""


class Page:
    """An open report."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver

    def open(self, path: Path, hash: str = "") -> None:
        self.driver.get("about:blank")
        self.driver.get(path.resolve().as_uri() + hash)
        self.until("document.documentElement.dataset.ready")

    def run(self, script: str, *arguments: Any) -> Any:
        """Return what an expression is in the page."""
        return self.driver.execute_script(f"return ({script});", *arguments)

    def until(self, script: str) -> Any:
        """Wait until an expression holds."""
        return self.wait(lambda: self.run(script), script)

    def wait(self, holds: Callable[[], Any], what: str = "") -> Any:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            found = holds()
            if found:
                return found
            time.sleep(0.02)
        raise AssertionError(f"never came: {what}; {self.complaints()}")

    def keys(self, *keys: str) -> None:
        from selenium.webdriver import ActionChains

        for key in keys:
            ActionChains(self.driver, duration=0).send_keys(key).perform()

    def click(self, selector: str) -> None:
        self.element(selector).click()

    def element(self, selector: str) -> Any:
        return self.driver.find_element("css selector", selector)

    def texts(self, selector: str) -> list[str]:
        return list(
            self.run("[...document.querySelectorAll(arguments[0])].map((e) => e.textContent.toWellFormed())", selector)
        )

    def drag(self, selector: str, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Drag within an element, from and to shares of its width and height."""
        from selenium.webdriver import ActionChains

        box = self.run("document.querySelector(arguments[0]).getBoundingClientRect().toJSON()", selector)

        def at(share: tuple[float, float]) -> tuple[int, int]:
            return round(box["left"] + share[0] * box["width"]), round(box["top"] + share[1] * box["height"])

        actions = ActionChains(self.driver, duration=0)
        pointer = actions.w3c_actions.pointer_action
        pointer.move_to_location(*at(start))
        pointer.pointer_down()
        pointer.move_to_location(*at(((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)))
        pointer.move_to_location(*at(end))
        pointer.pointer_up()
        actions.perform()

    def shown(self) -> NDArray[np.uint8]:
        """Return what stands on the stage's canvas once it is painted, (h, w, 3)."""
        self.painted()
        url = self.run("document.getElementById('canvas').toDataURL('image/png')")
        data = np.frombuffer(base64.b64decode(url.partition(",")[2]), np.uint8)
        return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR)[:, :, ::-1], np.uint8)

    def painted(self) -> None:
        """Wait until two frames have gone by in which nothing was left to be painted."""
        self.driver.set_script_timeout(PATIENCE)
        self.driver.execute_async_script(
            "const end = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => end()));"
        )

    def opened(self) -> None:
        """Wait until a texture's pictures are there."""
        self.until("document.getElementById('detail').open && stage.scene !== null")
        self.painted()

    def complaints(self) -> list[str]:
        """Return what the browser complained of since it was last asked."""
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]

    def picture(self) -> bytes:
        """Return what the window shows, as PNG."""
        self.painted()
        return bytes(self.driver.get_screenshot_as_png())


@contextmanager
def browser(profile: Path, width: int = 1360, height: int = 860, *, dark: bool = True) -> Iterator[Page]:
    """Give a page in a window of that size, with a profile of its own."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM or ""
    for flag in (*_FLAGS, f"--user-data-dir={profile}", f"--window-size={width},{height}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    try:
        driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False},
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
        yield Page(driver)
    finally:
        driver.quit()
