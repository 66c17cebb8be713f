"""How large and how quick the page of a model of 10,000 operations is, beside its peers'.

    python benchmarks/interactive_page.py [--netron PYTHON] [--torchvista PYTHON] [--layers 250]

Needs playwright and chromium; PYTHON is an interpreter that has the peer, and torchvista's torch.
All pages are shown in the same browser, one after the other: when the first picture is there, how
long it takes to open a module until that is on the screen, how many frames a second a drag gets.
On a busy machine all of it takes longer; the load is printed. Netron gets the same ONNX file and
draws every operation at once. torchvista takes no file but a module of PyTorch, so it gets one of
the same operations in the same modules, and its page opens with every layer closed, which of its
views is nearest to ours; it lays out all of it again for each module opened.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

BROWSER = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
LIMIT = 180
"""Seconds after which a page has not made it."""


WINDOW: Any = {"width": 1280, "height": 800}

COUNT_FRAMES = """(() => {
  window.frames_ = 0;
  const tick = () => { frames_++; requestAnimationFrame(tick); };
  requestAnimationFrame(tick);
})()"""

WAIT_FOR = """new MutationObserver((_, observer) => {
  if (!document.querySelector('SELECTOR')) return;
  observer.disconnect();
  requestAnimationFrame(() => setTimeout(() => { window.drawn_ = performance.now(); }));
}).observe(document, { childList: true, subtree: true });"""

OPEN_MODULE = """(async () => {
  const handle = document.querySelector('[aria-expanded=false]');
  if (!handle) return -1;
  handle.focus();
  await new Promise(done => setTimeout(done, 400));
  const start = performance.now();
  handle.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true }));
  await new Promise(done => requestAnimationFrame(() => setTimeout(done)));
  return performance.now() - start;
})()"""

OPEN_IN_TORCHVISTA = """(async () => {
  const button = document.querySelector('[class^=node_] [class^=collapse-button_]');
  if (!button) return -1;
  const nodes = () => document.querySelectorAll('[class^=node_]').length;
  const before = nodes();
  // Right after a drag a click is taken for its end.
  await new Promise(done => setTimeout(done, 400));
  const start = performance.now();
  button.dispatchEvent(new MouseEvent('click', { bubbles: true }));
  await new Promise(done => requestAnimationFrame(() => setTimeout(done)));
  if (nodes() <= before) throw Error('nothing has opened');
  return performance.now() - start;
})()"""

PRESS_BUTTON = """(() => {
  const found = [...document.querySelectorAll('button')].find(
    button => button.offsetParent && /accept|ok|yes|continue/i.test(button.textContent));
  if (found) found.click();
  return Boolean(found);
})()"""


def transformer(layers: int, path: Path) -> int:
    """Writes a decoder of ``layers`` layers of 40 operations; how many there are in all."""
    from onnx import TensorProto, helper, save_model

    nodes: list[Any] = []
    weights: list[Any] = []
    info: list[Any] = []
    names: list[str] = []

    def add(op: str, scope: str, *inputs: str, **attributes: Any) -> str:
        name = f"/{scope}/{op}_{len(nodes)}"
        nodes.append(helper.make_node(op, list(inputs), [f"{name}_out"], name, **attributes))
        info.append(helper.make_tensor_value_info(f"{name}_out", TensorProto.FLOAT, [1, 8, 16]))
        return f"{name}_out"

    def weight(scope: str, *shape: int) -> str:
        scope = scope.replace("/", ".")
        name = f"{scope}.weight{sum(known.startswith(scope) for known in names[-20:])}"
        names.append(name)
        count = 1
        for size in shape:
            count *= size
        weights.append(helper.make_tensor(name, TensorProto.FLOAT, shape, [0.0] * count))
        return name

    value = "x"
    for layer in range(layers):
        at = f"layers.{layer}"
        # Every other layer is a little different, so that equal ones in a row are not drawn once.
        skip = value
        normed = add("LayerNormalization", f"{at}/norm1", value, weight(at, 16))
        heads = []
        for part in ("query", "key", "value"):
            scope = f"{at}/attention/{part}"
            product = add("MatMul", scope, normed, weight(scope, 16, 16))
            biased = add("Add", scope, product, weight(scope, 16))
            heads.append(
                add("Identity" if layer % 2 else "Sigmoid", scope, add("Relu", scope, biased))
            )
        scope = f"{at}/attention"
        scores = add("MatMul", scope, heads[0], add("Transpose", scope, heads[1], perm=[0, 2, 1]))
        scaled = add("Div", scope, scores, weight(scope, 1))
        mixed = add("MatMul", scope, add("Softmax", scope, scaled), heads[2])
        value = add("MatMul", f"{scope}/output", mixed, weight(scope, 16, 16))
        value = skip = add("Add", at, value, skip)
        value = add("LayerNormalization", f"{at}/norm2", value, weight(at, 16))
        gates = []
        for part in ("gate", "up"):
            scope = f"{at}/mlp/{part}"
            product = add("MatMul", scope, value, weight(scope, 16, 16))
            gates.append(
                add("Sin", scope, add("Tanh", scope, add("Add", scope, product, weight(scope, 16))))
            )
        value = add("Mul", f"{at}/mlp", *gates)
        for _ in range(8 if layer % 2 else 9):
            value = add(
                "Tanh", f"{at}/mlp/down", add("MatMul", f"{at}/mlp/down", value, weight(at, 16, 16))
            )
        value = add("Add", at, value, skip)
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 8, 16])
    y = helper.make_tensor_value_info(value, TensorProto.FLOAT, [1, 8, 16])
    graph = helper.make_graph(nodes, "large", [x], [y], weights, value_info=info[:-1])
    save_model(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)]), str(path))
    return len(nodes)


def torch_transformer(layers: int) -> Any:
    """The decoder of ``transformer`` as a module of PyTorch."""
    import torch
    from torch import nn

    class Project(nn.Module):
        """Products with weights, each followed by a bias where there is one and by functions."""

        def __init__(self, *after: str, bias: bool = True, times: int = 1) -> None:
            super().__init__()
            self.after = after
            self.weights = nn.ParameterList(torch.zeros(16, 16) for _ in range(times))
            self.bias = nn.Parameter(torch.zeros(16)) if bias else None

        def forward(self, x: Any) -> Any:
            for weight in self.weights:
                x = x @ weight
                if self.bias is not None:
                    x = x + self.bias
                for name in self.after:
                    # Looked up late: torchvista records what it has replaced in torch.
                    x = getattr(torch, name)(x)
            return x

    class Attention(nn.Module):
        def __init__(self, odd: int) -> None:
            super().__init__()
            last = "clone" if odd else "sigmoid"
            self.query, self.key, self.value = (Project("relu", last) for _ in range(3))
            self.scale = nn.Parameter(torch.ones(1))
            self.output = Project(bias=False)

        def forward(self, x: Any) -> Any:
            query, key, value = self.query(x), self.key(x), self.value(x)
            scores = (query @ key.transpose(1, 2)) / self.scale
            return self.output(torch.softmax(scores, -1) @ value)

    class Mlp(nn.Module):
        def __init__(self, odd: int) -> None:
            super().__init__()
            self.gate, self.up = (Project("tanh", "sin") for _ in range(2))
            self.down = Project("tanh", bias=False, times=8 if odd else 9)

        def forward(self, x: Any) -> Any:
            return self.down(self.gate(x) * self.up(x))

    class Layer(nn.Module):
        def __init__(self, odd: int) -> None:
            super().__init__()
            self.norm1, self.norm2 = nn.LayerNorm(16), nn.LayerNorm(16)
            self.attention, self.mlp = Attention(odd), Mlp(odd)

        def forward(self, x: Any) -> Any:
            x = self.attention(self.norm1(x)) + x
            return self.mlp(self.norm2(x)) + x

    return nn.Sequential(*(Layer(layer % 2) for layer in range(layers))).eval()


def ask(session: Any, expression: str) -> Any:
    """The value of an expression in a page, also in one that does without ``eval``."""
    sent = {"expression": expression, "returnByValue": True, "awaitPromise": True}
    return session.send("Runtime.evaluate", sent)["result"].get("value")


def frames_a_second(page: Any, session: Any) -> float:
    """Frames while the picture is dragged for two seconds."""
    ask(session, COUNT_FRAMES)
    page.mouse.move(300, 400)
    page.mouse.down()
    start = time.monotonic()
    before = ask(session, "frames_")
    step = 0
    while time.monotonic() - start < 2:
        step += 1
        page.mouse.move(300 + step % 80, 400 - step % 200)
    frames = (ask(session, "frames_") - before) / (time.monotonic() - start)
    page.mouse.up()
    return float(frames)


def opened(browser: Any, target: Path, selector: str) -> tuple[Any, Any, float]:
    """A file in the browser, without a network, and the seconds to its first picture."""
    page = browser.new_context(offline=True, viewport=WINDOW).new_page()
    session = page.context.new_cdp_session(page)
    page.add_init_script(WAIT_FOR.replace("SELECTOR", selector))
    start = time.monotonic()
    page.goto(target.as_uri(), timeout=LIMIT * 1000)
    while not ask(session, "window.drawn_"):
        if time.monotonic() - start > LIMIT:
            sys.exit(f"{target.name}: no picture after {LIMIT} s")
        page.wait_for_timeout(10)
    return page, session, ask(session, "drawn_") / 1000


def said_of_opening(session: Any, expression: str, times: int) -> str:
    """How long modules take to open, of as many as there are up to ``times``."""
    found = [taken for _ in range(times) if (taken := ask(session, expression)) >= 0]
    if not found:
        return "all modules are open"
    slowest = f", the slowest in {max(found):.0f}" if len(found) > 1 else ""
    return f"a module opens in {median(found):.0f} ms{slowest}"


def measure_archviz(browser: Any, model: Path, folder: Path, depth: str) -> None:
    from archviz import api

    target = folder / "model.html"
    start = time.perf_counter()
    api.render(model, target, format="html", depth=depth)
    written = time.perf_counter() - start
    page, session, first = opened(browser, target, ".item")
    cards = ask(session, "document.querySelectorAll('.item').length")
    pan = frames_a_second(page, session)
    opens = said_of_opening(session, OPEN_MODULE, 15)
    print(
        f"archviz --depth {depth}: {target.stat().st_size / 1e6:.2f} MB, written in {written:.1f} "
        f"s; first picture {first:.2f} s ({cards} cards); {opens}; {pan:.0f} frames/s"
    )
    page.context.close()


@contextmanager
def netron(python: str, model: Path) -> Any:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    code = (
        f"import netron, time; netron.start({str(model)!r}, ('127.0.0.1', {port}), browse=False)"
        "; time.sleep(1000)"
    )
    process = subprocess.Popen([python, "-c", code], stdout=subprocess.DEVNULL)
    try:
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.kill()


def measure_netron(browser: Any, model: Path, python: str) -> None:
    with netron(python, model) as address:
        page = browser.new_context(viewport=WINDOW).new_page()
        session = page.context.new_cdp_session(page)
        start = time.perf_counter()
        page.goto(address, wait_until="domcontentloaded")
        drawn, asked = 0, ""
        while not drawn and time.perf_counter() - start < LIMIT:
            page.wait_for_timeout(50)
            drawn = ask(session, "document.querySelectorAll('g.node').length")
            if not drawn and ask(session, PRESS_BUTTON):
                asked = ", it asked whether to begin"
        taken = time.perf_counter() - start
        if drawn:
            pan = frames_a_second(page, session)
            print(f"netron: first picture {taken:.1f} s ({drawn} nodes{asked}); {pan:.0f} frames/s")
        else:
            print(f"netron: no picture after {LIMIT} s{asked}")
        page.context.close()


def write_torchvista(layers: int, target: str) -> None:
    """Writes torchvista's page and prints the seconds; run by the interpreter that has it."""
    import torch
    import torchvista

    # It walks along the operations by calling itself, which Python stops after a thousand.
    sys.setrecursionlimit(10**6)
    module, x = torch_transformer(layers), torch.zeros(1, 8, 16)
    start = time.perf_counter()
    torchvista.trace_model(module, x, collapse_modules_after_depth=0, export_path=target)
    print(time.perf_counter() - start)


