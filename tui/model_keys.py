"""The keys of the pages of models: the catalogue and the downloads."""

from __future__ import annotations

from tui.key import Key

MODEL_KEYS: tuple[Key, ...] = (
    Key(
        "catalog.download",
        "d",
        "download",
        "download",
        "Fetch the selected model, or a newer version",
        footer=True,
    ),
    Key("catalog.load", "l", "load", "load", "Load the selected model into memory", footer=True),
    Key("catalog.unload", "u", "unload", "unload", "Free the memory of the selected model", footer=True),
    Key("catalog.bench", "b", "bench", "measure", "Measure how fast the selected model is here", footer=True),
    Key("catalog.unload_all", "U", "unload_all", "unload all", "Free the memory of every model"),
    Key(
        "catalog.delete",
        "x",
        "delete",
        "delete",
        "Delete the selected model after a question; again takes it back",
        footer=True,
    ),
    Key("catalog.favourite", "f", "favourite", "favourite", "On top of every list, or not", footer=True),
    Key("catalog.default", "D", "default", "default", "Let it answer in new chats, or not"),
    Key("catalog.copy", "c", "duplicate", "copy", "Give the selected model a second name"),
    Key(
        "catalog.details", "i,enter", "details", "details", "Everything about the selected model", footer=True
    ),
    Key("catalog.filter", "slash", "filter", "filter", "Show only models with these words", footer=True),
    Key(
        "catalog.sort",
        "s",
        "next_order",
        "sort",
        "By recommendation, name, size, speed, last use",
        footer=True,
    ),
    Key(
        "catalog.which", "w", "next_which", "which", "All models, installed, in memory, not here", footer=True
    ),
    Key(
        "catalog.ability",
        "a",
        "next_ability",
        "can",
        "Only models that can do something, or all",
        footer=True,
    ),
    Key("catalog.fitting", "v", "only_fitting", "fitting", "Only models that fit this machine, or all"),
    Key("catalog.make", "n", "make", "new", "Make a model from a Modelfile or a GGUF file", footer=True),
    Key("catalog.tier", "t", "tier", "tier", "Choose the selected model's tier: fast, code, heavy"),
    Key("catalog.updates", "N", "updates", "newer?", "Ask the registry for newer versions"),
    Key("catalog.refresh", "r", "refresh", "refresh", "Ask the server again what it has"),
    Key("catalog.name", "y", "copy_name", "copy name", "Copy the name of the selected model"),
    Key("catalog.all", "escape", "clear_filter", "all", "List all models again"),
    Key("downloads.new", "d", "new", "download", "Fetch a model by its name", footer=True),
    Key("downloads.pause", "space", "pause", "pause", "Set the selected one aside, or go on", footer=True),
    Key("downloads.cancel", "x", "cancel", "cancel", "End the selected one; asks first", footer=True),
    Key("downloads.retry", "r", "retry", "again", "Try the selected one again", footer=True),
    Key("downloads.up", "K,shift+up", "move(-1)", "earlier", "Let the selected one run earlier", footer=True),
    Key("downloads.down", "J,shift+down", "move(1)", "later", "Let the selected one run later", footer=True),
    Key(
        "downloads.pause_all",
        "p",
        "pause_all",
        "pause all",
        "Set everything aside, or let all go on",
        footer=True,
    ),
    Key("downloads.copy", "y", "copy", "copy", "Copy the selected one's error, or its name"),
)
