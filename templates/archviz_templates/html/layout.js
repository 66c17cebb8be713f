// Coordinates from sizes: the half of the layout that depends on what is open.
// Ranks, orders, strips and lanes were decided when the page was written; see
// archviz/layouts/sugiyama, whose steps have the same names and give the same numbers.
const PADDING = 14, RAIL_PADDING = 22, LABEL_PADDING = 8, BOX_GAP = 24, RAIL_GAP = 14, PITCH = 10, NEAR = 8;
const ROW_GAP = 30, LEAVE = 11, ARRIVE = 18, BORDER_GAP = 20, BORDER_LEAVE = 14, PIN_STEP = 14, PIN_INSET = 6;
const LABEL_OFFSET = 8, LABEL_GAP = 6, LABEL_CLEARANCE = 4, LOOP_REACH = 14, PART_GAP = 40;
const INLET = -2, OUTLET = -3;
const { ceil, floor, max, min, abs, sqrt } = Math;

const most = (values, least) => values.reduce((a, b) => max(a, b), least);
const even = x => { const low = floor(x), rest = x - low; return rest < 0.5 || (rest === 0.5 && low % 2 === 0) ? low : low + 1; };
const halfUp = x => floor(x * 2 + 0.999999) / 2;
const half = x => floor(x * 2 + 0.5) / 2;
const compare = (a, b) => { for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return a[i] - b[i]; return 0; };
const group = (map, key, make) => { let found = map.get(key); if (found === undefined) map.set(key, found = make()); return found; };

// children: {w, h, ins, outs}, ins being null for what is closed. arcs: [source, port, target,
// port, net, label], a label being [width, height] or null. border: {before, isPage, width}.
function layCell(children, arcs, head, parts, border) {
  const ported = [], free = [], inPart = new Set();
  for (const [members, indices, ranks, lanes, sides, runs] of parts) {
    const own = members || children.map((_, i) => i);
    const part = readPart(children, own, indices || arcs.map((_, i) => i), arcs, head, border.before);
    own.forEach(i => inPart.add(i));
    part.rank = ranks;
    rankRows(part, lanes);
    placeRows(part, runs);
    layLanes(part, sides);
    pinSources(part);
    pinTargets(part);
    stackRows(part);
    const drawn = drawPart(part);
    (part.inlets.size || part.outlets.size ? ported : free).push(drawn);
  }
  const single = children.map((_, i) => i).filter(i => !inPart.has(i));
  if (single.length) free.push(grid(children, single, shelfWidth(free, border)));
  return pack(ported, free, children.length, arcs, border);
}

function readPart(children, members, indices, arcs, head, header) {
  const vertices = members.map(i => ({ child: i, w: children[i].w, h: children[i].h, ins: children[i].ins,
    outs: children[i].ins ? children[i].outs : null, entering: 0, left: 0, right: 0, before: 0, after: 0 }));
  const part = { arcs, header, head, vertices, inlets: new Map(), outlets: new Map(), loops: new Map(), tags: new Map(),
    chains: new Map(), ends: [], nets: [], leave: [], arrive: [], labels: new Map() };
  const local = new Map(members.map((child, v) => [child, v]));
  let count = 0;
  for (const i of indices) {
    const [source, , target, , net] = arcs[i];
    if (target >= 0 && source !== target) vertices[local.get(target)].entering++;
    count = max(count, net + 1);
  }
  const port = (ports, number) => group(ports, number, () => vertices.push({ child: -1, w: 0, h: 0, ins: null, outs: null,
    entering: 0, left: PITCH / 2, right: PITCH / 2, before: 0, after: 0, thin: true }) - 1);
  const add = (u, v, net, leave, arrive) => { part.ends.push([u, v]); part.nets.push(net); part.leave.push(leave); part.arrive.push(arrive); return part.ends.length - 1; };
  for (const i of indices) {
    const [source, sourcePort, target, targetPort, net, label] = arcs[i];
    if (source === target) { group(part.loops, local.get(source), () => []).push(i); continue; }
    const u = source === INLET ? port(part.inlets, sourcePort) : local.get(source);
    const v = target === OUTLET ? port(part.outlets, targetPort) : local.get(target);
    const { outs } = vertices[u], { ins } = vertices[v];
    const leave = outs ? outs[sourcePort] - vertices[u].w / 2 : 0;
    const arrive = ins ? ins[targetPort] - vertices[v].w / 2 : 0;
    if (label && !ins && vertices[v].entering > 2) {
      const tag = vertices.push({ child: -1, w: label[0], h: label[1] + 2 * LABEL_CLEARANCE, ins: null, outs: null, entering: 1 }) - 1;
      part.tags.set(tag, i);
      part.chains.set(i, [add(u, tag, net, leave, 0), add(tag, v, count, 0, arrive)]);
      count++;
      continue;
    }
    const link = add(u, v, net, leave, arrive);
    part.chains.set(i, [link]);
    if (label) part.labels.set(link, label);
  }
  measure(part);
  return part;
}

const reach = vertex => max(vertex.w / 2 - PIN_INSET, min(vertex.w / 4, PIN_INSET));

