"""The part of the command line's table that is about models and downloads."""

from __future__ import annotations

from core.cli.arguments import LASTING, Argument, Verb, whole

_MODEL = Argument("NAME", "The name of a model, like qwen3:8b.", names="model")


MODEL_VERBS = (
    Verb(
        "models list",
        "Show the models, favourites first.",
        "Shows what is on the server: name, size, parameters, quantisation, context, state, speed of the "
        "last answer, and what it can do. * marks a favourite, > the default.\n\n"
        "--all adds the models of the catalogue that could be downloaded, with sizes that are about right. "
        "Words restrict the list to models about which all of them are said.",
        "core.cli.model_verbs:list_",
        (
            Argument("TEXT", "Words to look for.", optional=True),
            Argument("--all", "Also what could be downloaded."),
            Argument("--loaded", "Only what is in the server's memory."),
            Argument("--favourites", "Only favourites."),
            Argument("--fits", "Only what fits on the GPU as free as it is now."),
            Argument(
                "--can", "Only with this capability, like tools; may come several times.", "WHAT", many=True
            ),
            Argument(
                "--use",
                "Only what is good for this; may come several times.",
                "USE",
                choices=("chat", "code", "reasoning", "rag", "vision", "embedding"),
                many=True,
            ),
            Argument(
                "--sort",
                "The order.",
                "ORDER",
                choices=("usual", "name", "size", "context", "speed", "used", "released", "fit"),
            ),
        ),
        (
            ("leitstand models list", "what is on the server"),
            ("leitstand models list --all --use code --fits", "what could be had for programming"),
            ("leitstand models list --json | jq -r '.[].name'", "names for a script"),
        ),
    ),
    Verb(
        "models show",
        "Show everything about one model.",
        "What the server says of it, what the catalogue adds, whether it fits, and the other variants.",
        "core.cli.model_verbs:show",
        (_MODEL,),
        (("leitstand models show qwen3:8b", "a model"),),
    ),
    Verb(
        "models fit",
        "Say whether a model fits into the memory that is free now.",
        "The verdict is fits, tight (less than a tenth to spare), spills (partly on the CPU, and about how "
        "many times slower), too big or unknown, with what is needed and what is free. The source says where "
        "the number is from: measured at an earlier load, interpolated between such, or estimated from the "
        "model's shape. Of a server on another machine nothing is claimed.",
        "core.cli.model_verbs:fit",
        (_MODEL, Argument("--context", "With this context length.", "TOKENS", whole)),
        (
            ("leitstand models fit qwen3:8b", "with the context chats use"),
            ("leitstand models fit qwen3:8b --context 32768 --json", "with another one, for a script"),
        ),
    ),
    Verb(
        "models load",
        "Load a model into the server's memory.",
        "The free GPU memory is looked at first. When there is too little, nothing is loaded, and you are "
        "told what is needed, what is free, and which models would make room; the exit code is 4 then.",
        "core.cli.model_verbs:load",
        (
            _MODEL,
            Argument("--context", "With this context length.", "TOKENS", whole),
            Argument("--keep-alive", "How long it stays after its last use: 5m, 1h, forever.", "TIME"),
            Argument("--make-room", "Unload idle models when that makes it fit."),
            Argument("--anyway", "Load it even if it does not fit on the GPU."),
            *LASTING,
        ),
        (
            ("leitstand models load qwen3:8b", "ready for the first question"),
            (
                "leitstand models load qwen3:8b --keep-alive forever --make-room",
                "to stay, in the place of others",
            ),
        ),
    ),
    Verb(
        "models unload",
        "Free the memory of models.",
        "An answer that is being given is given to its end first.",
        "core.cli.model_verbs:unload",
        (
            Argument("NAME", "Which models.", optional=True, many=True, names="model"),
            Argument("--all", "Every model in memory."),
        ),
        (("leitstand models unload --all", "all of them"),),
    ),
    Verb(
        "models rm",
        "Delete models from the server's disk.",
        "This is final: what was deleted has to be downloaded again. When one of the names is unknown, none "
        "of them is deleted.",
        "core.cli.model_verbs:remove",
        (Argument("NAME", "Which models.", many=True, names="model"),),
        (("leitstand models rm llama2:7b mistral:7b", "two models"),),
    ),
    Verb(
        "models cp",
        "Give a model a second name.",
        "The files are shared, so it takes no space. An existing model of that name stays as it is, unless "
        "--replace is given.",
        "core.cli.model_verbs:copy",
        (
            Argument("SOURCE", "The model."),
            Argument("DESTINATION", "Its second name."),
            Argument("--replace", "Take the place of a model of that name."),
        ),
        (("leitstand models cp qwen3:8b mine:v1", "another name"),),
    ),
    Verb(
        "models fav",
        "Put a model on top of every list.",
        "Favourites stay favourites over updates and restarts.",
        "core.cli.model_verbs:favourite",
        (_MODEL, Argument("--off", "No longer.")),
        (("leitstand models fav qwen3:8b", "a favourite"),),
    ),
    Verb(
        "models default",
        "Show or change which model answers in new chats.",
        "Without a default the model used last answers. This is the setting chat.model.",
        "core.cli.model_verbs:default",
        (
            Argument("NAME", "The model from now on.", optional=True, names="model"),
            Argument("--none", "No model from now on."),
        ),
        (("leitstand models default qwen3:8b", "from now on"),),
    ),
    Verb(
        "models tier",
        "Show or change the tier a model belongs to.",
        "The tier is fast, code or heavy; questions are sent to models by it. Unless it was chosen, it "
        "follows from the model's size and what it is good for.",
        "core.cli.model_verbs:tier",
        (
            _MODEL,
            Argument("TIER", "The tier from now on.", choices=("fast", "code", "heavy"), optional=True),
            Argument("--none", "As it follows from the model."),
        ),
        (("leitstand models tier qwen3:8b fast", "for quick questions"),),
    ),
    Verb(
        "models create",
        "Make a model from a Modelfile or a GGUF file.",
        "A file on this machine is sent to the server, unless the server has it already. Relative paths in "
        "the Modelfile begin where it is.",
        "core.cli.model_verbs:create",
        (
            Argument("NAME", "The name of the new model."),
            Argument("--file", "The Modelfile.", "FILE"),
            Argument("--gguf", "A GGUF file instead.", "FILE"),
            Argument("--quantize", "Make it smaller, to a type like q4_K_M.", "TYPE"),
            *LASTING,
        ),
        (
            ("leitstand models create mine --file Modelfile", "from a recipe"),
            ("leitstand models create mine --gguf weights.gguf", "from weights alone"),
        ),
    ),
    Verb(
        "models updates",
        "Ask the registry for newer versions of models.",
        "Asks about the models named, or about all that are on the server. Nothing is downloaded.",
        "core.cli.model_verbs:updates",
        (Argument("NAME", "Which models.", optional=True, many=True, names="model"),),
        (("leitstand models updates", "about all of them"),),
    ),
    Verb(
        "bench",
        "Measure how fast models are here, or show what was measured.",
        "Loads the model anew, lets it say a word, and then measures several rounds: how fast it reads a "
        "prompt of about a thousand tokens that was never read before, how long the first word takes, and "
        "how fast it answers. The figures are medians; beside them stand the least and the most. A "
        "difference to the run before of the same files is called noise where it is no more than that.\n\n"
        "What it was measured with is kept: context, quantisation, the share on the GPU, the GPUs, the "
        "version of Ollama. Measured in the queue, so nothing else of Leitstand uses the models meanwhile. "
        "ctrl+c ends it and keeps the rounds that were measured.\n\n"
        "Without a name the newest figures of all models are shown, the fastest first.",
        "core.cli.bench_verb:bench",
        (
            Argument("NAME", "Which models.", optional=True, many=True, names="model"),
            Argument("--repeats", "How many rounds, 5 by default.", "N", whole),
            Argument("--context", "With this context length instead of the one chats use.", "TOKENS", whole),
            Argument("--history", "Show what was measured before, the newest first."),
            *LASTING,
        ),
        (
            ("leitstand bench qwen3:8b gemma3:4b", "one after the other"),
            ("leitstand bench", "which is the fastest here"),
            ("leitstand bench --history qwen3:8b --json", "every run, for a script"),
        ),
    ),
    Verb(
        "pull",
        "Download models.",
        "Before a byte moves the registry is asked what there is to fetch; when the server is on this "
        "machine, half as much again must be free on the disk of its models, or nothing is fetched and the "
        "exit code is 4. What is here already is not fetched again. At the end the model is tried out.\n\n"
        "Two downloads run at once. A download that stands still or is cut off goes on by itself. ctrl+c "
        "pauses: the same command goes on where it stopped.\n\n"
        "With --json each line is {name, state, percent, completed, total, speed, eta} of one of them, and "
        "the last of each has done or error. The percentage is of the whole model and never falls.",
        "core.cli.pull_verb:pull",
        (
            Argument(
                "NAME",
                "Which models: llama3.2, llama3.2:1b, hf.co/user/repository:Q4_K_M.",
                many=True,
                names="known model",
            ),
            Argument("--no-verify", "Do not try the models out."),
            Argument("--insecure", "Fetch from a registry that has no valid certificate."),
            Argument("--plan", "Only say what there is to fetch, and whether it fits."),
            *LASTING,
        ),
        (
            ("leitstand pull qwen3:8b nomic-embed-text", "two models"),
            ("leitstand pull --plan llama3.3", "what it would mean"),
            ("leitstand pull --json qwen3:8b | jq -r .percent", "in a script"),
        ),
    ),
)
