from __future__ import annotations

from pathlib import Path

from core.ollama.places import models_directory


def test_the_variable_of_the_server_counts_where_it_is_set(tmp_path: Path) -> None:
    models = tmp_path / "models"
    models.mkdir()
    assert models_directory({"OLLAMA_MODELS": str(models), "HOME": str(tmp_path)}) == models


def test_a_folder_that_is_not_there_is_not_known(tmp_path: Path) -> None:
    assert models_directory({"OLLAMA_MODELS": str(tmp_path / "nowhere"), "HOME": str(tmp_path)}) is None


def test_the_users_own_models_are_found(tmp_path: Path) -> None:
    models = tmp_path / ".ollama" / "models"
    models.mkdir(parents=True)
    assert models_directory({"HOME": str(tmp_path)}) == models
