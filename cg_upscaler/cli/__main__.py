"""Lets `python -m cg_upscaler.cli` stand for `cg-upscale`."""

from cg_upscaler.cli import main

if __name__ == "__main__":
    main()
