// What the reader does: choose, search, trace, open and close, export; by mouse, touch and keys.
const $ = id => document.getElementById(id);
const details = $('details'), crumbs = $('crumbs'), query = $('query'), hits = $('hits'), notice = $('notice'), tools = $('tools'), help = $('help');
let chosen = null, trace = null, hitMarks = [], noticeTimer = 0;

function html(tag, parent, text, attributes = {}) {
  const element = document.createElement(tag);
  for (const key in attributes) element.setAttribute(key, attributes[key]);
  if (text !== undefined) element.textContent = text;
  if (parent) parent.appendChild(element);
  return element;
}
function button(parent, text, label, action) {
  const element = html('button', parent, text, { type: 'button' });
  if (label) element.title = label;
  if (label && text.length < 4) element.setAttribute('aria-label', label);
  element.addEventListener('click', action);
  return element;
}
function say(text) {
  notice.textContent = text;
  clearTimeout(noticeTimer);
  noticeTimer = setTimeout(() => { notice.textContent = ''; }, 6000);
}

// Opening and closing, with at most so many cards drawn.
function toggle(item, open = !item.open) {
  if (!item.isModule || item === page || item.open === open) return;
  setOpen(item, open);
  item.openedAt = performance.now();
  if (open && count(visible()) > MOST_DRAWN) {
    setOpen(item, false);
    return say(`Opening this would draw more than ${MOST_DRAWN.toLocaleString('en')} cards: close other modules first (c).`);
  }
  update(item);
}
function setAll(open, from = page) {
  let drawn = count(visible()), isWhole = true, level = childrenOf(from);
  if (from.isModule && from !== page) { setOpen(from, open); if (open) drawn += from.cell[0].length; }
  if (!open) {
    const close = item => { for (const child of item.children || []) if (child.isModule) { setOpen(child, false); close(child); } };
    close(from);
  }
  while (open && level.length) {
    const next = [];
    for (const item of level) {
      if (!item.isModule) continue;
      if (!item.open && drawn + item.cell[0].length > MOST_DRAWN) { isWhole = false; continue; }
      if (!item.open) drawn += item.cell[0].length;
      setOpen(item, true);
      next.push(...childrenOf(item));
    }
    level = next;
  }
  const kept = chosen && nearestShown(chosen);
  if (kept !== chosen) choose(kept, { quiet: true });
  update(from === page ? null : from);
  if (from === page) fitView();
  if (!isWhole) say(`Too many cards to draw at once: some modules stay closed after ${MOST_DRAWN.toLocaleString('en')}.`);
}
const nearestShown = item => { let found = item; for (const up of around(item)) if (!up.open) { found = up; break; } return found; };
function reveal(item) {
  const closed = around(item).filter(up => !up.open);
  closed.forEach(up => setOpen(up, true));
  if (closed.length || !item.dom) update();
}

// Choosing: the details panel, the breadcrumb and the address follow.
function choose(item, { focus = true, quiet = false, move = true } = {}) {
  if (chosen && chosen.dom) { chosen.dom.classList.remove('chosen'); chosen.handle.removeAttribute('aria-selected'); }
  chosen = item;
  if (trace && item && trace.follows) setTrace(item);
  paintSelection();
  showDetails();
  showCrumbs();
  if (!quiet) {
    try { history.replaceState(null, '', item ? `#${item.id.split('/').map(encodeURIComponent).join('/')}` : '#'); } catch { /* a frame without an address */ }
  }
  if (!item) return;
  if (move) center(item);
  if (focus && item.handle) item.handle.focus({ preventScroll: true });
}
function paintSelection() {
  for (const element of world.querySelectorAll('.handle[tabindex="0"]')) element.setAttribute('tabindex', -1);
  const first = chosen && chosen.dom ? chosen : childrenOf(page)[0];
  if (first && first.dom) { first.handle.setAttribute('tabindex', 0); svg.setAttribute('tabindex', -1); }
  if (chosen && chosen.dom) { chosen.dom.classList.add('chosen'); chosen.handle.setAttribute('aria-selected', true); }
  for (const item of hitMarks) if (item.dom) item.dom.classList.add('hit');
}
function goTo(item) { reveal(item); choose(item); }