def measure_torchvista(browser: Any, layers: int, folder: Path, python: str) -> None:
    target = folder / "torchvista.html"
    call = f"write_torchvista({layers}, {str(target)!r})"
    written = float(
        subprocess.run(
            [python, "-c", f"from {Path(__file__).stem} import write_torchvista; {call}"],
            cwd=Path(__file__).parent,
            stdout=subprocess.PIPE,
            check=True,
            text=True,
        ).stdout.split()[-1]
    )
    page, session, first = opened(browser, target, "[class^=node_]")
    nodes = ask(session, "document.querySelectorAll('[class^=node_]').length")
    pan = frames_a_second(page, session)
    opens = said_of_opening(session, OPEN_IN_TORCHVISTA, 1)
    print(
        f"torchvista: {target.stat().st_size / 1e6:.2f} MB, written in {written:.1f} s; "
        f"first picture {first:.2f} s ({nodes} nodes); {opens}; {pan:.0f} frames/s"
    )
    page.context.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--layers", type=int, default=208)
    parser.add_argument("--netron", default="")
    parser.add_argument("--torchvista", default="")
    given = parser.parse_args()
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium")
    if not chromium:
        sys.exit("there is no chromium")
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        model = folder / "large.onnx"
        count = transformer(given.layers, model)
        busy = (
            f", load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
            if os.name == "posix"
            else ""
        )
        print(f"{count:,} operations{busy}")
        browser = playwright.chromium.launch(executable_path=chromium, args=BROWSER)
        for depth in ("auto", "all"):
            measure_archviz(browser, model, folder, depth)
        if given.netron:
            measure_netron(browser, model, given.netron)
        if given.torchvista:
            measure_torchvista(browser, given.layers, folder, given.torchvista)
        browser.close()


if __name__ == "__main__":
    main()
