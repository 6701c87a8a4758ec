// Shows the textures that pass the filters. Only those near the window exist as elements, so that 50,000 scroll well.

const SECTIONS = [
  ['Failed', 'failed', 'what went wrong is said beside each'],
  ['Rejected by a gate', 'rejected', 'the result lies in _rejected; what was there before is still in its place'],
  ['Cancelled', '', 'not begun, or not ended'],
  ['Within their gates', '', 'nearest to a gate first'],
  ['No gate applies', '', 'in the order of their names'],
];
const ORDERS = {
  worst: ['Worst first', null],
  name: ['By name', (a, b) => (a.name < b.name ? -1 : 1)],
  size: ['Largest first', (a, b) => texels(b) - texels(a)],
  time: ['Slowest first', (a, b) => (b.seconds || 0) - (a.seconds || 0)],
};
const ROW = 90, CARD = 214, CARD_WIDTH = 172, HEADING = 50, BEYOND = 700;

const texels = (texture) => (texture.before ? texture.before.w * texture.before.h : 0);
const filters = { q: '', outcome: '', kind: '', folder: '', material: '', lately: '', order: 'worst', grid: '' };
const list = $('list');
let shown = []; // textures, in the order in which they are shown
let lines = []; // { top, height, section } or { top, height, first, count }
let drawn = new Map(); // line number → element
let current = 0; // which of `shown` the keyboard is at

const haystacks = new Map();
function haystack(texture) {
  let text = haystacks.get(texture.id);
  if (text === undefined) {
    const parts = [texture.name, words(texture.kind), texture.error, texture.again, texture.why, texture.material, ...(texture.notes || []), ...(texture.models || []), texture.after && texture.after.encoding];
    text = parts.filter(Boolean).join('\n').toLowerCase();
    haystacks.set(texture.id, text);
  }
  return text;
}

function passes(texture, but) {
  const { q, outcome, kind, folder, material, lately } = filters;
  return (
    (but === 'outcome' || !outcome || texture.outcome === outcome) &&
    (!kind || texture.kind === kind) &&
    (!folder || texture.folder === folder || (texture.folder || '').startsWith(`${folder}/`)) &&
    (!material || texture.material === material) &&
    (!lately || (texture.at || '') >= data.started) &&
    (!q || q.toLowerCase().split(/\s+/).every((word) => haystack(texture).includes(word)))
  );
}

/** Bring list, counts and controls to what the filters say. */
function refresh() {
  shown = textures.filter((texture) => passes(texture));
  const compare = (ORDERS[filters.order] || ORDERS.worst)[1];
  if (compare) shown.sort(compare);
  current = Math.min(current, Math.max(0, shown.length - 1));
  $('count').textContent = shown.length === textures.length ? `${textures.length.toLocaleString('en')} textures` : `${shown.length.toLocaleString('en')} of ${textures.length.toLocaleString('en')}`;
  $('empty').hidden = shown.length > 0;
  const counts = new Map();
  for (const texture of textures) if (passes(texture, 'outcome')) counts.set(texture.outcome, (counts.get(texture.outcome) || 0) + 1);
  for (const button of $('outcomes').children) {
    button.setAttribute('aria-pressed', String(button.value === filters.outcome));
    const count = button.value ? counts.get(button.value) || 0 : [...counts.values()].reduce((a, b) => a + b, 0);
    button.lastElementChild.textContent = count.toLocaleString('en');
  }
  for (const name of ['kind', 'folder', 'material']) $(name).value = filters[name];
  $('sort').value = filters.order;
  $('lately').checked = Boolean(filters.lately);
  if ($('search').value !== filters.q) $('search').value = filters.q;
  $('layout').setAttribute('aria-pressed', String(Boolean(filters.grid)));
  arrange();
}

/** Lay the lines out anew, and draw those that are in sight. */
function arrange() {
  const columns = filters.grid ? Math.max(1, Math.floor((list.clientWidth + 10) / (CARD_WIDTH + 10))) : 1;
  const height = filters.grid ? CARD : ROW;
  lines = [];
  let top = 0, section = -1;
  for (let first = 0; first < shown.length; ) {
    if (filters.order === 'worst' && shown[first].section !== section) {
      section = shown[first].section;
      lines.push({ top, height: HEADING, section });
      top += HEADING;
    }
    let count = 1;
    while (count < columns && first + count < shown.length && (filters.order !== 'worst' || shown[first + count].section === section)) count++;
    lines.push({ top, height, first, count, columns });
    top += height;
    first += count;
  }
  list.style.height = `${top}px`;
  list.replaceChildren();
  drawn = new Map();
  draw();
}

