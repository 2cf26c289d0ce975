// Lines over time as SVG: axes, a legend that hides lines, and a marker moved by mouse or arrow keys.
import { h, svg } from './dom.js';
import { clock, number, rate } from './format.js';
import { timeTicks, valueTicks } from './scales.js';

const height = 250;
const margin = { top: 12, right: 14, bottom: 26, left: 46 };

function path(values, x, y) {
    let text = '';
    let drawing = false;
    values.forEach((value, at) => {
        if (value === null || value === undefined) {
            drawing = false;
            return;
        }
        // One value between gaps is a dot: a line of no length with round ends.
        text += drawing ? `L${x(at).toFixed(1)} ${y(value).toFixed(1)}` : `M${x(at).toFixed(1)} ${y(value).toFixed(1)}h0`;
        drawing = true;
    });
    return text;
}

// show() takes {from_ms, step_ms, series: [{name, tone, values}]}. `label` says what the chart shows; lines named in `off`
// are not drawn until they are asked for.
export function lineChart({ label, unit, off = [] }) {
    let data = { from_ms: 0, step_ms: 60000, series: [] };
    let marked = null;
    const hidden = new Set(off);
    const drawing = svg('svg', { class: 'drawing', height, 'aria-hidden': 'true' });
    const tip = h('div', { class: 'tip', hidden: true, 'aria-hidden': 'true' });
    const area = h('div', { class: 'chart-area', tabindex: '0', role: 'slider', 'aria-label': `${label}. Arrow keys move in time.`,
        'aria-valuemin': '0' }, drawing, tip);
    const legend = h('ul', { class: 'legend', 'aria-label': 'Lines' });
    const element = h('div', { class: 'chart' }, legend, area);

    const length = () => Math.max(0, ...data.series.map((series) => series.values.length));
    const shown = () => data.series.filter((series) => !hidden.has(series.name));
    const moment = (at) => new Date(data.from_ms + at * data.step_ms);

    function geometry() {
        const width = Math.max(240, area.clientWidth);
        const top = Math.max(1, ...shown().flatMap((series) => series.values.filter((value) => value !== null)));
        const ticks = valueTicks(top);
        const inner = { width: width - margin.left - margin.right, height: height - margin.top - margin.bottom };
        const last = Math.max(1, length() - 1);
        return { width, ticks, inner, last,
            x: (at) => margin.left + (at / last) * inner.width,
            y: (value) => margin.top + inner.height * (1 - value / ticks.at(-1)) };
    }

    function draw() {
        if (!area.clientWidth) return;
        const { width, ticks, inner, last, x, y } = geometry();
        const end_ms = data.from_ms + last * data.step_ms;
        drawing.setAttribute('width', width);
        drawing.setAttribute('viewBox', `0 0 ${width} ${height}`);
        drawing.replaceChildren(
            ...ticks.flatMap((tick) => [
                svg('line', { class: tick === 0 ? 'base' : 'grid', x1: margin.left, x2: width - margin.right, y1: y(tick), y2: y(tick) }),
                svg('text', { class: 'tick', x: margin.left - 8, y: y(tick) + 4, 'text-anchor': 'end' }, number(tick))]),
            ...timeTicks(data.from_ms, end_ms, inner.width / 80).map((tick) => {
                const at = margin.left + ((tick - data.from_ms) / (end_ms - data.from_ms)) * inner.width;
                return svg('text', { class: 'tick', x: at, y: height - 8, 'text-anchor': 'middle' }, clock(new Date(tick)));
            }),
            ...shown().map((series) => svg('path', { class: `line tone-${series.tone}`, d: path(series.values, x, y) })),
            svg('g', { class: 'marker' }));
        mark();
    }

    function mark() {
        const place = drawing.querySelector('.marker');
        tip.hidden = marked === null || !length();
        if (!place) return;
        if (tip.hidden) return place.replaceChildren();
        const { width, x, y } = geometry();
        const at = Math.min(marked, length() - 1);
        const lines = shown().filter((series) => series.values[at] !== null && series.values[at] !== undefined);
        place.replaceChildren(
            svg('line', { class: 'cross', x1: x(at), x2: x(at), y1: margin.top, y2: height - margin.bottom }),
            ...lines.map((series) => svg('circle', { class: `point tone-${series.tone}`, cx: x(at), cy: y(series.values[at]), r: 3.5 })));
        tip.replaceChildren(h('p', {}, clock(moment(at)), lines.length ? '' : ': nothing counted'),
            h('ul', {}, [...lines].sort((one, other) => other.values[at] - one.values[at]).map((series) => h('li', {},
                h('span', { class: `swatch tone-${series.tone}` }), h('span', {}, series.name), h('b', {}, rate(series.values[at]))))));
        const left = x(at) > width / 2;
        tip.style.left = left ? 'auto' : `${x(at) + 12}px`;
        tip.style.right = left ? `${width - x(at) + 12}px` : 'auto';
    }

    function move(to) {
        marked = length() ? Math.max(0, Math.min(length() - 1, to)) : null;
        mark();
        speak();
    }

    function speak() {
        const last = Math.max(0, length() - 1);
        const at = marked === null ? last : Math.min(marked, last);
        area.setAttribute('aria-valuemax', last);
        area.setAttribute('aria-valuenow', at);
        area.setAttribute('aria-valuetext', length() ? `${clock(moment(at))}: ${shown().map((series) =>
            `${series.name} ${rate(series.values[at])}`).join(', ')} ${unit}` : 'nothing yet');
    }

    area.addEventListener('pointermove', (event) => {
        const { inner, last } = geometry();
        move(Math.round(((event.clientX - area.getBoundingClientRect().left - margin.left) / inner.width) * last));
    });
    area.addEventListener('pointerleave', () => {
        if (document.activeElement === area) return;
        marked = null;
        mark();
    });
    area.addEventListener('focus', () => {
        if (marked === null) move(length() - 1);
    });
    area.addEventListener('blur', () => {
        marked = null;
        mark();
    });
    area.addEventListener('keydown', (event) => {
        const from = marked ?? length() - 1;
        const to = { ArrowLeft: from - 1, ArrowDown: from - 1, ArrowRight: from + 1, ArrowUp: from + 1, PageUp: from + 10,
            PageDown: from - 10, Home: 0, End: length() - 1 }[event.key];
        if (to === undefined) return;
        event.preventDefault();
        move(to);
    });
    new ResizeObserver(draw).observe(area);

    function showLegend() {
        const wanted = data.series.map((series) => `${series.name} ${series.tone}`).join();
        if (legend.dataset.names === wanted) return;
        legend.dataset.names = wanted;
        legend.replaceChildren(...data.series.map((series) => h('li', {}, h('button', { type: 'button', class: 'quiet legend-item',
            'aria-pressed': String(!hidden.has(series.name)), on: { click: (event) => toggle(series, event.currentTarget) } },
        h('span', { class: `swatch tone-${series.tone}`, 'aria-hidden': 'true' }), series.name))));
    }

    function toggle(series, control) {
        if (!hidden.delete(series.name)) hidden.add(series.name);
        control.setAttribute('aria-pressed', String(!hidden.has(series.name)));
        draw();
        speak();
    }

    return {
        element,
        show(next) {
            data = next;
            showLegend();
            draw();
            speak();
        },
    };
}