function showCrumbs() {
  crumbs.replaceChildren();
  button(crumbs, data.title, 'The whole model', () => { choose(null); fitView(); });
  for (const up of chosen ? [...around(chosen), chosen] : []) {
    html('span', crumbs, ' › ', { 'aria-hidden': true });
    const own = up.isModule ? up.path.slice(up.parent.path.length).join('.') : nameOf(up);
    button(crumbs, own, '', () => goTo(up)).toggleAttribute('aria-current', up === chosen);
  }
}

function showDetails() {
  details.replaceChildren();
  if (!chosen) {
    html('h2', details, data.title);
    html('p', details, svg.getAttribute('aria-label'));
    showOverlay();
    return showSections(data.about.map(i => data.sections[i]), []);
  }
  const item = chosen;
  html('h2', details, item.isModule ? item.titles[0][0] : typeOf(item));
  html('p', details, item.id);
  const row = html('ul', details);
  if (item.isModule) button(html('li', row), item.open ? 'Close' : 'Open', '', () => { toggle(item); showDetails(); });
  const tracing = button(html('li', row), 'Trace path', 'Highlight all ways from the inputs and to the outputs (p)', () => setTrace(trace ? null : item));
  tracing.setAttribute('aria-pressed', !!trace);
  showSections(sectionsOf(item).map(section => (item.card[0] !== 'pill' && /^(In|Out)puts$/.test(section[0]) ? named(section, item) : section)), item.path);
  for (const [title, down] of [['From', false], ['To', true]]) {
    const found = item.isModule ? moduleNeighbours(item, down) : neighbours(item, down);
    if (!item.isModule && !down && item.source && find(item.source)) found.unshift(find(item.source));
    if (!found.length) continue;
    html('h3', details, title);
    const list = html('ul', details);
    for (const other of found.slice(0, 12)) button(html('li', list), `${typeOf(other)} ${other.isModule ? '' : nameOf(other)}`.trim().slice(0, 80), other.id.slice(0, 200), () => goTo(other));
    if (found.length > 12) html('li', list, `and ${found.length - 12} more`);
  }
}
// What an overlay found: the legend over the picture, and in the details what is cut or bad.
function drawLegend() {
  if (!data.legend || !data.legend.length) return;
  const box = html('div', stage, undefined, { id: 'legend' });
  for (const [text, state, sign] of data.legend) {
    const sample = make('svg', { width: 34, height: 16, viewBox: '0 0 34 16', 'aria-hidden': true }, html('span', box));
    if (sign) make('path', { d: data.signs[sign], class: `sign-${state}`, transform: 'translate(24 8)' }, sample);
    else if (state === 'off') rect([1, 2, 32, 12, 4], 'ring-off', sample);
    else make('path', { d: 'M0 8L34 8', class: `edge edge-${state}` }, sample);
    sample.parentNode.append(text);
  }
}
function showOverlay() {
  if (!data.legend) return;
  const marked = [...everything()].filter(item => !item.isModule && (item.badge || item.state === 'bad')).sort((a, b) => !a.badge - !b.badge);
  if (marked.length) {
    html('h3', details, data.legend.find(entry => entry[1] === 'bad')?.[0] || 'marked');
    const list = html('ul', details);
    for (const item of marked.slice(0, 20)) button(html('li', list), `${item.badge ? '✂ ' : ''}${typeOf(item)} ${nameOf(item)}`.slice(0, 80), item.id.slice(0, 200), () => goTo(item));
    if (marked.length > 20) html('li', list, `and ${marked.length - 20} more`);
  }
  for (const note of data.notes) html('p', details, note);
}
// Outputs are named after their node where "$" stands; inputs as they are where they are made, when
// that is certain.
function outputsOf(item) {
  return sectionsOf(item).filter(([title]) => title === 'Outputs' || title === 'Value')
    .flatMap(([title, rows]) => rows.map(([name]) => absolute(title === 'Value' ? name : name.replace(/\$\$|\$/g, m => (m === '$' ? nameOf(item) : '$')), item.path)));
}
function named([title, rows], item) {
  if (title === 'Outputs') { const names = outputsOf(item); return [title, rows.map(([, type], i) => [`=${names[i]}`, type])]; }
  const names = neighbours(item, false).flatMap(outputsOf), isCertain = names.length === rows.length;
  return [title, rows.map(([, type], i) => [isCertain ? `=${names[i]}` : `input ${i + 1}`, type])];
}
function moduleNeighbours(item, down) {
  const found = new Set();
  follow(item.parent, down ? arcsFrom(item) : arcsTo(item), down, () => true, leaf => found.add(leaf));
  return [...found];
}
function showSections(sections, path) {
  for (const [title, rows] of sections) {
    html('h3', details, title);
    const list = html('dl', details);
    for (const [name, value] of rows) {
      html('dt', list, absolute(name, path), value === undefined || value === '' ? { class: 'wide' } : {});
      if (value !== undefined && value !== '') html('dd', list, absolute(value, path));
    }
  }
}

