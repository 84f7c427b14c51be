"""The one table of the command line: verbs, options, environment. Help, parsing and checks are made from it.

A new verb is one entry: its function gets a `Context`, writes through `context.out` and returns an exit code.
"""

from __future__ import annotations

from core.cli.arguments import DETACH, WAIT, Argument, Verb, port, rate, whole
from core.cli.verbs_backup import BACKUP_VERBS
from core.cli.verbs_library import LIBRARY_VERBS, NARROWING
from core.cli.verbs_models import MODEL_VERBS
from core.cli.verbs_queue import QUEUE_VERBS
from core.cli.verbs_serve import SERVE_VERBS
from core.cli.verbs_service import SERVICE_VERBS

GLOBALS = (
    Argument("--data", "Keep everything in this directory instead of the user's own.", "DIR"),
    Argument("--config", "Read the settings from this file.", "FILE"),
    Argument(
        "--host",
        "The address of the Ollama server: gpubox, gpubox:11434, https://example.org/ollama.",
        "URL",
    ),
    Argument("--demo", "Use a server that is only simulated, and a data directory of its own."),
    Argument("--screen", "Open this screen first.", "NAME"),
    Argument("--plain-output", "Leave the drawing to Textual alone; for terminals that show rubbish."),
    Argument("--json", "Answer as JSON: one object or array, or one object a line for work that takes time."),
    Argument("--help", "Show help, also for one verb; -h does the same."),
    Argument("--version", "Show the version."),
)

ENVIRONMENT = (
    ("OLLAMA_HOST", "The address of the server, when neither --host nor the setting server.url gives one."),
    ("LEITSTAND_HOME", "One directory for the settings, the data and everything else."),
    ("NO_COLOR", "Set to anything: no colours."),
    ("LEITSTAND_DEBUG", "Set to 1: a fault in Leitstand shows its traceback."),
)

GROUPS = {
    "backup": "Copies of everything that is kept.",
    "chats": "Read, search, export, import and delete conversations.",
    "config": "Read, change and check the settings.",
    "models": "See, judge, load, change and delete models.",
    "queue": "See what waits, runs and ran, and change it.",
    "sources": "See and change what was read into a space.",
    "spaces": "See and change the spaces of documents.",
    "service": "Let systemd run Leitstand without screens.",
}
"""What verbs of two words have in common, by their first."""

_CHAT = Argument("ID", "The number of a chat, as `chats list` shows it.", read=whole, names="chat")
_KEY = Argument("KEY", "The name of a setting, like server.url.", names="setting")

