"""What the hook carries: all that it imports, under its own name, and nothing else."""

import ast
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "agents" / "gateway-hook"
# What the hook may need beside Python: its declared dependencies, and LiteLLM where there is one.
ALLOWED = {"apportion_hook", "confluent_kafka", "fastavro", "litellm", "structlog"}


def carrying() -> ModuleType:
    spec = spec_from_file_location("carrying", FOLDER / "carrying.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    into = tmp_path_factory.mktemp("staged")
    carrying().stage(ROOT, FOLDER / "apportion_hook", into)
    return into


def imports(module: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            found |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return found


def test_nothing_staged_imports_what_others_may_call_theirs(staged: Path) -> None:
    tops = {
        name.partition(".")[0]
        for module in staged.rglob("*.py")
        for name in imports(module)
    } - set(sys.stdlib_module_names)  # fmt: skip
    assert tops <= ALLOWED


def test_everything_imported_is_staged(staged: Path) -> None:
    for module in staged.rglob("*.py"):
        for name in imports(module):
            if name.startswith("apportion_hook"):
                place = staged.joinpath(*name.split("."))
                assert place.with_suffix(".py").exists() or (place / "__init__.py").exists(), name


def test_only_what_is_needed_is_carried(staged: Path) -> None:
    carried = {str(path.relative_to(staged)) for path in staged.rglob("*.py")}
    assert "apportion_hook/carried/agents/outbox/outbox.py" in carried
    for unneeded in ("kafka_settings", "otlp_json", "own", "access_log"):
        assert not any(path.endswith(f"/{unneeded}.py") for path in carried)


def test_an_import_that_cannot_be_rewritten_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text("import schemas.codec\n")
    with pytest.raises(ValueError, match=r"expected from schemas\.codec import"):
        carrying().needed(ROOT, tmp_path)
