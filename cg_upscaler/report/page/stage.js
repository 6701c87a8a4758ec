// Draws panes on one canvas, all of them at one place and zoom, and lets a pointer move, zoom, divide and light them.

const ZOOMS = [1, 2, 4, 8, 16];
const LEAST = 1 / 32;
const stage = { scene: null, zoom: 1, fit: true, x: 0, y: 0, divider: 0.5, only: '', drag: null, layout: null };
const canvas = $('canvas');

const ratio = () => window.devicePixelRatio || 1;

/** Return where panes are, in pixels of the canvas. */
function paneBoxes(view) {
  const columns = view.columns || 1, rows = Math.ceil(view.panes.length / columns), gap = columns > 1 ? Math.round(2 * ratio()) : 0;
  const w = (canvas.width - gap * (columns - 1)) / columns, h = (canvas.height - gap * (rows - 1)) / rows;
  return view.panes.map((_, i) => ({ x: Math.round((i % columns) * (w + gap)), y: Math.round(Math.floor(i / columns) * (h + gap)), w: Math.round(w), h: Math.round(h) }));
}

function fitting(view, box) {
  const { scene } = stage, across = view.across || 1, down = view.down || 1;
  const zoom = Math.min((box.w * 0.96) / (scene.w * across), (box.h * 0.96) / (scene.h * down));
  return zoom >= 2 ? Math.floor(zoom) : zoom;
}

let asked = 0;
/** Draw, once before the next picture of the screen. */
function paint() {
  if (!asked) asked = requestAnimationFrame(() => { asked = 0; paintNow(); });
}

function paintNow() {
  const box = $('stage').getBoundingClientRect();
  canvas.width = Math.max(1, Math.round(box.width * ratio()));
  canvas.height = Math.max(1, Math.round(box.height * ratio()));
  const context = canvas.getContext('2d'), { scene } = stage;
  $('legend').hidden = true;
  if (!scene) {
    $('divider').hidden = true;
    return;
  }
  const view = VIEWS[look.view].scene(scene), boxes = paneBoxes(view);
  stage.layout = { view, boxes };
  if (stage.fit) {
    stage.zoom = fitting(view, boxes[0]);
    stage.x = scene.w / 2;
    stage.y = scene.h / 2;
  }
  view.panes.forEach((pane, i) => paintPane(context, view, pane, boxes[i]));
  if (view.lamp) paintLamp(context, boxes[0]);
  $('divider').hidden = !view.panes[0].split || Boolean(stage.only);
  placeDivider(box);
  if (view.heat) paintLegend(view.heat);
  canvas.dataset.painted = String(Number(canvas.dataset.painted || 0) + 1);
  showZoom();
}

function paintPane(context, view, pane, box) {
  const { scene, zoom } = stage;
  context.save();
  context.beginPath();
  context.rect(box.x, box.y, box.w, box.h);
  context.clip();
  const left = Math.round(box.x + box.w / 2 - stage.x * zoom), top = Math.round(box.y + box.h / 2 - stage.y * zoom);
  const w = scene.w * zoom, h = scene.h * zoom;
  const sideways = (view.across || 1) >> 1, down = (view.down || 1) >> 1;
  if (scene.through && look.backdrop !== 'none' && look.view !== 'channels' && look.view !== 'difference') {
    backdrop(context, left - sideways * w, top - down * h, w * (2 * sideways + 1), h * (2 * down + 1));
  }
  const each = (picture, from, to) => {
    if (!picture || to <= from) return;
    context.save();
    context.beginPath();
    context.rect(from, box.y, to - from, box.h);
    context.clip();
    const enlarged = (w / picture.width) >= 1;
    context.imageSmoothingEnabled = look.smooth || !enlarged;
    context.imageSmoothingQuality = enlarged ? 'low' : 'high'; // low is bilinear, as an engine shows it
    for (let row = -down; row <= down; row++) {
      for (let column = -sideways; column <= sideways; column++) {
        const x = Math.round(left + column * w), y = Math.round(top + row * h);
        context.drawImage(picture, x, y, Math.round(left + (column + 1) * w) - x, Math.round(top + (row + 1) * h) - y);
      }
    }
    context.restore();
  };
  const end = box.x + box.w;
  const divided = pane.split ? (stage.only === 'before' ? end : stage.only === 'after' ? box.x : box.x + stage.divider * box.w) : pane.after ? box.x : end;
  each(pane.before, box.x, divided);
  each(pane.after, divided, end);
  if (divided > box.x || !pane.split) label(context, pane.left, box, 'left');
  if (divided < end || !pane.split) label(context, pane.right, box, 'right');
  context.restore();
}

