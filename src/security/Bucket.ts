/**
 * How often somebody may: a bucket that fills by itself, and that each time takes one from. Pure.
 */

export interface Rate {
  /** A second. */
  readonly rate: number;
  /** At once, after a rest. */
  readonly burst: number;
}

export interface Bucket {
  readonly left: number;
  /** When that was so, in milliseconds. */
  readonly at: number;
}

export const full = ({ burst }: Rate, at: number): Bucket => ({ left: burst, at });

/** What is in it by now. A clock that goes back fills nothing. */
export const filled = ({ at, left }: Bucket, { burst, rate }: Rate, now: number): Bucket =>
  now <= at ? { left, at } : { left: Math.min(burst, left + ((now - at) * rate) / 1000), at: now };

export interface Taken {
  readonly bucket: Bucket;
  /** 0: he may. Else nothing was taken, and it is worth trying again after so long. */
  readonly waitMillis: number;
}

/** What is lost by counting in fractions: whoever has waited as long as he was told gets what he came for. */
const whole = 1 - 1e-9;

export const take = (before: Bucket, rate: Rate, now: number): Taken => {
  const bucket = filled(before, rate, now);
  if (bucket.left >= whole) return { bucket: { ...bucket, left: Math.max(0, bucket.left - 1) }, waitMillis: 0 };
  return { bucket, waitMillis: rate.rate === 0 ? Number.POSITIVE_INFINITY : Math.ceil(((1 - bucket.left) * 1000) / rate.rate) };
};