function measure(part) {
  const wide = new Map();
  for (const [link, [width]] of part.labels) {
    const v = part.ends[link][1];
    wide.set(v, max(wide.get(v) || 0, LABEL_OFFSET + ceil(width)));
  }
  part.vertices.forEach((vertex, v) => {
    if (part.tags.has(v)) {
      Object.assign(vertex, { left: 2, right: LABEL_OFFSET + ceil(vertex.w), before: NEAR, after: NEAR, tag: true });
    } else if (vertex.child >= 0) {
      const room = wide.get(v) || 0, side = ceil(vertex.w) / 2;
      if (vertex.ins) {
        vertex.before = vertex.ins.length ? most(vertex.ins.map(pin => side - pin), -Infinity) : 0;
        vertex.after = vertex.ins.length ? most(vertex.ins.map(pin => pin - side), -Infinity) : 0;
      } else if (vertex.entering === 1) {
        vertex.before = NEAR;
        vertex.after = NEAR + room;
      } else if (vertex.entering) {
        vertex.before = vertex.after = (room ? min(PIN_STEP * (vertex.entering - 1), reach(vertex)) : reach(vertex)) + room;
      }
      vertex.left = side;
      vertex.right = side + beside(part, v);
    }
  });
}

const loopLabels = (part, v) => part.loops.get(v).map(i => part.arcs[i][5]).filter(Boolean);

function beside(part, v) {
  if (!part.loops.has(v)) return 0;
  const sizes = loopLabels(part, v);
  return LOOP_REACH + PITCH * (part.loops.get(v).length - 1) + (sizes.length ? LABEL_OFFSET + ceil(most(sizes.map(s => s[0]), 0)) : 0);
}

function rankRows(part, lanes) {
  const { rank, ends } = part;
  part.rows = Array.from({ length: most(rank, -1) + 1 }, () => []);
  rank.forEach((r, v) => part.rows[r].push(v));
  const spine = part.inlets.get(part.head);
  if (spine !== undefined) {
    part.rows[0] = part.rows[0].filter(v => v !== spine);
    part.rows[0].push(spine);
  }
  part.isBack = ends.map(([u, v]) => rank[v] < rank[u]);
  part.isLane = ends.map(() => false);
  lanes.forEach(link => { part.isLane[link] = true; });
}

function placeRows(part, runs) {
  const { rank, ends, rows } = part, last = rows.length;
  part.x = part.vertices.map(() => 0);
  part.low = rows.map(() => 0);
  part.high = rows.map(() => 0);
  part.rails = new Map();
  const outgoing = part.vertices.map(() => []), passing = Array(last + 1).fill(0);
  ends.forEach(([u, v], link) => {
    if (part.isLane[link]) return;
    outgoing[u].push(link);
    passing[rank[u] + 1]++;
    passing[rank[v]]--;
  });
  const cuts = [-1];
  let through = 0;
  rows.forEach((row, r) => { through += passing[r]; if (row.length === 1 && !through) cuts.push(r); });
  cuts.push(last);
  let next = 0;
  for (let i = 0; i + 1 < cuts.length; i++) {
    const start = cuts[i], stop = cuts[i + 1];
    if (start >= 0 && stop === start + 1) step(part, start, outgoing);
    else if (stop) placeRun(part, start, stop, outgoing, runs[next++]);
  }
  if (cuts.length > 2 && cuts[cuts.length - 2] === last - 1) part.low[last - 1] = part.high[last - 1] = part.x[rows[last - 1][0]];
}

function step(part, rank, outgoing) {
  const u = part.rows[rank][0];
  part.low[rank] = part.high[rank] = part.x[u];
  if (rank + 1 === part.rows.length) return;
  const [link] = outgoing[u];
  part.x[part.rows[rank + 1][0]] = part.x[u] + (link === undefined ? 0 : part.leave[link] - part.arrive[link]);
}

const RAIL = { left: 0, right: 0, before: 0, after: 0, thin: true };

function placeRun(part, start, stop, outgoing, [named, strips, alone, ends]) {
  const first = max(start, 0), final = min(stop, part.rows.length - 1);
  const startsAtCut = start >= 0, endsAtCut = stop < part.rows.length;
  // Vertices of the run get numbers of their own, those where nets pass a rank behind the others.
  const extents = [], real = [], strip = [], at = new Map(), name = [];
  const rows = named.map((row, r) => row.map((entry, i) => {
    const vertex = entry >= 0 ? part.vertices[entry] : RAIL, n = extents.push(vertex) - 1;
    real.push(entry >= 0 && !vertex.tag ? 1 : 0);
    strip.push(strips[r][i]);
    name.push(entry);
    at.set(entry >= 0 ? entry : `${entry},${r}`, n);
    return n;
  }));
  const members = part.rows.slice(first, final + 1).flat();
  const begin = startsAtCut ? at.get(members[0]) : -1, end = endsAtCut ? at.get(members[members.length - 1]) : -1;
  const nets = new Map();
  for (const v of members) if (at.get(v) !== end) for (const link of outgoing[v]) group(nets, part.nets[link], () => []).push(link);
  const links = [];
  for (const [net, own] of nets) {
    const [source] = part.ends[own[0]], byRank = new Map();
    for (const link of own) group(byRank, part.rank[part.ends[link][1]], () => []).push(link);
    const lowest = most([...byRank.keys()], 0);
    let upper = at.get(source), leave = part.leave[own[0]];
    for (let r = part.rank[source] + 1; r <= lowest; r++) {
      let following = -1;
      if (r < lowest) {
        following = at.get(`${-1 - net},${r - first}`);
        links.push([upper, following, leave, 0]);
      }
      for (const link of byRank.get(r) || []) links.push([upper, at.get(part.ends[link][1]), leave, part.arrive[link]]);
      upper = following;
      leave = 0;
    }
  }
  const single = alone === 1 ? begin : alone === 2 ? end : -1;
  const spine = ends.length ? [rows[0][ends[0]], rows[rows.length - 1][ends[1]]] : [-1, -1];
  const x = spaceRun({ rows, extents, real, strip, links, begin, end, single, spine, head: at.get(members[0]) });
  const origin = startsAtCut ? part.x[members[0]] : 0;
  rows.forEach((row, r) => {
    const places = row.map(n => origin + x[n]);
    part.low[first + r] = most(places.map(p => -p), -Infinity) * -1;
    part.high[first + r] = most(places, -Infinity);
    row.forEach((n, i) => {
      if (name[n] >= 0) part.x[name[n]] = places[i];
      else part.rails.set(`${-1 - name[n]},${first + r}`, places[i]);
    });
  });
}

