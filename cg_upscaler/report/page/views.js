// What there is to look at: each view gives panes, and each pane one or two pictures at the same place.

const look = { view: 'slider', part: 'whole', backdrop: 'checker', smooth: false, fine: false, top: 'auto', gloss: 0.2, directx: null, lamp: { x: 0.3, y: 0.25, height: 0.45 } };

/** Return a texture's pictures, ready to be looked at. */
async function sceneOf(texture, shown, part) {
  const source = (part === 'part' && shown.crop) || shown.whole;
  const [before, after] = await Promise.all([decoded(source.before), decoded(source.after)]);
  const main = after || before, through = SEE_THROUGH.has(texture.alpha);
  const scale = after ? 1 : texture.scale > 1 && Math.max(before.w, before.h) * texture.scale <= 4096 ? texture.scale : 1;
  return { texture, shown, part: source === shown.crop ? 'part' : 'whole', before, after, w: main.w * scale, h: main.h * scale, through, premultiplied: Boolean(shown.premultiplied), made: new Map() };
}

function once(scene, key, build) {
  if (!scene.made.has(key)) scene.made.set(key, build());
  return scene.made.get(key);
}

function plain(scene, side) {
  const through = scene.through && look.backdrop !== 'none';
  return scene[side] && once(scene, `${side} ${through}`, () => canvasOf(scene[side], { through, premultiplied: scene.premultiplied }));
}

const named = (side, picture) => `${side} ${picture.w}×${picture.h}`;
const isNormal = (texture) => Boolean(texture.channels && texture.channels[0] === 'x');

/** Return whether green points down in one of the two pictures. */
function directx(scene, side) {
  const said = look.directx !== null ? look.directx : (scene.texture.convention || scene.shown.convention) === 'directx';
  return said !== Boolean(side === 'after' && scene.texture.flip);
}

function channelName(scene, channel) {
  const letter = 'RGBA'[channel], held = (scene.texture.channels || {})[channel];
  return held ? `${letter} ${words(held)}` : letter;
}

function split(scene, canvas) {
  const pane = { before: canvas('before'), after: canvas('after'), split: Boolean(scene.before && scene.after) };
  pane.left = scene.before ? named('source', scene.before) : '';
  pane.right = scene.after ? named('result', scene.after) : '';
  return pane;
}

const VIEWS = {
  slider: { title: 'Slider', can: () => true, scene: (scene) => ({ panes: [split(scene, (side) => plain(scene, side))] }) },
  beside: {
    title: 'Side by side',
    can: (scene) => Boolean(scene.before && scene.after),
    scene: (scene) => ({ columns: 2, panes: ['before', 'after'].map((side) => ({ after: plain(scene, side), left: named(side === 'before' ? 'source' : 'result', scene[side]) })) }),
  },
  channels: {
    title: 'Channels',
    can: () => true,
    scene: (scene) => {
      const sides = ['before', 'after'].filter((side) => scene[side]);
      const count = sides.some((side) => scene[side].alpha) ? 4 : 3;
      const panes = sides.flatMap((side) =>
        Array.from({ length: count }, (_, channel) => ({
          after: once(scene, `${side} channel ${channel}`, () => channelCanvas(scene[side], channel)),
          left: `${channelName(scene, channel)}${channel === 3 && !scene[side].alpha ? ' (none)' : ''}`,
          right: side === 'before' ? 'source' : 'result',
        })),
      );
      return { columns: count, panes };
    },
  },
  difference: {
    title: 'Difference',
    can: (scene) => Boolean(scene.before && scene.after),
    scene: (scene) => {
      const found = once(scene, `difference ${look.fine}`, () => difference(scene.before, scene.after, { fine: look.fine, through: scene.through, premultiplied: scene.premultiplied }));
      const top = look.top === 'auto' ? Math.max(1, found.most) : Number(look.top);
      const canvas = once(scene, `heat ${look.fine} ${top}`, () => heatCanvas(found, top));
      return { panes: [{ after: canvas, left: look.fine ? 'result against the source, enlarged' : 'source against the result, filtered down' }], heat: { top, ...found } };
    },
  },
  tiled: {
    title: 'Tiled',
    can: (scene) => Boolean(scene.texture.wraps) && scene.part === 'whole',
    scene: (scene) => ({ panes: [split(scene, (side) => plain(scene, side))], across: scene.texture.wraps.includes('x') ? 3 : 1, down: scene.texture.wraps.includes('y') ? 3 : 1 }),
  },
  light: {
    title: 'Light',
    can: (scene) => isNormal(scene.texture),
    scene: (scene) => {
      const { x, y, height } = look.lamp;
      const key = `${x} ${y} ${height} ${look.gloss} ${look.directx}`;
      const canvas = (side) => {
        if (!scene[side]) return null;
        const down = directx(scene, side);
        const vectors = once(scene, `${side} vectors ${down}`, () => normalsOf(scene[side], down));
        const target = once(scene, `${side} lit`, () => surface(scene[side].w, scene[side].h));
        if (target.lit !== key) lit(target, vectors, look.lamp, look.gloss);
        target.lit = key;
        return target;
      };
      return { panes: [split(scene, canvas)], lamp: true };
    },
  },
};
const VIEW_NAMES = Object.keys(VIEWS);
