import type { Size } from './pixels.ts';

/** What decides the size of a scene's pictures. */
export interface Resolution {
  /** At 100 %, in pixels, and the percentage of it to render. */
  width: number;
  height: number;
  percent: number;
  /** The part of a cropped picture that is kept: left, right, bottom, top, from 0 to 1. */
  border: readonly [number, number, number, number] | null;
  /** How many times wider and higher a picture of both eyes is. */
  stretch: readonly [number, number];
}

/** The pixels between two edges of a border. Blender computes with 32-bit floats and truncates. */
const span = (pixels: number, from: number, to: number): number => {
  const edge = (share: number): number => Math.trunc(Math.fround(Math.fround(share) * pixels));
  return edge(to) - edge(from);
};

/** The size in pixels of the pictures of a scene, computed as Blender does. */
export const pictureSize = ({ width, height, percent, border, stretch }: Resolution): Size => {
  const [left, right, bottom, top] = border ?? [0, 1, 0, 1];
  return {
    width: stretch[0] * span(Math.floor((width * percent) / 100), left, right),
    height: stretch[1] * span(Math.floor((height * percent) / 100), bottom, top),
  };
};