function separation(a, b) {
  const gap = a.thin && b.thin ? PITCH : a.thin || b.thin || a.tag || b.tag ? RAIL_GAP : BOX_GAP;
  return max(a.right + gap + b.left, a.after + LABEL_GAP + b.before);
}

function spaceRun({ rows, extents, real, strip, links, begin, end, single, spine, head }) {
  const count = extents.length, size = most(strip, -1) + 1, offset = Array(count).fill(0);
  const shift = new Map();
  for (const [u, v, leave, arrive] of links) { const key = u * count + v; if (!shift.has(key)) shift.set(key, leave - arrive); }
  for (let r = 1; r < rows.length; r++) {
    const above = new Map(rows[r - 1].filter(u => u !== single).map(u => [strip[u], u]));
    for (const v of rows[r]) {
      const u = above.get(strip[v]);
      if (u !== undefined && v !== single) offset[v] = offset[u] + shift.get(u * count + v);
    }
  }
  if (single >= 0) {
    const leaving = links.filter(l => l[0] === begin).map(l => l[2]), arriving = links.filter(l => l[1] === end).map(l => l[3]);
    const way = (leaving[floor(leaving.length / 2)] || 0) - (arriving[floor(arriving.length / 2)] || 0);
    offset[single] = offset[begin + end - single] + (single === end ? way : -way);
  }
  const apart = Array.from({ length: size }, () => new Map());
  for (const row of rows) for (let i = 0; i + 1 < row.length; i++) {
    const u = row[i], v = row[i + 1];
    const gap = halfUp(separation(extents[u], extents[v]) + offset[u] - offset[v]), known = apart[strip[v]].get(strip[u]);
    if (known === undefined || gap > known) apart[strip[v]].set(strip[u], gap);
  }
  const pulls = apart.map(() => []), weights = Array(size).fill(0), anchors = Array(size).fill(false);
  const pull = (u, v, away, weight) => { pulls[strip[v]].push([strip[u], away, weight]); pulls[strip[u]].push([strip[v], -away, weight]); };
  for (const [u, v, leave, arrive] of links) if (strip[u] !== strip[v]) pull(u, v, offset[u] + leave - offset[v] - arrive, 1 + real[u] + real[v]);
  const [top, bottom] = spine;
  if (top >= 0 && strip[top] !== strip[bottom]) {
    // A straight link between the ends of the spine need not leave or arrive in the middle.
    const [u, v, leave, arrive] = links.find(l => strip[l[0]] === strip[top] && strip[l[1]] === strip[bottom]) || [top, bottom, 0, 0];
    pull(top, bottom, offset[u] + leave - offset[v] - arrive, 4);
  }
  strip.forEach((s, v) => { weights[s] += real[v] ? 1 : 0.25; });
  for (const cut of [begin, end]) if (cut >= 0) { anchors[strip[cut]] = true; weights[strip[cut]] = 1e6; }
  const places = space(apart, pulls, weights, anchors, count < 1500 ? 12 : 4).map(half);
  straighten(places, apart, pulls, anchors);
  const x = strip.map((s, v) => places[s] + offset[v]);
  // The first bottleneck, else the last, else the first vertex is at 0.
  const zero = x[begin >= 0 ? begin : end >= 0 ? end : head];
  return x.map(value => value - zero);
}

function space(apart, pulls, weights, anchors, rounds) {
  const order = leftToRight(apart);
  let places = settle(apart.map(() => 0), weights, order, apart);
  for (let turn = 0; turn < rounds; turn++) {
    const wanted = [...places];
    for (const s of turn % 2 ? [...order].reverse() : order) {
      if (anchors[s]) { wanted[s] = 0; continue; }
      if (!pulls[s].length) continue;
      let total = 0, sum = 0;
      for (const [other, away, weight] of pulls[s]) { total += weight; sum += (wanted[other] + away) * weight; }
      wanted[s] = sum / total;
    }
    const moved = settle(wanted, weights, order, apart);
    const change = most(moved.map((x, i) => abs(x - places[i])), 0);
    places = moved;
    if (change < 0.25) break;
  }
  return places;
}

