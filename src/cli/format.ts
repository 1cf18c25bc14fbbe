/** Formats numbers, times and texts for people. */

/** Groups digits by thousands: 12345 → 12,345. */
export function grouped(value: number): string {
  return Math.round(value)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ",");
}

/** Formats seconds: 75 → 1:15; 3700 → 1:01:40. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (n: number): string => n.toString().padStart(2, "0");
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** Formats a loss in nats, and in bits beside it. */
export function nats(loss: number): string {
  return `${loss.toFixed(3)} nats (${(loss / Math.LN2).toFixed(3)} bits)`;
}

/** Replaces by · what moves the cursor or colours the terminal: a network's own text may hold anything. */
export function visible(text: string): string {
  return text
    .replace(/\r\n?/g, "\n")
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) =>
      character === "\n" || character === "\t" ? character : "·",
    );
}

/** Puts four spaces before every line. */
export function indented(text: string): string {
  return text.replace(/^/gm, "    ");
}

/** Formats a share as per cent: 0.0123 → 1.2 %. */
export function share(value: number): string {
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "?";
  const percent = 100 * value;
  if (percent === 0) return "0 %";
  if (percent < 0.05) return "< 0.1 %";
  return `${percent < 9.95 ? percent.toFixed(1) : grouped(percent)} %`;
}

/** Formats bytes in units of 1024: 123456 → 121 kB. */
export function size(bytes: number): string {
  const kilobytes = bytes / 1024;
  if (kilobytes < 1000) return `${Math.ceil(kilobytes)} kB`;
  const megabytes = kilobytes / 1024;
  return `${megabytes < 10 ? megabytes.toFixed(1) : grouped(megabytes)} MB`;
}
