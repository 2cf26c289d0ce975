// Where the ticks of an axis stand.

// A round step so that at most `most` of them reach `top`.
export function niceStep(top, most = 5) {
    const raw = Math.max(top, 1e-9) / most;
    const power = 10 ** Math.floor(Math.log10(raw));
    return power * [1, 2, 5, 10].find((factor) => factor * power >= raw * 0.9999);
}

// The values of a scale of counts from 0 that holds `top`.
export function valueTicks(top) {
    const step = Math.max(1, niceStep(top));
    const ticks = [0];
    while (ticks.at(-1) < top) ticks.push(ticks.length * step);
    return ticks.length > 1 ? ticks : [0, step];
}

// Full minutes, quarters or hours of the viewer's zone between two times (ms), at most `most`.
export function timeTicks(from_ms, to_ms, most) {
    const minutes = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440];
    const wanted = (to_ms - from_ms) / 60000 / Math.max(1, most);
    const step_ms = (minutes.find((step) => step >= wanted) || 1440) * 60000;
    const zone_ms = new Date(from_ms).getTimezoneOffset() * 60000;
    const ticks = [];
    for (let at = Math.ceil((from_ms - zone_ms) / step_ms) * step_ms + zone_ms; at <= to_ms; at += step_ms) ticks.push(at);
    return ticks;
}
