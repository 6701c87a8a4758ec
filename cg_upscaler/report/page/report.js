// Ties the page together: the toolbar, the keyboard, and an address that says what is shown, to pass on.

function visit(texture) {
  address(texture ? texture.id : '');
}

/** Put what is shown into the address; a change of the texture alone is a step that Back undoes. */
function address(id) {
  const said = new URLSearchParams();
  if (id) said.set('t', id);
  for (const [name, value] of Object.entries(filters)) if (value && !(name === 'order' && value === 'worst')) said.set(name, value);
  const hash = `#${said}`;
  if (hash === (location.hash || '#')) return;
  if (Boolean(id) !== Boolean(opened)) location.hash = hash;
  else location.replace(hash);
  obey();
}

/** Show what the address says. What it says is compared with what there is, and never trusted. */
let obeyed = null;
function obey() {
  if (obeyed === location.hash) return;
  obeyed = location.hash;
  const said = new URLSearchParams(location.hash.slice(1));
  let changed = false;
  for (const name of Object.keys(filters)) {
    const value = said.get(name) || (name === 'order' ? 'worst' : '');
    changed = changed || filters[name] !== value;
    filters[name] = value;
  }
  if (changed) refresh();
  const texture = byId.get(said.get('t')) || null;
  if (texture && texture !== opened) openTexture(texture);
  if (!texture && dialog.open) dialog.close();
}

function filter(name, value) {
  filters[name] = value;
  current = 0;
  refresh();
  address(opened ? opened.id : '');
}

function counted(values) {
  const counts = new Map();
  for (const value of values) if (value) counts.set(value, (counts.get(value) || 0) + 1);
  return [...counts].sort((a, b) => (a[0] < b[0] ? -1 : 1));
}

/** Return every folder with how many textures lie in it and below it. */
function folders() {
  const counts = new Map();
  for (const texture of textures) {
    const parts = (texture.folder || '').split('/').filter(Boolean);
    for (let depth = 1; depth <= parts.length; depth++) {
      const folder = parts.slice(0, depth).join('/');
      counts.set(folder, (counts.get(folder) || 0) + 1);
    }
  }
  return [...counts].sort((a, b) => (a[0] < b[0] ? -1 : 1));
}

function choices(name, all, counts, text = words) {
  $(name).replaceChildren(option('', all), ...counts.map(([value, count]) => option(value, `${text(value)} (${count})`)));
  $(name).hidden = !counts.length;
  $(name).onchange = () => filter(name, $(name).value);
}

const same = (text) => text;
choices('kind', 'All kinds', counted(textures.map((texture) => texture.kind)));
choices('folder', 'All folders', folders(), same);
choices('material', 'All materials', counted(textures.map((texture) => texture.material)), same);
$('sort').replaceChildren(...Object.entries(ORDERS).map(([value, [title]]) => option(value, title)));
$('sort').onchange = () => filter('order', $('sort').value);
$('search').oninput = () => filter('q', $('search').value);
$('lately').onchange = () => filter('lately', $('lately').checked ? '1' : '');
$('lately-label').hidden = !data.started;
$('layout').onclick = () => filter('grid', filters.grid ? '' : '1');
$('clear').onclick = () => {
  for (const name of Object.keys(filters)) if (!['order', 'grid'].includes(name)) filters[name] = '';
  filter('q', '');
};
const there = new Set(textures.map((texture) => texture.outcome));
for (const [value, title] of [['', 'All'], ...Object.entries(OUTCOMES).filter(([value]) => there.has(value))]) {
  const button = make('button', '', { type: 'button', value }, title, make('b', ''));
  button.onclick = () => filter('outcome', filters.outcome === value ? '' : value);
  $('outcomes').append(button);
}
VIEW_NAMES.forEach((name, i) => {
  const tab = make('button', '', { type: 'button', value: name, id: `view-${name}` }, VIEWS[name].title, make('kbd', '', String(i + 1)));
  tab.setAttribute('role', 'tab');
  tab.setAttribute('aria-controls', 'stage');
  tab.onclick = () => show(name);
  $('tabs').append(tab);
});
$('tabs').onkeydown = (event) => {
  const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!by) return;
  event.stopPropagation();
  event.preventDefault();
  const open = [...$('tabs').children].filter((tab) => !tab.disabled);
  const next = open[(open.findIndex((tab) => tab.value === look.view) + by + open.length) % open.length];
  if (next) { show(next.value); next.focus(); }
};
for (const [value, title] of [['-', '−'], ['fit', 'Fit'], ...ZOOMS.map((zoom) => [String(zoom), zoom === 1 ? '1:1' : `${zoom}×`]), ['+', '+']]) {
  const button = make('button', '', { type: 'button', value: '+-'.includes(value) ? '' : value }, title);
  if ('+-'.includes(value)) button.setAttribute('aria-label', value === '+' ? 'Closer' : 'Farther');
  button.onclick = () => (value === 'fit' ? fit() : value === '+' ? zoomStep(1) : value === '-' ? zoomStep(-1) : zoomTo(Number(value)));
  $('zooms').append(button);
}
if (data.orphans.length) {
  $('orphans').hidden = false;
  $('orphans').firstElementChild.textContent = `${data.orphans.length.toLocaleString('en')} results have no source any more`;
  $('orphans').lastElementChild.replaceChildren(...data.orphans.slice(0, 1000).map((path) => make('li', '', path)));
}

