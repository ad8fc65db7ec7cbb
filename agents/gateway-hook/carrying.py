"""What of Apportion the hook carries with it, found by following its imports.

The hook runs beside other people's packages, and some of those are called `agents` (openai-agents).
So its distribution holds the few modules it needs under a name of its own, with their imports
rewritten, made at build time from the one source of truth.
"""

import ast
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

CARRIED = "apportion_hook.carried"
OURS = ("agents", "schemas")
IMPORT = re.compile(rf"^(\s*from )({'|'.join(OURS)})(?=[. ])", re.MULTILINE)


def stage(checkout: Path, package: Path, into: Path) -> None:
    """Write the distribution's sources: the package, and below it what it needs of `checkout`."""
    target = into / package.name
    shutil.copytree(package, target, ignore=shutil.ignore_patterns("__pycache__"))
    for source in target.rglob("*.py"):
        rewrite(source)
    for module in needed(checkout, package):
        copy = target / "carried" / module.relative_to(checkout)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(module, copy)
        rewrite(copy)
    (target / "carried" / "__init__.py").write_text('"""Copies, made when this was built."""\n')
    shutil.copytree(checkout / "schemas" / "avro", target / "carried" / "schemas" / "avro")


def needed(checkout: Path, package: Path) -> list[Path]:
    """Return every module of the checkout that a package's modules import, directly or not."""
    found: set[Path] = set()
    due = list(package.rglob("*.py"))
    while due:
        new = {path for name in imported(due.pop()) for path in files(checkout, name)} - found
        found |= new
        due += new
    return sorted(found)


def imported(module: Path) -> Iterator[str]:
    """Yield what a module may import of ours: modules, and names that may be modules.

    Raises ValueError for `import agents.x`, which cannot be rewritten in place.
    """
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for each in node.names:
                if each.name.partition(".")[0] in OURS:
                    raise ValueError(f"{module}: expected from {each.name} import ..., got import")
        elif isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in OURS:
            yield str(node.module)
            yield from (f"{node.module}.{each.name}" for each in node.names)


def files(checkout: Path, name: str) -> Iterator[Path]:
    """Yield the file of a module and those of the packages it is in; none where it is no module."""
    place = checkout.joinpath(*name.split("."))
    module = next(
        (p for p in (place.with_suffix(".py"), place / "__init__.py") if p.exists()), None
    )
    if module is not None:
        yield module
        folder = module.parent
        while folder != checkout:
            yield folder / "__init__.py"
            folder = folder.parent


def rewrite(module: Path) -> None:
    """Have a module import the carried copies."""
    text = module.read_text(encoding="utf-8")
    module.write_text(IMPORT.sub(rf"\1{CARRIED}.\2", text), encoding="utf-8")
