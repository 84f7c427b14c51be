"""How a job of the library is shown."""

from __future__ import annotations

import pytest

from core.jobs.types import Fault, Job, State, packed
from core.retrieval.meter import Target, ingest_of


@pytest.mark.parametrize(
    ("state", "told"),
    [("queued", "The server is away."), ("failed", "The server is away."), ("running", ""), ("done", "")],
)
def test_what_ended_an_earlier_run_is_told_until_it_runs_again(state: State, told: str) -> None:
    fault = Fault("server_unavailable", "The server is away.", "")
    job = Job(id=1, kind="ingest", lane="cpu", title="a", state=state, error=fault, payload=packed(Target(1)))
    assert ingest_of(job).error == told