function leftToRight(apart) {
  const right = apart.map(() => []), waiting = apart.map(lefts => lefts.size);
  apart.forEach((lefts, s) => { for (const left of lefts.keys()) right[left].push(s); });
  const order = apart.map((_, s) => s).filter(s => !waiting[s]);
  for (const s of order) for (const other of right[s]) if (!--waiting[other]) order.push(other);
  return order;
}

function settle(wanted, weights, order, apart) {
  const count = wanted.length, block = wanted.map((_, i) => i), offset = Array(count).fill(0), at = Array(count).fill(0), mass = Array(count).fill(0);
  const members = wanted.map(() => []), lefts = wanted.map(() => []);
  for (const s of order) {
    let current = s;
    members[s] = [s];
    at[s] = wanted[s];
    mass[s] = weights[s];
    lefts[s] = [...apart[s]].map(([left, gap]) => [left, gap, s]);
    while (lefts[current].length) {
      let worst = 1e-6, found = -1;
      const here = at[current];
      lefts[current].forEach(([left, gap, right], i) => {
        const b = block[left];
        if (b === current) return;
        const short = at[b] + offset[left] + gap - here - offset[right];
        if (short > worst) { worst = short; found = i; }
      });
      if (found < 0) break;
      const [left, gap, right] = lefts[current][found], other = block[left];
      let shift = offset[left] + gap - offset[right];
      let place = (mass[other] * at[other] + mass[current] * (at[current] - shift)) / (mass[other] + mass[current]);
      let kept = other, gone = current;
      if (members[other].length < members[current].length) { kept = current; gone = other; shift = -shift; place -= shift; }
      for (const member of members[gone]) { offset[member] += shift; block[member] = kept; }
      members[kept] = members[kept].concat(members[gone]);
      lefts[kept] = lefts[kept].concat(lefts[gone]).filter(entry => block[entry[0]] !== kept);
      members[gone] = [];
      lefts[gone] = [];
      mass[kept] += mass[gone];
      at[kept] = place;
      current = kept;
    }
  }
  return wanted.map((_, s) => at[block[s]] + offset[s]);
}

function straighten(at, apart, pulls, anchors) {
  const right = apart.map(() => []);
  apart.forEach((lefts, s) => { for (const [other, gap] of lefts) right[other].push([s, gap]); });
  at.forEach((_, s) => {
    if (anchors[s] || !pulls[s].length) return;
    const steps = pulls[s].map(([other, away]) => at[other] + away - at[s]);
    if (steps.some(step => !step)) return;
    const step = steps.reduce((a, b) => (abs(b) < abs(a) ? b : a));
    if (abs(step) > RAIL_GAP) return;
    const low = apart[s].size ? most([...apart[s]].map(([o, gap]) => at[o] + gap), -Infinity) : at[s] + step;
    const high = right[s].length ? -most(right[s].map(([o, gap]) => gap - at[o]), -Infinity) : at[s] + step;
    if (low <= at[s] + step && at[s] + step <= high) at[s] += step;
  });
}

const laneKey = (part, link) => part.nets[link] * 2 + (part.isBack[link] ? 1 : 0);

function layLanes(part, sides) {
  part.lanes = new Map();
  part.isLane.forEach((isLane, link) => {
    if (!isLane) return;
    const [u, v] = part.ends[link];
    const lane = group(part.lanes, laneKey(part, link), () => ({ net: part.nets[link], start: part.x[u] + part.leave[link],
      source: part.rank[u], targets: [], isBack: part.isBack[link], isLeft: !!sides[part.lanes.size], x: 0 }));
    lane.targets.push(part.rank[v]);
  });
  const lanes = [...part.lanes.values()];
  if (!lanes.length) return;
  for (const lane of lanes) {
    lane.first = lane.isBack ? min(...lane.targets) : lane.source + 1;
    lane.last = lane.isBack ? lane.source : max(...lane.targets) - 1;
    lane.channels = [...new Set([lane.source + 1, ...lane.targets])];
  }
  const ordered = lanes.map((lane, i) => [lane.last - lane.first, lane.first, i]).sort(compare).map(key => lanes[key[2]]);
  const left = [], right = [];
  part.rows.forEach((row, r) => {
    let low = part.low[r] - PITCH, high = part.high[r] + PITCH;
    for (const v of row) {
      const e = part.vertices[v];
      low = min(low, part.x[v] - max(e.left + RAIL_GAP, e.before + LABEL_GAP));
      high = max(high, part.x[v] + max(e.right + RAIL_GAP, e.after + LABEL_GAP));
    }
    left.push(low);
    right.push(high);
  });
  for (const lane of ordered) {
    const a = lane.first, b = lane.last + 1;
    if (lane.isLeft) {
      lane.x = -most(left.slice(a, b).map(x => -x), -Infinity);
      if (lane.x - RAIL_GAP <= lane.start && lane.start < lane.x) lane.x = lane.start;
      left.fill(lane.x - PITCH, a, b);
    } else {
      lane.x = most(right.slice(a, b), -Infinity);
      if (lane.x < lane.start && lane.start <= lane.x + RAIL_GAP) lane.x = lane.start;
      right.fill(lane.x + PITCH, a, b);
    }
  }
}

