// Items as SVG. A module is a group with its frame, its edges and its children inside, so that all
// coordinates are those of its own layout; only what changes is drawn again.
const SVG = 'http://www.w3.org/2000/svg', TURN = 9, HEAD = 7, HEAD_HALF = 3.15, CAP = 0.716, STACK = 8;
const svg = document.getElementById('picture'), world = document.getElementById('world');

function make(tag, attributes, parent, text) {
  const element = document.createElementNS(SVG, tag);
  for (const key in attributes) element.setAttribute(key, attributes[key]);
  if (text !== undefined) element.textContent = text;
  if (parent) parent.appendChild(element);
  return element;
}

const rect = ([x, y, width, height, rx], role, parent) => make('rect', { x, y, width, height, rx, class: role }, parent);
// Texts were measured in Helvetica. Where a wider font stands in for it, they are drawn smaller.
const fontScale = (() => {
  const paint = document.createElement('canvas').getContext('2d');
  const share = ([weight, width]) => {
    paint.font = `${weight} 100px ${getComputedStyle(document.body).fontFamily}`;
    return width / paint.measureText('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789').width;
  };
  const least = Math.min(...[[400, 3590], [700, 3745]].map(share));
  return least < .98 ? least : 1;
})();
// A space between texts keeps them words of their own for those who read or copy them.
const textAt = (x, y, text, role, size, anchor, parent) => parent.append(' ') || make('text', { x, y, class: role, 'font-size': +(size * fontScale).toFixed(2), 'text-anchor': anchor }, parent, text);

function drawCard(item, into) {
  const [kind, w, h, shape, texts] = item.card, isRound = kind !== 'op' && kind !== 'module';
  if (item.state) rect([-2, -2, w + 4, h + 4, (isRound ? h / 2 : 5) + 2], `ring-${item.state}`, into);
  for (const mark of data.shapes[shape]) {
    if (mark.length === 2) make('path', { d: mark[0], class: mark[1] }, into);
    else rect(mark.slice(0, 5), mark[5], into);
  }
  for (const t of texts) {
    const [x, y, style, text] = data.texts[t], [role, size, anchor] = data.styles[style];
    textAt(x, y, text, role, size, anchor, into);
  }
  rect([-3.5, -3.5, w + 7, h + 7, (isRound ? h / 2 : 5) + 3.5], 'ring', into);
  if (item.badge) drawBadge(item.badge, into);
  if (item.severity) make('circle', { cx: w, cy: 0, r: 5, class: `flag ${item.severity}` }, into);
}

// The sign of an overlay at a corner: what is marked here, or somewhere inside.
function drawBadge(sign, into) {
  make('circle', { r: 9.5, class: 'badge-bad' }, into);
  make('path', { d: data.signs[sign], class: 'sign-bad' }, into);
}

// The header of an open module: its name where no edge comes through, then what has room.
function drawFrame(item, into) {
  const { w, h } = item.layout, [[title, titleWidth], [subtitle, subtitleWidth], [note, noteWidth], [repeat, repeatWidth]] = item.titles;
  const role = `scope l${min(item.depth, 2)}`, shift = repeat ? STACK : 0;
  if (repeat) for (const away of [STACK, STACK / 2]) rect([away, STACK - away, w - STACK, h - STACK, 8], role, into);
  rect([0, shift, w - shift, h - shift, 8], `${role} frame`, into);
  const crossings = item.layout.ins.slice().sort((a, b) => a - b), middle = shift + 13;
  let left = 26, right = w - shift - 10;
  if (repeat) {
    const width = repeatWidth + 12, gaps = gapsOf(left, right + 3, crossings).filter(([a, b]) => b - a >= width);
    right = gaps.length ? gaps[gaps.length - 1][1] : right + 3;
    rect([right - width, shift + 5, width, 17, 8.5], 'pill', into);
    textAt(right - width / 2, middle + 0.5 + CAP * 6, repeat, 'pill-title', 12, 'middle', into);
    right -= width + 6;
  }
  const gaps = gapsOf(left, right, crossings), widest = gaps.reduce((a, b) => (b[1] - b[0] > a[1] - a[0] ? b : a));
  const [start, end] = gaps.find(([a, b]) => b - a >= titleWidth) || widest;
  const shown = clipped(title, titleWidth, end - start);
  textAt(start, middle + CAP * 5.75, shown, 'scope-title', 11.5, 'start', into);
  const used = start + min(titleWidth, end - start) + 6, rooms = [[used, end], ...gaps.filter(gap => gap[0] > start)];
  for (let i = rooms.length - 1; note && i >= 0; i--) {
    if (rooms[i][1] - rooms[i][0] < noteWidth) continue;
    textAt(rooms[i][1], middle + CAP * 5, note, 'scope-text', 10, 'end', into);
    rooms[i] = [rooms[i][0], rooms[i][1] - noteWidth - 10];
    break;
  }
  const room = rooms.find(([a, b]) => b - a >= subtitleWidth);
  if (subtitle && room) textAt(room[0], middle + CAP * 5.25, subtitle, 'scope-text', 10.5, 'start', into);
  const knob = make('g', { class: 'knob' }, into);
  rect([4, shift + 3, 20, 20, 5], 'knob-area', knob);
  make('path', { d: `M9 ${middle - 2.5}L19 ${middle - 2.5}L14 ${middle + 3.5}Z`, class: 'marker' }, knob);
  rect([-3.5, shift - 3.5, w - shift + 7, h - shift + 7, 11], 'ring', into);
}

