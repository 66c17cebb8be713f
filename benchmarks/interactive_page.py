"""How large and how quick the page of a model of 10,000 operations is, beside Netron's.

    python benchmarks/interactive_page.py [--netron PYTHON] [--layers 250]

Needs playwright and chromium; PYTHON is an interpreter that has netron. Both pages show the same
ONNX file in the same browser, one after the other: when the first picture is there, how long it
takes to open a module until that is on the screen, how many frames a second a drag gets. On a busy
machine all of it takes longer; the load is printed. Netron draws every operation at once.
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

from archviz import api

BROWSER = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
LIMIT = 180
"""Seconds after which a page has not made it."""


WINDOW: Any = {"width": 1280, "height": 800}

COUNT_FRAMES = """(() => {
  window.frames_ = 0;
  const tick = () => { frames_++; requestAnimationFrame(tick); };
  requestAnimationFrame(tick);
})()"""

WAIT_FOR_CARDS = """new MutationObserver((_, observer) => {
  if (!document.querySelector('.item')) return;
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


def measure_archviz(browser: Any, model: Path, folder: Path, depth: str) -> None:
    target = folder / "model.html"
    start = time.perf_counter()
    api.render(model, target, format="html", depth=depth)
    written = time.perf_counter() - start
    page = browser.new_context(offline=True, viewport=WINDOW).new_page()
    session = page.context.new_cdp_session(page)
    page.add_init_script(WAIT_FOR_CARDS)
    page.goto(target.as_uri())
    while not ask(session, "window.drawn_"):
        page.wait_for_timeout(10)
    first = ask(session, "drawn_") / 1000
    cards = ask(session, "document.querySelectorAll('.item').length")
    pan = frames_a_second(page, session)
    times = [found for _ in range(15) if (found := ask(session, OPEN_MODULE)) >= 0]
    opens = "all modules are open"
    if times:
        opens = f"a module opens in {median(times):.0f} ms, the slowest in {max(times):.0f}"
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--layers", type=int, default=208)
    parser.add_argument("--netron", default="")
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
        browser.close()


if __name__ == "__main__":
    main()
