// The close look at one texture: its pictures, and the facts of its job.

const dialog = $('detail');
let opened = null; // the texture that is shown
let turn = 0; // counts openings, so that what arrives late is dropped

function openTexture(texture) {
  opened = texture;
  look.directx = null;
  look.part = 'whole';
  stage.fit = true;
  stage.only = '';
  const index = shown.indexOf(texture);
  $('detail-name').replaceChildren(make('span', '', folderOf(texture.name)), fileOf(texture.name));
  $('detail-name').title = texture.name;
  const mark = $('detail-outcome');
  mark.className = `badge ${texture.outcome}`;
  mark.textContent = OUTCOMES[texture.outcome];
  $('detail-where').textContent = index < 0 ? '' : `${(index + 1).toLocaleString('en')} of ${shown.length.toLocaleString('en')}`;
  $('previous').disabled = index <= 0;
  $('next').disabled = index < 0 || index >= shown.length - 1;
  $('facts').replaceChildren(...facts(texture));
  $('facts').scrollTop = 0;
  if (!dialog.open) {
    dialog.showModal();
    canvas.focus({ preventScroll: true });
  }
  present();
}

/** Load what there is to see of the open texture, and show it. */
async function present() {
  const mine = ++turn, texture = opened;
  stage.scene = null;
  paint();
  controls();
  if (data.single) return tell('This report is a single file and holds thumbnails only.\nA report in a folder has a closer look.');
  if (!texture.preview) return tell(texture.lost || (texture.outcome === 'skipped' ? 'It is skipped.' : 'There is no preview.'));
  tell('');
  try {
    const brought = await load(texture.preview);
    const scene = await sceneOf(texture, brought, look.part);
    if (mine !== turn) return;
    stage.scene = scene;
    if (!VIEWS[look.view].can(scene)) look.view = 'slider';
    if (texture.lost) tell('');
    controls();
    paint();
    const next = shown[shown.indexOf(texture) + 1];
    if (next && next.preview) load(next.preview).catch(() => {});
  } catch (error) {
    if (mine === turn) tell(error.message);
  }
}

function tell(text) {
  $('message').textContent = text;
  $('message').hidden = !text;
}

function show(view) {
  if (!stage.scene || !VIEWS[view].can(stage.scene)) return;
  if (['tiled', 'channels', 'beside'].includes(view) || ['tiled', 'channels', 'beside'].includes(look.view)) stage.fit = true;
  look.view = view;
  controls();
  paint();
}

/** Bring tabs and options to what can be seen of the open texture. */
function controls() {
  const { scene } = stage;
  canvas.setAttribute('aria-label', `${opened.name}: ${VIEWS[look.view].title}`);
  for (const tab of $('tabs').children) {
    tab.setAttribute('aria-selected', String(tab.value === look.view));
    tab.tabIndex = tab.value === look.view ? 0 : -1;
    tab.disabled = !scene || !VIEWS[tab.value].can(scene);
  }
  $('options').replaceChildren(...(scene ? optionsOf(scene) : []));
}

function choice(title, values, now, act) {
  const box = make('select', '', ...values.map(([value, text]) => option(value, text)));
  box.setAttribute('aria-label', title);
  box.value = now;
  box.onchange = () => { act(box.value); paint(); };
  return box;
}

function slide(title, now, from, to, act) {
  const range = make('input', '', { type: 'range', min: from, max: to, step: 0.01 });
  range.value = now;
  range.oninput = () => { act(Number(range.value)); paint(); };
  return make('label', '', title, range);
}