function draw() {
  const above = -list.getBoundingClientRect().top;
  const from = above - BEYOND, to = above + window.innerHeight + BEYOND;
  const wanted = new Set();
  let low = 0, high = lines.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (lines[middle].top + lines[middle].height < from) low = middle + 1;
    else high = middle;
  }
  for (let at = low; at < lines.length && lines[at].top <= to; at++) wanted.add(at);
  const kept = lineOf(current); // the one that has the focus stays
  if (kept >= 0) wanted.add(kept);
  for (const [at, element] of drawn) {
    if (!wanted.has(at)) {
      element.remove();
      drawn.delete(at);
    }
  }
  for (const at of [...wanted].sort((a, b) => a - b)) {
    if (drawn.has(at)) continue;
    const element = lines[at].section === undefined ? lineElement(lines[at]) : headingElement(lines[at].section);
    element.style.top = `${lines[at].top}px`;
    drawn.set(at, element);
    const after = [...drawn.keys()].filter((other) => other > at).sort((a, b) => a - b)[0];
    list.insertBefore(element, after === undefined ? null : drawn.get(after)); // so that Tab goes down the page
  }
}

function lineOf(index) {
  let low = 0, high = lines.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const line = lines[middle];
    const first = line.first === undefined ? lines[middle + 1].first : line.first;
    if (index < first) high = middle - 1;
    else if (line.first === undefined || index >= first + line.count) low = middle + 1;
    else return middle;
  }
  return -1;
}

function headingElement(section) {
  const [title, name, hint] = SECTIONS[section];
  const count = shown.filter((texture) => texture.section === section).length;
  return make('div', `heading ${name}`, { role: 'presentation' }, make('h2', '', `${title} (${count.toLocaleString('en')})`), make('span', '', hint));
}

function lineElement(line) {
  const element = make('div', 'line', { role: 'presentation' });
  element.style.gridTemplateColumns = `repeat(${line.columns}, minmax(0, 1fr))`;
  for (let index = line.first; index < line.first + line.count; index++) element.append(itemElement(index));
  return element;
}

function itemElement(index) {
  const texture = shown[index];
  const button = filters.grid ? card(texture) : row(texture);
  button.type = 'button';
  button.title = texture.name;
  button.tabIndex = index === current ? 0 : -1;
  button.dataset.index = index;
  const item = make('div', '', { role: 'listitem' }, button);
  item.setAttribute('aria-setsize', shown.length);
  item.setAttribute('aria-posinset', index + 1);
  return item;
}

function row(texture) {
  const pair = make('span', `pair${SEE_THROUGH.has(texture.alpha) ? ' see-through' : ''}`);
  if (texture.detail) pair.append(make('img', '', { alt: 'source and result, close', loading: 'lazy', decoding: 'async', draggable: false, src: `previews/${texture.preview}-detail.webp` }));
  const title = make('span', 'title', badge(texture), make('span', 'folder', folderOf(texture.name)), make('b', '', fileOf(texture.name)));
  const about = [words(texture.kind), sizes(texture), texture.after && stored(texture.after), texture.models && texture.models.join(', ')];
  const said = texture.error || (texture.notes || []).join('; ') || (texture.again && texture.again !== 'new' ? `done because ${texture.again}` : '');
  const says = make('span', 'says', title, make('span', 'about', about.filter(Boolean).join(' · ')), said && make('span', 'reason', said));
  const figure = (texture.figures || []).find((each) => each.name === texture.worst);
  return make('button', `row ${texture.outcome}`, thumbnail(texture), pair, says, figure ? meter(figure) : make('span'), make('span', 'seconds-cell', seconds(texture.seconds)));
}

function card(texture) {
  const special = texture.section < 3 ? badge(texture) : null;
  return make('button', `card ${texture.outcome}`, thumbnail(texture), make('span', 'name', fileOf(texture.name)), make('span', 'about', special, [words(texture.kind), sizes(texture)].filter(Boolean).join(' · ')));
}

/** Bring the keyboard to a texture of the list, and it into sight. */
function go(index) {
  if (!shown.length) return;
  const before = list.querySelector(`[data-index="${current}"]`);
  if (before) before.tabIndex = -1;
  current = Math.max(0, Math.min(shown.length - 1, index));
  const line = lines[lineOf(current)];
  const top = list.getBoundingClientRect().top + line.top, bar = $('bar').offsetHeight + 4;
  if (top < bar) window.scrollBy(0, top - bar - (lines[0].height === HEADING ? HEADING : 0));
  else if (top + line.height > window.innerHeight) window.scrollBy(0, top + line.height - window.innerHeight + 8);
  draw();
  const button = list.querySelector(`[data-index="${current}"]`);
  button.tabIndex = 0;
  button.focus({ preventScroll: true });
}