// Tracing: all ways that lead to something, and on from it.
function setTrace(item, cell, arcs) {
  for (const where of trace ? trace.cells : []) where.lit = null;
  trace = null;
  if (item || arcs) {
    const home = cell || item.parent;
    const up = reachable(home, arcs || arcsTo(item), false), down = reachable(home, arcs || arcsFrom(item), true);
    const cells = new Set([...up.pieces.keys(), ...down.pieces.keys()]), lit = new Set([...up.leaves, ...down.leaves]);
    if (item) { lit.add(item); if (item.isModule) for (const inner of everything(item)) lit.add(inner); }
    for (const where of cells) {
      where.lit = new Map();
      for (const i of up.pieces.get(where) || []) where.lit.set(i, 'up');
      for (const i of down.pieces.get(where) || []) where.lit.set(i, where.lit.has(i) ? 'both' : 'down');
    }
    if (item && item.isModule) for (const inner of [item, ...everything(item)]) if (inner.isModule) {
      inner.lit = new Map(inner.cell[1].map((_, i) => [i, 'both']));
      cells.add(inner);
    }
    for (const leaf of [...lit]) for (const outer of around(leaf)) lit.add(outer);
    trace = { cells, lit, follows: !!item };
    say(`${up.leaves.size} before, ${down.leaves.size} after`);
  }
  paintTrace();
  const pressed = details.querySelector('[aria-pressed]');
  if (pressed) pressed.setAttribute('aria-pressed', !!trace);
}
function paintTrace() {
  if (!trace && !svg.classList.contains('tracing')) return;
  svg.classList.toggle('tracing', !!trace);
  const paint = cell => {
    if (cell.edges) cell.edges.forEach((edge, i) => edge.setAttribute('class', trace && cell.lit && cell.lit.has(i) ? `arc ${cell.lit.get(i)}` : 'arc'));
    for (const child of childrenOf(cell)) {
      if (!child.dom) continue;
      child.dom.classList.toggle('lit', !!(trace && trace.lit.has(child)));
      if (child.isModule && child.open) paint(child);
    }
  };
  paint(page);
}
// The edge nearest to a place on the screen, if one is near.
function edgeAt(clientX, clientY) {
  const box = svg.getBoundingClientRect(), px = (clientX - box.left - camera.x) / camera.k, py = (clientY - box.top - camera.y) / camera.k;
  let best = null, least = 8 / camera.k;
  const look = (cell, x, y) => {
    (cell.ways || []).forEach((points, i) => points.slice(1).forEach((p, k) => {
      const q = points[k], dx = max(min(p[0], q[0]) + x - px, px - max(p[0], q[0]) - x, 0), dy = max(min(p[1], q[1]) + y - py, py - max(p[1], q[1]) - y, 0);
      const away = Math.hypot(dx, dy);
      if (away < least) { least = away; best = { cell, arc: i }; }
    }));
    for (const child of childrenOf(cell)) if (child.isModule && child.open && child.at) look(child, x + child.at[0], y + child.at[1]);
  };
  look(page, 0, 0);
  return best;
}
function chooseValue({ cell, arc }) {
  const makers = new Set(), net = cell.cell[1][arc][4];
  follow(cell, [arc], false, () => true, leaf => makers.add(leaf));
  const [maker] = makers;
  if (maker) choose(maker, { focus: false, move: false });
  setTrace(null, cell, cell.cell[1].map((a, i) => i).filter(i => cell.cell[1][i][4] === net));
  if (maker) say(`Value of ${typeOf(maker)} ${nameOf(maker)}; Esc to clear`);
}