function gapsOf(left, right, crossings) {
  const gaps = [];
  let start = left;
  for (const x of crossings) {
    if (x + 6 <= left || x - 6 >= right) continue;
    if (x - 6 > start) gaps.push([start, x - 6]);
    start = max(start, x + 6);
  }
  if (right > start || !gaps.length) gaps.push([start, max(right, start)]);
  return gaps;
}

const clipped = (text, width, room) => (width <= room ? text : `${text.slice(0, max(0, floor(text.length * room / width) - 2))}…`);

// An edge's way as a path whose corners are round, and its head when it ends at something.
function edgePath(points) {
  let d = `M${points[0][0]} ${points[0][1]}`;
  for (let i = 1; i + 1 < points.length; i++) {
    const [ax, ay] = points[i - 1], [x, y] = points[i], [bx, by] = points[i + 1];
    const first = abs(ax - x) + abs(ay - y), second = abs(bx - x) + abs(by - y);
    if (!first || !second) continue;
    const r = min(TURN, first / 2, second / 2), back = r / first, on = r / second;
    d += `L${x + (ax - x) * back} ${y + (ay - y) * back}Q${x} ${y} ${x + (bx - x) * on} ${y + (by - y) * on}`;
  }
  const [x, y] = points[points.length - 1];
  return `${d}L${x} ${y}`;
}

function headPath([ax, ay], [x, y]) {
  const length = Math.hypot(x - ax, y - ay) || 1, dx = (x - ax) / length, dy = (y - ay) / length, bx = x - dx * HEAD, by = y - dy * HEAD;
  return `M${x} ${y}L${bx - dy * HEAD_HALF} ${by + dx * HEAD_HALF}L${bx + dy * HEAD_HALF} ${by - dx * HEAD_HALF}Z`;
}

function onCircle([x, y], cx, cy, r) {
  if (abs(abs(y - cy) - r) < 0.5 && abs(x - cx) < r) return [x, cy + Math.sign(y - cy) * sqrt(r * r - (x - cx) ** 2)];
  return [x, y];
}

// A rail's way into a merge from the side instead of from above, when nothing is there.
function besideCircle(points, corner, r, obstacles) {
  if (points.length < 4) return null;
  const [rail, turn, over, end] = points.slice(-4), x = corner[0] + r, y = corner[1] + r;
  if (rail[0] !== turn[0] || turn[1] !== over[1] || over[0] !== end[0] || rail[1] >= turn[1] || end[0] === x || turn[1] >= y || abs(turn[0] - x) < r + 20) return null;
  const side = turn[0] < x ? x - r : x + r, low = min(turn[0], side) - 4, high = max(turn[0], side) + 4, top = turn[1] - 1;
  if (obstacles.some(([a, b, c, d]) => a < high && low < c && b < y + 4 && top < d)) return null;
  return [...points.slice(0, -3), [turn[0], y], [side, y]];
}

function routesOf(item) {
  const { layout } = item, children = childrenOf(item), arcs = item.cell[1];
  const areas = layout.corners.map(([x, y], i) => {
    const child = children[i], { w, h } = child.isModule && child.open ? child.layout : { w: child.card[1], h: child.card[2] };
    return [x, y, x + w, y + h];
  });
  const labels = layout.labels.filter(Boolean).map(([x, y, w, h]) => [x, y, x + w, y + h]);
  return layout.routes.map((points, i) => {
    const [source, , target] = arcs[i], isMerge = n => n >= 0 && !children[n].isModule && children[n].card[0] === 'merge';
    let way = points;
    if (isMerge(target) && !layout.labels[i]) {
      const [x, y] = layout.corners[target];
      const others = layout.routes.flatMap((other, j) => (arcs[j][4] === arcs[i][4] ? [] : other.slice(1).map((p, k) => {
        const q = other[k];
        return [min(p[0], q[0]), min(p[1], q[1]), max(p[0], q[0]), max(p[1], q[1])];
      })));
      const obstacles = [...areas.filter((_, n) => n !== target), ...labels, ...others.filter(o => !(o[0] >= x && o[2] <= x + 24 && o[3] <= y + 0.5 && o[3] >= y - 0.5 && o[0] === o[2] && o[0] === x + 12))];
      way = besideCircle(points, [x, y], 12, obstacles) || points;
    }
    way = way.map(point => [...point]);
    if (isMerge(source)) way[0] = onCircle(way[0], areas[source][0] + 12, areas[source][1] + 12, 12);
    if (isMerge(target)) way[way.length - 1] = onCircle(way[way.length - 1], areas[target][0] + 12, areas[target][1] + 12, 12);
    return way;
  });
}