function pinSources(part) {
  const { rank, x, ends, nets } = part, leaving = new Map(), first = new Map();
  part.netX = new Map();
  ends.forEach(([u], link) => {
    const net = nets[link];
    if (part.netX.has(net)) return;
    part.netX.set(net, x[u] + part.leave[link]);
    if (first.has(u) && !part.vertices[u].outs && part.vertices[u].w) leaving.set(u, new Map());
    first.set(u, net);
  });
  if (!leaving.size) return;
  ends.forEach(([u, v], link) => {
    const own = leaving.get(u);
    if (!own) return;
    const towards = part.isLane[link] ? part.lanes.get(laneKey(part, link)).x
      : rank[v] === rank[u] + 1 ? x[v] + part.arrive[link] : part.rails.get(`${nets[link]},${rank[u] + 1}`);
    group(own, nets[link], () => []).push(towards);
  });
  for (const [u, own] of [...leaving].sort((a, b) => a[0] - b[0])) {
    const order = [...own].map(([net, towards]) => [towards.reduce((a, b) => a + b, 0) / towards.length, net]).sort(compare);
    const places = spread(part, u, order.map(key => key[0]), false);
    order.forEach(([, net], i) => part.netX.set(net, places[i]));
  }
}

function pinTargets(part) {
  const { rank, x, ends, vertices } = part, entering = new Map();
  part.linkX = ends.map(([, v], link) => x[v] + part.arrive[link]);
  part.isLeft = ends.map(() => false);
  ends.forEach(([u, v], link) => {
    const vertex = vertices[v], net = part.nets[link];
    if (vertex.ins || vertex.child < 0) return;
    const entry = part.isLane[link] ? part.lanes.get(laneKey(part, link)).x
      : rank[v] === rank[u] + 1 ? part.netX.get(net) : part.rails.get(`${net},${rank[v] - 1}`);
    if (vertex.entering > 1) group(entering, v, () => []).push([entry, link]);
    else if (entry !== x[v] && abs(entry - x[v]) < min(NEAR, reach(vertex))) part.linkX[link] = entry;
  });
  for (const [v, links] of entering) {
    links.sort(compare);
    const places = spread(part, v, links.map(key => key[0]), !links.some(([, link]) => part.labels.has(link)));
    links.forEach(([, link], i) => { part.linkX[link] = places[i]; });
    part.isLeft[links[0][1]] = true;
  }
}

const rounded = (x, step) => (step > 2 ? even(x * 2) / 2 : x);

function spread(part, v, others, isFree) {
  const x = part.x[v], room = reach(part.vertices[v]), count = others.length;
  const straight = others.map((_, i) => i).filter(i => others[i] === x);
  if (!straight.length) {
    const step = min(PIN_STEP, 2 * room / (count - 1));
    return others.map((_, i) => rounded(x + (i - (count - 1) / 2) * step, step));
  }
  const middle = straight[floor(straight.length / 2)], step = min(PIN_STEP, room / max(middle, count - 1 - middle));
  const places = others.map((_, i) => rounded(x + (i - middle) * step, step));
  if (isFree && step === PIN_STEP) {
    for (let i = middle + 1; i < count; i++) {
      const least = places[i - 1] + step;
      places[i] = least <= others[i] && others[i] <= x + room - (count - 1 - i) * step ? others[i] : max(places[i], least);
    }
    for (let i = middle - 1; i >= 0; i--) {
      const greatest = places[i + 1] - step;
      places[i] = x - room + i * step <= others[i] && others[i] <= greatest ? others[i] : min(places[i], greatest);
    }
  }
  return places;
}

function stackRows(part) {
  const passing = fillChannels(part);
  const tracks = part.channels.map((nets, channel) => (nets && nets.size ? assignTracks([...nets.values()], passing.get(channel) || []) : 0));
  setTops(part, tracks);
}

function fillChannels(part) {
  const { rank, ends, nets } = part, load = Array(part.rows.length + 1).fill(0);
  ends.forEach(([u, v], link) => {
    if (part.isLane[link]) return;
    if (rank[v] === rank[u] + 1) load[rank[v]] += part.linkX[link] === part.netX.get(nets[link]) ? 1 : 2;
    else for (let channel = rank[u] + 1; channel <= rank[v]; channel++) load[channel] += 2;
  });
  for (const lane of part.lanes.values()) for (const channel of [lane.source + 1, ...lane.targets]) load[channel] += 2;
  const channels = part.channels = load.map(count => (count > 1 ? new Map() : null));
  const put = (channel, net, side, x) => { if (channels[channel]) group(channels[channel], net, () => ({ tops: [], bottoms: [], upper: -1, lower: -1, column: null }))[side].push(x); };
  const started = new Set(), railed = new Set();
  ends.forEach(([u, v], link) => {
    const net = nets[link];
    if (!started.has(net)) {
      started.add(net);
      put(rank[u] + 1, net, 'tops', part.netX.get(net));
    }
    if (part.isLane[link]) return;
    for (let r = rank[u] + 1; r < rank[v]; r++) {
      const key = `${net},${r}`, at = part.rails.get(key);
      if (railed.has(key)) continue;
      railed.add(key);
      put(r, net, 'bottoms', at);
      put(r + 1, net, 'tops', at);
    }
    put(rank[v], net, 'bottoms', part.linkX[link]);
  });
  const passing = new Map();
  for (const lane of part.lanes.values()) {
    for (const channel of [lane.source + 1, ...lane.targets]) {
      const here = channels[channel] && channels[channel].get(lane.net);
      if (lane.first <= channel - 1 && channel - 1 <= lane.last && !(here && here.tops.includes(lane.x))) put(channel, lane.net, 'tops', lane.x);
      if (lane.first <= channel && channel <= lane.last && !(here && here.bottoms.includes(lane.x))) put(channel, lane.net, 'bottoms', lane.x);
    }
    for (let channel = lane.first + 1; channel <= lane.last; channel++) if (channels[channel] && channels[channel].size) group(passing, channel, () => []).push(lane.x);
  }
  ends.forEach(([, v], link) => { if (part.isLane[link]) put(rank[v], nets[link], 'bottoms', part.linkX[link]); });
  return passing;
}