// Search: words in names, operators and classes; the hits open what they are in.
let found = [], current = -1;
function searchFor(text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  for (const item of hitMarks) if (item.dom) item.dom.classList.remove('hit');
  found = [];
  let total = 0;
  if (words.length) {
    const last = words[words.length - 1], scored = [];
    for (const item of allItems().values()) {
      if (item.text === undefined) item.text = `${item.id} ${item.isModule ? item.titles[1][0] : typeOf(item)}`.toLowerCase();
      if (!words.every(word => item.text.includes(word))) continue;
      total++;
      const name = nameOf(item).toLowerCase(), type = typeOf(item).toLowerCase();
      if (scored.length < 2000) scored.push([name === last || type === last ? 0 : name.startsWith(last) || type.startsWith(last) ? 1 : 2, item.isModule ? 0 : 1, scored.length, item]);
    }
    found = scored.sort(compare).slice(0, 40).map(entry => entry[3]);
    const direct = found.length ? null : find(text.trim());
    if (direct) { found = [direct]; total = 1; }
  }
  hitMarks = found;
  paintSelection();
  hits.replaceChildren();
  found.forEach((item, i) => {
    const row = html('li', hits, typeOf(item) + ' ', { role: 'option', id: `hit${i}`, 'aria-selected': false });
    html('small', row, item.id.length > 160 ? `…${item.id.slice(-160)}` : item.id);
    row.addEventListener('pointerdown', event => { event.preventDefault(); takeHit(i); });
  });
  if (words.length && !found.length) html('li', hits, 'Nothing found', { role: 'option', 'aria-selected': false, 'aria-disabled': true });
  hits.hidden = !words.length;
  query.setAttribute('aria-expanded', !hits.hidden);
  current = -1;
  query.removeAttribute('aria-activedescendant');
  if (words.length) say(total === 1 ? '1 found' : `${total.toLocaleString('en')} found`);
}
function moveHit(by) {
  if (!found.length) return;
  if (current >= 0) hits.children[current].setAttribute('aria-selected', false);
  current = (current + by + found.length) % found.length;
  hits.children[current].setAttribute('aria-selected', true);
  hits.children[current].scrollIntoView({ block: 'nearest' });
  query.setAttribute('aria-activedescendant', `hit${current}`);
}
function closeHits() { hits.hidden = true; query.setAttribute('aria-expanded', false); }
function takeHit(i) { if (!found[i]) return; closeHits(); goTo(found[i]); }
query.addEventListener('input', () => searchFor(query.value));
query.addEventListener('focus', () => { if (query.value) searchFor(query.value); });
query.addEventListener('blur', closeHits);
query.addEventListener('keydown', event => {
  if (event.key === 'ArrowDown') moveHit(1);
  else if (event.key === 'ArrowUp') moveHit(-1);
  else if (event.key === 'Enter') takeHit(max(current, 0));
  else if (event.key === 'Escape') { query.value = ''; searchFor(''); (chosen && chosen.handle ? chosen.handle : svg).focus(); }
  else return;
  event.preventDefault();
  event.stopPropagation();
});

