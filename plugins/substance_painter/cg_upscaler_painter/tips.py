"""What each setting does to the result, for who rests the pointer on it."""

from __future__ import annotations

MODEL = """Which network invents the detail.
Automatic: for each map the one that is best for it. cg-color: true to the source, and fast.
x4plus: invents more, and is slow. Anime: flat colours, clean outlines.
Compact: coarser, for a first look. Bicubic: invents nothing.
Normal maps are resampled, and heights take cg-color, whatever is chosen here."""

FILE = "A network of the ESRGAN family, as a .pth or .safetensors file."

SCALE = """How many times as wide and as high results are: at 2× a 2K export becomes 4K.
2× is made at 4× and filtered down, which looks best. 8× goes through the network twice."""

FOLDER = """Where results go, under the names of the exported files.
Empty: beside the exported files, with the suffix behind their names."""

EDGES = """What lies beyond a texture's borders.
Automatic: tiles where the pixels show that it does.
Tile: its other side, so that a material that repeats has no seam.
Mirror, Continue: for unwrapped models, should Automatic take one for a tile."""

ALPHA = """What the alpha channel of colours means.
Cut-out: leaves, fences. Edges stay hard, and as much is covered as before.
Soft transparency: glass, decals. Premultiplied: colour is multiplied by it already.
A mask: it is data, and colour under it counts everywhere."""

FIDELITY = """How far results, made small again, must look like the export.
1 keeps colours and large shapes exactly; less lets the network change more, and drift."""

SUFFIX = """Put behind the names of results: with _4k rock.png becomes rock_4k.png.
Empty: _upscaled beside the exported files, nothing in a folder; with Config, what that says."""

CONFIG = """A configuration of the project (.yaml), as the job by night has it. Its rules hold here too.
For files of its library results go where it says, unless a folder is named above."""

ENGINE = """The program cg-upscale, or the Python that it was installed for.
Empty: the one that installed this plugin."""

TEST = "Starts the engine, and tells what it found."

AUTOMATIC = "Begins by itself as soon as Painter has exported textures."

EXPORTED = "Upscales what Painter exported last, once more if it was done."

CHOOSE = "Upscales a texture file, and brings the result into the open project as a texture."

CANCEL = "Gives up what is being done. What was finished stays."

OPEN = "Shows the results in the file manager."
