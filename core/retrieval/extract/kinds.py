"""The kinds of documents that can be read, by the endings of their names; and those that cannot."""

from __future__ import annotations

import msgspec

from core.retrieval.extract.build import ending


class Kind(msgspec.Struct, frozen=True):
    """A kind of document: the reader that reads it."""

    name: str
    words: str
    language: str = ""
    text: bool = True
    """Whether it is a text by itself, told from others only by its name."""


TEXT = Kind("text", "a text")
MARKDOWN = Kind("markdown", "Markdown")
RST = Kind("rst", "reStructuredText")
HTML = Kind("html", "a web page")
CSV = Kind("csv", "a table")
JSON = Kind("json", "JSON")
ORG = Kind("text", "an Org text", "org")
ASCIIDOC = Kind("text", "AsciiDoc", "asciidoc")
LATEX = Kind("text", "LaTeX", "latex")
MAIL = Kind("mail", "a mail")
PDF = Kind("pdf", "a PDF", text=False)
DOCX = Kind("docx", "a Word document", text=False)
PPTX = Kind("pptx", "a presentation", text=False)
XLSX = Kind("xlsx", "a workbook", text=False)
EPUB = Kind("epub", "a book", text=False)

_KINDS: dict[str, Kind] = {
    **dict.fromkeys(("txt", "text", "log", "asc", "nfo", "srt", "vtt"), TEXT),
    **dict.fromkeys(("md", "markdown", "mdown", "mkd", "mdx", "qmd", "rmd"), MARKDOWN),
    **dict.fromkeys(("rst", "rest"), RST),
    "org": ORG,
    **dict.fromkeys(("adoc", "asciidoc"), ASCIIDOC),
    **dict.fromkeys(("tex", "ltx"), LATEX),
    **dict.fromkeys(("html", "htm", "xhtml", "shtml"), HTML),
    **dict.fromkeys(("csv", "tsv", "psv"), CSV),
    **dict.fromkeys(("json", "jsonl", "ndjson", "ipynb", "geojson", "webmanifest"), JSON),
    **dict.fromkeys(("eml", "mbx"), MAIL),
    "pdf": PDF,
    **dict.fromkeys(("docx", "docm", "dotx"), DOCX),
    **dict.fromkeys(("pptx", "pptm", "ppsx"), PPTX),
    **dict.fromkeys(("xlsx", "xlsm", "xltx"), XLSX),
    "epub": EPUB,
}

_LANGUAGES = {
    "python": "py pyi pyw pyx", "javascript": "js mjs cjs jsx", "typescript": "ts mts cts tsx",
    "java": "java", "kotlin": "kt kts", "scala": "scala sc", "groovy": "groovy gradle", "c": "c h",
    "cpp": "cc cpp cxx hh hpp hxx ino", "csharp": "cs", "fsharp": "fs fsx", "vb": "vb", "go": "go",
    "rust": "rs", "swift": "swift", "objective-c": "m mm", "ruby": "rb rake gemspec", "php": "php phtml",
    "perl": "pl pm", "lua": "lua", "r": "r", "julia": "jl", "dart": "dart", "elixir": "ex exs",
    "erlang": "erl hrl", "haskell": "hs lhs", "ocaml": "ml mli", "clojure": "clj cljs cljc edn",
    "lisp": "el lisp cl", "scheme": "scm rkt", "shell": "sh bash zsh fish ksh", "powershell": "ps1 psm1",
    "batch": "bat cmd", "sql": "sql", "graphql": "graphql gql", "protobuf": "proto", "zig": "zig",
    "nim": "nim", "d": "d", "v": "v", "fortran": "f f90 f95 for", "pascal": "pas pp", "ada": "adb ads",
    "cobol": "cob cbl", "asm": "asm s", "verilog": "sv", "vhdl": "vhd vhdl", "solidity": "sol",
    "terraform": "tf hcl", "nix": "nix", "dockerfile": "dockerfile", "makefile": "mk make",
    "cmake": "cmake", "awk": "awk", "tcl": "tcl", "vim": "vim", "css": "css", "scss": "scss sass",
    "less": "less", "vue": "vue", "svelte": "svelte", "astro": "astro", "yaml": "yaml yml", "toml": "toml",
    "ini": "ini cfg conf properties editorconfig service desktop",
    "xml": "xml xsd xsl xslt plist rss atom opml", "latex": "sty bib", "diff": "diff patch",
    "text": "wiki textile",
}  # fmt: skip
_NAMES = {
    "makefile": "makefile", "gnumakefile": "makefile", "dockerfile": "dockerfile",
    "containerfile": "dockerfile", "jenkinsfile": "groovy", "rakefile": "ruby", "gemfile": "ruby",
    "vagrantfile": "ruby", "cmakelists.txt": "cmake", "justfile": "makefile", "modelfile": "dockerfile",
    "procfile": "yaml",
}  # fmt: skip
_PLAIN_NAMES = frozenset((
    "authors", "changelog", "changes", "contributing", "copying", "copyright", "install", "licence",
    "license", "news", "notice", "readme", "todo",
))  # fmt: skip