function backdrop(context, left, top, w, h) {
  context.save();
  context.beginPath();
  context.rect(left, top, w, h);
  context.clip();
  if (look.backdrop === 'checker') {
    const side = Math.round(10 * ratio()), tile = surface(2 * side, 2 * side), paint = tile.getContext('2d');
    paint.fillStyle = '#6d6d6d';
    paint.fillRect(0, 0, 2 * side, 2 * side);
    paint.fillStyle = '#8d8d8d';
    paint.fillRect(0, 0, side, side);
    paint.fillRect(side, side, side, side);
    context.fillStyle = context.createPattern(tile, 'repeat');
  } else context.fillStyle = look.backdrop;
  context.fillRect(left, top, w, h);
  context.restore();
}

function label(context, text, box, side) {
  if (!text) return;
  const size = ratio(), pad = 7 * size;
  context.font = `${12 * size}px system-ui, sans-serif`;
  const width = Math.min(context.measureText(text).width, box.w - 30 * size);
  const x = side === 'left' ? box.x + 10 * size : box.x + box.w - width - 2 * pad - 10 * size;
  context.fillStyle = 'rgba(0, 0, 0, .66)';
  context.beginPath();
  context.roundRect(x, box.y + 10 * size, width + 2 * pad, 22 * size, 4 * size);
  context.fill();
  context.fillStyle = '#fff';
  context.fillText(text, x + pad, box.y + 25.5 * size, width);
}

function paintLamp(context, box) {
  const { scene, zoom } = stage, size = ratio();
  const x = box.x + box.w / 2 + (look.lamp.x * scene.w - stage.x) * zoom, y = box.y + box.h / 2 + (look.lamp.y * scene.h - stage.y) * zoom;
  context.save();
  context.shadowColor = 'rgba(0,0,0,.8)';
  context.shadowBlur = 5 * size;
  context.fillStyle = context.strokeStyle = '#ffe08a';
  context.lineWidth = 2 * size;
  context.beginPath();
  context.arc(x, y, 6 * size, 0, 7);
  context.fill();
  for (let ray = 0; ray < 8; ray++) {
    const cos = Math.cos((ray * Math.PI) / 4), sin = Math.sin((ray * Math.PI) / 4);
    context.beginPath();
    context.moveTo(x + 10 * size * cos, y + 10 * size * sin);
    context.lineTo(x + 14 * size * cos, y + 14 * size * sin);
    context.stroke();
  }
  context.restore();
}

function placeDivider(box) {
  const divider = $('divider');
  divider.style.left = `${stage.divider * box.width}px`;
  divider.setAttribute('aria-valuenow', String(Math.round(100 * stage.divider)));
}

function paintLegend(heat) {
  $('legend').hidden = false;
  const context = $('scale').getContext('2d');
  HEAT.forEach((colour, i) => {
    context.fillStyle = `rgb(${colour.join(',')})`;
    context.fillRect(i, 0, 1, 1);
  });
  $('hottest').textContent = `${heat.top < 10 ? heat.top.toFixed(1) : heat.top.toFixed(0)} of 255 (most ${heat.most.toFixed(1)}, mean ${heat.mean.toFixed(2)})`;
}

// Zoom and place

function zoomTo(zoom, at) {
  if (!stage.layout) return;
  const box = at ? at.box : stage.layout.boxes[0];
  const px = at ? at.px - (box.x + box.w / 2) : 0, py = at ? at.py - (box.y + box.h / 2) : 0;
  const next = Math.max(LEAST, Math.min(16, zoom));
  stage.x += px / stage.zoom - px / next;
  stage.y += py / stage.zoom - py / next;
  stage.zoom = next;
  stage.fit = false;
  paint();
}

function zoomStep(direction) {
  const steps = [1 / 16, 1 / 8, 1 / 4, 1 / 2, ...ZOOMS];
  const next = direction > 0 ? steps.find((step) => step > stage.zoom * 1.01) : steps.reverse().find((step) => step < stage.zoom * 0.99);
  if (next) zoomTo(next);
}

function fit() {
  stage.fit = true;
  paint();
}

function showZoom() {
  for (const button of $('zooms').children) {
    if (button.value) button.setAttribute('aria-pressed', String(button.value === 'fit' ? stage.fit : !stage.fit && Math.abs(stage.zoom - Number(button.value)) < 1e-6));
  }
}

// Pointer