function put(element, attributes) {
  for (const key in attributes) if (element.getAttribute(key) !== String(attributes[key])) element.setAttribute(key, attributes[key]);
}

// Edges keep their elements from one layout to the next.
function drawEdges(item, into) {
  const { layout } = item, children = childrenOf(item), arcs = item.cell[1];
  item.ways = routesOf(item);
  if (!item.edges) item.edges = item.ways.map(() => make('g', { class: 'arc' }, into));
  item.ways.forEach((points, i) => {
    const target = children[arcs[i][2]], ends = !!target && !(target.isModule && target.open), edge = item.edges[i];
    const last = points[points.length - 1], before = points[points.length - 2];
    let path = points;
    if (ends) {
      const length = Math.hypot(last[0] - before[0], last[1] - before[1]) || 1, short = HEAD - 1.4;
      path = [...points.slice(0, -1), [last[0] - (last[0] - before[0]) / length * short, last[1] - (last[1] - before[1]) / length * short]];
    }
    const line = edge.firstChild || make('path', {}, edge);
    const state = arcs[i][6], role = layout.backs.has(i) ? 'back-edge' : 'edge';
    put(line, { d: edgePath(path), class: state ? `${role} edge-${state}` : role });
    let head = edge.querySelector('.arrow');
    if (ends) {
      head = head || make('path', { class: state ? `arrow arrow-${state}` : 'arrow' }, edge);
      put(head, { d: headPath(before, last) });
    } else if (head) head.remove();
    const label = layout.labels[i], text = edge.querySelector('.label');
    if (text && !label) text.remove();
    else if (label && text) put(text, { x: label[0], y: label[1] + label[3] / 2 + CAP * 5 });
    else if (label) textAt(label[0], label[1] + label[3] / 2 + CAP * 5, data.labels[arcs[i][5]][0], 'label', 10, 'start', edge);
  });
}

const stateText = state => (data.legend || []).find(entry => entry[1] === state && !entry[2])?.[0] || state;
const sizeOf = item => (item.isModule && item.open ? item.layout : { w: item.card[1], h: item.card[2] });

// What a screen reader says: the texts of the card or the header, then what they leave out.
function describe(item) {
  const texts = [...item.face.querySelectorAll('text')].map(text => text.textContent).join(' ');
  const rest = [item.isModule ? 'module' : item.card[0] === 'pill' ? item.id.split(':')[0] : item.card[0] === 'merge' ? item.card[5] : '', item.isModule ? item.id : item.id.slice(0, 200), item.severity, item.state && stateText(item.state)];
  return [texts, ...rest].filter(Boolean).join(', ');
}

// Brings the DOM in line with what is open; unchanged modules are left alone.
function drawItem(item, into) {
  const isOpen = !!(item.isModule && item.open);
  if (item === page) {
    if (!item.dom) {
      item.dom = world;
      item.edgeLayer = make('g', { 'aria-hidden': true }, world);
      item.inner = make('g', {}, world);
    }
  } else if (!item.dom) {
    item.dom = make('g', { class: `item ${item.card[0]}` }, into);
    item.handle = make('g', { class: 'handle', role: 'treeitem', tabindex: -1, 'aria-level': item.depth + 1 }, item.dom);
    item.face = make('g', { 'aria-hidden': true }, item.handle);
    item.dom.item = item;
  }
  if (item === page || isOpen) {
    layoutOf(item);
    if (item.drawn !== item.layout) {
      if (item !== page) {
        item.face.replaceChildren();
        item.tip?.remove();
        drawFrame(item, item.face);
        name(item, isOpen);
        if (!item.inner) {
          item.edgeLayer = make('g', { 'aria-hidden': true }, item.dom);
          item.inner = make('g', { role: 'group' }, item.dom);
        }
      }
      for (const child of childrenOf(item)) drawItem(child, item.inner);
      drawEdges(item, item.edgeLayer);
      childrenOf(item).forEach((child, i) => { child.at = item.layout.corners[i]; place(child, child.at); });
      item.drawn = item.layout;
    }
  } else if (item.drawn !== item.card) {
    item.face.replaceChildren();
    drawCard(item, item.face);
    item.tip = make('title', {}, item.dom, `${item.card[5]} ${item.id}`.trim().slice(0, 300));
    if (item.inner) {
      item.inner.remove();
      item.edgeLayer.remove();
      item.inner = item.edgeLayer = item.edges = null;
      for (const child of item.children) forget(child);
    }
    item.drawn = item.card;
    name(item, isOpen);
  }
}

function name(item, isOpen) {
  item.handle.setAttribute('aria-label', describe(item));
  if (item.isModule) item.handle.setAttribute('aria-expanded', isOpen);
}

function forget(item) {
  Object.assign(item, { dom: null, handle: null, face: null, drawn: null, inner: null, edgeLayer: null, edges: null });
  if (item.children) item.children.forEach(forget);
}

const place = (item, [x, y]) => item.dom.setAttribute('transform', `translate(${x} ${y})`);
const originOf = item => { let x = 0, y = 0; for (let up = item; up && up !== page; up = up.parent) { x += up.at[0]; y += up.at[1]; } return [x, y]; };
