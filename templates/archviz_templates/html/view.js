// The camera: pan, zoom, pinch, the minimap, and the ways from one state to the next.
const camera = { x: 0, y: 0, k: 1 }, FAR = 0.35, LEAST = 0.01, GREATEST = 4;
const stage = document.getElementById('stage'), minimap = document.getElementById('minimap'), dark = matchMedia('(prefers-color-scheme: dark)');
const isCalm = () => matchMedia('(prefers-reduced-motion: reduce)').matches;
let moving = 0, gliding = 0, room = null;

function applyCamera() {
  moving = 0;
  world.setAttribute('transform', `translate(${camera.x} ${camera.y}) scale(${camera.k})`);
  svg.classList.toggle('far', camera.k < FAR);
  drawMinimap();
}
function moveCamera(x, y, k = camera.k) {
  Object.assign(camera, { x, y, k: min(max(k, LEAST), GREATEST) });
  if (!moving) moving = requestAnimationFrame(applyCamera);
}
function zoomAt(factor, cx = room.across / 2, cy = room.down / 2) {
  cancelAnimationFrame(gliding);
  const k = min(max(camera.k * factor, LEAST), GREATEST), by = k / camera.k;
  moveCamera(cx - (cx - camera.x) * by, cy - (cy - camera.y) * by, k);
}
const panBy = (dx, dy) => { cancelAnimationFrame(gliding); moveCamera(camera.x + dx, camera.y + dy); };

function glideTo(x, y, k) {
  cancelAnimationFrame(gliding);
  if (isCalm()) return moveCamera(x, y, k);
  const from = { ...camera }, start = performance.now();
  const frame = now => {
    const t = min((now - start) / 240, 1), e = t * (2 - t);
    moveCamera(from.x + (x - from.x) * e, from.y + (y - from.y) * e, from.k * (k / from.k) ** e);
    if (t < 1) gliding = requestAnimationFrame(frame);
  };
  gliding = requestAnimationFrame(frame);
}

function fitView(smooth = true) {
  const { w, h } = layoutOf(page), width = room.across, height = room.down;
  const k = min(1.25, width / (w + 2 * MARGIN), height / (h + 2 * MARGIN));
  (smooth ? glideTo : moveCamera)((width - w * k) / 2, max((height - h * k) / 2, MARGIN * k), k);
}

// At first a long model shows its beginning in a size that can be read.
function firstView() {
  const { w } = layoutOf(page), width = room.across, k = min(1, max(0.5, width / (w + 2 * MARGIN)));
  fitView(false);
  if (camera.k < k) moveCamera((width - w * k) / 2, MARGIN * k, k);
}

function screenBox(item) {
  const [x, y] = originOf(item), { w, h } = sizeOf(item), { k } = camera;
  return [camera.x + x * k, camera.y + y * k, w * k, h * k];
}

// Brings an item into view: centred when it is outside, left where it is otherwise.
function center(item, always = false) {
  const [x, y, w, h] = screenBox(item), width = room.across, height = room.down;
  if (!always && x >= 8 && y >= 8 && x + w <= width - 8 && y + h <= height - 8) return;
  const k = min(max(camera.k, 0.6), GREATEST), by = k / camera.k, cx = x + w / 2, cy = h * by > height ? y + height / 2 / by - 24 : y + h / 2;
  glideTo(width / 2 - (cx - camera.x) * by, height / 2 - (cy - camera.y) * by, k);
}

// Lays out and draws; what was there before moves to its new place, the rest appears.
function update(anchor) {
  const before = new Map(), held = anchor && anchor.at && anchor.dom && isShown(anchor) ? originOf(anchor) : null;
  for (const item of visible()) if (item.dom && item.at) before.set(item, item.at);
  drawItem(page);
  if (held && isShown(anchor)) {
    const now = originOf(anchor), { k } = camera;
    Object.assign(camera, { x: camera.x + (held[0] - now[0]) * k, y: camera.y + (held[1] - now[1]) * k });
  }
  applyCamera();
  paintTrace();
  paintSelection();
  animate(before);
}

let animation = 0;
function animate(before) {
  cancelAnimationFrame(animation);
  const moved = [...visible()].filter(item => { const was = before.get(item); return was && (was[0] !== item.at[0] || was[1] !== item.at[1]); });
  world.classList.remove('settled');
  if (isCalm() || moved.length > 600 || !before.size) return settleAll(moved);
  const start = performance.now();
  const frame = now => {
    const t = min((now - start) / 220, 1), e = 1 - (1 - t) ** 3;
    for (const item of moved) {
      if (!item.dom) continue;
      const [x, y] = before.get(item);
      place(item, [x + (item.at[0] - x) * e, y + (item.at[1] - y) * e]);
    }
    if (t < 1) animation = requestAnimationFrame(frame);
    else settleAll(moved);
  };
  for (const item of moved) place(item, before.get(item));
  animation = requestAnimationFrame(frame);
}
function settleAll(moved) {
  for (const item of moved) if (item.dom) place(item, item.at);
  world.classList.add('settled');
}

