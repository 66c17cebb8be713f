// The model as a tree of items: modules, which open and close, and leaves. Items are made when they
// are first looked at; what equal modules have in common stays in the page's tables.
const data = JSON.parse(document.getElementById('model').textContent);
const MOST_DRAWN = 3000, MARGIN = 16, LABEL_HEIGHT = 12;

// A text that was written relative to a module's path; see archviz/renderers/html/tables.py.
function absolute(text, path) {
  const rest = text.slice(1);
  if (text[0] === '~') return [...path, rest].join('/');
  if (text[0] === '^') return [...path, rest].join('.');
  if (text[0] === '=') return rest;
  if (text[0] !== '%') return text;
  return (rest[0] === '/' ? '/' : '') + path.map((part, i) => part + rest[i + 1]).join('') + rest.slice(path.length + 1);
}

// Children, then what joins them: arcs, the inlet of the spine, parts of the layout.
const cellOf = number => { const [children, wiring] = data.cells[number]; return [children, ...data.wirings[wiring]]; };

function makeItem(ref, parent, index) {
  const item = { parent, index, depth: parent ? parent.depth + 1 : 0, dom: null, lit: null };
  if (ref < 0) {
    const [cell, card, names, titles, [header, width], sections, last, state = '', badge = ''] = data.modules[-1 - ref];
    Object.assign(item, { isModule: true, state, badge, cell: cellOf(cell), card: data.cards[card], titles, header, width, sections, last, open: false });
    item.path = [...parent.path, ...names];
    item.id = item.path.join('/');
  } else {
    const [card, name, sections, source = '', severity = '', state = '', badge = ''] = data.leaves[ref];
    Object.assign(item, { card: data.cards[card], sections, source, severity, state, badge, path: parent.path });
    item.id = absolute(name, parent.path);
  }
  return item;
}

const page = { isModule: true, cell: cellOf(data.root), path: [], id: '', depth: -1, open: true, parent: null, index: -1, header: 0, width: 0, dom: null, lit: null };

function childrenOf(item) {
  if (!item.children) item.children = item.cell[0].map((ref, i) => makeItem(ref, item, i));
  return item.children;
}

function* everything(item = page) {
  for (const child of childrenOf(item)) {
    yield child;
    if (child.isModule) yield* everything(child);
  }
}

function* visible(item = page) {
  for (const child of childrenOf(item)) {
    yield child;
    if (child.isModule && child.open) yield* visible(child);
  }
}

const count = iterator => { let n = 0; for (const _ of iterator) n++; return n; };
const around = item => { const found = []; for (let up = item.parent; up && up !== page; up = up.parent) found.unshift(up); return found; };
const isShown = item => around(item).every(up => up.open);
const nameOf = item => item.id.split('/').pop() || item.id;
const typeOf = item => (item.card ? item.card[4].map(t => data.texts[t][3])[0] || item.card[5] : '');
const sectionsOf = item => item.sections.map(i => data.sections[i]);

// Layout of what is visible, kept as long as nothing inside changes.
function layoutOf(item) {
  if (item.layout) return item.layout;
  const [, arcs, head, parts] = item.cell, children = childrenOf(item);
  const sizes = children.map(child => {
    if (!child.isModule || !child.open) return { w: child.card[1], h: child.card[2], ins: null, outs: null };
    const inner = layoutOf(child);
    return { w: inner.w, h: inner.h, ins: inner.ins, outs: inner.outs };
  });
  const labelled = arcs.map(arc => {
    const target = children[arc[2]], label = arc[5] >= 0 && !(target && target.isModule && target.open) ? data.labels[arc[5]] : null;
    return [arc[0], arc[1], arc[2], arc[3], arc[4], label ? [label[1], LABEL_HEIGHT] : null];
  });
  const border = { before: item.header, isPage: item === page, width: item.width };
  item.layout = layCell(sizes, labelled, head, parts, border);
  return item.layout;
}

function setOpen(item, open) {
  if (!item.isModule || item === page || item.open === open) return;
  item.open = open;
  for (let up = item; up; up = up.parent) up.layout = null;
}