VERBS = (
    Verb(
        "status",
        "Show the server, the models in its memory, and this machine.",
        "Asks the Ollama server and this machine once, and shows what is true now; over SSH also how long "
        "the way to you and back takes. It needs no running Leitstand and disturbs none.\n\n"
        "--oneline prints one plain line, for the status line of tmux and the like. It answers within a "
        "second, even when the server is silent. --format says what the line holds; the fields are {mark}, "
        "{state}, {version}, {models}, {memory}, {count} and {queue}, and of this machine's GPUs together "
        "{gpu} (how busy), {vram}, {heat} and {power}. Fields that are empty leave no gap.\n\n"
        "When the server is not available the answer still comes, and the exit code is 3.",
        "core.cli.status:status",
        (
            Argument("--oneline", "One plain line for a status line."),
            Argument("--format", "What that line holds.", "TEXT"),
            Argument("--ascii", "Only ASCII in that line; the setting ui.glyphs does the same."),
            Argument("--watch", "Go on until ctrl+c; with --oneline a line whenever it changes."),
            Argument("--every", "Seconds between two looks of --watch; 2 when not given.", "SECONDS", rate),
        ),
        (
            ("leitstand status", "what there is"),
            ("leitstand status --json", "the same for a script"),
            ("leitstand status --oneline --format '{mark} {models}'", "a shorter line"),
            ("leitstand status --watch --json", "an object every two seconds"),
            ("set -g status-right '#(leitstand status --oneline)'", "in ~/.tmux.conf"),
        ),
    ),
    Verb(
        "gauges",
        "Print what the GPUs, the models and this machine are doing.",
        "Looks at the machine for half a second and prints what it saw: each GPU, each model in memory, the "
        "host. It takes no lock, and a Leitstand that runs is not disturbed. A GPU that sleeps is left "
        "asleep.\n\n"
        "--csv prints a heading and one line: sizes in bytes, rates in bytes a second, shares in percent, "
        "watts, degrees Celsius, megahertz; what is not known is empty. --json has everything, with null for "
        "what is not known.\n\n"
        "With --every it goes on until ctrl+c: a line a look, an object a look.",
        "core.cli.gauge_verbs:gauges",
        (
            Argument("--csv", "A table: a heading, and a line a look."),
            Argument("--every", "Go on, with so many seconds between two looks.", "SECONDS", rate),
        ),
        (
            ("leitstand gauges", "the machine now"),
            ("leitstand gauges --csv --every 5 > machine.csv", "a log for a spreadsheet"),
            ("leitstand gauges --json | jq '.gpus[].temperature'", "one value for a script"),
        ),
    ),
    Verb(
        "top",
        "Open the gauges alone, for a pane.",
        "The page Gauges without anything around it: made for a tmux pane that stays open for days, from ten "
        "lines up. ? shows its keys; q leaves.",
        "core.cli.gauge_verbs:top",
        (),
        (
            ("leitstand top", "in this window"),
            ("tmux split-window -l 10 leitstand top", "ten lines below what one works on"),
        ),
    ),
    Verb(
        "doctor",
        "Check everything Leitstand needs, and say how to mend it.",
        "Looks at the server, the data directory and its database, the settings and the terminal. Each line "
        "is a check: ok, warn or fail, what was found, and the exact thing to do. Nothing is changed, and a "
        "Leitstand that runs is not disturbed.\n\n"
        "The exit code is 1 when a check fails; warnings alone are no failure.",
        "core.cli.doctor:doctor",
        (),
        (
            ("leitstand doctor", "all checks"),
            (
                "leitstand doctor --json | jq -r '.[] | select(.state != \"ok\") | .message'",
                "what is not well",
            ),
        ),
    ),
    Verb(
        "route",
        "Say what a question is taken for, and which model would answer.",
        "Reads the question as a running Leitstand would, with the settings and your own rules: the tier "
        "(fast, code or heavy), how complex it is, the keywords, every reason, and the model. It needs no "
        "running Leitstand and disturbs none.\n\n"
        "The model is known when the server answers at once, or when the settings name one for the tier.\n\n"
        "A file of prompts has one JSON object a line, with the question as its prompt; each gets an answer "
        "of its own, in their order.",
        "core.cli.route_verb:route",
        (
            Argument("TEXT", "The question.", optional=True),
            Argument("--file", "Read the questions from this file.", "FILE"),
        ),
        (
            ('leitstand route "How do I list open ports?"', "one question"),
            ("leitstand route --file prompts.jsonl --json", "a file of them, for a script"),
        ),
    ),
    Verb(
        "ask",
        "Ask a model, and print its answer as it comes.",
        "The question is TEXT, or what is piped in; - reads it from there in any case. The answer goes to "
        "stdout. In a terminal the model's thinking is shown beside it, dim; a pipe gets only the answer.\n\n"
        "The conversation is kept: --chat goes on with one, --new begins one, which is also what happens "
        "without either. ctrl+c ends the answer; what was said is kept.\n\n"
        "With --json each piece is a line {part, text}, and the last one says chat, turn, model, route, "
        "sources, spaces and figures. A source is {number, document, title, text, score, page, line, space, "
        "id, section, cited, cosine, bm25}, a space {space, percent, searched}; uncited_sentences and "
        "unknown_citations say what rests on none, documents what else is to be known, only which documents "
        "were kept to.\n\n"
        "--document, --type, --since and --until keep to some documents. The chat keeps that, too, until "
        "--space is given anew.",
        "core.cli.ask:ask",
        (
            Argument("TEXT", "The question; - or nothing reads it from stdin.", optional=True),
            Argument("--model", "Who is to answer.", "NAME", names="model"),
            Argument("--chat", "Go on with this chat.", "ID", whole, names="chat"),
            Argument("--new", "Begin a new chat."),
            Argument("--system", "The system prompt.", "TEXT"),
            Argument("--think", "Let the model think first."),
            Argument("--no-think", "Let it answer at once."),
            Argument(
                "--file",
                "Send this picture or text along; may come several times. Another kind of document, or a "
                "long one, is read first and belongs to the chat.",
                "FILE",
                many=True,
            ),
            WAIT,
            DETACH._replace(help="Return at once; the answer comes in the background."),
            Argument(
                "--space",
                "Answer from the documents of this space; may come several times. auto takes what matches, "
                "none nothing. The chat keeps it.",
                "NAME",
                many=True,
                names="space",
            ),
            *NARROWING,
        ),
        (
            ("leitstand ask 'Why is the sky blue?'", "a question"),
            ("git diff | leitstand ask --file notes.md --model qwen3-coder:30b -", "from a pipe"),
            ("leitstand ask --chat 7 'And at night?'", "go on"),
            ("leitstand ask --detach 'Write a long story'", "look later with `leitstand chats show`"),
            ("leitstand ask --space manuals 'How is it lubricated?'", "from documents, with sources"),
            ("leitstand ask --document handbook --type pdf 'How long is the notice?'", "from one of them"),
            ("leitstand ask --json hello | jq -r 'select(.part == \"answer\").text'", "in a script"),
        ),
    ),
    *LIBRARY_VERBS,
    Verb(
        "chat",
        "Talk to a model: in the screens, or line by line with --plain.",
        "Without --plain this opens the chat page. With it, or where the terminal can only print, the "
        "conversation goes line by line: nothing is drawn, moved or coloured, text comes in whole sentences, "
        "thinking is marked in words, and what goes on is said in brackets. Made for screen readers, braille "
        "lines, dumb terminals and pipes, where each line is a question.\n\n"
        "Commands begin with a slash: /help lists them, /model chooses who answers, /again answers anew, "
        '/quit leaves. A line with only """ begins and ends a question of several lines. ctrl+c stops the '
        "answer; what was said is kept. The conversations are the same as in the screens.",
        "core.cli.plain_chat:chat",
        (
            Argument("--plain", "Line by line, without the screens."),
            Argument("--chat", "Go on with this chat.", "ID", whole),
            Argument("--model", "Who is to answer.", "NAME"),
            Argument("--system", "The system prompt.", "TEXT"),
        ),
        (
            ("leitstand chat --plain", "for a screen reader"),
            ("leitstand chat --plain --chat 7", "go on with chat 7"),
            ("printf 'Why is the sky blue?\\n/again\\n' | leitstand chat --plain", "from a pipe"),
        ),
    ),
    *MODEL_VERBS,
    Verb(
        "chats list",
        "Show the chats, the pinned first, then the most recent.",
        "Each line has the number of the chat, * when it is pinned, ! when nobody has read its last answer, "
        "its title, how many messages it has, and when it was last used.",
        "core.cli.chats:list_",
        (
            Argument("--limit", "How many at most.", "N", whole),
            Argument("--archived", "Those that were archived."),
            Argument("--deleted", "Those that were deleted and can still be taken back."),
        ),
        (("leitstand chats list --json | jq -r '.[].title'", "the titles"),),
    ),
    Verb(
        "chats show",
        "Print a chat.",
        "Prints the branch that was looked at last, as Markdown; with --json as one object.",
        "core.cli.chats:show",
        (_CHAT,),
        (("leitstand chats show 7 | less", "read it"),),
    ),
    Verb(
        "chats search",
        "Find words in titles, questions, answers and thinking.",
        "Every word must occur; the last one may be only begun. The best places come first.",
        "core.cli.chats:search",
        (Argument("TEXT", "The words."), Argument("--limit", "How many at most.", "N", whole)),
        (("leitstand chats search 'rayleigh scat'", "where that was spoken of"),),
    ),
    Verb(
        "chats export",
        "Print a chat as Markdown or JSON, or write it to a file.",
        "JSON holds every variant and what was attached, and can be imported again.",
        "core.cli.chats:export",
        (
            _CHAT,
            Argument(
                "--format", "What kind of file.", "KIND", choices=("markdown", "json"), default="markdown"
            ),
            Argument("--output", "Write it to this new file, or into this directory.", "FILE"),
        ),
        (("leitstand chats export 7 --format json --output .", "a file to keep"),),
    ),
    Verb(
        "chats import",
        "Take over conversations from Leitstand, ChatGPT or Open WebUI.",
        "What kind of file it is, is found out. Conversations that cannot be read are counted and left out.",
        "core.cli.chats:import_",
        (Argument("FILE", "A JSON file, or - for stdin; several are taken one after the other.", many=True),),
        (("leitstand chats import conversations.json", "ChatGPT's export"),),
    ),
    Verb(
        "chats delete",
        "Delete chats; for some days that can be taken back.",
        "How long is the setting chat.keep_deleted_days.",
        "core.cli.chats:delete",
        (
            Argument(
                "ID", "The number of a chat, as `chats list` shows it.", read=whole, many=True, names="chat"
            ),
            Argument("--undo", "Take the deletion back."),
        ),
        (
            ("leitstand chats delete 7 8", "both go"),
            ("leitstand chats delete --undo 7", "one comes back"),
        ),
    ),
    Verb(
        "config get",
        "Print the value of a setting.",
        "Prints the value that counts: the one from the settings file, or the default.",
        "core.cli.config:get",
        (_KEY,),
        (("leitstand config get server.url", "where the server is"),),
    ),
    Verb(
        "config set",
        "Write a setting to the file.",
        "The value is checked before anything is written. Comments and the order of the file stay; a file "
        "that cannot be read is left alone. A Leitstand that runs takes the change over by itself.",
        "core.cli.config:set_",
        (_KEY, Argument("VALUE", "Its new value, as the example file writes it; texts need no quotes.")),
        (
            ("leitstand config set server.url gpubox:11434", "use the server on gpubox"),
            ("leitstand config set ui.reduced_motion true", "no animation"),
            ("leitstand config set keys.palette 'ctrl+k'", "another key"),
        ),
    ),
    Verb(
        "config unset",
        "Take a setting out of the file, so that its default counts.",
        "The rest of the file stays as it is.",
        "core.cli.config:unset",
        (_KEY,),
        (("leitstand config unset server.url", "back to the default"),),
    ),
    Verb(
        "config list",
        "Show every setting, its value, and where that comes from.",
        "With --json each entry also says what kind of value it is, what it can be, and what it means.",
        "core.cli.config:list_",
        (Argument("--changed", "Only settings that are not at their default."),),
        (("leitstand config list --changed", "what is different here"),),
    ),
    Verb(
        "config path",
        "Print where the settings file is, or would be.",
        "The file is optional. --config and LEITSTAND_HOME move it.",
        "core.cli.config:path",
        (),
        (('less "$(leitstand config path)"', "read it"),),
    ),
    Verb(
        "config check",
        "Say what is wrong with the settings file.",
        "Names each key and its line. The exit code is 1 when something is wrong. A wrong value never keeps "
        "Leitstand from starting: its default is used instead.",
        "core.cli.config:check",
        (),
        (("leitstand config check && echo in order", "in a script"),),
    ),
    Verb(
        "config example",
        "Print a settings file that explains every setting.",
        "Everything in it is a comment, at its default.",
        "core.cli.config:example",
        (),
        (("leitstand config example > config.toml", "a file to begin with"),),
    ),
    Verb(
        "config edit",
        "Open the settings file in your editor, and check it afterwards.",
        "The editor is $VISUAL, else $EDITOR, else vi. A file that is not there yet begins as the example.",
        "core.cli.config:edit",
        (),
        (("EDITOR=nano leitstand config edit", "with another editor"),),
    ),
    *QUEUE_VERBS,
    *SERVE_VERBS,
    *SERVICE_VERBS,
    Verb(
        "completions",
        "Print what teaches a shell to complete commands, options and names.",
        "The script asks Leitstand itself for every TAB: verbs, options, names of models, chats, settings, "
        "with what they mean where the shell shows that.",
        "core.cli.completions:completions",
        (Argument("SHELL", "Which shell.", choices=("bash", "zsh", "fish")),),
        (
            ("leitstand completions bash > ~/.local/share/bash-completion/completions/leitstand", "for bash"),
            ("leitstand completions zsh > ~/.zfunc/_leitstand", "for zsh, with ~/.zfunc in its fpath"),
            ("leitstand completions fish > ~/.config/fish/completions/leitstand.fish", "for fish"),
        ),
    ),
    *BACKUP_VERBS,
    Verb(
        "simulate",
        "Serve a stand-in for Ollama, for trying things out without a GPU.",
        "Listens at an address and answers as Ollama would, quirks included: models, chats, thinking, tools, "
        "embeddings, downloads, at realistic speeds. Any client can talk to it. Nothing is stored.\n\n"
        "The address stands on the first line of the output as soon as clients are answered. ctrl+c ends "
        "it.\n\n"
        "--fault lets something go wrong, once or as often as asked: KIND[@ROUTE][:KEY=VALUE,…], such as "
        "cut@chat:after=20,times=0. ROUTE is the last word of a path, like chat or pull; the keys are after, "
        "times (0 is always), model, text, status and seconds.",
        "core.cli.simulate:simulate",
        (
            Argument("--host", "The address to listen at.", "ADDRESS", default="127.0.0.1"),
            Argument("--port", "The port; 0 lets the system choose one.", "N", port, default=11434),
            Argument("--version", "The version of Ollama to be.", "V"),
            Argument("--rate", "Tokens a second, exactly, whatever the model.", "N", rate),
            Argument("--instant", "Answer without any waiting."),
            Argument("--fault", "Let something go wrong; may come several times.", "FAULT", many=True),
        ),
        (
            ("leitstand simulate", "where Ollama usually is"),
            ("leitstand simulate --port 0 --json", "at a free port, which a script reads"),
            (
                "leitstand simulate --version 0.5.0 --fault oom --fault cut@chat:after=20",
                "an old one in trouble",
            ),
        ),
        "core.cli.simulate:faults",
    ),
)