// Export: the picture as it is now, with its colours written out, for any program.
function pictureNow() {
  const { w, h } = layoutOf(page), copy = make('svg', { xmlns: SVG, width: w + 2 * MARGIN, height: h + 2 * MARGIN, viewBox: `${-MARGIN} ${-MARGIN} ${w + 2 * MARGIN} ${h + 2 * MARGIN}` });
  const sheet = getComputedStyle(document.documentElement);
  make('title', {}, copy, data.title);
  copy.setAttribute('font-family', "Helvetica, Arial, 'Liberation Sans', sans-serif");
  make('rect', { x: -MARGIN, y: -MARGIN, width: w + 2 * MARGIN, height: h + 2 * MARGIN, fill: sheet.getPropertyValue('--page') }, copy);
  svg.classList.remove('far');
  const looks = new Map();
  const clone = (from, into) => {
    if (from.localName === 'title') return;
    const style = getComputedStyle(from), isDrawn = from.localName !== 'g';
    if (isDrawn && from.classList.contains('ring') && style.stroke === 'none') return;
    const to = make(from.localName, {}, into, from.localName === 'text' ? from.textContent : undefined);
    for (const name of ['d', 'x', 'y', 'width', 'height', 'rx', 'cx', 'cy', 'r', 'transform', 'font-size', 'text-anchor']) if (from.hasAttribute(name)) to.setAttribute(name, from.getAttribute(name));
    if (style.opacity !== '1') to.setAttribute('opacity', style.opacity);
    if (isDrawn) {
      const key = `${from.localName} ${from.getAttribute('class')} ${from.closest('.arc,.item')?.getAttribute('class')}`;
      const look = group(looks, key, () => ({ fill: style.fill, stroke: style.stroke, 'stroke-width': style.strokeWidth.replace('px', ''), 'stroke-dasharray': style.strokeDasharray.replaceAll('px', ''), 'font-weight': style.fontWeight }));
      for (const name in look) {
        if (name.startsWith('stroke') && look.stroke === 'none') continue;
        if (name === 'stroke-dasharray' && look[name] === 'none') continue;
        if (name === 'font-weight' && (from.localName !== 'text' || look[name] === '400')) continue;
        to.setAttribute(name, look[name]);
      }
    }
    for (const child of from.children) if (isDrawn === false) clone(child, to);
  };
  for (const child of world.children) clone(child, copy);
  svg.classList.toggle('far', camera.k < FAR);
  return new XMLSerializer().serializeToString(copy);
}
function download(blob, suffix) {
  const link = html('a', document.body, undefined, { download: `${data.title.replace(/[^\w.-]+/g, '_').slice(0, 80) || 'model'}.${suffix}`, hidden: '' });
  link.href = URL.createObjectURL(blob);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
const exportSvg = () => { download(new Blob([pictureNow()], { type: 'image/svg+xml' }), 'svg'); say('SVG saved'); };
function exportPng() {
  const { w, h } = layoutOf(page), k = min(2, 8000 / (w + 32), 8000 / (h + 32)), image = new Image(), url = URL.createObjectURL(new Blob([pictureNow()], { type: 'image/svg+xml' }));
  image.onload = () => {
    const canvas = Object.assign(document.createElement('canvas'), { width: ceil((w + 32) * k), height: ceil((h + 32) * k) });
    canvas.getContext('2d').drawImage(image, 0, 0, canvas.width, canvas.height);
    URL.revokeObjectURL(url);
    canvas.toBlob(blob => { download(blob, 'png'); say('PNG saved'); });
  };
  image.onerror = () => say('The picture is too large for a PNG here; save an SVG instead.');
  image.src = url;
}

const isDark = () => (document.documentElement.dataset.theme || (dark.matches ? 'dark' : 'light')) === 'dark';
function switchTheme() { document.documentElement.dataset.theme = isDark() ? 'light' : 'dark'; readColors(); applyCamera(); say(isDark() ? 'Dark' : 'Light'); }
dark.addEventListener('change', () => { readColors(); applyCamera(); });
const setPanel = shown => { details.hidden = !shown; buttons.d.setAttribute('aria-pressed', shown); applyCamera(); };

// Every command has a key; those with a sign also have a button.
const commands = [
  ['/', '', 'Search', () => { query.focus(); query.select(); }],
  ['e', '⊞', 'Open everything, or all inside the chosen module', () => setAll(true, chosen && chosen.isModule ? chosen : page)],
  ['c', '⊟', 'Close everything, or all inside the chosen module', () => setAll(false, chosen && chosen.isModule ? chosen : page)],
  ['0', '⤢', 'Show the whole model', () => fitView()],
  ['+', '+', 'Zoom in', () => zoomAt(1.3)],
  ['-', '−', 'Zoom out', () => zoomAt(1 / 1.3)],
  ['p', '⇅', 'Trace the path of the chosen node to inputs and outputs', () => { if (trace) setTrace(null); else if (chosen) setTrace(chosen); else say('Choose a node first, then trace its path.'); }],
  ['d', 'i', 'Show or hide details', () => setPanel(details.hidden)],
  ['m', '', 'Show or hide the minimap', () => { minimap.hidden = !minimap.hidden; readRoom(); applyCamera(); }],
  ['t', '◐', 'Light or dark', switchTheme],
  ['s', 'SVG', 'Save the picture as SVG', exportSvg],
  ['g', 'PNG', 'Save the picture as PNG', exportPng],
  ['?', '?', 'Keys, mouse and touch', () => help.showModal()],
];
const buttons = {};
for (const [key, sign, text, action] of commands) if (sign) buttons[key] = button(tools, sign, `${text} (${key})`, action);

const visibleList = () => [...visible()];
function step2(by) {
  const list = visibleList(), at = chosen ? list.indexOf(chosen) : -1, next = list[min(max(at + by, 0), list.length - 1)];
  if (next) choose(next);
}
function along(down) {
  if (!chosen) return step2(1);
  const next = (chosen.isModule ? moduleNeighbours(chosen, down) : neighbours(chosen, down)).map(nearestShown)[0];
  if (next) choose(next);
  else say(down ? 'Nothing comes after this.' : 'Nothing comes before this.');
}
const keys = {
  ArrowDown: () => step2(1), ArrowUp: () => step2(-1),
  ArrowRight: () => { if (!chosen) return step2(1); if (chosen.isModule && !chosen.open) { toggle(chosen, true); showDetails(); } else if (chosen.isModule) choose(childrenOf(chosen)[0]); else along(true); },
  ArrowLeft: () => { if (!chosen) return; if (chosen.isModule && chosen.open) { toggle(chosen, false); showDetails(); } else if (chosen.parent !== page) choose(chosen.parent); },
  Enter: () => { if (chosen && chosen.isModule) { toggle(chosen); showDetails(); } else if (chosen && chosen.source && find(chosen.source)) goTo(find(chosen.source)); else if (chosen) { setPanel(true); details.focus(); } },
  Home: () => choose(visibleList()[0]), End: () => choose(visibleList().pop()),
  ']': () => along(true), '[': () => along(false), '=': () => zoomAt(1.3),
  Escape: () => { if (trace) setTrace(null); else if (chosen) choose(null, { focus: false }); },
};
keys[' '] = keys.Enter;
for (const [key, , , action] of commands) keys[key] = action;
// Focus that comes by a pointer leaves the picture where it is: the click is still to come.
let byKeys = true;
document.addEventListener('pointerdown', () => { byKeys = false; }, true);
document.addEventListener('keydown', () => { byKeys = true; }, true);
document.addEventListener('keydown', event => {
  if (event.ctrlKey || event.metaKey || event.altKey || help.open) return;
  const target = event.target, inPicture = target === document.body || svg.contains(target);
  if (target.matches('input')) return;
  if (!inPicture && (['Enter', ' '].includes(event.key) || (event.key.startsWith('Arrow') && details.contains(target)))) return;
  if (event.shiftKey && event.key.startsWith('Arrow')) {
    const [dx, dy] = { ArrowLeft: [80, 0], ArrowRight: [-80, 0], ArrowUp: [0, 80], ArrowDown: [0, -80] }[event.key];
    panBy(dx, dy);
  } else if (keys[event.key]) keys[event.key]();
  else return;
  event.preventDefault();
});

const lines = [
  ['↑ ↓', 'The node before, the next one'], ['→', 'Open a module, then go inside it; from a node, to what follows'], ['←', 'Close a module, or go to the one around'],
  ['Enter, Space', 'Open or close the chosen module'], ['[ ]', 'Follow the value back, or on'], ['Shift + arrows', 'Move the picture'], ['Home, End', 'The first and the last node'], ['Esc', 'Clear the path, then the choice'],
  ...commands.map(([key, , text]) => [key, text]),
  ['Click', 'On a closed module: open it. On a node: its details. On an edge: the path of its value'], ['▾, double click', 'On an open module’s header: close it'],
  ['Drag, wheel, pinch', 'Move and zoom'],
];
const helpList = html('dl', $('help-text'));
for (const [key, text] of lines) { html('kbd', html('dt', helpList), key); html('dd', helpList, text); }

svg.addEventListener('click', event => {
  if (travelled > 4) return;
  const element = event.target.closest('.item'), item = element && element.item, isFrame = item && item.isModule && item.open;
  if (isFrame && event.target.closest('.knob')) { toggle(item, false); return choose(item, { move: false }); }
  if (!item || isFrame) {
    const edge = edgeAt(event.clientX, event.clientY);
    if (edge) return chooseValue(edge);
  }
  if (!item) return choose(null);
  if (item.isModule && !item.open) toggle(item, true);
  choose(item, { move: false });
});
svg.addEventListener('dblclick', event => {
  const element = event.target.closest('.item'), item = element && element.item;
  if (!item || !item.isModule || !item.open || event.timeStamp - item.openedAt < 600) return;
  const box = svg.getBoundingClientRect(), [, y] = screenBox(item);
  if (event.clientY - box.top - y > 32 * camera.k) return;
  toggle(item, false);
});
world.addEventListener('focusin', event => { const { item } = event.target.parentNode; if (item && item !== chosen) choose(item, { focus: false, move: byKeys }); });
svg.addEventListener('focus', () => { if (!chosen && byKeys) svg.querySelector('.handle')?.focus(); });

function followAddress() {
  let name = location.hash.slice(1);
  try { name = decodeURIComponent(name); } catch { /* taken as it is */ }
  const item = name && find(name);
  if (item) { reveal(item); choose(item, { quiet: true }); center(item, true); }
  else if (name) say(`There is no ${name.slice(0, 80)} in this model.`);
  return !!item;
}
addEventListener('hashchange', followAddress);
// A frame inside another page may have no size yet when its scripts run.
let hasRoom = svg.clientWidth > 0;
new ResizeObserver(() => {
  readRoom();
  if (hasRoom || !room.across) { applyCamera(); return; }
  hasRoom = true;
  firstView();
}).observe(svg);

const isWhole = openTo(data.depth === 'auto' || data.depth === 'all' ? Infinity : +data.depth, data.depth === 'auto' ? 60 : 300);
if (!isWhole && data.depth !== 'auto') say('Some modules are closed to keep the picture readable; e opens all.');
if (innerWidth < 760) details.hidden = true;
buttons.d.setAttribute('aria-pressed', !details.hidden);
update();
firstView();
showDetails();
showCrumbs();
drawLegend();
followAddress();

// For tests, and for pages that hold this one: what is open, and where everything is.
window.archviz = {
  find, choose: name => { const item = find(name); if (item) goTo(item); return !!item; },
  isSettled: () => world.classList.contains('settled') && !moving,
  setOpen(paths) {
    const wanted = new Set(paths);
    for (const item of everything()) if (item.isModule) setOpen(item, wanted.has(placeOf(item)));
    update();
  },
  geometry() {
    const areas = {}, routes = {}, labels = {};
    const look = (cell, x, y) => {
      const layout = layoutOf(cell), key = placeOf(cell);
      layout.routes.forEach((points, i) => { routes[`${key}:${i}`] = points.map(([a, b]) => [a + x, b + y]); });
      layout.labels.forEach((area, i) => { if (area) labels[`${key}:${i}`] = [area[0] + x, area[1] + y, area[2], area[3]]; });
      childrenOf(cell).forEach((child, i) => {
        const [dx, dy] = layout.corners[i], { w, h } = child.isModule && child.open ? layoutOf(child) : sizeOf(child);
        areas[placeOf(child)] = [x + dx, y + dy, w, h];
        if (child.isModule && child.open) look(child, x + dx, y + dy);
      });
    };
    look(page, 0, 0);
    return { areas, routes, labels };
  },
};
// Where an item is in the tree, by the places of what is around it: "0.3.1".
function placeOf(item) { return item === page ? '' : item.parent === page ? String(item.index) : `${placeOf(item.parent)}.${item.index}`; }
