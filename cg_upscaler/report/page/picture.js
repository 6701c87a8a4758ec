// Loads previews and works on their texels: channels, differences, light. All in bytes, as they are stored.

const HELD = 12; // previews in memory
const loaded = new Map(); // id → promise of what its script brought
const arriving = new Map();

/** Called by the script of a preview. */
window.preview = (id, shown) => {
  const take = arriving.get(id);
  if (take) take(shown);
};

function load(id) {
  if (loaded.has(id)) return loaded.get(id);
  const promise = new Promise((resolve, reject) => {
    const script = make('script', '', { src: `previews/${id}.js` });
    const end = (act) => () => {
      arriving.delete(id);
      script.remove();
      act();
    };
    arriving.set(id, resolve);
    script.onload = end(() => reject(new Error('the preview is damaged'))); // has no effect once it arrived
    script.onerror = end(() => reject(new Error('the preview is missing: previews/ belongs beside this page')));
    document.head.append(script);
  });
  promise.catch(() => loaded.delete(id));
  loaded.set(id, promise);
  if (loaded.size > HELD) loaded.delete(loaded.keys().next().value);
  return promise;
}

async function texelsOf(url) {
  const image = new Image();
  image.src = url;
  await image.decode();
  const canvas = surface(image.naturalWidth, image.naturalHeight);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  context.drawImage(image, 0, 0);
  return context.getImageData(0, 0, canvas.width, canvas.height).data;
}

function surface(w, h) {
  return make('canvas', '', { width: w, height: h });
}

/** Return { w, h, texels (opaque RGBA), alpha (or null) }. */
async function decoded(part) {
  if (!part) return null;
  const [texels, gray] = await Promise.all([texelsOf(part.rgb), part.a ? texelsOf(part.a) : null]);
  const alpha = gray && new Uint8Array(part.w * part.h);
  if (alpha) for (let i = 0; i < alpha.length; i++) alpha[i] = gray[4 * i];
  return { w: part.w, h: part.h, texels, alpha };
}

/** Return a picture as a canvas; with `through`, transparent where it is. */
function canvasOf(picture, { through = false, premultiplied = false } = {}) {
  const canvas = surface(picture.w, picture.h);
  let { texels } = picture;
  if (through && picture.alpha) {
    texels = new Uint8ClampedArray(texels);
    for (let i = 0; i < picture.alpha.length; i++) {
      const alpha = picture.alpha[i];
      texels[4 * i + 3] = alpha;
      if (premultiplied && alpha) for (let c = 0; c < 3; c++) texels[4 * i + c] = (texels[4 * i + c] * 255) / alpha;
    }
  }
  canvas.getContext('2d').putImageData(new ImageData(texels, picture.w, picture.h), 0, 0);
  return canvas;
}

/** Return one channel as gray; 3 is alpha. */
function channelCanvas(picture, channel) {
  const texels = new Uint8ClampedArray(4 * picture.w * picture.h);
  for (let i = 0; i < picture.w * picture.h; i++) {
    const value = channel === 3 ? (picture.alpha ? picture.alpha[i] : 255) : picture.texels[4 * i + channel];
    texels[4 * i] = texels[4 * i + 1] = texels[4 * i + 2] = value;
    texels[4 * i + 3] = 255;
  }
  return canvasOf({ w: picture.w, h: picture.h, texels, alpha: null });
}

/** Return four planes of 0 … 255 as one array, colour over mid-gray where it is seen through. */
function planes(picture, through, premultiplied) {
  const count = picture.w * picture.h, values = new Float32Array(4 * count);
  for (let i = 0; i < count; i++) {
    const alpha = picture.alpha ? picture.alpha[i] : 255, seen = through ? alpha / 255 : 1;
    for (let c = 0; c < 3; c++) values[4 * i + c] = picture.texels[4 * i + c] * (premultiplied ? 1 : seen) + 127.5 * (1 - seen);
    values[4 * i + 3] = alpha;
  }
  return values;
}

/** Box-filter four planes along one axis to `to` texels; parts of texels count as parts. */
function boxed(values, w, h, to, across) {
  const from = across ? w : h, other = across ? h : w, ratio = from / to;
  const result = new Float32Array(4 * to * other);
  const at = across ? (i, j) => 4 * (j * w + i) : (i, j) => 4 * (i * w + j);
  const into = across ? (i, j) => 4 * (j * to + i) : (i, j) => 4 * (i * w + j);
  for (let i = 0; i < to; i++) {
    const start = i * ratio, stop = start + ratio;
    for (let k = Math.floor(start); k < Math.min(from, Math.ceil(stop - 1e-9)); k++) {
      const weight = (Math.min(stop, k + 1) - Math.max(start, k)) / ratio;
      for (let j = 0; j < other; j++) {
        const source = at(k, j), target = into(i, j);
        for (let c = 0; c < 4; c++) result[target + c] += weight * values[source + c];
      }
    }
  }
  return result;
}