function line(net, tops, bottoms) {
  const all = [...tops, ...bottoms];
  return { net, tops, bottoms, low: min(...all), high: max(...all), track: -1 };
}

function assignTracks(nets, passing) {
  const lines = nets.map(net => line(net, net.tops, net.bottoms)).filter(l => l.high > l.low);
  if (lines.length < 2) {
    for (const l of lines) l.net.upper = 0;
    return lines.length;
  }
  const ordered = orderLines(lines, nets, passing);
  if (ordered.length <= 400) compact(ordered);
  else ordered.forEach((l, track) => { l.track = track; });
  const split = new Set();
  for (const l of ordered) {
    if (l.net.column !== null && split.has(l.net)) l.net.lower = l.track;
    else { split.add(l.net); l.net.upper = l.track; }
  }
  return most(ordered.map(l => l.track), -1) + 1;
}

function mustPrecede(lines) {
  const ends = lines.flatMap((l, i) => l.bottoms.map(x => [x, i])).sort(compare);
  return lines.map((l, i) => {
    const found = new Set();
    for (const x of l.tops) for (const [at, other] of ends) {
      if (at < x - NEAR + 1e-6) continue;
      if (at >= x + NEAR - 1e-6) break;
      if (other !== i && (!l.bottoms.includes(x) || at === x)) found.add(other);
    }
    return [...found];
  });
}

function orderLines(lines, nets, passing) {
  const below = mustPrecede(lines), waiting = lines.map(() => 0), result = [], lowerHalf = new Map(), pins = [];
  for (const others of below) for (const other of others) waiting[other]++;
  const cost = lines.length <= 80 ? crossingCosts(lines) : null;
  let remaining = lines.map((_, i) => i);
  while (remaining.length) {
    const free = remaining.filter(i => !waiting[i]);
    if (free.length) {
      let batch = free;
      if (cost && free.length > 1) {
        const keys = free.map(i => [remaining.reduce((sum, j) => sum + cost[i][j] - cost[j][i], 0), lines[i].low, i]);
        batch = [keys.sort(compare)[0][2]];
      }
      for (const i of batch) {
        result.push(lowerHalf.get(i) || lines[i]);
        for (const other of below[i]) waiting[other]--;
      }
      remaining = remaining.filter(i => !batch.includes(i));
      continue;
    }
    const i = remaining.find(j => below[j].length && lines[j].tops.length && lines[j].bottoms.length), l = lines[i];
    if (!pins.length) pins.push(...passing, ...nets.flatMap(net => [...net.tops, ...net.bottoms]));
    pins.sort((a, b) => a - b);
    const column = freeColumn(pins, l.low, l.high);
    pins.push(column);
    l.net.column = column;
    result.push(line(l.net, l.tops, [column]));
    lowerHalf.set(i, line(l.net, [column], l.bottoms));
    for (const other of below[i]) waiting[other]--;
    below[i] = [];
  }
  return result;
}

function crossingCosts(lines) {
  const between = (xs, l) => xs.filter(x => l.low < x && x < l.high).length;
  return lines.map(a => lines.map(b => (a === b || a.high < b.low || b.high < a.low ? 0 : between(a.bottoms, b) + between(b.tops, a))));
}

function freeColumn(pins, low, high) {
  const middle = (low + high) / 2, left = pins[0] - PITCH, right = pins[pins.length - 1] + PITCH;
  let best = right;
  if (abs(left - middle) < abs(best - middle)) best = left;
  for (let i = 0; i + 1 < pins.length; i++) {
    if (pins[i + 1] - pins[i] < 2 * NEAR) continue;
    const x = min(max(middle, pins[i] + NEAR), pins[i + 1] - NEAR);
    if (abs(x - middle) < abs(best - middle)) best = x;
  }
  return best === left || best === right ? even(best * 2) / 2 : best;
}

function compact(ordered) {
  ordered.forEach((l, i) => {
    let track = 0;
    for (let j = 0; j < i; j++) {
      const other = ordered[j];
      if (other.track >= track && other.low < l.high + NEAR && l.low < other.high + NEAR) track = other.track + 1;
    }
    l.track = track;
  });
}

const loopLabelsHeight = (part, v) => ceil(loopLabels(part, v).reduce((sum, [, height]) => sum + height + LABEL_CLEARANCE, 0));

