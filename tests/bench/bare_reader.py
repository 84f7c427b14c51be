"""The yardstick: a bare httpx script that prints the same stream.  python bare_reader.py PORT"""

from __future__ import annotations

import json
import sys

import httpx

with httpx.stream(
    "POST",
    f"http://127.0.0.1:{sys.argv[1]}/api/chat",
    json={"model": "m:1b", "messages": [{"role": "user", "content": "go"}]},
    timeout=None,
) as reply:
    for line in reply.iter_lines():
        sys.stdout.write(json.loads(line)["message"]["content"])
        sys.stdout.flush()