/** Return what is under a pointer: the pane, and the place in texels of the result. */
function under(event) {
  const area = canvas.getBoundingClientRect();
  const px = (event.clientX - area.left) * ratio(), py = (event.clientY - area.top) * ratio();
  const index = stage.layout ? stage.layout.boxes.findIndex((box) => px >= box.x && px < box.x + box.w && py >= box.y && py < box.y + box.h) : -1;
  if (index < 0) return null;
  const box = stage.layout.boxes[index];
  return { index, box, px, py, x: stage.x + (px - box.x - box.w / 2) / stage.zoom, y: stage.y + (py - box.y - box.h / 2) / stage.zoom };
}

function divide(value) {
  stage.divider = Math.max(0, Math.min(1, value));
  paint();
}

function moveLamp(x, y) {
  look.lamp = { ...look.lamp, x: Math.max(-0.5, Math.min(1.5, x)), y: Math.max(-0.5, Math.min(1.5, y)) };
  paint();
}

canvas.addEventListener('pointerdown', (event) => {
  const at = under(event);
  if (!at || !stage.scene || event.button > 1) return;
  event.preventDefault();
  canvas.focus({ preventScroll: true });
  canvas.setPointerCapture(event.pointerId);
  const { view } = stage.layout, across = view.across || 1;
  const whole = stage.scene.w * across * stage.zoom <= at.box.w && stage.scene.h * (view.down || 1) * stage.zoom <= at.box.h;
  const moved = event.button === 1 || event.shiftKey;
  const kind = moved ? 'pan' : view.lamp ? 'lamp' : view.panes[0].split && whole ? 'divide' : 'pan';
  stage.drag = { kind, from: { x: event.clientX, y: event.clientY, at: { x: stage.x, y: stage.y } } };
  if (kind !== 'pan') dragged(event);
});

function dragged(event) {
  const { kind, from } = stage.drag, at = under(event), area = canvas.getBoundingClientRect();
  if (kind === 'divide') divide((event.clientX - area.left) / area.width);
  if (kind === 'lamp' && at) moveLamp(at.x / stage.scene.w, at.y / stage.scene.h);
  if (kind === 'pan') {
    stage.fit = false;
    stage.x = from.at.x - ((event.clientX - from.x) * ratio()) / stage.zoom;
    stage.y = from.at.y - ((event.clientY - from.y) * ratio()) / stage.zoom;
    paint();
  }
}

for (const element of [canvas, $('divider')]) {
  element.addEventListener('pointermove', (event) => {
    if (stage.drag) dragged(event);
    read(under(event));
  });
  for (const name of ['pointerup', 'pointercancel']) element.addEventListener(name, () => { stage.drag = null; });
}
$('divider').addEventListener('pointerdown', (event) => {
  event.preventDefault();
  $('divider').focus({ preventScroll: true });
  $('divider').setPointerCapture(event.pointerId);
  stage.drag = { kind: 'divide', from: {} };
});
$('stage').addEventListener('wheel', (event) => {
  event.preventDefault();
  const at = under(event);
  if (at) zoomTo(stage.zoom * Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0018)), at);
}, { passive: false });
canvas.addEventListener('dblclick', (event) => {
  if (stage.fit) zoomTo(ZOOMS.find((zoom) => zoom > stage.zoom) || 16, under(event));
  else fit();
});
$('stage').addEventListener('pointerleave', () => { $('reading').replaceChildren(); });
new ResizeObserver(() => paint()).observe($('stage'));

/** Say which texel is under the pointer, before and after. */
function read(at) {
  const { scene, layout } = stage, reading = $('reading');
  if (!at || !scene) return reading.replaceChildren();
  let { x, y } = at;
  if ((layout.view.across || 1) > 1) x = ((x % scene.w) + scene.w) % scene.w;
  if ((layout.view.down || 1) > 1) y = ((y % scene.h) + scene.h) % scene.h;
  if (x < 0 || y < 0 || x >= scene.w || y >= scene.h) return reading.replaceChildren();
  const parts = [`${Math.floor(x)}, ${Math.floor(y)}`];
  for (const [side, name] of [['before', 'source'], ['after', 'result']]) {
    const picture = scene[side];
    if (!picture) continue;
    const i = Math.floor((y * picture.h) / scene.h) * picture.w + Math.floor((x * picture.w) / scene.w);
    const colour = [...picture.texels.slice(4 * i, 4 * i + 3)];
    const swatch = make('span', 'swatch');
    swatch.style.background = `rgb(${colour.join(',')})`;
    parts.push(swatch, `${name} ${[...colour, ...(picture.alpha ? [picture.alpha[i]] : [])].map((value) => String(value).padStart(3, '\u2007')).join(' ')}`);
  }
  reading.replaceChildren(...parts);
}