function setTops(part, tracks) {
  const { rows, vertices } = part, labels = rows.map(() => 0), last = rows.length - 1;
  for (const [link, [, height]] of part.labels) {
    const r = part.rank[part.ends[link][1]];
    labels[r] = max(labels[r], height + 2 * LABEL_CLEARANCE);
  }
  Object.assign(part, { firstTrack: [], labelTop: [], rowTop: [], rowHeight: [] });
  let y = 0;
  rows.forEach((row, r) => {
    const text = ceil(labels[r]), lines = tracks[r], header = part.inlets.size && r === 1 ? part.header : 0;
    const lead = r ? LEAVE + header : 2;
    let arrive = max(ARRIVE, text), straight = r ? max(ROW_GAP, text) : text;
    if (part.outlets.size && r === last) arrive = straight = BORDER_LEAVE;
    else if (part.inlets.size && r === 1) straight = header + max(BORDER_GAP, text);
    const turned = lead + PITCH * (lines - 1);
    part.firstTrack.push(y + lead);
    part.labelTop.push(y + (lines ? turned : header));
    y += lines ? turned + arrive : straight;
    let height = ceil(most(row.map(v => vertices[v].h), 0));
    for (const v of row) if (part.loops.has(v)) height = max(height, loopLabelsHeight(part, v));
    part.rowTop.push(y);
    part.rowHeight.push(height);
    y += height;
  });
  part.y = vertices.map((vertex, v) => part.rowTop[part.rank[v]] + floor(part.rowHeight[part.rank[v]] - vertex.h) / 2);
  part.firstTrack.push(y + LEAVE);
  const lines = tracks[tracks.length - 1];
  part.height = lines ? y + LEAVE + PITCH * (lines - 1) + 2 : y;
}

function drawPart(part) {
  const { vertices, ends, rank } = part;
  const drawn = { corners: new Map(), inlets: new Map(), outlets: new Map(), routes: new Map(), labels: new Map(), backs: new Set(), height: part.height };
  vertices.forEach((vertex, v) => { if (vertex.child >= 0) drawn.corners.set(vertex.child, [part.x[v] - vertex.w / 2, part.y[v]]); });
  for (const [port, v] of part.inlets) drawn.inlets.set(port, part.x[v]);
  for (const [port, v] of part.outlets) drawn.outlets.set(port, part.x[v]);
  for (const [index, chain] of part.chains) {
    const points = chain.flatMap(link => way(part, link));
    const [u, v] = ends[chain[0]], at = part.netX.get(part.nets[chain[0]]);
    const isStraight = chain.length === 1 && rank[v] === rank[u] + 1 && part.linkX[chain[0]] === at;
    drawn.routes.set(index, chain.length > 1 ? straightened(points) : points);
    if (!isStraight && chain.some(link => part.isBack[link])) drawn.backs.add(index);
    const label = part.labels.get(chain[0]);
    if (label) drawn.labels.set(index, labelArea(part, chain[0], label));
  }
  for (const [tag, index] of part.tags) {
    const { w, h } = vertices[tag];
    drawn.labels.set(index, [part.x[tag] + LABEL_OFFSET, part.y[tag] + LABEL_CLEARANCE, w, h - 2 * LABEL_CLEARANCE]);
  }
  for (const v of part.loops.keys()) drawLoops(part, v, drawn);
  setExtents(part, drawn);
  return drawn;
}

function straightened(points) {
  const kept = [];
  for (const point of points) {
    const a = kept[kept.length - 1], b = kept[kept.length - 2];
    if (a && a[0] === point[0] && a[1] === point[1]) continue;
    if (b && ((b[0] === a[0] && a[0] === point[0]) || (b[1] === a[1] && a[1] === point[1]))) kept[kept.length - 1] = point;
    else kept.push(point);
  }
  return kept;
}

function turns(net, entry, leave, down) {
  if (entry === leave || net.upper < 0) return [];
  if (net.column === null) return [[entry, net.upper], [leave, net.upper]];
  if (net.tops.includes(entry) && net.tops.includes(leave) && !down) return [[entry, net.upper], [leave, net.upper]];
  if (net.bottoms.includes(entry) && net.bottoms.includes(leave) && !down) return [[entry, net.lower], [leave, net.lower]];
  return [[entry, net.upper], [net.column, net.upper], [net.column, net.lower], [leave, net.lower]];
}

function way(part, link) {
  const [u, v] = part.ends[link], net = part.nets[link], { rank } = part, end = part.linkX[link], isBack = part.isLane[link] && part.isBack[link];
  let at = part.netX.get(net);
  const points = [[at, part.y[u] + part.vertices[u].h]], legs = [];
  if (part.isLane[link]) legs.push([rank[u] + 1, part.lanes.get(laneKey(part, link)).x]);
  else for (let r = rank[u] + 1; r < rank[v]; r++) legs.push([r, part.rails.get(`${net},${r}`)]);
  legs.push([rank[v], end]);
  for (const [channel, following] of legs) {
    if (following === at) continue;
    const nets = part.channels[channel];
    if (nets) for (const [x, track] of turns(nets.get(net), at, following, !isBack)) points.push([x, part.firstTrack[channel] + PITCH * track]);
    at = following;
  }
  points.push([at, part.y[v]]);
  return points;
}

function labelArea(part, link, [width, height]) {
  const r = part.rank[part.ends[link][1]], x = part.linkX[link], room = part.rowTop[r] - part.labelTop[r] - height;
  return [part.isLeft[link] ? x - LABEL_OFFSET - width : x + LABEL_OFFSET, part.labelTop[r] + floor(room) / 2, width, height];
}