list.addEventListener('click', (event) => {
  const button = event.target.closest('[data-index]');
  if (!button) return;
  go(Number(button.dataset.index));
  visit(shown[current]);
});
$('smooth').onchange = () => { look.smooth = $('smooth').checked; paint(); };
$('previous').onclick = () => step(-1);
$('next').onclick = () => step(1);
$('close').onclick = () => visit(null);
dialog.addEventListener('cancel', (event) => {
  event.preventDefault();
  visit(null);
});
dialog.addEventListener('close', () => {
  const index = shown.indexOf(opened);
  opened = null;
  turn++;
  stage.scene = null;
  if (index >= 0) go(index);
  if (new URLSearchParams(location.hash.slice(1)).get('t')) address('');
});

// Keyboard

const writing = (element) => element.matches('select, textarea, input:not([type="checkbox"], [type="range"])');

function inDetail(event) {
  const { key, target } = event;
  const arrows = target.matches('input[type="range"]') ? {} : target === $('divider') ? { ArrowLeft: () => divide(stage.divider - 0.02), ArrowRight: () => divide(stage.divider + 0.02), Home: () => divide(0), End: () => divide(1) } : { ArrowLeft: () => step(-1), ArrowRight: () => step(1) };
  const acts = {
    ...arrows, j: () => step(1), k: () => step(-1), '+': () => zoomStep(1), '=': () => zoomStep(1), '-': () => zoomStep(-1), 0: fit,
    '[': () => divide(stage.divider - 0.05), ']': () => divide(stage.divider + 0.05), s: () => $('smooth').click(),
  };
  VIEW_NAMES.forEach((name, i) => { acts[i + 1] = () => show(name); });
  if (key === ' ' && !target.matches('button:not([role="tab"]), input, select')) acts[' '] = () => { stage.only = 'before'; paint(); };
  return acts[key];
}

function inList({ key }) {
  const columns = filters.grid && lines.length ? Math.max(...lines.slice(0, 3).map((line) => line.columns || 1)) : 1;
  const acts = {
    j: () => go(current + 1), k: () => go(current - 1), ArrowDown: () => go(current + columns), ArrowUp: () => go(current - columns),
    '/': () => { $('search').focus(); $('search').select(); }, g: () => $('layout').click(),
  };
  if (columns > 1) Object.assign(acts, { ArrowRight: () => go(current + 1), ArrowLeft: () => go(current - 1) });
  if (document.activeElement && list.contains(document.activeElement)) Object.assign(acts, { Home: () => go(0), End: () => go(shown.length - 1), PageDown: () => go(current + 6 * columns), PageUp: () => go(current - 6 * columns) });
  if (document.activeElement === document.body) acts.Enter = () => shown.length && visit(shown[current]);
  return acts[key];
}

document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (writing(event.target)) {
    if (event.target === $('search') && ['Escape', 'Enter', 'ArrowDown'].includes(event.key)) {
      event.preventDefault();
      if (event.key === 'Escape') filter('q', '');
      event.target.blur();
      go(0);
    }
    return;
  }
  const act = dialog.open ? inDetail(event) : inList(event);
  if (!act) return;
  event.preventDefault();
  act();
});
document.addEventListener('keyup', (event) => {
  if (event.key === ' ' && stage.only) {
    stage.only = '';
    paint();
  }
});

let scrolled = 0;
window.addEventListener('scroll', () => {
  if (!scrolled) scrolled = requestAnimationFrame(() => { scrolled = 0; draw(); });
}, { passive: true });
window.addEventListener('resize', arrange);
window.addEventListener('hashchange', obey);
refresh();
obey();
document.documentElement.dataset.ready = String(Math.round(performance.now()));
