import type { StatusTexts } from "../text/status_texts.ts";

/** Three figures and a unit (powers of 1000): `999 B`, `1.23 kB`, `45.6 MB`. */
export function formatBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB", "PB"];
  let value = bytes;
  let unit = 0;
  for (; value >= 999.5 && unit < units.length - 1; unit++) value /= 1000;
  return `${unit === 0 ? Math.round(value) : Number(value.toPrecision(3))} ${units[unit]}`;
}

/** A length of time in at most two units, the smaller one left out where it says little: `45s`, `12m`, `3h5m`, `2d4h`. */
export function formatAge(ms: number, { units }: Pick<StatusTexts, "units">): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const days = Math.floor(hours / 24);
  if (minutes === 0) return units.seconds(`${seconds}`);
  if (hours === 0) return units.minutes(`${minutes}`);
  const parts = days === 0
    ? [units.hours(`${hours}`), minutes % 60 > 0 ? units.minutes(`${minutes % 60}`) : ""]
    : [units.days(`${days}`), hours % 24 > 0 ? units.hours(`${hours % 24}`) : ""];
  return parts.join("");
}