function drawLoops(part, v, drawn) {
  const vertex = part.vertices[v], loops = part.loops.get(v), right = part.x[v] + vertex.w / 2;
  const out = part.x[v] + ceil(vertex.w) / 2 + LOOP_REACH, middle = part.y[v] + vertex.h / 2, step = vertex.h / 2 / (loops.length + 1);
  let textY = part.rowTop[part.rank[v]] + (part.rowHeight[part.rank[v]] - loopLabelsHeight(part, v)) / 2;
  loops.forEach((index, k) => {
    const away = (k + 1) * step, x = out + PITCH * k, label = part.arcs[index][5];
    drawn.routes.set(index, [[right, middle + away], [x, middle + away], [x, middle - away], [right, middle - away]]);
    drawn.backs.add(index);
    if (!label) return;
    drawn.labels.set(index, [out + PITCH * (loops.length - 1) + LABEL_OFFSET, textY, ...label]);
    textY += label[1] + LABEL_CLEARANCE;
  });
}

function setExtents(part, drawn) {
  const middle = part.x[0], own = part.vertices.map((vertex, v) => [vertex, part.x[v]]).filter(([vertex]) => vertex.child >= 0);
  const span = values => (values.length ? [-most(values.map(x => -x), -Infinity), most(values, -Infinity)] : [middle, middle]);
  drawn.boxes = span(own.flatMap(([vertex, x]) => [x - vertex.left, x + vertex.right]));
  drawn.rails = span([...drawn.routes.values()].flatMap(points => points.map(point => point[0])));
  drawn.texts = span([...drawn.labels.values()].flatMap(([x, , width]) => [x, x + width]));
}

function grid(children, members, width) {
  const area = members.reduce((sum, i) => sum + (children[i].w + BOX_GAP) * (children[i].h + BOX_GAP), 0);
  const limit = max(width, 1.3 * sqrt(area), most(members.map(i => children[i].w), 0));
  const drawn = { corners: new Map(), inlets: new Map(), outlets: new Map(), routes: new Map(), labels: new Map(), backs: new Set() };
  let x = 0, y = 0, tallest = 0, widest = 0;
  for (const i of members) {
    const { w, h } = children[i];
    if (x && x + w > limit) { x = 0; y += tallest + BOX_GAP; tallest = 0; }
    drawn.corners.set(i, [x, y]);
    x += ceil(w);
    widest = max(widest, x);
    x += BOX_GAP;
    tallest = max(tallest, ceil(h));
  }
  return Object.assign(drawn, { boxes: [0, widest], rails: [widest / 2, widest / 2], texts: [widest / 2, widest / 2], height: y + tallest });
}

function span(drawn, border) {
  const pads = border.isPage ? [0, 0, 0] : [PADDING, RAIL_PADDING, LABEL_PADDING];
  const kinds = [drawn.boxes, drawn.rails, drawn.texts];
  return [min(...kinds.map(([low], i) => low - pads[i])), max(...kinds.map(([, high], i) => high + pads[i]))];
}

function shelfWidth(free, border) {
  const spans = free.map(drawn => [...span(drawn, border), drawn.height]);
  const area = spans.reduce((sum, [low, high, height]) => sum + (high - low + PART_GAP) * (height + PART_GAP), 0);
  return most(spans.map(([low, high]) => high - low), sqrt(area));
}

function pack(ported, free, count, arcs, border) {
  const pad = border.isPage ? 0 : PADDING, gap = border.isPage ? PART_GAP : PART_GAP / 2, placed = [];
  let x = 0, bottom = border.before + pad;
  for (const drawn of ported) {
    const [low, high] = span(drawn, border), top = drawn.inlets.size ? 0 : border.before + pad;
    placed.push([drawn, x - low, top]);
    x += high - low + gap;
    bottom = max(bottom, top + drawn.height + (drawn.outlets.size ? 0 : pad));
  }
  let right = max(x - gap, 0), y = border.before + pad, shelf = 0;
  const limit = free.length ? shelfWidth(free, border) : 0, start = x;
  for (const drawn of free) {
    const [low, high] = span(drawn, border);
    if (x > start && x + high - low > start + limit) { x = start; y += shelf + gap; shelf = 0; }
    placed.push([drawn, x - low, y]);
    x += high - low + gap;
    right = max(right, x - gap);
    shelf = max(shelf, drawn.height);
    bottom = max(bottom, y + shelf + pad);
  }
  const w = max(ceil(right), ceil(border.width), 2 * pad), h = ceil(bottom), shift = floor((w - right) / 2 * 2) / 2;
  const layout = { w, h, corners: Array(count).fill([0, 0]), routes: arcs.map(() => []), labels: arcs.map(() => null), backs: new Set(), ins: [], outs: [] };
  for (const [drawn, left, dy] of placed) {
    const dx = left + shift, moved = ([px, py]) => [px + dx, py + dy];
    for (const [i, corner] of drawn.corners) layout.corners[i] = moved(corner);
    for (const [i, points] of drawn.routes) {
      layout.routes[i] = points.map(moved);
      if (arcs[i][2] === OUTLET) layout.routes[i][points.length - 1][1] = h;
    }
    for (const i of drawn.backs) layout.backs.add(i);
    for (const [i, [lx, ly, lw, lh]] of drawn.labels) layout.labels[i] = [lx + dx, ly + dy, lw, lh];
    for (const [port, px] of drawn.inlets) layout.ins[port] = px + dx;
    for (const [port, px] of drawn.outlets) layout.outs[port] = px + dx;
  }
  return layout;
}
