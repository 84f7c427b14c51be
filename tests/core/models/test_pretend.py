from __future__ import annotations

from core.models import catalog, pretend
from core.models.types import USES
from core.ollama import names
from core.simulator.shelf import Registry, named

FOR_ONE_THING = {"llama-guard3", "functiongemma", "shieldgemma", "granite3-guardian"}
"""Models that no question is put to."""


def test_every_model_of_the_catalogue_can_be_fetched_in_a_demonstration() -> None:
    known, problem = catalog.load()
    assert problem is None
    specs = pretend.specs(known)
    registry = Registry(specs)
    assert len({name for spec in specs for name in (spec.name, *spec.also)}) == sum(
        1 + len(spec.also) for spec in specs
    )
    for name, _, variant in known.names():
        package = registry.find(named(name))
        assert package is not None or not variant.size, name
        if package is not None and variant.bytes:
            weights = max(layer.size for layer in package.layers)
            assert weights == variant.bytes or 0.8 < weights / variant.bytes < 1.25, name


def test_the_catalogue_says_what_each_model_is_for() -> None:
    known, _ = catalog.load()
    assert len(known) >= 60
    for entry in known.entries.values():
        assert entry.description, entry.name
        assert entry.maker, entry.name
        assert entry.licence, entry.name
        assert entry.uses or entry.name in FOR_ONE_THING, entry.name
        assert set(entry.uses) <= set(USES)
        assert entry.capabilities or all(each.capabilities for each in entry.variants), entry.name
        assert entry.context or all(each.context for each in entry.variants), entry.name
        for variant in entry.variants:
            assert names.parse(f"{entry.name}:{variant.tag}").shown
            assert variant.size, (entry.name, variant.tag)
            assert variant.parameters, (entry.name, variant.tag)