// Where values come from and go to, through the borders of modules.
function arcsFrom(item) { const found = []; item.parent.cell[1].forEach((arc, i) => { if (arc[0] === item.index) found.push(i); }); return found; }
function arcsTo(item) { const found = []; item.parent.cell[1].forEach((arc, i) => { if (arc[2] === item.index) found.push(i); }); return found; }

// Follows arcs of a cell down (or up) to leaves; calls visit(cell, arc) on each piece.
function follow(cell, start, down, visit, reach) {
  const pending = start.map(arc => [cell, arc]);
  for (const [where, index] of pending) {
    if (visit(where, index) === false) continue;
    const arc = where.cell[1][index], end = down ? arc[2] : arc[0], port = down ? arc[3] : arc[1];
    if (end < 0) {
      for (const i of down ? arcsFrom(where) : arcsTo(where)) if (where.parent.cell[1][i][down ? 1 : 3] === port) pending.push([where.parent, i]);
      continue;
    }
    const child = childrenOf(where)[end];
    if (!child.isModule) { reach(child); continue; }
    child.cell[1].forEach((inner, i) => {
      if (down ? inner[0] === INLET && inner[1] === port : inner[2] === OUTLET && inner[3] === port) pending.push([child, i]);
    });
  }
}

function neighbours(item, down) {
  const found = new Set();
  follow(item.parent, down ? arcsFrom(item) : arcsTo(item), down, () => true, leaf => found.add(leaf));
  return [...found];
}

// All pieces of arcs and leaves on ways from (or to) some arcs, as a Map from cell to arcs.
function reachable(cell, start, down) {
  const pieces = new Map(), leaves = new Set();
  const visit = (where, i) => { const own = group(pieces, where, () => new Set()); if (own.has(i)) return false; own.add(i); return true; };
  const pending = [[cell, start]];
  const reach = leaf => {
    if (leaves.has(leaf)) return;
    leaves.add(leaf);
    pending.push([leaf.parent, down ? arcsFrom(leaf) : arcsTo(leaf)]);
    // A value that many layers take is drawn as stubs, which name the node that makes it.
    if (!down && leaf.source) { const maker = find(leaf.source); if (maker && !maker.isModule) reach(maker); }
  };
  while (pending.length) follow(...pending.pop(), down, visit, reach);
  return { pieces, leaves };
}

let index = null;
function allItems() {
  if (!index) {
    index = new Map();
    for (const item of everything()) if (!index.has(item.id)) index.set(item.id, item);
  }
  return index;
}

// The item of an id or of a module's path; one inside a folded run is found in the copy drawn.
function find(name) {
  const known = allItems(), exact = known.get(name) || known.get(name.replaceAll('.', '/'));
  if (exact) return exact;
  const parts = name.includes('/') ? name.split('/') : name.split('.');
  for (const [id, item] of known) if (id.startsWith(`${parts.join('/')}/`)) return item;
  let here = page, found = null;
  for (let i = 0; i < parts.length;) {
    const next = childrenOf(here).find(child => child.isModule && covers(child, parts, here.path.length));
    if (!next) break;
    found = here = next;
    i = next.path.length;
  }
  return found;
}

function covers(item, parts, from) {
  return item.path.slice(from).every((name, i) => {
    const wanted = parts[from + i], isLast = from + i === item.path.length - 1;
    return name === wanted || (isLast && item.last !== '' && +name <= +wanted && +wanted <= +item.last);
  });
}

// Opens modules from the outside in, those of one class together, while at most so many are drawn.
function openTo(depth, most) {
  let level = childrenOf(page).filter(child => child.isModule), drawn = childrenOf(page).length, isWhole = true;
  for (let d = 0; level.length && d < depth; d++) {
    const next = [], sets = new Map();
    for (const item of level) group(sets, item.titles[1][0] || item.path.join('/').replace(/\d+/g, '#'), () => []).push(item);
    const costs = [...sets.values()].map((items, i) => [items.reduce((sum, item) => sum + item.cell[0].length, 0), i, items]);
    for (const [cost, , items] of costs.sort(compare2)) {
      if (drawn + cost > most) { isWhole = false; continue; }
      drawn += cost;
      for (const item of items) {
        setOpen(item, true);
        next.push(...childrenOf(item).filter(child => child.isModule));
      }
    }
    level = next;
  }
  return isWhole;
}
const compare2 = (a, b) => a[0] - b[0] || a[1] - b[1];
