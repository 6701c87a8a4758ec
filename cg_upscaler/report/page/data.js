// Reads the page's data, and makes elements. Whatever a texture is called, it is text: no markup is ever parsed.

const data = JSON.parse(document.getElementById('data').textContent);
const textures = data.rows;
const byId = new Map(textures.map((texture) => [texture.id, texture]));
const FAR = 1e6; // stands for everything beyond

const $ = (id) => document.getElementById(id);

/** Return an element with a class, attributes and children; strings become text. */
function make(tag, name, ...children) {
  const element = document.createElement(tag);
  if (name) element.className = name;
  for (const child of children.flat()) {
    if (child === null || child === undefined || child === '') continue;
    if (typeof child === 'object' && !(child instanceof Node)) Object.assign(element, child);
    else element.append(child);
  }
  return element;
}

function option(value, text) {
  return make('option', '', { value }, text);
}

const words = (name) => (name || '').replaceAll('_', ' ');
const fileOf = (name) => name.slice(name.lastIndexOf('/') + 1);
const folderOf = (name) => name.slice(0, name.lastIndexOf('/') + 1);
const OUTCOMES = { failed: 'failed', rejected: 'rejected', cancelled: 'cancelled', done: 'done', copied: 'copied', current: 'up to date', skipped: 'skipped' };
const SEE_THROUGH = new Set(['cutout', 'blend', 'premultiplied']);
const UNITS = { consistency: ' dB', encoding: ' dB', normal_drift: '°', seam: '×' };

/** Return a figure's number with its unit. */
function measured(name, value) {
  if (value === 'NaN') return 'not a number';
  if (Math.abs(value) >= FAR) return value > 0 ? '∞' : '−∞';
  if (name === 'coverage_error') return `${(100 * value).toFixed(2)} %`;
  const digits = Math.abs(value) >= 10 ? 1 : Math.abs(value) >= 0.1 || value === 0 ? 2 : 3;
  return value.toFixed(digits) + (UNITS[name] || '');
}

function share(used) {
  if (used >= 100) return 'far beyond';
  const percent = 100 * used;
  return `${percent.toFixed(percent < 10 ? 1 : 0)} % used`;
}

function seconds(value) {
  if (!value) return '';
  if (value < 100) return `${value.toFixed(1)} s`;
  return `${Math.floor(value / 60)} min ${Math.round(value % 60)} s`;
}

const sized = (spec) => `${spec.w}×${spec.h}`;

function stored(spec) {
  return [spec.container, spec.encoding, `${spec.channels} × ${spec.depth}`].filter(Boolean).join(' ');
}

function sizes(texture) {
  const { before, after } = texture;
  if (!before) return after ? sized(after) : '';
  return after && (after.w !== before.w || after.h !== before.h) ? `${sized(before)} → ${sized(after)}` : sized(before);
}

/** Return what of a gate's allowance is used, as a bar with its words. */
function meter(figure) {
  const { name, value, bound, used } = figure;
  const label = make('span', 'label', words(name), make('b', '', measured(name, value)));
  if (bound === undefined) return make('div', 'meter', label, make('small', '', 'no gate'));
  const fill = make('i', figure.broken ? 'broken' : used > 0.8 ? 'near' : '');
  fill.style.width = `${Math.min(100, Math.max(used > 0 ? 1.5 : 0, 100 * used))}%`;
  const gate = make('small', '', `${share(used)} · gate ${measured(name, bound)}`);
  return make('div', 'meter', label, make('div', 'track', fill), gate);
}

/** Return a texture's picture in small. */
function thumbnail(texture) {
  const box = make('span', `thumb${SEE_THROUGH.has(texture.alpha) ? ' see-through' : ''}`);
  const source = texture.thumb ? `data:image/webp;base64,${texture.thumb}` : texture.preview ? `previews/${texture.preview}.webp` : '';
  if (!source) {
    box.append(texture.outcome === 'skipped' ? 'skipped' : 'no preview');
    return box;
  }
  const image = make('img', '', { alt: '', loading: 'lazy', decoding: 'async', draggable: false });
  image.onload = () => image.classList.toggle('small', Math.max(image.naturalWidth, image.naturalHeight) <= 64);
  image.onerror = () => image.replaceWith('no preview');
  image.src = source;
  box.append(image);
  return box;
}

function badge(texture) {
  return make('span', `badge ${texture.outcome}`, OUTCOMES[texture.outcome]);
}