function optionsOf(scene) {
  const found = [];
  if (scene.shown.crop) {
    found.push(choice('Part', [['whole', `whole, 1 : ${scene.shown.divisor}`], ['part', 'most detailed part, 1 : 1']], look.part, (value) => { look.part = value; stage.fit = true; present(); }));
  }
  if (look.view === 'difference') {
    found.push(choice('Size', [['', 'at the source’s size'], ['fine', 'at the result’s size']], look.fine ? 'fine' : '', (value) => { look.fine = Boolean(value); }));
    found.push(choice('Scale', [['auto', 'up to the most'], ['8', 'up to 8'], ['32', 'up to 32'], ['128', 'up to 128']], look.top, (value) => { look.top = value; }));
  }
  if (look.view === 'light') {
    found.push(slide('height', look.lamp.height, 0.05, 1.5, (value) => { look.lamp = { ...look.lamp, height: value }; }));
    found.push(slide('gloss', look.gloss, 0, 1, (value) => { look.gloss = value; }));
    found.push(choice('Green points', [['', 'Y+, OpenGL'], ['down', 'Y−, DirectX']], directx(scene, 'before') ? 'down' : '', (value) => { look.directx = Boolean(value); }));
  }
  if (scene.through && ['slider', 'beside', 'tiled'].includes(look.view)) {
    found.push(choice('Behind it', [['checker', 'over checks'], ['#000', 'over black'], ['#fff', 'over white'], ['#f0f', 'over magenta'], ['none', 'without alpha']], look.backdrop, (value) => { look.backdrop = value; }));
  }
  return found;
}

// Facts

function table(pairs) {
  return make('dl', '', pairs.filter(([, value]) => value).flatMap(([name, value, style]) => [make('dt', '', name), make('dd', style || '', value)]));
}

function file(spec) {
  if (!spec) return '';
  const more = [spec.levels && `${spec.levels} mips`, spec.slices && `${spec.slices} slices`, spec.space];
  return `${sized(spec)}, ${[stored(spec), ...more].filter(Boolean).join(', ')}`;
}

function facts(texture) {
  const parts = [];
  if (texture.error) parts.push(make('p', `wrong ${texture.outcome}`, texture.error));
  if (texture.lost) parts.push(make('p', 'wrong', texture.lost));
  if (texture.figures) parts.push(make('h3', '', 'Measured'), ...texture.figures.map(meter));
  if (texture.kind) {
    const sure = `${words(texture.kind)}, ${Math.round(100 * texture.sure)} % sure`;
    const wraps = { xy: 'both ways', x: 'across', y: 'down' }[texture.wraps];
    parts.push(make('h3', '', 'What it is'), table([['map', sure], ['because', texture.why], ['alpha', texture.alpha === 'none' ? '' : texture.alpha], ['tiles', wraps || 'no'], ['cells', texture.cells], ['green', texture.convention && (texture.convention === 'directx' ? 'down (DirectX)' : 'up (OpenGL)')], ['channels', texture.channels && !isNormal(texture) && Object.entries(texture.channels).map(([channel, held]) => `${'RGBA'[channel]} ${words(held)}`).join(', ')]]));
  }
  const models = texture.models && texture.models.join(', ');
  parts.push(make('h3', '', 'What was done'), table([['outcome', OUTCOMES[texture.outcome]], ['because', texture.again], ['scale', texture.scale > 1 ? `${texture.scale}×` : ''], ['model', models], ['source', file(texture.before)], ['result', file(texture.after)], ['took', seconds(texture.seconds)], ['ended', texture.at ? `${texture.at.slice(0, 19).replace('T', ' ')} UTC` : '']]));
  if (texture.notes) parts.push(make('h3', '', 'Notes'), make('ul', '', texture.notes.map((note) => make('li', '', note))));
  parts.push(make('h3', '', 'Where'), table([['name', texture.name, 'path'], ['source', texture.source, 'path'], ['result', texture.output, 'path']]));
  const others = texture.material ? textures.filter((other) => other.material === texture.material && other !== texture) : [];
  if (others.length) parts.push(make('h3', '', `Other maps of ${texture.material}`), make('div', 'maps', others.slice(0, 12).map(mapButton)));
  const keys = [['← →', 'textures'], ['1–6', 'views'], ['+ − 0', 'zoom, fit'], ['space', 'hold: source'], ['[ ]', 'divider'], ['s', 'smooth'], ['Esc', 'close']];
  parts.push(make('p', 'keys', keys.flatMap(([key, does]) => [make('kbd', '', key), ` ${does}  `])));
  return parts;
}

function mapButton(other) {
  const button = make('button', '', { type: 'button', title: other.name }, thumbnail(other), words(other.kind) || OUTCOMES[other.outcome]);
  button.onclick = () => visit(other);
  return button;
}

function step(by) {
  const next = shown[shown.indexOf(opened) + by];
  if (opened && next) visit(next);
}
