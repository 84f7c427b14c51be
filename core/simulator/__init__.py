"""A stand-in for an Ollama server, for tests, for demonstrations, and for trying any client.

simulator = Simulator()                                   # in tests: nothing takes time
client = httpx.AsyncClient(transport=simulator.transport(), base_url="http://127.0.0.1:11434")

script = simulator.next(Script())                         # the test says each token
await script.say("Hel")
await script.finish(eval_count=1)

simulator.fault("crash@chat:after=3")                     # and what goes wrong
"""

from core.simulator.app import Simulator
from core.simulator.faults import KINDS, Fault
from core.simulator.models import INSTALLED, PULLABLE, Spec, toy
from core.simulator.pace import INSTANT, REAL, Pace
from core.simulator.script import Call, ClientGone, Cut, End, Fail, Finish, Hang, Raw, Say, Script, Think
from core.simulator.setup import Setup

__all__ = [
    "INSTALLED",
    "INSTANT",
    "KINDS",
    "PULLABLE",
    "REAL",
    "Call",
    "ClientGone",
    "Cut",
    "End",
    "Fail",
    "Fault",
    "Finish",
    "Hang",
    "Pace",
    "Raw",
    "Say",
    "Script",
    "Setup",
    "Simulator",
    "Spec",
    "Think",
    "toy",
]