// The minimap shows where cards are, and what of it is on the screen.
let miniature = null, colors = {};
// Asked for once a theme: each question makes the browser style everything drawn since.
function readColors() {
  const style = getComputedStyle(document.documentElement);
  for (const name of ['scope-2', 'edge', 'highlight']) colors[name] = style.getPropertyValue(`--${name}`);
  miniature = null;
}
function readRoom() {
  room = { width: minimap.clientWidth, height: minimap.clientHeight, across: svg.clientWidth, down: svg.clientHeight };
}
readColors();
readRoom();
function drawMinimap() {
  if (!room?.width || minimap.hidden) return;
  const { w, h } = layoutOf(page), { width, height } = room, ratio = min(devicePixelRatio || 1, 2);
  const s = min(width / (w + 40), height / (h + 40)), ox = (width - w * s) / 2, oy = (height - h * s) / 2;
  minimap.scale = { s, ox, oy };
  const paint = minimap.getContext('2d');
  if (!miniature || miniature.layout !== page.layout || miniature.width !== width) {
    const canvas = Object.assign(document.createElement('canvas'), { width: width * ratio, height: height * ratio }), ink = canvas.getContext('2d');
    ink.setTransform(ratio, 0, 0, ratio, 0, 0);
    const draw = (item, x, y) => {
      if (item !== page) {
        const size = sizeOf(item), isFrame = item.isModule && item.open;
        ink.fillStyle = colors[isFrame ? 'scope-2' : 'edge'];
        ink.fillRect(ox + x * s, oy + y * s, max(size.w * s, 1), max(size.h * s, 1));
        if (!isFrame) return;
      }
      childrenOf(item).forEach((child, i) => draw(child, x + item.layout.corners[i][0], y + item.layout.corners[i][1]));
    };
    draw(page, 0, 0);
    miniature = { canvas, layout: page.layout, width };
    Object.assign(minimap, { width: canvas.width, height: canvas.height });
  }
  paint.setTransform(1, 0, 0, 1, 0, 0);
  paint.clearRect(0, 0, minimap.width, minimap.height);
  paint.drawImage(miniature.canvas, 0, 0);
  paint.setTransform(ratio, 0, 0, ratio, 0, 0);
  paint.strokeStyle = colors.highlight;
  paint.lineWidth = 2;
  paint.strokeRect(ox - camera.x / camera.k * s, oy - camera.y / camera.k * s, room.across / camera.k * s, room.down / camera.k * s);
}
function jumpOnMinimap(event) {
  const box = minimap.getBoundingClientRect(), { s, ox, oy } = minimap.scale;
  const x = (event.clientX - box.left - ox) / s, y = (event.clientY - box.top - oy) / s;
  moveCamera(room.across / 2 - x * camera.k, room.down / 2 - y * camera.k);
}
minimap.addEventListener('pointerdown', event => { minimap.setPointerCapture(event.pointerId); jumpOnMinimap(event); });
minimap.addEventListener('pointermove', event => { if (event.buttons) jumpOnMinimap(event); });

// Mouse and touch: one pointer pans, two pinch, a still one clicks.
const pointers = new Map();
let travelled = 0;
svg.addEventListener('pointerdown', event => {
  if (event.button > 1) return;
  if (!pointers.size) travelled = 0;
  pointers.set(event.pointerId, [event.clientX, event.clientY]);
});
svg.addEventListener('pointermove', event => {
  const was = pointers.get(event.pointerId);
  if (!was) return;
  const box = svg.getBoundingClientRect(), now = [event.clientX, event.clientY];
  if (pointers.size === 2) {
    const [other] = [...pointers].filter(([id]) => id !== event.pointerId).map(entry => entry[1]);
    const before = Math.hypot(was[0] - other[0], was[1] - other[1]), after = Math.hypot(now[0] - other[0], now[1] - other[1]);
    panBy((now[0] - was[0]) / 2, (now[1] - was[1]) / 2);
    if (before && after) zoomAt(after / before, (now[0] + other[0]) / 2 - box.left, (now[1] + other[1]) / 2 - box.top);
    travelled = 99;
  } else {
    travelled += Math.hypot(now[0] - was[0], now[1] - was[1]);
    if (travelled > 4) { svg.setPointerCapture(event.pointerId); stage.classList.add('dragging'); panBy(now[0] - was[0], now[1] - was[1]); }
  }
  pointers.set(event.pointerId, now);
});
for (const name of ['pointerup', 'pointercancel']) svg.addEventListener(name, event => { pointers.delete(event.pointerId); stage.classList.remove('dragging'); });
svg.addEventListener('wheel', event => {
  event.preventDefault();
  const box = svg.getBoundingClientRect(), unit = event.deltaMode === 1 ? 16 : event.deltaMode === 2 ? 400 : 1;
  if (event.shiftKey) panBy(-(event.deltaX || event.deltaY) * unit, 0);
  else zoomAt(1.0016 ** -(event.deltaY * unit * (event.ctrlKey ? 4 : 1)), event.clientX - box.left, event.clientY - box.top);
}, { passive: false });
