/**
 * Natural logarithm and exponential function, the same to the last bit on every machine.
 *
 * The language leaves the accuracy of `Math.log` and its like to engines: those of Bun are the C
 * library's, and differ in the last bit from those of V8 and SpiderMonkey for some arguments. What a
 * seed draws must not depend on that. Additions, multiplications and divisions are exact by IEEE 754,
 * so the algorithms of fdlibm, which consist of them, give the same everywhere. Their error is below
 * one unit in the last place.
 *
 * @see Sun Microsystems, fdlibm 5.3, `e_log.c` and `e_exp.c`: https://www.netlib.org/fdlibm/
 */

const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;
/** The bits of the exponent above those of the fraction, in the high word. */
const EXPONENT_SHIFT = 20;
const FRACTION_MASK = 0x000fffff;
const BIAS = 1023;

const float = new DataView(new ArrayBuffer(8));

/** Returns the power of 2 that is the greatest at or below a positive normal number, as an exponent. */
export function binaryExponent(value: number): number {
  float.setFloat64(0, value);
  return (float.getInt32(0) >> EXPONENT_SHIFT) - BIAS;
}

/** Returns the natural logarithm of a positive normal number: from 2^-1022. */
export function log(value: number): number {
  float.setFloat64(0, value);
  const high = float.getInt32(0);
  const fraction = high & FRACTION_MASK;
  // The value is 2^k (1 + f), with 1 + f from half the square root of 2 up to that root.
  const isUpperHalf = (fraction + 0x95f64) & 0x100000;
  float.setInt32(0, fraction | (isUpperHalf ^ 0x3ff00000));
  const k = (high >> EXPONENT_SHIFT) - BIAS + (isUpperHalf >> EXPONENT_SHIFT);
  const f = float.getFloat64(0) - 1;

  const s = f / (2 + f);
  const z = s * s;
  const w = z * z;
  const even = w * (0.3999999999940942 + w * (0.22222198432149784 + w * 0.15313837699209373));
  const odd =
    z *
    (0.6666666666666735 +
      w * (0.2857142874366239 + w * (0.1818357216161805 + w * 0.14798198605116586)));
  const rest = odd + even;
  if (((fraction - 0x6147a) | (0x6b851 - fraction)) > 0) {
    const halfSquare = 0.5 * f * f;
    return k * LN2_HIGH - (halfSquare - (s * (halfSquare + rest) + k * LN2_LOW) - f);
  }
  return k * LN2_HIGH - (s * (f - rest) - k * LN2_LOW - f);
}

/** Returns e to a power from -708 to 709. */
export function exp(power: number): number {
  // The power is k ln 2 + r, with r of at most half of ln 2.
  const k = Math.round(power / Math.LN2);
  const high = power - k * LN2_HIGH;
  const low = k * LN2_LOW;
  const r = high - low;
  const t = r * r;
  const c =
    r -
    t *
      (0.16666666666666602 +
        t *
          (-0.0027777777777015593 +
            t * (6.613756321437934e-5 + t * (-1.6533902205465252e-6 + t * 4.1381367970572385e-8))));
  return (1 - (low - (r * c) / (2 - c) - high)) * 2 ** k;
}