_CODE = {
    end: Kind("code", language, language) for language, ends in _LANGUAGES.items() for end in ends.split()
}
_CODE_NAMES = {name: Kind("code", language, language) for name, language in _NAMES.items()}

STRANGERS: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG", "a picture"), (b"\xff\xd8\xff", "a picture"), (b"GIF8", "a picture"),
    (b"BM", "a picture"), (b"II*\x00", "a picture"), (b"MM\x00*", "a picture"),
    (b"\x00\x00\x01\x00", "a picture"), (b"\x1f\x8b", "an archive"), (b"7z\xbc\xaf", "an archive"),
    (b"Rar!", "an archive"), (b"\xfd7zXZ", "an archive"), (b"BZh", "an archive"),
    (b"(\xb5/\xfd", "an archive"), (b"\x04\x22M\x18", "an archive"), (b"\x7fELF", "a program"),
    (b"MZ\x90", "a program"), (b"\xcf\xfa\xed\xfe", "a program"), (b"\xca\xfe\xba\xbe", "a program"),
    (b"\x00asm", "a program"), (b"SQLite format 3\x00", "a database"), (b"OggS", "a sound"),
    (b"ID3", "a sound"), (b"fLaC", "a sound"), (b"\xff\xfb", "a sound"), (b"\x1aE\xdf\xa3", "a film"),
    (b"\x00\x01\x00\x00\x00", "a font"), (b"OTTO", "a font"), (b"wOF", "a font"), (b"GGUF", "a model"),
)  # fmt: skip
"""How files begin that are no documents."""

_HINTS = {
    "an archive": "Unpack it and add the files in it.",
    "a picture": "Run text recognition over it first and add the text.",
    "a database": "Export its tables as CSV and add those.",
}

_OTHER = frozenset((
    "png", "jpg", "jpeg", "gif", "webp", "bmp", "tif", "tiff", "ico", "svg", "avif", "heic", "psd", "raw",
    "mp3", "wav", "ogg", "flac", "m4a", "aac", "opus", "mp4", "mkv", "avi", "mov", "webm", "wmv", "zip",
    "gz", "tgz", "bz2", "xz", "7z", "rar", "zst", "tar", "iso", "dmg", "deb", "rpm", "apk", "jar", "war",
    "whl", "egg", "exe", "dll", "so", "dylib", "a", "o", "obj", "lib", "bin", "com", "class", "pyc", "pyo",
    "pyd", "wasm", "ttf", "otf", "woff", "woff2", "eot", "sqlite", "sqlite3", "db", "db3", "mdb",
    "parquet", "arrow", "feather", "npy", "npz", "pkl", "pickle", "h5", "hdf5", "pt", "pth", "safetensors",
    "gguf", "ggml", "onnx", "tflite", "lance", "sav", "dta", "rdata", "doc", "xls", "ppt", "odt", "ods",
    "odp", "rtf", "pages", "numbers", "key", "msg", "pst", "mobi", "azw", "azw3", "swf", "fla", "blend",
    "stl", "fbx", "glb", "dwg", "dxf", "lock", "map", "min.js", "snap", "pem", "p12", "pfx", "key", "crt",
    "der", "kdbx", "gpg", "asc1", "sig", "torrent", "part", "tmp", "swp", "bak",
))  # fmt: skip
"""Endings of what is passed over in a folder without being opened."""


def kind_of(name: str) -> Kind | None:
    """What a file's name says it is, None when it says nothing."""
    base = name.replace("\\", "/").rpartition("/")[2].lower()
    if base in _CODE_NAMES:
        return _CODE_NAMES[base]
    end = ending(name)
    found = _KINDS.get(end) or _CODE.get(end)
    if found is None and (base in _PLAIN_NAMES or end == ""):
        return TEXT if base in _PLAIN_NAMES else None
    return found


def is_other(name: str) -> bool:
    """Whether a file's name says that it is no document."""
    return ending(name) in _OTHER


def hint_of(what: str) -> str:
    """What to do with a file that is no document."""
    return _HINTS.get(what, "")


def script(start: bytes) -> Kind:
    """The language of a script by its first line."""
    line = start.partition(b"\n")[0]
    for word, language in (
        (b"python", "python"),
        (b"node", "javascript"),
        (b"ruby", "ruby"),
        (b"perl", "perl"),
    ):
        if word in line:
            return Kind("code", language, language)
    return Kind("code", "shell", "shell")