function resized(values, w, h, width, height) {
  const narrow = width === w ? values : boxed(values, w, h, width, true);
  return height === h ? narrow : boxed(narrow, width, h, height, false);
}

/** Return how far two pictures are apart, in levels of 255, at the size of the source or of the result. */
function difference(before, after, { fine, through, premultiplied }) {
  const one = planes(before, through, premultiplied), two = planes(after, through, premultiplied);
  const size = fine ? after : before;
  const a = resized(one, before.w, before.h, size.w, size.h), b = resized(two, after.w, after.h, size.w, size.h);
  const apart = new Float32Array(size.w * size.h);
  const channels = before.alpha && after.alpha ? 4 : 3;
  let most = 0, sum = 0;
  for (let i = 0; i < apart.length; i++) {
    let far = 0;
    for (let c = 0; c < channels; c++) far = Math.max(far, Math.abs(a[4 * i + c] - b[4 * i + c]));
    apart[i] = far;
    most = Math.max(most, far);
    sum += far;
  }
  return { w: size.w, h: size.h, apart, most, mean: sum / apart.length };
}

// The colours of matplotlib's inferno, by a polynomial of the sixth degree for each of red, green and blue.
const INFERNO = [
  [0.00022, 0.10651, 11.60249, -41.704, 77.16294, -71.31943, 25.13113],
  [0.00165, 0.56396, -3.97285, 17.43640, -33.40236, 32.62606, -12.24267],
  [-0.01948, 3.93271, -15.94239, 44.35415, -81.80731, 73.20952, -23.07033],
];
const HEAT = Array.from({ length: 256 }, (_, i) => INFERNO.map((terms) => Math.round(255 * Math.min(1, Math.max(0, terms.reduceRight((sum, term) => sum * (i / 255) + term, 0))))));

function heatCanvas({ w, h, apart }, top) {
  const texels = new Uint8ClampedArray(4 * w * h);
  for (let i = 0; i < apart.length; i++) {
    const colour = HEAT[Math.min(255, Math.round((255 * apart[i]) / top))];
    texels[4 * i] = colour[0];
    texels[4 * i + 1] = colour[1];
    texels[4 * i + 2] = colour[2];
    texels[4 * i + 3] = 255;
  }
  return canvasOf({ w, h, texels, alpha: null });
}

/** Return the unit vectors of a normal map, three numbers a texel, y up. */
function normalsOf(picture, directx) {
  const count = picture.w * picture.h, vectors = new Float32Array(3 * count);
  for (let i = 0; i < count; i++) {
    const x = picture.texels[4 * i] / 127.5 - 1, y = picture.texels[4 * i + 1] / 127.5 - 1, z = picture.texels[4 * i + 2] / 127.5 - 1;
    const length = Math.hypot(x, y, z) || 1;
    vectors[3 * i] = x / length;
    vectors[3 * i + 1] = (directx ? -y : y) / length;
    vectors[3 * i + 2] = z / length;
  }
  return vectors;
}

/** Light vectors from a lamp at (x, y) of 0 … 1 from the upper left, `height` above the surface, into a canvas. */
function lit(canvas, vectors, lamp, gloss) {
  const { width: w, height: h } = canvas, context = canvas.getContext('2d');
  const image = context.createImageData(w, h), texels = image.data, span = Math.max(w, h);
  for (let row = 0, i = 0; row < h; row++) {
    const dy = -(lamp.y * h - row - 0.5) / span;
    for (let column = 0; column < w; column++, i++) {
      const dx = (lamp.x * w - column - 0.5) / span, dz = lamp.height;
      const far = 1 / Math.sqrt(dx * dx + dy * dy + dz * dz), lx = dx * far, ly = dy * far, lz = dz * far;
      const x = vectors[3 * i], y = vectors[3 * i + 1], z = vectors[3 * i + 2];
      const diffuse = Math.max(0, x * lx + y * ly + z * lz);
      const half = 1 / Math.sqrt(2 + 2 * lz); // of light and an eye straight above
      let shine = Math.max(0, (x * lx + y * ly + z * (lz + 1)) * half);
      shine *= shine; shine *= shine; shine *= shine; shine *= shine; shine *= shine; // to the 32nd
      const near = dz * far, light = 0.015 + near * Math.sqrt(near) * (0.6 * diffuse + (diffuse > 0 ? gloss * shine : 0));
      const value = 255 * Math.pow(Math.min(1, light), 1 / 2.2);
      texels[4 * i] = value; texels[4 * i + 1] = value; texels[4 * i + 2] = value * 0.985; texels[4 * i + 3] = 255;
    }
  }
  context.putImageData(image, 0, 0);
  return canvas;
}
