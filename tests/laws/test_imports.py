"""Law 2 and the layers: heavy packages only inside functions, and nobody imports upwards."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from samples import samples_of
from source_tree import imports, modules

HEAVY = {
    "IPython", "argcomplete", "catboost", "docutils", "google", "graphviz", "h5py", "joblib",
    "keras", "lightgbm",
    "markdown", "matplotlib", "mkdocs", "networkx", "numpy", "onnx", "onnxruntime", "pandas",
    "pyarrow", "pygraphviz", "scipy", "sklearn", "skops", "sphinx", "svgwrite", "tensorflow",
    "torch", "transformers", "treelite", "xgboost", "ydf",
}  # fmt: skip

HOSTS = {"archviz.sphinx": {"docutils", "sphinx"}}
"""Modules that nobody but the package that they extend imports, and that package."""

LAYERS = (
    ("errors", "records", "compiled", "log"),
    ("diagnostics",),
    ("options", "overrides", "table", "length", "garbage", "baseline"),
    ("ir", "reading", "source", "registry", "ops", "text", "scene"),
    ("hatch", "font", "annotation"),
    ("importers", "passes", "analysis", "layouts", "theme", "outline"),
    ("rules", "views", "renderers", "reporters", "overlays"),
    ("output", "catalogue", "checking", "covering", "settings", "preparing", "flow_figure"),
    ("caption", "figure_check"),
    ("api",),
    ("figure", "interop", "testing", "pytest_plugin"),
    ("embedding", "mkdocs", "notebook", "sphinx"),
    ("",),
)
"""Parts of the library from the bottom up; "" is the package itself."""


def layer(module: str) -> int:
    """How high the part of the library stands that ``module`` belongs to."""
    package, _, rest = module.partition(".")
    if package == "archviz_templates":
        return -1
    if package == "archviz_cli" or module == "archviz.__main__":
        return len(LAYERS)
    part = rest.partition(".")[0]
    for number, parts in enumerate(LAYERS):
        if part in parts:
            return number
    pytest.fail(f"{module} is in no layer; DESIGN §2 says which there are")


def ours(name: str) -> bool:
    return name.partition(".")[0] in ("archviz", "archviz_cli", "archviz_templates")


def is_reached_from_functions_alone(module: str) -> bool:
    """Whether it is a plugin's inner module that nothing light imports at its top."""
    parts = module.split(".")
    if len(parts) < 4 or parts[1] != "importers":
        return False
    own = ".".join(parts[:3])
    importing = {name for name in modules() if module in imports(name, top_level_only=True)}
    return all(name.startswith(f"{own}.") for name in importing)


@pytest.mark.parametrize("module", modules())
def test_no_module_imports_a_heavy_package_at_its_top(module: str) -> None:
    if is_reached_from_functions_alone(module):
        return
    heavy = HEAVY - HOSTS.get(module, set())
    found = {name for name in imports(module, top_level_only=True) if name.split(".")[0] in heavy}
    assert not found, f"{module} must import these inside the functions that need them"


def test_nothing_imports_what_extends_another_package() -> None:
    importing = [module for module in modules() if HOSTS.keys() & set(imports(module))]
    assert not importing


@pytest.mark.parametrize("module", modules())
def test_nobody_imports_from_a_higher_layer(module: str) -> None:
    higher = {name for name in imports(module) if ours(name) and layer(name) > layer(module)}
    # The package exports the library lazily and says its version; nobody below needs either.
    assert not higher, f"{module} stands below these"


@pytest.mark.parametrize("module", modules())
def test_a_plugin_knows_no_other_plugin_of_its_family_by_name(module: str) -> None:
    parts = module.split(".")
    if len(parts) < 3 or parts[1] not in ("importers", "passes", "layouts", "views", "renderers"):
        return
    own = f"archviz.{parts[1]}.{parts[2]}"
    others = {
        name
        for name in imports(module)
        if name.startswith(f"archviz.{parts[1]}.")
        and name != own
        and not name.startswith(own + ".")
    }
    assert not others, f"{module} should go through the registry"


def test_imports_at_module_level_make_no_cycle() -> None:
    graph = {
        module: [name for name in imports(module, top_level_only=True) if name in modules()]
        for module in modules()
    }
    done: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, " -> ".join((*path[path.index(module) :], module))
        if module not in done:
            for name in graph[module]:
                visit(name, (*path, module))
            done.add(module)

    for module in graph:
        visit(module, ())


def loaded_by(code: str) -> set[str]:
    """Top-level names of the modules that a fresh interpreter has after ``code``."""
    script = f"{code}\nimport sys\nprint(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "code",
    [
        "import archviz",
        "import archviz.api",
        "import archviz; archviz.render; archviz.load; archviz.summary",
        "import archviz.importers as i; list(i.IMPORTERS.builtin())",
        "import archviz.catalogue as c; [c.entries(f) for f in (*c.FAMILIES, 'themes')]",
    ],
)
def test_importing_the_library_loads_no_heavy_package(code: str) -> None:
    assert not loaded_by(code) & (HEAVY | {"asyncio"})


def test_importing_the_package_loads_next_to_nothing() -> None:
    """The library itself comes with the first use of one of its functions."""
    script = "import sys, archviz; print(*[n for n in sys.modules if n.startswith('archviz')])"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split() == ["archviz"]


def test_asking_for_the_version_loads_no_command_line() -> None:
    code = "from archviz_cli.main import run; run(['--version'])"
    assert not loaded_by(code) & {"argparse"}


def test_drawing_a_file_loads_no_module_that_takes_long_and_is_not_needed(tmp_path: Path) -> None:
    sample = samples_of("keras")[0]
    code = f"from archviz_cli.main import run; run({['render', str(sample), '-o', str(tmp_path)]})"
    slow = {"dataclasses", "inspect", "logging", "shutil", "tempfile", "tomllib"}
    assert loaded_by(code) & slow == set()


def test_choosing_an_importer_loads_the_reader_of_none(tmp_path: Path) -> None:
    """Every command pays for what the recognition of a source imports."""
    source = tmp_path / "unknown"
    source.write_bytes(b"no model at all")
    script = (
        "import sys, archviz.importers as i\n"
        f"from archviz.source import Source\nsource = Source.of({str(source)!r})\n"
        "[importer.sniff(source) for importer in i.IMPORTERS.builtin()]\n"
        "print(*[n for n in sys.modules if n.startswith('archviz.importers.')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    loaded = {name.split(".", 2)[2] for name in done.stdout.split()}
    read = {name for name in loaded if name.endswith((".read", ".graph", ".values"))}
    assert not read
