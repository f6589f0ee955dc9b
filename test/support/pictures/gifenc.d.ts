/** The parts of gifenc that are used: it has no types of its own. */
declare module "gifenc" {
  /** Colours, each as red, green and blue. */
  export type Palette = number[][];
  export function quantize(rgba: Uint8Array, maxColors: number): Palette;
  /** Returns the position in the palette of each pixel. */
  export function applyPalette(rgba: Uint8Array, palette: Palette): Uint8Array;
  export interface Encoder {
    writeFrame(
      index: Uint8Array,
      width: number,
      height: number,
      options: {
        readonly palette: Palette;
        /** ms */
        readonly delay: number;
      },
    ): void;
    finish(): void;
    bytes(): Uint8Array;
  }
  export function GIFEncoder(): Encoder;
}
