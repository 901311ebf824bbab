"""One adapter per engine; the name of the file is the name of the engine on the command line."""

ENGINE_NAMES = ("maskwright", "llguidance", "xgrammar", "outlines_core")
