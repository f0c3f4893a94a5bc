"""The house keeps its own rules: lint, types, the import law, and who may touch what."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CODE = ("service", "workers")
LONGEST_MODULE = 400

CHECKS = {
    "ruff check": [sys.executable, "-m", "ruff", "check", "--no-cache", "."],
    "ruff format": [sys.executable, "-m", "ruff", "format", "--no-cache", "--check", "."],
    "mypy": [sys.executable, "-m", "mypy"],
    "lint-imports": [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", list(CHECKS))
def test_it_is_clean(name: str) -> None:
    done = subprocess.run(CHECKS[name], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{name} says:\n{done.stdout[-5000:]}{done.stderr[-2000:]}"


def tracked() -> list[Path]:
    """Files that git has, or would take: what is ignored is nobody's business."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def modules() -> list[Path]:
    return [path for folder in CODE for path in sorted((ROOT / folder).rglob("*.py"))]


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Line and name of each module that is imported, inside functions too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.lineno, node.module
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def uses(packages: set[str]) -> dict[str, list[str]]:
    """Modules that import any of *packages*, with the lines."""
    found: dict[str, list[str]] = {}
    for path in modules():
        for line, name in imports(path):
            if name.partition(".")[0] in packages:
                found.setdefault(str(path.relative_to(ROOT)), []).append(f"{line}: {name}")
    return found


def test_it_reads_the_environment_in_one_place() -> None:
    readers = {}
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text())):
            named = (
                isinstance(node, ast.Attribute)
                and node.attr in {"environ", "environb", "getenv", "getenvb", "putenv", "unsetenv"}
                and ast.unparse(node.value) != "request"  # WSGI's own dictionary
            )
            taken = isinstance(node, ast.ImportFrom) and node.module in {"os", "dotenv"}
            if named or taken:
                readers[str(path.relative_to(ROOT))] = getattr(node, "lineno", 0)
    assert set(readers) == {"service/config.py"}, readers


def test_it_knows_flask_below_the_web_alone() -> None:
    found = uses({"flask", "flask_login", "flask_wtf", "werkzeug"})
    strangers = {name: lines for name, lines in found.items() if "service/web/" not in name}
    assert found, "the scan finds no Flask at all"
    assert not strangers, strangers


def test_it_knows_boto3_in_three_modules() -> None:
    assert set(uses({"boto3", "botocore"})) == {
        "service/delivery/transports/ses.py",
        "service/events/queue.py",
        "service/provisioning/aws.py",
    }


def test_it_keeps_the_sandbox_apart() -> None:
    for path in modules():
        inside = "sandbox" in path.relative_to(ROOT).parts
        for line, name in imports(path):
            ours = name.partition(".")[0] in CODE
            theirs = name.startswith("service.sandbox")
            assert not (ours and theirs != inside), f"{path}:{line} imports {name}"


def test_it_gives_every_part_of_the_house_its_layer() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    layers = next(c for c in contracts["contracts"] if c["id"] == "layers")["layers"]
    named = {part.strip() for layer in layers for part in layer.split("|")}
    parts = {
        f"service.{path.stem}"
        for path in (ROOT / "service").iterdir()
        if not path.name.startswith("_")
        and (path.suffix == ".py" or (path / "__init__.py").exists())
    }
    assert named == (parts - {"service.sandbox"}) | {"workers"}


def test_it_has_modules_that_fit_in_the_head() -> None:
    sizes = {path: len(path.read_text().splitlines()) for path in tracked() if path.suffix == ".py"}
    long = {
        str(path.relative_to(ROOT)): size
        for path, size in sizes.items()
        if size > LONGEST_MODULE and "versions" not in path.parts
    }
    assert not long, f"over {LONGEST_MODULE} lines: {long}"


# Put together from pieces, so that this file does not hold what it looks for.
REGISTRIES = ("pypi" + ".org/simple", "files.python" + "hosted", "registry." + "npmjs")
TELLTALE = re.compile(
    "|".join(
        [
            *(re.escape(host) for host in REGISTRIES),
            r"(?<!emit-)(?:extra-)?index-" + r"url\s*[=:]",
            r"trusted-" + r"host\s*[=:]",
            r"(?<![\w.:/{}<>*-])/(?:home|root|Users|work|mnt|tmp)/" + r"[A-Za-z0-9_.-]+",
        ]
    )
)


@pytest.mark.parametrize(
    "line",
    [
        "see https://" + REGISTRIES[0],
        "path = '/" + "home/ann/broadsheet'",
        "cd /" + "root/x && make",
        "pip --extra-index-" + "url=https://mirror.example",
    ],
)
def test_it_knows_a_machine_when_it_sees_one(line: str) -> None:
    assert TELLTALE.search(line)


def test_it_holds_nothing_of_the_machine_it_was_written_on() -> None:
    found = []
    for path in tracked():
        data = path.read_bytes()
        if b"\0" in data:
            continue
        for number, line in enumerate(data.decode(errors="replace").splitlines(), 1):
            if match := TELLTALE.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {match.group()}")
    assert not found, "\n".join(found)
