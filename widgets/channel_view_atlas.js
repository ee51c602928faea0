// What the kernel sent about the channels of a unit, and how its numbers become pictures.

const VIRIDIS = [
  [68, 1, 84],
  [59, 82, 139],
  [33, 145, 140],
  [94, 201, 98],
  [253, 231, 37],
];
const NEGATIVE = [33, 102, 172];
const POSITIVE = [214, 96, 20];
const LIGHT = { paper: [250, 250, 250], ink: [20, 20, 20] };
const DARK = { paper: [28, 28, 28], ink: [240, 240, 240] };
const HALF = 127.5;

function mix(one, other, share) {
  return one.map((value, i) => Math.round(value + (other[i] - value) * share));
}

function ramp(stops, share) {
  const at = share * (stops.length - 1);
  const place = Math.min(stops.length - 2, Math.floor(at));
  return mix(stops[place], stops[place + 1], at - place);
}

function table(colour) {
  return Array.from({ length: 256 }, (_, value) => colour(value));
}

/** Colours of 256 values, by what they stand for; on a dark page or a light one. */
export function palettes(dark) {
  const { paper, ink } = dark ? DARK : LIGHT;
  const signed = table((value) => {
    const share = (value - HALF) / HALF;
    return mix(paper, share < 0 ? NEGATIVE : POSITIVE, Math.abs(share));
  });
  return {
    signed,
    inputs: signed,
    magnitude: table((value) => mix(paper, ink, value / 255)),
    response: table((value) => ramp(VIRIDIS, value / 255)),
    negative: `rgb(${NEGATIVE})`,
    positive: `rgb(${POSITIVE})`,
  };
}

export function pageIsDark() {
  return document.body.getAttribute("data-jp-theme-light") === "false";
}

/** The arrays that a description points to; numbers of channels are those of the dense model. */
export class Atlas {
  constructor(described, bytes) {
    this.about = described;
    this.size = described.size;
    // A view into a message starts anywhere; typed arrays want a multiple of 4.
    const start = bytes.byteOffset;
    this.buffer = bytes.buffer.slice(start, start + bytes.byteLength);
    const { responses: found, criteria, classes } = described;
    this.ranks = this.floats(described.ranks, criteria.length * this.size);
    if (!found) return;
    this.means = this.floats(found.means, classes.length * this.size);
    this.correlations = this.floats(found.correlations, this.size);
    this.neighbours = new Int32Array(this.buffer, found.neighbours, this.size);
  }

  floats(offset, length) {
    return new Float32Array(this.buffer, offset, length);
  }

  rank(criterion, channel) {
    return this.ranks[criterion * this.size + channel];
  }

  /** Mean responses of a channel, class by class, less their average: the layers after it add one. */
  preferences(channel) {
    const count = this.about.classes.length;
    const means = [...this.means.subarray(channel * count, (channel + 1) * count)];
    const average = means.reduce((sum, value) => sum + value, 0) / count;
    return means.map((value) => value - average);
  }

  /** The same, relative to the largest magnitude among them. */
  strip(channel) {
    const values = this.preferences(channel);
    const top = Math.max(...values.map(Math.abs)) || 1;
    return values.map((value) => value / top);
  }

  weights(channel) {
    const { height, width, planes, offset, kind } = this.about.weights;
    const length = height * width * planes;
    return { height, width, planes, kind, values: this.bytes(offset + channel * length, length) };
  }

  map(channel, image) {
    const { height, width, offset } = this.about.responses;
    const length = height * width;
    const start = offset + (channel * this.about.images.length + image) * length;
    return { height, width, planes: 1, kind: "response", values: this.bytes(start, length) };
  }

  image(number) {
    const { height, width, offset } = this.about.images[number];
    const length = height * width * 3;
    return { height, width, planes: 3, kind: "rgb", values: this.bytes(offset, length) };
  }

  bytes(offset, length) {
    return new Uint8Array(this.buffer, offset, length);
  }
}

/** A small canvas with one pixel for every number. */
function unscaled({ height, width, planes, kind, values }, colours) {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  for (let i = 0; i < height * width; i += 1) {
    const colour = planes === 3 ? values.subarray(3 * i, 3 * i + 3) : colours[kind][values[i]];
    image.data.set([colour[0], colour[1], colour[2], 255], 4 * i);
  }
  context.putImageData(image, 0, 0);
  return canvas;
}

/** Draw a picture into a square, in its own proportions, every number a block. */
export function paintPicture(context, picture, colours, left, side) {
  if (!picture.height || !picture.width) return;
  const scale = side / Math.max(picture.height, picture.width);
  const [width, height] = [picture.width * scale, picture.height * scale];
  context.imageSmoothingEnabled = false;
  const [x, y] = [left + (side - width) / 2, (side - height) / 2];
  context.drawImage(unscaled(picture, colours), x, y, width, height);
}

/** Draw bars up and down from a line in the middle, one for every class. */
export function paintStrip(context, values, colours, width, height) {
  const each = width / values.length;
  const middle = height / 2;
  values.forEach((value, i) => {
    context.fillStyle = value < 0 ? colours.negative : colours.positive;
    const length = Math.abs(value) * middle;
    context.fillRect(i * each, value < 0 ? middle : middle - length, Math.max(1, each - 1), length);
  });
  context.fillStyle = "rgb(128 128 128 / 60%)";
  context.fillRect(0, middle - 0.5, width, 1);
}
